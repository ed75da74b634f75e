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
