import State

/// The file of a collection: lines of `Key=value`.
extension TrafficCollection {
    private enum Key {
        static let period = "Period"
        static let endsAt = "EndsAt"
        static let lasts = "Lasts"
        static let isRunning = "Running"
        static let sent = "Sent"
        static let received = "Received"
        static let interface = "Interface"
        static let name = "InterfaceName"
        static let boot = "Boot"
        static let baseSent = "BaseSent"
        static let baseReceived = "BaseReceived"
    }

    static let keys: Set = [
        Key.period, Key.endsAt, Key.lasts, Key.isRunning, Key.sent, Key.received, Key.interface, Key.name, Key.boot,
        Key.baseSent, Key.baseReceived,
    ]

    /// - Throws: for a format of a newer release.
    init?(bytes: [UInt8]) throws(NewerFormat) {
        guard let record = Record(bytes: bytes) else { return nil }
        try record.requireKnownFormat()
        period = record.integer(Key.period)
        guard (0...Self.longestPeriod).contains(period) else { return nil }
        isRunning = record.flag(Key.isRunning)
        if let at = record[Key.endsAt].flatMap({ Int64($0) }), let after = record[Key.lasts].flatMap({ Int64($0) }) {
            guard (0...Self.longestPeriod).contains(after) else { return nil }
            end = End(at: at, after: after)
        }
        counted = IPTraffic(sent: record.integer(Key.sent), received: record.integer(Key.received))
        if let interface = record[Key.interface].flatMap({ Int32($0) }), let name = record[Key.name],
            let boot = record[Key.boot]
        {
            base = Base(
                interface: interface, name: name, boot: boot,
                traffic: IPTraffic(sent: record.integer(Key.baseSent), received: record.integer(Key.baseReceived)))
        }
        others = record.others(than: Self.keys)
    }

    var bytes: [UInt8] {
        var record = Record.versioned()
        record.add(Key.period, period)
        record.add(Key.isRunning, isRunning)
        record[Key.endsAt] = end.map { "\($0.at)" }
        record[Key.lasts] = end.map { "\($0.after)" }
        record.add(Key.sent, counted.sent)
        record.add(Key.received, counted.received)
        record[Key.interface] = base.map { "\($0.interface)" }
        record[Key.name] = base?.name
        record[Key.boot] = base?.boot
        record[Key.baseSent] = base.map { "\($0.traffic.sent)" }
        record[Key.baseReceived] = base.map { "\($0.traffic.received)" }
        record.add(others)
        return record.bytes
    }
}
