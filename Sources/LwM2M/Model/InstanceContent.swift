/// The content of one object instance, in the neutral form into which every content format is decoded and from which it is
/// encoded.
public struct InstanceContent: Hashable, Sendable {
    /// The instance's identifier; nil only in a Create that lets the client choose it.
    public var id: UInt16?
    public var resources: [UInt16: ResourceContent]

    public init(_ id: UInt16?, _ resources: [UInt16: ResourceContent] = [:]) {
        self.id = id
        self.resources = resources
    }
}

/// A decoded payload.
public struct DecodedContent: Hashable, Sendable {
    /// The instances in the payload's order, each once. For a path with an instance there is exactly that one.
    public var instances: [InstanceContent]
    /// Resources that the object's table does not have, sorted. The operation decides whether to ignore or refuse them.
    public var unknownResources: [UInt16]

    public init(_ instances: [InstanceContent], unknownResources: [UInt16] = []) {
        self.instances = instances
        self.unknownResources = unknownResources
    }
}

extension ResourceContent {
    /// How many values there are.
    public var valueCount: Int {
        switch self {
        case .single: 1
        case .multiple(let values): values.count
        }
    }

    /// The values with their resource instances, sorted. The instance of a single resource's value is nil.
    public var values: [(instance: UInt16?, value: Value)] {
        switch self {
        case .single(let value): [(nil, value)]
        case .multiple(let values): values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }
    }
}
