import Glibc
import Linux

/// The user and groups that a daemon runs as.
enum ServiceIdentity {
    /// Who opens files from now on.
    enum Outcome: Equatable {
        /// The daemon's user, with its groups: what can be opened now, the daemon can open.
        case service
        /// The caller, who is not root and cannot become somebody else.
        case caller
        /// The caller: there is no such user.
        case unknownUser
    }

    /// Makes this process the daemon's user for good, with the groups that the user database gives it
    /// (`initgroups(3)`, `setgid(2)`, `setuid(2)`); only root can. Root's capabilities are lost with it.
    static func assume(_ user: String) throws(Errno) -> Outcome {
        guard geteuid() == 0 else { return .caller }
        guard let entry = getpwnam(user)?.pointee else { return .unknownUser }
        try retrying("initgroups \(user)") { initgroups(user, entry.pw_gid) }
        try retrying("setgid \(entry.pw_gid)") { setgid(entry.pw_gid) }
        try retrying("setuid \(entry.pw_uid)") { setuid(entry.pw_uid) }
        return .service
    }
}
