/// A server of the configuration, as the access control lists know it: also one that cannot be contacted now (a key file that is
/// refused). It keeps its rights, and the others get no more.
public struct AccessMember: Hashable, Sendable {
    /// The account's name, unique.
    public var name: String
    public var shortServerID: UInt16
    /// What it may do with objects and with instances that the client makes itself, until its list says otherwise.
    public var rights: AccessRights
    /// Whether it owns the lists of these instances.
    public var ownsAccess: Bool

    public init(name: String, shortServerID: UInt16, rights: AccessRights = .all, ownsAccess: Bool = false) {
        self.name = name
        self.shortServerID = shortServerID
        self.rights = rights
        self.ownsAccess = ownsAccess
    }
}
