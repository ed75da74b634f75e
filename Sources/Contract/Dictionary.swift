import Bus

/// A value of the contract that travels as a dictionary, `a{sv}`.
public protocol DictionaryValue: Hashable, Sendable {
    /// From a peer's dictionary: unknown keys are ignored, missing ones get a neutral value. Nil without its name.
    init?(properties: [String: BusValue])

    var properties: [String: BusValue] { get }
}

extension [String: BusValue] {
    func text(_ key: String) -> String { self[key]?.text ?? "" }
    func flag(_ key: String) -> Bool { self[key]?.flag ?? false }
    func number(_ key: String) -> UInt64 { self[key]?.unsigned ?? 0 }
    func strings(_ key: String) -> [String] { self[key]?.strings ?? [] }
}

extension Int64 {
    /// A time or size that never is negative, as the contract's `t`.
    init(contract value: UInt64) { self = Int64(clamping: value) }
    var contract: BusValue { .uint64(UInt64(clamping: self)) }
}

extension Duration {
    /// Its microseconds, as the contract's `t`. Exact: a quotient of durations has only the digits of a Double.
    var contract: BusValue {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let (sum, carried) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        return (overflow || carried ? .max : sum).contract
    }
}

extension BusValue {
    /// A text from anywhere. D-Bus texts hold no zero byte; what a package or a server wrote must not make the whole answer
    /// fail, so the byte is shown as `\x00`.
    static func text(_ text: String) -> BusValue {
        guard text.utf8.contains(0) else { return .string(text) }
        return .string(text.split(separator: "\0", omittingEmptySubsequences: false).joined(separator: "\\x00"))
    }

    static func texts(_ texts: [String]) -> BusValue { .array(of: "s", texts.map { .text($0) }) }

    var withoutZeros: BusValue { if case .string(let text) = self { .text(text) } else { self } }
}
