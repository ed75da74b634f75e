import State

/// The durable state of an instance of object 9.
struct SoftwareRecord: Hashable, Sendable {
    var state: UpdateState = .initial
    var result: UpdateResult = .initial
    /// Status Reason (9/x/16): a short token, a colon, a text; empty when there is nothing to say.
    var reason = ""
    /// The package that owns this instance while a release of it is in place.
    var package: String?
    /// The package that was delivered and is not installed yet.
    var staged: DeliveredPackage?
    /// The Package URI of a download that is under way; may hold credentials, so only the daemon can read the file.
    var uri: String?
    /// For how long the download has been without a byte; nil while bytes arrive.
    var stall: Stall?
    /// Install was accepted for `staged` and has not ended.
    var installing = false
    /// Whether a release of `package` was in place when this was written; shows one that was installed meanwhile.
    var present = false
    /// Update Supported Objects (9/x/8).
    var updatesObjects = false
    /// The account of the server that delivered to this instance last, or created it; nil: none did.
    var account: UInt16?
    /// The boot in which this was written (`/proc/sys/kernel/random/boot_id`).
    var boot = ""
    /// What a newer release added.
    var others = Record()

    /// How long a download has been without a byte, so that a restart does not begin to count anew.
    struct Stall: Hashable, Sendable {
        /// Seconds without a byte when this was written.
        var seconds: Int
        /// When it was written: seconds since the boot. nil in the queue, where time counts for no limit.
        var at: Int?

        /// Seconds without a byte by now.
        ///
        /// - Parameter sameBoot: whether it was written in this boot; what passed since is only known then.
        func elapsed(_ now: Duration, sameBoot: Bool) -> Duration {
            let since = sameBoot ? at.map { max(0, Int(now.components.seconds) - $0) } : nil
            return .seconds(seconds + (since ?? 0))
        }
    }

    init() {}

    /// - Throws: for a format, a state or a result of a newer release.
    init?(bytes: [UInt8]) throws(NewerFormat) {
        guard let record = Record(bytes: bytes) else { return nil }
        try record.requireKnownFormat()
        guard let state = record["State"].flatMap({ Int($0) }), let result = record["Result"].flatMap({ Int($0) })
        else {
            return nil
        }
        guard let state = UpdateState(rawValue: state) else { throw NewerFormat("State", value: "\(state)") }
        guard let result = UpdateResult(rawValue: result) else { throw NewerFormat("Result", value: "\(result)") }
        self.state = state
        self.result = result
        reason = record["Reason"] ?? ""
        package = record["Package"]
        if let token = record["Token"], let name = record["StagedName"], let version = record["StagedVersion"] {
            staged = DeliveredPackage(token: token, name: name, version: version)
        }
        uri = record["URI"]
        if let seconds = record["StalledSeconds"].flatMap({ Int($0) }), (0...1_000_000_000).contains(seconds) {
            stall = Stall(seconds: seconds, at: record["StalledAt"].flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil })
        }
        installing = record["Installing"] == "yes"
        present = record["Present"] == "yes"
        updatesObjects = record["UpdatesObjects"] == "yes"
        account = record["Account"].flatMap { UInt16($0) }
        boot = record["Boot"] ?? ""
        others = record.others(than: Self.keys)
    }

    static let keys: Set = [
        "State", "Result", "Reason", "Package", "Token", "StagedName", "StagedVersion", "URI", "StalledSeconds",
        "StalledAt", "Installing", "Present", "UpdatesObjects", "Account", "Boot",
    ]

    var bytes: [UInt8] {
        var record = Record.versioned()
        record["State"] = String(state.rawValue)
        record["Result"] = String(result.rawValue)
        record["Reason"] = reason
        record["Package"] = package
        record["Token"] = staged?.token
        record["StagedName"] = staged?.name
        record["StagedVersion"] = staged?.version
        record["URI"] = uri
        record["StalledSeconds"] = stall.map { String($0.seconds) }
        record["StalledAt"] = stall?.at.map { String($0) }
        record["Installing"] = installing ? "yes" : "no"
        record["Present"] = present ? "yes" : "no"
        record["UpdatesObjects"] = updatesObjects ? "yes" : "no"
        record["Account"] = account.map { String($0) }
        record["Boot"] = boot
        record.add(others)
        return record.bytes
    }
}
