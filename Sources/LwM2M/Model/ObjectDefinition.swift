/// What a server may do with a resource (LwM2M Core, Appendix D.1 "Operations").
public enum Operations: String, Hashable, Sendable {
    case none = "", read = "R", write = "W", readWrite = "RW", execute = "E"

    public var readable: Bool { self == .read || self == .readWrite }
    public var writable: Bool { self == .write || self == .readWrite }
}

/// One resource of an object, as OMA's registry declares it.
public struct ResourceDefinition: Hashable, Sendable {
    public let id: UInt16
    /// The registry's name, to the letter.
    public let name: String
    public let operations: Operations
    public let type: DataType
    public let multiple: Bool
    public let mandatory: Bool
    /// The registry's `RangeEnumeration`, to the letter; empty where it has none.
    public let range: String
    /// The registry's `Units`; empty where it has none.
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

/// An object, declared once as a table and held against OMA's XML by a test.
public struct ObjectDefinition: Hashable, Sendable {
    public let id: UInt16
    public let name: String
    /// `1.0`, `1.1`, …: what is registered as `ver=` unless it is 1.0.
    public let version: String
    public let multiple: Bool
    public let mandatory: Bool
    /// Sorted by identifier: all that this client supports.
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
