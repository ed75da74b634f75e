import Bus
import Contract
import Glibc

/// Who may do what: root and the user gatekeel change, the group adm looks.
///
/// The bus's policy says the same; this holds also where that file was changed or is missing.
public struct AccessControl: Hashable, Sendable {
    /// The agent's user; nil when it does not exist.
    public var agent: UInt32?
    /// The group that may look; nil when it does not exist.
    public var watchers: UInt32?

    public init(agent: UInt32?, watchers: UInt32?) {
        self.agent = agent
        self.watchers = watchers
    }

    /// The host's user `gatekeel` and group `adm` (`getpwnam(3)`, `getgrnam(3)`).
    public static func host() -> AccessControl {
        AccessControl(agent: getpwnam("gatekeel")?.pointee.pw_uid, watchers: getgrnam("adm")?.pointee.gr_gid)
    }

    /// - Parameter changes: whether the call changes something.
    /// - Throws: `AccessDenied`, with what would be needed.
    public func check(_ caller: BusCredentials, changes: Bool) throws(ContractError) {
        if caller.user == 0 || caller.user == agent { return }
        if !changes, let watchers, caller.groups.contains(watchers) { return }
        throw ContractError(
            .accessDenied,
            changes ? "only root may do that" : "only root and members of the group adm may look at packages")
    }
}
