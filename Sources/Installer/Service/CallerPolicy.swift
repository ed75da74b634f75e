import Bus
import Contract
import Glibc

/// Who may do what: root and the user gatekeel change, the group adm looks; back goes root alone.
///
/// The bus's policy says the same; this holds also where that file was changed or is missing.
public struct CallerPolicy: Hashable, Sendable {
    /// The agent's user; nil when it does not exist.
    public var agent: UInt32?
    /// The group that may look; nil when it does not exist.
    public var watchers: UInt32?

    public init(agent: UInt32?, watchers: UInt32?) {
        self.agent = agent
        self.watchers = watchers
    }

    /// The host's user `gatekeel` and group `adm` (`getpwnam(3)`, `getgrnam(3)`).
    public static func host() -> CallerPolicy {
        CallerPolicy(agent: getpwnam("gatekeel")?.pointee.pw_uid, watchers: getgrnam("adm")?.pointee.gr_gid)
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

    /// What a server far away must never bring about: an older release in place, or that the highest version is forgotten.
    ///
    /// - Throws: `AccessDenied` for everybody but root, the agent included.
    public func checkRoot(_ caller: BusCredentials, _ operation: String) throws(ContractError) {
        guard caller.user != 0 else { return }
        throw ContractError(.accessDenied, "only root may ask for \(operation)")
    }
}
