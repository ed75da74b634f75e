/// A policy of the message bus (`dbus-daemon(1)`, "configuration file"): who may own a name, and who may call whom.
///
/// Only what a package needs is read: elements `busconfig`, `policy`, `allow` and `deny`. All other elements configure the bus
/// itself.
struct BusPolicy: Hashable, Sendable {
    /// For whom a rule holds.
    enum Subject: Hashable, Sendable {
        case everyone
        case console
        case user(String)
        case group(String)
    }

    struct Rule: Hashable, Sendable {
        var subject: Subject
        var isAllowed: Bool
        /// Attributes by name: `send_destination`, `own`.
        var attributes: [String: String]
        var line: Int
    }

    /// Why a file is no policy that a package may have.
    struct Refusal: Error, Hashable, Sendable {
        var line: Int
        var text: String
    }

    var rules: [Rule] = []

    init(parsing bytes: [UInt8]) throws(Refusal) {
        var reader = MarkupReader(bytes)
        var open: [String] = []
        var subject: Subject?
        while let tag = try reader.next() {
            if tag.isEnd {
                guard open.popLast() == tag.name else { throw tag.refusal("'</\(tag.name)>' ends nothing; correct it") }
                continue
            }
            switch (open.last, tag.name) {
            case (nil, "busconfig"): break
            case ("busconfig", "policy"): subject = try Self.subject(of: tag)
            case ("policy", "allow"), ("policy", "deny"):
                guard let subject else { break }
                guard rules.count < PackageLimits.busRules else {
                    throw tag.refusal("there are more than \(PackageLimits.busRules) rules; remove some")
                }
                rules.append(
                    Rule(
                        subject: subject, isAllowed: tag.name == "allow", attributes: tag.attributes, line: tag.line))
            default:
                throw tag.refusal(
                    "a package's policy has the elements busconfig, policy, allow and deny; remove '<\(tag.name)>', which configures the bus itself"
                )
            }
            if !tag.isEmpty { open.append(tag.name) }
        }
        if let name = open.last { throw Refusal(line: reader.line, text: "'<\(name)>' is not ended; correct it") }
    }

    private static func subject(of tag: MarkupReader.Tag) throws(Refusal) -> Subject {
        guard tag.attributes.count == 1, let (key, value) = tag.attributes.first else {
            throw tag.refusal("a policy has one of context, user, group and at_console; correct it")
        }
        switch (key, value) {
        case ("context", "default"), ("context", "mandatory"): return .everyone
        case ("user", "*"), ("group", "*"): return .everyone
        case ("user", _): return .user(value)
        case ("group", _): return .group(value)
        case ("at_console", _): return .console
        default: throw tag.refusal("a policy has one of context, user, group and at_console; correct it")
        }
    }
}
