/// LwM2M CBOR (content format 11544; LwM2M Core 1.2, 7.4.4): nested maps. A key is one identifier or an array of some; the keys
/// from the outermost map to a value make its path.
enum LwM2MCBOR {
    // MARK: Decoding

    /// A value with the identifiers that its keys make.
    private struct Leaf {
        let identifiers: [UInt16]
        let item: CBOR
    }

    /// Decodes the payload of a Write, Create or Write-Composite, or of an answer.
    ///
    /// The keys begin with the object. For a Write and a Create they may instead begin below the request's path, which the
    /// specification allows: they are read so if not all of them are resources below the path otherwise.
    static func decode(
        _ payload: [UInt8], relativeTo path: Path?, into decoder: CompositeDecoder
    ) throws(CodecError) -> DecodedComposite {
        let leaves = try leaves(payload)
        let isWhole = leaves.allSatisfy { leaf in
            guard let target = Path(identifiers: leaf.identifiers), target.resource != nil else { return false }
            return path?.contains(target) ?? true
        }
        let prefix = isWhole ? [] : path?.identifiers ?? []
        var decoder = decoder
        for leaf in leaves {
            guard let target = Path(identifiers: prefix + leaf.identifiers), target.resource != nil else {
                throw .malformed("\(leaf.identifiers) is not the path of a resource", offset: 0)
            }
            try decoder.take(target) { (resource) throws(CodecError) in CBORCodec.value(leaf.item, resource.type) }
        }
        return decoder.decoded
    }

    /// Decodes the payload of a Read-Composite or Observe-Composite: paths with the value null.
    static func paths(_ payload: [UInt8]) throws(CodecError) -> PathSelection {
        var selection = PathSelection()
        for leaf in try leaves(payload) {
            guard leaf.item == .null else {
                throw .malformed("a path that is to be read has the value null", offset: 0)
            }
            guard let path = Path(identifiers: leaf.identifiers) else {
                throw .malformed("\(leaf.identifiers) is not a path", offset: 0)
            }
            selection.add(path)
        }
        return selection
    }

    private static func leaves(_ payload: [UInt8]) throws(CodecError) -> [Leaf] {
        let item = try CBOR.decode(payload, depth: 8)
        guard case .map = item else { throw .malformed("LwM2M CBOR must be a map", offset: 0) }
        var leaves: [Leaf] = []
        try collect(item, [], into: &leaves)
        return leaves
    }

    private static func collect(
        _ item: CBOR, _ identifiers: [UInt16], into leaves: inout [Leaf]
    ) throws(CodecError) {
        guard case .map(let pairs) = item else {
            guard leaves.count < Codec.recordLimit else {
                throw .malformed("the payload has more than \(Codec.recordLimit) values", offset: 0)
            }
            leaves.append(Leaf(identifiers: identifiers, item: item))
            return
        }
        for pair in pairs {
            let below = identifiers + (try key(pair.key))
            guard below.count <= 4 else { throw .malformed("\(below) is not the path of a resource", offset: 0) }
            try collect(pair.value, below, into: &leaves)
        }
    }

    private static func key(_ item: CBOR) throws(CodecError) -> [UInt16] {
        let items: [CBOR]
        if case .array(let several) = item { items = several } else { items = [item] }
        var identifiers: [UInt16] = []
        for item in items {
            guard case .unsigned(let number) = item, let identifier = UInt16(exactly: number), identifier != .max else {
                throw .malformed("a key must be an identifier from 0 to 65534, or an array of some", offset: 0)
            }
            identifiers.append(identifier)
        }
        guard !identifiers.isEmpty else { throw .malformed("a key must not be empty", offset: 0) }
        return identifiers
    }

    // MARK: Encoding

    /// - Parameter path: the key of the outermost map; nil for several paths: their objects are its keys then.
    /// - Throws: `format` for values with times, which the format does not have, and for floats that are not finite.
    static func encode(
        _ content: CompositeContent, at path: Path?, _ version: EnablerVersion
    ) throws(CodecError) -> [UInt8] {
        let depth = path?.identifiers.count ?? 0
        var leaves: [Leaf] = []
        for entry in content.entries {
            guard entry.time == nil else { throw .format("content format 11544 has no times") }
            leaves.append(
                Leaf(
                    identifiers: Array(entry.path.identifiers.dropFirst(depth)),
                    item: try CBORCodec.item(entry.value, version)))
        }
        guard let path else { return tree(leaves[...]).encode() }
        let identifiers = path.identifiers.map { CBOR.unsigned(UInt64($0)) }
        let key = identifiers.count == 1 ? identifiers[0] : .array(identifiers)
        if let leaf = leaves.first, leaf.identifiers.isEmpty { return CBOR.map([.init(key, leaf.item)]).encode() }
        return CBOR.map([.init(key, tree(leaves[...]))]).encode()
    }

    /// Makes the payload of a Read-Composite.
    ///
    /// - Throws: `format` for the root path, which no key can name.
    static func encode(_ selection: PathSelection) throws(CodecError) -> [UInt8] {
        guard !selection.includesRoot else { throw .format("content format 11544 cannot name the root path") }
        return CBOR.map(
            selection.paths.map { .init(.array($0.identifiers.map { .unsigned(UInt64($0)) }), .null) }
        ).encode()
    }

    /// The map of these leaves by their first identifiers, in the order in which they are named first.
    private static func tree(_ leaves: ArraySlice<Leaf>) -> CBOR {
        var order: [UInt16] = []
        var groups: [UInt16: [Leaf]] = [:]
        for leaf in leaves {
            guard let first = leaf.identifiers.first else { continue }
            if groups[first] == nil { order.append(first) }
            groups[first, default: []].append(Leaf(identifiers: Array(leaf.identifiers.dropFirst()), item: leaf.item))
        }
        return .map(
            order.map { identifier in
                let below = groups[identifier] ?? []
                let value = below.first.flatMap { $0.identifiers.isEmpty ? $0.item : nil }
                return .init(.unsigned(UInt64(identifier)), value ?? tree(below[...]))
            })
    }
}
