import Packages
import State

extension HostProvision {
    static let keys: Set = [
        "provision-user", "provision-group", "provision-member", "provision-place", "provision-line",
    ]

    func add(to record: inout Record) {
        func text(_ id: UInt32?) -> String { id.map { "\($0)" } ?? "" }
        for user in users { record.add("provision-user", user.name, text(user.id)) }
        for group in groups { record.add("provision-group", group.name, text(group.id)) }
        for member in members { record.add("provision-member", member.user, member.group) }
        for place in places { record.add("provision-place", place.path, place.isNamed ? "yes" : "no") }
        record.add("provision-line", each: lines)
    }

    init(_ record: Record) {
        self.init()
        func pairs(_ key: String) -> [[String]] { record.all(key).filter { $0.count == 2 } }
        users = pairs("provision-user").map { Account($0[0], id: UInt32($0[1])) }
        groups = pairs("provision-group").map { Account($0[0], id: UInt32($0[1])) }
        members = pairs("provision-member").map { Member($0[0], of: $0[1]) }
        places = pairs("provision-place").map { Place($0[0], isNamed: $0[1] == "yes") }
        lines = record.strings("provision-line")
    }
}
