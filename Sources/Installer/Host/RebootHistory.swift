import State

/// When the host was rebooted on request, as far as that limits the next one; pure.
///
/// Nothing here needs the time of day: a gateway without a battery-backed clock starts each boot in the past. Ages are
/// counted in seconds that the host was up; time that it was switched off does not count.
struct RebootHistory: Hashable {
    /// So many reboots may be asked for within `window`.
    static let allowed = 3
    static let window = 900

    /// The boot that the ages were counted in last, and for how many seconds it was up then.
    private var boot = ""
    private var uptime = 0
    /// Seconds since each request, the oldest first.
    private var ages: [Int] = []
    /// What a newer release added.
    private var others = Record()

    init() {}

    /// How many seconds to wait for the next reboot; 0 when it is allowed now.
    ///
    /// - Parameters:
    ///   - boot: the present boot's identifier.
    ///   - uptime: for how many seconds it has been up.
    func wait(boot: String, uptime: Int) -> Int {
        let recent = self.recent(boot, uptime)
        guard recent.count >= Self.allowed else { return 0 }
        return Self.window - recent[recent.count - Self.allowed]
    }

    /// The history with one more request, which is made now.
    func noting(boot: String, uptime: Int) -> RebootHistory {
        var next = self
        next.boot = boot
        next.uptime = uptime
        next.ages = Array((recent(boot, uptime) + [0]).suffix(Self.allowed))
        return next
    }

    /// The ages as of now, of requests that still count.
    private func recent(_ boot: String, _ uptime: Int) -> [Int] {
        // In another boot than that of the latest request: at least as much time has passed as this one is up.
        let passed = boot == self.boot ? max(0, uptime - self.uptime) : max(0, uptime)
        return ages.map { $0 + passed }.filter { $0 < Self.window }
    }
}

extension RebootHistory {
    private static let keys: Set<String> = ["Boot", "Uptime", "Age"]

    var bytes: [UInt8] {
        var record = Record.versioned()
        record.add("Boot", boot)
        record.add("Uptime", uptime)
        record.add("Age", each: ages.map { "\($0)" })
        record.add(others)
        return record.bytes
    }

    /// The history that was written; nil for anything else.
    ///
    /// - Throws: for a format of a newer release.
    init?(bytes: [UInt8]) throws(NewerFormat) {
        guard let record = Record(bytes: bytes) else { return nil }
        try record.requireKnownFormat()
        guard let boot = record["Boot"], let uptime = record["Uptime"].flatMap({ Int($0) }), uptime >= 0 else {
            return nil
        }
        self.boot = boot
        self.uptime = uptime
        for text in record.strings("Age") {
            guard let age = Int(text), age >= 0 else { return nil }
            ages.append(age)
        }
        // A newer release may allow more of them, in a longer time.
        ages = Array(ages.filter { $0 < Self.window }.suffix(Self.allowed))
        others = record.others(than: Self.keys)
    }
}
