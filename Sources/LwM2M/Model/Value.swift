/// A link to an object instance (LwM2M Core, Appendix C, "Objlnk"). The null link has 65535 in both.
public struct ObjectLink: Hashable, Sendable, CustomStringConvertible {
    public let object: UInt16
    public let instance: UInt16

    public init(_ object: UInt16, _ instance: UInt16) {
        self.object = object
        self.instance = instance
    }

    public var description: String { "\(object):\(instance)" }
}

/// The data types of resources (LwM2M Core, Appendix C). Executable resources have `none`.
public enum DataType: String, Hashable, Sendable, CaseIterable {
    case none, string, integer, unsignedInteger, float, boolean, opaque, time, objectLink, coreLink
}

/// One value of a resource or resource instance.
public enum Value: Hashable, Sendable {
    case string(String)
    case integer(Int64)
    case unsignedInteger(UInt64)
    case float(Double)
    case boolean(Bool)
    case opaque([UInt8])
    /// Seconds since 1970-01-01T00:00:00Z.
    case time(Int64)
    case objectLink(ObjectLink)
    case coreLink(String)

    public var type: DataType {
        switch self {
        case .string: .string
        case .integer: .integer
        case .unsignedInteger: .unsignedInteger
        case .float: .float
        case .boolean: .boolean
        case .opaque: .opaque
        case .time: .time
        case .objectLink: .objectLink
        case .coreLink: .coreLink
        }
    }
}

/// The content of a resource: one value, or values by resource instance.
public enum ResourceContent: Hashable, Sendable {
    case single(Value)
    case multiple([UInt16: Value])
}
