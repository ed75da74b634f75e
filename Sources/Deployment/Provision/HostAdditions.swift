import Packages
import State

/// Users, groups and memberships that deployments made.
public struct AddedAccounts: Hashable, Sendable {
    public var users: Set<HostProvision.Account> = []
    public var groups: Set<HostProvision.Account> = []
    public var members: Set<HostProvision.Member> = []

    public init() {}

    public var isEmpty: Bool { users.isEmpty && groups.isEmpty && members.isEmpty }

    mutating func formUnion(_ other: AddedAccounts) {
        users.formUnion(other.users)
        groups.formUnion(other.groups)
        members.formUnion(other.members)
    }

    mutating func subtract(_ other: AddedAccounts) {
        users.subtract(other.users)
        groups.subtract(other.groups)
        members.subtract(other.members)
    }

    static let keys: Set = ["added-user", "added-group", "added-member"]

    func add(to record: inout Record) {
        for user in users.sorted(by: { $0.name < $1.name }) { record.add("added-user", user.name, Self.text(user.id)) }
        for group in groups.sorted(by: { $0.name < $1.name }) {
            record.add("added-group", group.name, Self.text(group.id))
        }
        for member in members.sorted(by: { ($0.group, $0.user) < ($1.group, $1.user) }) {
            record.add("added-member", member.user, member.group)
        }
    }

    init(_ record: Record) {
        func accounts(_ key: String) -> Set<HostProvision.Account> {
            Set(record.all(key).filter { $0.count == 2 }.map { HostProvision.Account($0[0], id: UInt32($0[1])) })
        }
        users = accounts("added-user")
        groups = accounts("added-group")
        members = Set(
            record.all("added-member").filter { $0.count == 2 }.map { HostProvision.Member($0[0], of: $0[1]) })
    }

    private static func text(_ id: UInt32?) -> String { id.map { "\($0)" } ?? "" }
}

/// What provisioning a release adds to the host: recorded before and after it, so that exactly this can be undone.
struct HostAdditions: Hashable, Sendable {
    /// Something that has a path.
    struct Item: Hashable, Sendable {
        /// As `HostProvision.lines`.
        var line: String
        /// What it looked like right after it was made; empty before that.
        var mark = ""
    }

    static let kind = "provision"

    var items: [Item] = []
    var accounts = AddedAccounts()
    /// The provisioners have run: all of this is there because of them. Before, all of this was missing.
    var isSettled = false

    init() {}

    var record: Record {
        var record = Record(kind: Self.kind)
        record.add("settled", isSettled)
        for item in items { record.add("added", item.line, item.mark) }
        accounts.add(to: &record)
        return record
    }

    init(_ record: Record) {
        isSettled = record.flag("settled")
        items = record.all("added").filter { $0.count == 2 }.map { Item(line: $0[0], mark: $0[1]) }
        accounts = AddedAccounts(record)
    }
}
