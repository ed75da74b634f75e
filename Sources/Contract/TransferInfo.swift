import Bus

/// A package on its way from a server, as `Agent1.Status` shows it.
public struct TransferInfo: DictionaryValue {
    public enum Kind: String, Sendable, CaseIterable {
        /// The server writes the package, block by block.
        case push
        /// The gateway downloads it from a Package URI.
        case pull
    }

    public enum Phase: String, Sendable, CaseIterable {
        /// Other downloads are under way; it starts when one of them ends.
        case queued
        /// The last attempt failed; the next one comes by itself.
        case waiting
        case transferring
        /// All bytes are here; `gatekeel-installd` checks them.
        case verifying
    }

    /// The instance of object 9; `Agent1.Cancel` takes it.
    public var instance: Int
    public var kind: Kind
    public var phase: Phase
    /// The host of the Package URI; empty for a push.
    public var host: String
    /// Bytes that are stored.
    public var received: Int64
    /// Bytes of the whole package, 0 when unknown.
    public var total: Int64
    /// Why it waits: a short token, a colon, a text. Empty when it does not wait.
    public var reason: String
    /// When the transfer began, in seconds since the epoch.
    public var since: Int64
    /// When the next attempt starts, in seconds since the epoch; 0 for none.
    public var nextAttempt: Int64

    public init(
        instance: Int, kind: Kind, phase: Phase, host: String = "", received: Int64 = 0, total: Int64 = 0,
        reason: String = "", since: Int64 = 0, nextAttempt: Int64 = 0
    ) {
        self.instance = instance
        self.kind = kind
        self.phase = phase
        self.host = host
        self.received = received
        self.total = total
        self.reason = reason
        self.since = since
        self.nextAttempt = nextAttempt
    }

    public init?(properties: [String: BusValue]) {
        guard let instance = properties["instance"]?.unsigned else { return nil }
        self.init(
            instance: Int(clamping: instance), kind: Kind(rawValue: properties.text("kind")) ?? .pull,
            phase: Phase(rawValue: properties.text("phase")) ?? .waiting, host: properties.text("host"),
            received: Int64(contract: properties.number("received")),
            total: Int64(contract: properties.number("total")), reason: properties.text("reason"),
            since: Int64(contract: properties.number("since")),
            nextAttempt: Int64(contract: properties.number("next-attempt")))
    }

    public var properties: [String: BusValue] {
        [
            "instance": .uint32(UInt32(clamping: instance)), "kind": .string(kind.rawValue),
            "phase": .string(phase.rawValue), "host": .string(host), "received": received.contract,
            "total": total.contract, "reason": .string(reason), "since": since.contract,
            "next-attempt": nextAttempt.contract,
        ]
    }
}
