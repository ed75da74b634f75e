import LwM2M

/// What a path holds at one moment: compared to tell a change, encoded to tell it.
enum PathContent: Hashable, Sendable {
    /// A single resource, or a resource instance.
    case value(Value)
    /// An object, an object instance, or a resource with several instances.
    case instances([InstanceContent])

    /// What a path holds that is not there.
    static let nothing = PathContent.instances([])

    /// How many values there are.
    var valueCount: Int {
        switch self {
        case .value: 1
        case .instances(let instances):
            instances.reduce(0) { $1.resources.values.reduce($0) { $0 + $1.valueCount } }
        }
    }

    /// The values with their paths, for an answer of several paths.
    ///
    /// - Throws: `format` never: an object's instances have identifiers.
    func entries(at path: Path) throws(CodecError) -> [CompositeContent.Entry] {
        switch self {
        case .value(let value): [CompositeContent.Entry(path, value)]
        case .instances(let instances): try CompositeContent(instances, within: path).entries
        }
    }

    /// The content encoded for an answer.
    ///
    /// - Throws: `format` when it does not fit.
    func encoded(
        _ format: ContentFormat, at path: Path, _ definition: ObjectDefinition, _ version: EnablerVersion
    ) throws(CodecError) -> [UInt8] {
        switch self {
        case .instances(let instances): return try Codec.encode(instances, format, at: path, definition, version)
        case .value(let value):
            if let bytes = try Codec.encode(value, format, version) { return bytes }
            guard let resource = path.resource else { throw .absent(path) }
            let content: ResourceContent = path.resourceInstance.map { .multiple([$0: value]) } ?? .single(value)
            return try Codec.encode(
                [InstanceContent(path.instance, [resource: content])], format, at: path, definition, version)
        }
    }

    /// The content but for these resources; a single value stays.
    func without(_ resources: [UInt16]) -> PathContent {
        guard !resources.isEmpty, case .instances(var instances) = self else { return self }
        for index in instances.indices {
            for resource in resources { instances[index].resources[resource] = nil }
        }
        return .instances(instances)
    }

    /// The numbers in it, by resource instance (0 for a single value): what thresholds look at.
    func numbers(of resource: UInt16?) -> [UInt16: Double] { values(of: resource).compactMapValues(\.number) }

    /// The booleans in it, by resource instance (0 for a single value): what edges are of.
    func booleans(of resource: UInt16?) -> [UInt16: Bool] {
        values(of: resource).compactMapValues { if case .boolean(let flag) = $0 { flag } else { nil } }
    }

    private func values(of resource: UInt16?) -> [UInt16: Value] {
        switch self {
        case .value(let value): return [0: value]
        case .instances(let instances):
            guard let resource, case .multiple(let values) = instances.first?.resources[resource] else { return [:] }
            return values
        }
    }
}
