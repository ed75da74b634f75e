/// What a server may do with an object instance: a value of ACL (2/x/2; LwM2M Core, Appendix E.3).
public struct AccessRights: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Read, Observe, Discover and Write-Attributes.
    public static let read = AccessRights(rawValue: 1)
    public static let write = AccessRights(rawValue: 2)
    public static let execute = AccessRights(rawValue: 4)
    public static let delete = AccessRights(rawValue: 8)
    /// Of an object, not of an instance.
    public static let create = AccessRights(rawValue: 16)

    public static let all: AccessRights = [.read, .write, .execute, .delete, .create]
}
