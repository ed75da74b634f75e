@testable import LwM2M

/// Formats that hold a single value.
extension FuzzTarget {
    /// Each type is read, and what is written of it is read as the same.
    static let text = singleValue("text", .text)
    /// The bytes themselves, and only for opaque resources.
    static let opaque = singleValue("opaque", .opaque)

    /// CBOR itself, and the values of each type.
    static let cbor = FuzzTarget("cbor") { bytes in
        checkItem(bytes)
        checkSingleValues(bytes, .cbor)
    }

    private static func singleValue(_ name: String, _ format: ContentFormat) -> FuzzTarget {
        FuzzTarget(name) { checkSingleValues($0, format) }
    }

    private static func checkSingleValues(_ bytes: [UInt8], _ format: ContentFormat) {
        let device = FuzzObjects.device
        let paths =
            FuzzObjects.singles.map { Path(3, 0, $0) } + FuzzObjects.multiples.map { Path(3, 0, $0, 7) }
        for path in paths {
            for version in EnablerVersion.allCases {
                let decoded = accepted { () throws(CodecError) in
                    try Codec.decode(bytes, format.rawValue, at: path, device, version)
                }
                guard let decoded else { continue }
                let type = path.resource.flatMap { device[$0]?.type }
                guard let value = decoded.value(at: path) else {
                    require(false, "a decoded single value is at its path: \(decoded)")
                    return
                }
                requireEqual(value.type, type, "the value has the resource's type")
                if format == .opaque { requireEqual(value, .opaque(bytes), "opaque is the bytes themselves") }
                let written = requireSuccess("a decoded value is written") { () throws(CodecError) in
                    try Codec.encode(decoded.instances, format, at: path, device, version)
                }
                let again = requireSuccess("a written value is read") { () throws(CodecError) in
                    try Codec.decode(written, format.rawValue, at: path, device, version)
                }
                requireEqual(again, decoded, "a value is read as it was written")
                let quick = accepted { () throws(CodecError) in try Codec.encode(value, format, version) }
                requireEqual(quick, .some(written), "both ways to write a single value agree")
            }
        }
    }

    private static func checkItem(_ bytes: [UInt8]) {
        guard let item = accepted({ () throws(CodecError) in try CBOR.decode(bytes) }) else { return }
        let written = item.encode()
        // The preferred serialisation is the shortest. Only an array or map of indefinite length may be shorter, by the bytes
        // of a count.
        require(
            written.count <= bytes.count + bytes.count / 256,
            "CBOR of \(bytes.count) bytes is written with \(written.count)")
        let again = requireSuccess("written CBOR is read") { () throws(CodecError) in try CBOR.decode(written) }
        // Bytes, not values: NaN is not equal to itself.
        requireEqual(again.encode(), written, "CBOR is read as it was written")
    }
}

extension DecodedContent {
    /// The only value, if it is at this path.
    func value(at path: Path) -> Value? {
        guard instances.count == 1, instances[0].id == path.instance, instances[0].resources.count == 1,
            unknownResources.isEmpty
        else { return nil }
        switch (instances[0].resources[path.resource ?? .max], path.resourceInstance) {
        case (.single(let value), nil): return value
        case (.multiple(let values), let instance?): return values.count == 1 ? values[instance] : nil
        default: return nil
        }
    }
}
