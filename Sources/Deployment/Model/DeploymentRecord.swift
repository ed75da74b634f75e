import Linux
import Packages
import State

/// A deployment as the journal holds it: all that is needed to finish or to revert it.
struct DeploymentRecord: Hashable, Sendable {
    static let kind = "deployment"

    var id: String
    var package: String
    var operation: DeploymentOperation
    var version: String
    var oldVersion = ""
    var phase: Phase
    /// The token of the staged package; empty for operations without one.
    var token = ""
    var purge = false
    var allowDowngrade = false
    /// The same package is installed once more: the way back stays to the one before.
    var keepsPrevious = false
    var activation = Activation.restore
    /// Folder names of releases, empty for none: the new one, the one in place, and the `previous` one.
    var newRelease = ""
    var oldRelease = ""
    var oldPrevious = ""
    /// The package's `highest` before the deployment.
    var oldHighest = ""
    /// The enablement links before: paths below `/etc/systemd/system` and their targets.
    var oldLinks: [EnablementLink] = []
    /// Units of the old release that were running, including instances of templates.
    var oldActive: [String] = []
    /// Units of the host that start units of the package (a socket), and were active: they are stopped first.
    var triggers: [String] = []
    /// Units of the old release that sockets, paths or timers start.
    var triggered: [String] = []
    /// Units of other packages that see this one's files, and were active: they are stopped with it, and started again.
    var dependents: [String] = []
    /// The units and instances to enable and to start of the new release, and what the administrator has decided otherwise:
    /// units that are off, units that are on, and links that stay as they are.
    var enabled: [String] = []
    var started: [String] = []
    var off: [String] = []
    var on: [String] = []
    var byHand: [EnablementLink] = []
    /// Whether anything is to be enabled, or started.
    var enables: Bool { effectiveActivation != .no && (!enabled.isEmpty || !byHand.isEmpty) }
    var starts: Bool { !started.isEmpty || !dependents.isEmpty || (effectiveActivation != .no && !triggers.isEmpty) }
    /// systemd may load the new unit files while the old release runs.
    var attachesEarly = false
    /// The plan of the conffiles.
    var conffiles: [ConffilePlan] = []
    /// What is changed of the host's files before that.
    var migrations: [MigrationStep] = []
    /// Folders below `/etc` that the switch makes.
    var folders: [String] = []
    /// Folders and links of the release that the host had before the package: a purge leaves them.
    var found: [String] = []
    /// Boots since the switch, and the last boot that was counted.
    var boots = 0
    var bootID = ""
    /// How often the deployment was resumed.
    var attempts = 0
    /// Why it is being reverted, or failed.
    var reason: Reason?
    /// Problems that did not stop the deployment, each once. The reason contains them too.
    var problems: [String] = []
    /// The release in place before could not be started again.
    var isDown = false
    var result = DeploymentResult.running
    var startedAt: Int64 = 0
    var endedAt: Int64 = 0
    var downtime: Duration?
    /// What a newer release added to the journal.
    var others = Record()

    init(id: String, package: String, operation: DeploymentOperation, version: String, phase: Phase) {
        self.id = id
        self.package = package
        self.operation = operation
        self.version = version
        self.phase = phase
    }

    /// What becomes of the units: a rollback leaves it to what was.
    var effectiveActivation: Activation {
        switch operation {
        case .install, .update: activation
        case .rollback: .restore
        case .activate: .yes
        case .deactivate, .remove: .no
        }
    }

    /// Another release is in place.
    var hasOld: Bool { !oldRelease.isEmpty }
}

extension DeploymentRecord {
    var record: Record {
        var record = Record(kind: Self.kind)
        record.add("id", id)
        record.add("package", package)
        record.add("operation", operation.rawValue)
        record.add("version", version)
        record.add("old-version", oldVersion)
        record.add("phase", phase.rawValue)
        record.add("token", token)
        record.add("purge", purge)
        record.add("allow-downgrade", allowDowngrade)
        record.add("keeps-previous", keepsPrevious)
        record.add("activation", activation.rawValue)
        record.add("new-release", newRelease)
        record.add("old-release", oldRelease)
        record.add("old-previous", oldPrevious)
        record.add("old-highest", oldHighest)
        for link in oldLinks { record.add("old-link", link.path, link.target) }
        record.add("old-active", each: oldActive)
        record.add("trigger", each: triggers)
        record.add("triggered", each: triggered)
        record.add("dependent", each: dependents)
        record.add("enable", each: enabled)
        record.add("start", each: started)
        record.add("off", each: off)
        record.add("on", each: on)
        for link in byHand { record.add("link-by-hand", link.path, link.target) }
        record.add("attaches-early", attachesEarly)
        for plan in conffiles {
            record.add("conffile", fields: plan.fields)
        }
        for step in migrations { record.add("migration", fields: step.fields) }
        record.add("folder", each: folders)
        record.add("found", each: found)
        record.add("boots", boots)
        record.add("boot-id", bootID)
        record.add("attempts", attempts)
        if let reason { record.add("reason", reason.token, reason.text) }
        record.add("problem", each: problems)
        record.add("down", isDown)
        record.add("result", result.rawValue)
        record.add("started-at", startedAt)
        record.add("ended-at", endedAt)
        record.add("downtime", downtime)
        record.add(others)
        return record
    }

    static let keys: Set = [
        "id", "package", "operation", "version", "old-version", "phase", "token", "purge", "allow-downgrade",
        "keeps-previous", "activation", "new-release", "old-release", "old-previous", "old-highest", "old-link",
        "old-active", "trigger", "triggered", "dependent", "on",
        "enable", "start", "off", "link-by-hand", "attaches-early", "conffile", "migration", "folder", "found", "boots",
        "boot-id",
        "attempts", "reason", "problem",
        "down", "result",
        "started-at", "ended-at", "downtime",
    ]

    init(_ record: Record) throws(Corrupt) {
        guard let operation = DeploymentOperation(rawValue: record.string("operation")),
            let phase = Phase(rawValue: record.string("phase")), PackageName.isValid(record.string("package"))
        else { throw Corrupt("an operation, a phase or a package's name") }
        self.init(
            id: record.string("id"), package: record.string("package"), operation: operation,
            version: record.string("version"), phase: phase)
        oldVersion = record.string("old-version")
        token = record.string("token")
        purge = record.flag("purge")
        allowDowngrade = record.flag("allow-downgrade")
        keepsPrevious = record.flag("keeps-previous")
        activation = try Self.value(record, "activation", or: .restore)
        newRelease = record.string("new-release")
        oldRelease = record.string("old-release")
        oldPrevious = record.string("old-previous")
        oldHighest = record.string("old-highest")
        oldLinks = try EnablementLink.links(record, "old-link")
        oldActive = record.strings("old-active")
        triggers = record.strings("trigger")
        triggered = record.strings("triggered")
        dependents = record.strings("dependent")
        enabled = record.strings("enable")
        started = record.strings("start")
        off = record.strings("off")
        on = record.strings("on")
        byHand = try EnablementLink.links(record, "link-by-hand")
        attachesEarly = record.flag("attaches-early")
        conffiles = try record.all("conffile").map { (fields) throws(Corrupt) in try ConffilePlan(fields: fields) }
        migrations = try record.all("migration").map { (fields) throws(Corrupt) in try MigrationStep(fields: fields) }
        folders = record.strings("folder")
        found = record.strings("found")
        boots = record.integer("boots")
        bootID = record.string("boot-id")
        attempts = record.integer("attempts")
        reason = record.fields("reason").flatMap { $0.count == 2 ? Reason($0[0], $0[1]) : nil }
        problems = record.strings("problem")
        isDown = record.flag("down")
        result = try Self.value(record, "result", or: .running)
        startedAt = record.integer("started-at")
        endedAt = record.integer("ended-at")
        downtime = record.duration("downtime")
        others = record.others(of: Self.keys)
    }

    /// A value of a key that earlier releases may not have written.
    ///
    /// - Throws: for one that only a newer release knows: another one in its place would change what is done.
    private static func value<Value: RawRepresentable<String>>(
        _ record: Record, _ key: String, or absent: Value
    ) throws(Corrupt) -> Value {
        guard let text = record[key] else { return absent }
        guard let value = Value(rawValue: text) else { throw Corrupt("\(key)=\(text)") }
        return value
    }

    /// Adds problems that do not stop the deployment to the reason, each once even if its step is repeated.
    mutating func note(problems: [String]) {
        for problem in problems where !self.problems.contains(problem) {
            // The record's size is limited: the first problems are enough.
            guard reason?.text.utf8.count ?? 0 <= Reason.textLimit / 2 else { return }
            let problem = problem.bounded(to: Reason.textLimit / 2)
            self.problems.append(problem)
            reason = reason.map { Reason($0.token, "\($0.text); \(problem)") } ?? Reason("incomplete", problem)
        }
    }

    /// As callers see it.
    func status(percent: Int) -> DeploymentStatus {
        DeploymentStatus(
            id: id, package: package, operation: operation, version: version, oldVersion: oldVersion, phase: phase,
            percent: percent, result: phase == .finished ? result : .running, reason: reason, isDown: isDown,
            token: token, startedAt: startedAt, endedAt: endedAt, downtime: downtime)
    }
}

extension EnablementLink {
    /// The links of a record's lines with this key.
    static func links(_ record: Record, _ key: String) throws(Corrupt) -> [EnablementLink] {
        try record.all(key).map { (fields) throws(Corrupt) in
            guard fields.count == 2 else { throw Corrupt("a link of an enabled unit") }
            return EnablementLink(path: fields[0], target: fields[1])
        }
    }
}
