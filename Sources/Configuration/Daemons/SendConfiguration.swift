/// `[Send NAME]`: values that are sent to servers without being asked for.
public struct SendConfiguration: Hashable, Sendable {
    public var name: String
    /// Where the section begins, for messages.
    public var position: Position
    /// Names of accounts; empty: all.
    public var servers: [String]
    /// `/3/0/9`, not repeated.
    public var paths: [String]
    /// Zero: not by time.
    public var period: Duration
    public var onChange: Bool
    public var greaterThan: Double?
    public var lessThan: Double?
    public var step: Double?
    public var minimumPeriod: Duration

    /// nil when `Paths=` is empty, which turns the section off, or missing.
    init?(_ section: SectionSettings) {
        paths = section[Self.pathsKey].reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        guard !paths.isEmpty else { return nil }
        name = section.name
        position = section.position
        servers = section[Self.serverKey]
        period = section[Self.periodKey]
        onChange = section[Self.onChangeKey]
        greaterThan = section[Self.greaterThanKey]
        lessThan = section[Self.lessThanKey]
        step = section[Self.stepKey]
        minimumPeriod = section[Self.minimumPeriodKey]
    }

    /// Whether a change of a value can be a reason to send.
    public var followsChanges: Bool { onChange || greaterThan != nil || lessThan != nil || step != nil }

    private func problem(_ key: String, _ text: String) -> ConfigurationProblem {
        ConfigurationProblem(position, section: "Send \(name)", key: key, text)
    }

    /// What is missing, contradicts itself, or names an account that is not there. A value that was refused is not reported as
    /// missing too.
    static func problems(of section: SectionSettings, accounts: [String]) -> [ConfigurationProblem] {
        if let send = SendConfiguration(section) { return send.conflicts(section, accounts) }
        guard section.position(of: pathsKey) == nil, !section.isRefused(pathsKey) else { return [] }
        return [
            ConfigurationProblem(
                section.position, section: section.header, key: "Paths",
                "missing; expected: \(pathsKey.type.allowed)")
        ]
    }

    private func conflicts(_ section: SectionSettings, _ accounts: [String]) -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        if paths.count > Self.pathLimit {
            problems.append(problem("Paths", "more than \(Self.pathLimit); use several sections"))
        }
        let isRefused =
            section.isRefused(Self.periodKey) || section.isRefused(Self.onChangeKey)
            || section.isRefused(Self.greaterThanKey) || section.isRefused(Self.lessThanKey)
            || section.isRefused(Self.stepKey)
        if period == .zero, !followsChanges, !isRefused {
            problems.append(
                problem(
                    "Period",
                    "nothing says when to send; set Period=, OnChange=, GreaterThan=, LessThan= or Step="))
        }
        let hasThresholds = greaterThan != nil || lessThan != nil || step != nil
        if hasThresholds, onChange {
            problems.append(
                problem("OnChange", "every change sends then; drop GreaterThan=, LessThan= and Step=, or OnChange="))
        }
        if hasThresholds, !paths.contains(where: { $0.split(separator: "/").count >= 3 }) {
            problems.append(
                problem("Paths", "GreaterThan=, LessThan= and Step= need a resource like /3/0/9 in Paths="))
        }
        if let greaterThan, let lessThan, lessThan + 2 * (step ?? 0) >= greaterThan {
            problems.append(problem("LessThan", "LessThan= and twice Step= must be less than GreaterThan="))
        }
        for server in servers where !accounts.contains(server) {
            problems.append(problem("Server", "there is no section [Server \(server)]"))
        }
        return problems
    }

    /// So many paths of one section make one message.
    static let pathLimit = 64
}

extension SendConfiguration {
    static let serverKey = Key(
        "Server",
        .words("names of [Server NAME] sections") { word in
            word.utf8.count <= 63
                && word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
        }, default: [],
        "The servers that the values are sent to, by the names of their sections; without it all of them. A server gets nothing "
            + "while Mute Send (1/x/23) is true or absent: see MuteSend= of [Server NAME].")
    static let pathsKey = Key(
        "Paths", .words("paths like /3/0/9, /3/0 or /3", isDataPath), default: [],
        "What is sent: objects, instances, resources or resource instances. What a server may not read, or what is not there, "
            + "is left out. An empty Paths= turns the section off.")
    static let periodKey = Key(
        "Period", .duration(.seconds(1) ... .seconds(31_536_000), zero: "not by time"), default: .zero,
        "The values are taken and sent each time this much has passed. The first time comes at random within it, so that gateways "
            + "that were switched on together do not send together.")
    static let onChangeKey = Key(
        "OnChange", .boolean, default: false, "Whether the values are sent when one of them has changed.")
    static let greaterThanKey = Key<Double?>(
        "GreaterThan", .decimal,
        "The values are sent when one of the numeric resources in Paths= crosses this number, in either direction.")
    static let lessThanKey = Key<Double?>(
        "LessThan", .decimal, "Like GreaterThan=, with a second number, below the first.")
    static let stepKey = Key<Double?>(
        "Step", .positiveDecimal,
        "The values are sent when one of the numeric resources in Paths= has changed by at least this much since it was sent "
            + "last.")
    static let minimumPeriodKey = Key(
        "MinimumPeriod", .duration(.zero ... .seconds(86400)), default: .seconds(10),
        "At least so much time between two messages because of changes.")

    static let keys = [
        serverKey.declaration, pathsKey.declaration, periodKey.declaration, onChangeKey.declaration,
        greaterThanKey.declaration, lessThanKey.declaration, stepKey.declaration, minimumPeriodKey.declaration,
    ]

    /// One to four numbers from 0 to 65534 without leading zeros, each after a slash; not of object 0, which holds keys.
    @Sendable private static func isDataPath(_ word: String) -> Bool {
        guard word.first == "/" else { return false }
        let numbers = word.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        return numbers.count <= 4 && numbers.first != "0"
            && numbers.allSatisfy { number in
                guard let value = UInt16(number), value != .max else { return false }
                return number == "\(value)"
            }
    }
}

extension ValueType where Value == Double {
    /// A decimal number: `-12.5`.
    static var decimal: ValueType { decimal("a decimal number like 12.5") { _ in true } }

    /// A decimal number above zero.
    static var positiveDecimal: ValueType { decimal("a decimal number above zero, like 0.5") { $0 > 0 } }

    private static func decimal(_ allowed: String, _ accepts: @escaping @Sendable (Double) -> Bool) -> ValueType {
        ValueType(
            allowed: allowed,
            parse: { text in
                // Double's own parser takes "inf", "nan" and hexadecimal digits as well.
                guard text.count <= 32, text.allSatisfy({ $0.isASCII && ($0.isNumber || "+-.eE".contains($0)) }),
                    let number = Double(text), number.isFinite, accepts(number)
                else { return nil }
                return number
            }, format: { "\($0)" })
    }
}
