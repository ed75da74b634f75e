import Bus

/// What became of values that were to be sent to one server: a result of `Agent1.Send`.
public struct SendInfo: DictionaryValue {
    public enum Result: String, Sendable, CaseIterable {
        /// The server acknowledged them.
        case delivered
        /// They are sent when the server is in contact, or it has not answered yet.
        case stored
        /// The server wants no Send (1/x/23).
        case muted
        /// There was nothing that the server may read.
        case nothing
        /// They are gone; `reason` says why.
        case failed
    }

    /// The account's name.
    public var server: String
    public var result: Result
    public var reason: String

    public init(server: String, result: Result, reason: String = "") {
        self.server = server
        self.result = result
        self.reason = reason
    }

    public init?(properties: [String: BusValue]) {
        guard let server = properties["server"]?.text else { return nil }
        self.init(
            server: server, result: Result(rawValue: properties.text("result")) ?? .failed,
            reason: properties.text("reason"))
    }

    public var properties: [String: BusValue] {
        ["server": .text(server), "result": .string(result.rawValue), "reason": .text(reason)]
    }
}
