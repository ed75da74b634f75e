import Linux
import Packages

/// The users and groups of the host: `passwd(5)` and `group(5)`.
struct HostAccounts: Sendable {
    struct Group: Hashable, Sendable {
        var id: UInt32
        var members: Set<String>
    }

    private(set) var users: [String: UInt32] = [:]
    private(set) var groups: [String: Group] = [:]

    private static let limit = 16 << 20

    /// Blocks.
    ///
    /// - Throws: when a file cannot be read; a missing one has no accounts.
    init(_ paths: HostPaths) throws(Errno) {
        for fields in try Self.lines(paths.host("/etc/passwd")) where fields.count >= 4 {
            if let id = UInt32(fields[2]) { users[fields[0]] = id }
        }
        for fields in try Self.lines(paths.host("/etc/group")) where fields.count >= 4 {
            guard let id = UInt32(fields[2]) else { continue }
            groups[fields[0]] = Group(id: id, members: Set(fields[3].split(separator: ",").map(String.init)))
        }
    }

    private static func lines(_ path: String) throws(Errno) -> [[String]] {
        let text = String(decoding: try Files.readIfPresent(path, limit: limit) ?? [], as: UTF8.self)
        return text.split(separator: "\n").map { line in
            line.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        }
    }

    func isMember(_ member: HostProvision.Member) -> Bool {
        groups[member.group]?.members.contains(member.user) ?? false
    }
}
