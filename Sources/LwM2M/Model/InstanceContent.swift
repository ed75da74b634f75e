/// What one object instance holds, or what a payload says of it: the neutral form that every content format is decoded
/// into and encoded from.
public struct InstanceContent: Hashable, Sendable {
    /// The instance; nil only in a Create that leaves the identifier to the client.
    public var id: UInt16?
    public var resources: [UInt16: ResourceContent]

    public init(_ id: UInt16?, _ resources: [UInt16: ResourceContent] = [:]) {
        self.id = id
        self.resources = resources
    }
}

/// A decoded payload.
public struct DecodedContent: Hashable, Sendable {
    /// By instance, each once, in the payload's order. For a path with an instance: exactly one, that one.
    public var instances: [InstanceContent]
    /// Resources that the object's table does not have, sorted: the operation says whether they are ignored or refused.
    public var unknownResources: [UInt16]

    public init(_ instances: [InstanceContent], unknownResources: [UInt16] = []) {
        self.instances = instances
        self.unknownResources = unknownResources
    }
}

extension ResourceContent {
    /// The values with their resource instances, sorted; nil stands for the one value of a single resource.
    public var values: [(instance: UInt16?, value: Value)] {
        switch self {
        case .single(let value): [(nil, value)]
        case .multiple(let values): values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }
    }
}
