/// Holds a package's policies of the message bus to the package's own names: the bus belongs to the whole host.
struct BusPolicyAudit: Sendable {
    /// Policies by their paths in the package.
    private var policies: [(path: String, policy: BusPolicy)] = []
    /// Names that the policies let somebody own: `org.foo`, or `org.foo.*` for all names below one.
    private(set) var names: Set<String> = []
    private(set) var findings = FindingList()
    /// Users of the package.
    private let users: Set<String>

    init(users: Set<String>) { self.users = users }

    /// Takes a file of `/usr/share/dbus-1/system.d` or `/etc/dbus-1/system.d`.
    mutating func take(_ bytes: [UInt8], at path: String) {
        do throws(BusPolicy.Refusal) {
            let policy = try BusPolicy(parsing: bytes)
            policies.append((path, policy))
            for rule in policy.rules where rule.isAllowed {
                if let name = rule.attributes["own"] { names.insert(name) }
                if let name = rule.attributes["own_prefix"] { names.insert(name + ".*") }
            }
        } catch {
            findings.add(Finding(.refused, .unsupported, path, line: error.line, error.text))
        }
    }

    /// Judges all rules, when all policies are known.
    mutating func judge() {
        for name in names.sorted() where !BusName.isValid(name.dropSuffix(".*") ?? name) {
            let path = policies.first { $0.policy.rules.contains { Self.owned(by: $0) == name } }?.path ?? ""
            findings.add(
                Finding(
                    .refused, .unsupported, path,
                    "own=\"\(name)\" is no name of one service; name the service's own, such as org.example.Foo"))
        }
        for name in names.sorted()
        where BusName.meet(name, Self.busItself) || BusName.isBelow("org.freedesktop.DBus", name) {
            let path = policies.first { $0.policy.rules.contains { Self.owned(by: $0) == name } }?.path ?? ""
            findings.add(
                Finding(.refused, .unsupported, path, "'\(name)' is a name of the message bus itself; remove it"))
        }
        for (path, policy) in policies {
            for rule in policy.rules {
                guard let verdict = verdict(rule) else { continue }
                findings.add(Finding(verdict.severity, .unsupported, path, line: rule.line, verdict.text))
            }
        }
    }

    private static let busItself = "org.freedesktop.DBus.*"

    /// The name that a rule is about; with `own_prefix` and all below it.
    private static func owned(by rule: BusPolicy.Rule) -> String? {
        rule.attributes["own"] ?? rule.attributes["own_prefix"].map { $0 + ".*" }
    }

    private func isOwn(_ name: String) -> Bool { names.contains { BusName.meet($0, name) } }

    private static let known: Set<String> = [
        "own", "own_prefix", "send_destination", "send_destination_prefix", "send_interface", "send_member",
        "send_path",
        "send_type", "send_error", "send_broadcast", "send_requested_reply", "receive_sender", "receive_interface",
        "receive_member", "receive_path", "receive_type", "receive_error", "receive_requested_reply", "eavesdrop",
        "min_fds", "max_fds", "log",
    ]

    private func verdict(_ rule: BusPolicy.Rule) -> (severity: Finding.Severity, text: String)? {
        let attributes = rule.attributes
        if let key = attributes.keys.sorted().first(where: { !Self.known.contains($0) }) {
            return (.refused, "'\(key)' is not for the policy of one service; remove it")
        }
        if rule.isAllowed, attributes["eavesdrop"] == "true" {
            return (.refused, "eavesdrop=\"true\" shows the messages of all other services; remove it")
        }
        // Names were judged by themselves.
        if let name = attributes["own"] ?? attributes["own_prefix"] {
            guard !rule.isAllowed else { return nil }
            return isOwn(name)
                ? nil : (.refused, "the rule denies the name '\(name)', which is not the package's; remove it")
        }
        let own = [
            attributes["send_destination"], attributes["send_destination_prefix"], attributes["receive_sender"],
        ].compactMap(\.self)
        if !own.isEmpty, own.allSatisfy(isOwn) { return nil }
        let others = own.first { !isOwn($0) } ?? "every service"
        guard rule.isAllowed else {
            return (
                .refused,
                "the rule cuts off \(others), which is not the package's; name the package's own service in it"
            )
        }
        switch rule.subject {
        // Root may do more than call other services.
        case .user("root"), .user("0"): return nil
        case .user(let user) where users.contains(user):
            return (.warning, "lets the user \(user) call or hear \(others); check that this is wanted")
        case .user, .everyone, .console, .group:
            return (
                .refused,
                "the rule lets others than the package's users call or hear \(others), which is not the package's; name the package's own service in it (send_destination=)"
            )
        }
    }
}
