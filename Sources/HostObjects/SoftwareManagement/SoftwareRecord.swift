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
    /// The boot in which this was written (`/proc/sys/kernel/random/boot_id`).
    var boot = ""

    /// How long a download has been without a byte, so that a restart does not begin to count anew.
    struct Stall: Hashable, Sendable {
        /// Seconds without a byte when this was written.
        var seconds: Int
        /// When it was written: seconds since the boot.
        var at: Int

        /// Seconds without a byte by now.
        ///
        /// - Parameter sameBoot: whether it was written in this boot; what passed since is only known then.
        func elapsed(_ now: Duration, sameBoot: Bool) -> Duration {
            .seconds(seconds + (sameBoot ? max(0, Int(now.components.seconds) - at) : 0))
        }
    }

    init() {}

    init?(bytes: [UInt8]) {
        guard let record = Record(bytes: bytes),
            let state = record["State"].flatMap({ Int($0) }).flatMap(UpdateState.init),
            let result = record["Result"].flatMap({ Int($0) }).flatMap(UpdateResult.init)
        else { return nil }
        self.state = state
        self.result = result
        reason = record["Reason"] ?? ""
        package = record["Package"]
        if let token = record["Token"], let name = record["StagedName"], let version = record["StagedVersion"] {
            staged = DeliveredPackage(token: token, name: name, version: version)
        }
        uri = record["URI"]
        if let seconds = record["StalledSeconds"].flatMap({ Int($0) }), (0...1_000_000_000).contains(seconds),
            let at = record["StalledAt"].flatMap({ Int($0) }), at >= 0
        {
            stall = Stall(seconds: seconds, at: at)
        }
        installing = record["Installing"] == "yes"
        present = record["Present"] == "yes"
        updatesObjects = record["UpdatesObjects"] == "yes"
        boot = record["Boot"] ?? ""
    }

    var bytes: [UInt8] {
        var record = Record()
        record["State"] = String(state.rawValue)
        record["Result"] = String(result.rawValue)
        record["Reason"] = reason
        record["Package"] = package
        record["Token"] = staged?.token
        record["StagedName"] = staged?.name
        record["StagedVersion"] = staged?.version
        record["URI"] = uri
        record["StalledSeconds"] = stall.map { String($0.seconds) }
        record["StalledAt"] = stall.map { String($0.at) }
        record["Installing"] = installing ? "yes" : "no"
        record["Present"] = present ? "yes" : "no"
        record["UpdatesObjects"] = updatesObjects ? "yes" : "no"
        record["Boot"] = boot
        return record.bytes
    }
}
