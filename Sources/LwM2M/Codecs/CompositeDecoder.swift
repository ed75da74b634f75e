/// Collects the values of a payload that names each of them: looks their paths up and checks what the tables say.
struct CompositeDecoder {
    /// The path that all values have to be at or below; nil for all.
    let scope: Path?
    let definitions: (UInt16) -> ObjectDefinition?

    private var entries: [CompositeContent.Entry] = []
    private var unknown = PathSelection()
    private var seen: Set<Occurrence> = []

    /// A path may occur several times with different times.
    private struct Occurrence: Hashable {
        let path: Path
        let time: Double?
    }

    init(scope: Path?, definitions: @escaping (UInt16) -> ObjectDefinition?) {
        self.scope = scope
        self.definitions = definitions
    }

    /// Takes one value.
    ///
    /// - Parameters:
    ///   - offset: where it is in the payload, for errors.
    ///   - value: converts it to the type of its resource; nil if it is not of that type.
    /// - Throws: for a path that is outside of the scope, not a resource, or here already; for an executable resource, an
    ///   instance of a single resource or a multiple one without, and a value of another type.
    mutating func take(
        _ path: Path, time: Double? = nil, offset: Int = 0, _ value: (ResourceDefinition) throws(CodecError) -> Value?
    ) throws(CodecError) {
        guard scope?.contains(path) ?? true, let resource = path.resource else {
            let place = scope.map { " under \($0)" } ?? ""
            throw .malformed("'\(path)' is not a resource\(place)", offset: offset)
        }
        guard entries.count < Codec.recordLimit else {
            throw .malformed("the payload has more than \(Codec.recordLimit) values", offset: offset)
        }
        guard seen.insert(Occurrence(path: path, time: time)).inserted else {
            throw .malformed("\(path) occurs twice", offset: offset)
        }
        guard let definition = definitions(path.object)?[resource] else {
            unknown.add(path)
            return
        }
        guard definition.type != .none else { throw .executable(resource: resource) }
        guard definition.multiple == (path.resourceInstance != nil) else {
            throw .type(
                resource: resource,
                definition.multiple ? "it has instances, not a single value" : "it has a single value, not instances")
        }
        guard let value = try value(definition) else {
            throw .type(resource: resource, "the value is not of the type \(definition.type.name)")
        }
        entries.append(CompositeContent.Entry(path, value, time: time))
    }

    var decoded: DecodedComposite { DecodedComposite(CompositeContent(entries), unknown: unknown.paths) }
}

extension DecodedContent {
    /// The payload of a Write or Create on one path.
    ///
    /// - Throws: `malformed` if a path occurs twice, also with different times, or if a single resource that the path names
    ///   has no value.
    init(_ decoded: DecodedComposite, at path: Path, _ definition: ObjectDefinition) throws(CodecError) {
        var instances = try decoded.content.instances().map(\.content)
        for unknown in decoded.unknown where !instances.contains(where: { $0.id == unknown.instance }) {
            instances.append(InstanceContent(unknown.instance))
        }
        let resources = Set(decoded.unknown.compactMap(\.resource)).sorted()
        guard let instance = path.instance else {
            // No instance is named: a Create without values, and the client chooses the identifier.
            self.init(instances.isEmpty ? [InstanceContent(nil)] : instances, unknownResources: resources)
            return
        }
        var only = instances.first ?? InstanceContent(instance)
        if let resource = path.resource, let definition = definition[resource], only.resources[resource] == nil {
            // Nothing empties a multiple resource. A single resource needs a value.
            guard definition.multiple && path.resourceInstance == nil else {
                throw .malformed("\(path) has no value in the payload", offset: 0)
            }
            only.resources[resource] = .multiple([:])
        }
        self.init([only], unknownResources: resources)
    }
}
