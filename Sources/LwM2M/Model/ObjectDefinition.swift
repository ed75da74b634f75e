/// What a server may do with a resource (LwM2M Core, Appendix D.1 "Operations").
public enum Operations: String, Hashable, Sendable {
    case none = "", read = "R", write = "W", readWrite = "RW", execute = "E"

    public var readable: Bool { self == .read || self == .readWrite }
    public var writable: Bool { self == .write || self == .readWrite }
}

/// One resource of an object as declared in OMA's registry.
public struct ResourceDefinition: Hashable, Sendable {
    public let id: UInt16
    /// The exact name in the registry.
    public let name: String
    public let operations: Operations
    public let type: DataType
    public let multiple: Bool
    public let mandatory: Bool
    /// The exact `RangeEnumeration` in the registry; empty if there is none.
    public let range: String
    /// The `Units` in the registry; empty if there are none.
    public let units: String

    public init(
        _ id: UInt16, _ name: String, _ operations: Operations, _ type: DataType = .none, multiple: Bool = false,
        mandatory: Bool = false, range: String = "", units: String = ""
    ) {
        self.id = id
        self.name = name
        self.operations = operations
        self.type = type
        self.multiple = multiple
        self.mandatory = mandatory
        self.range = range
        self.units = units
    }
}

/// An object, declared once as a table. A test compares it with OMA's XML.
public struct ObjectDefinition: Hashable, Sendable {
    public let id: UInt16
    public let name: String
    /// The version: `1.0`, `1.1`, …. It is registered as `ver=` unless it is 1.0.
    public let version: String
    public let multiple: Bool
    public let mandatory: Bool
    /// All resources that this client supports, sorted by identifier.
    public let resources: [ResourceDefinition]

    public init(
        id: UInt16, name: String, version: String, multiple: Bool, mandatory: Bool, resources: [ResourceDefinition]
    ) {
        self.id = id
        self.name = name
        self.version = version
        self.multiple = multiple
        self.mandatory = mandatory
        self.resources = resources.sorted { $0.id < $1.id }
    }

    public subscript(_ id: UInt16) -> ResourceDefinition? { resources.first { $0.id == id } }
}
