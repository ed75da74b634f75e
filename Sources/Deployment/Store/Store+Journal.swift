import Glibc
import Linux
import State

extension Store {
    private var journal: CheckedFile { CheckedFile(record: "\(journalFolder)/deployment") }
    private var historyFile: CheckedFile { CheckedFile(record: "\(journalFolder)/history") }
    private var clock: CheckedFile { CheckedFile(record: "\(journalFolder)/clock") }
    private var reserve: String { "\(journalFolder)/reserve" }
    private static let reserveSize = 256 * 1024

    // MARK: The deployment that runs

    /// The deployment that was interrupted, if one was.
    func loadJournal() -> (deployment: DeploymentRecord?, complaints: [String]) {
        let loaded = journal.load(DeploymentRecord.kind)
        guard let record = loaded.record else { return (nil, loaded.complaints) }
        do {
            return (try DeploymentRecord(record), loaded.complaints)
        } catch {
            return (nil, loaded.complaints + ["\(journal.path) is not used: \(error)"])
        }
    }

    /// Makes a transition durable, before its effects begin.
    func saveJournal(_ deployment: DeploymentRecord) throws {
        try passage("deployment.journal.before")
        try reserving { () throws(Errno) in try journal.save(deployment.record.bytes) }
        try passage("deployment.journal.after")
    }

    func removeJournal() throws(Errno) { try journal.remove() }

    // MARK: History

    /// The deployments that ended, the newest last.
    func loadHistory() -> (deployments: [DeploymentRecord], complaints: [String]) {
        let loaded = historyFile.load("history")
        guard let record = loaded.record else { return ([], loaded.complaints) }
        let deployments = record.all("deployment").compactMap { fields -> DeploymentRecord? in
            guard fields.count == 12, let operation = DeploymentOperation(rawValue: fields[2]),
                let phase = Phase(rawValue: fields[5]), let result = DeploymentResult(rawValue: fields[6])
            else { return nil }
            var deployment = DeploymentRecord(
                id: fields[0], package: fields[1], operation: operation, version: fields[3], phase: phase)
            deployment.oldVersion = fields[4]
            deployment.result = result
            deployment.reason = fields[7].isEmpty ? nil : Reason(fields[7], fields[8])
            deployment.startedAt = Int64(fields[9]) ?? 0
            deployment.endedAt = Int64(fields[10]) ?? 0
            deployment.downtime = Int64(fields[11]).map { .milliseconds($0) }
            return deployment
        }
        return (deployments, loaded.complaints)
    }

    func saveHistory(_ deployments: [DeploymentRecord]) throws {
        var record = Record(kind: "history")
        for deployment in deployments {
            record.add(
                "deployment", deployment.id, deployment.package, deployment.operation.rawValue, deployment.version,
                deployment.oldVersion, deployment.phase.rawValue, deployment.result.rawValue,
                deployment.reason?.token ?? "", deployment.reason?.text ?? "", "\(deployment.startedAt)",
                "\(deployment.endedAt)", deployment.downtime.map { "\($0.milliseconds)" } ?? "")
        }
        try passage("deployment.history.before")
        try reserving { () throws(Errno) in try historyFile.save(record.bytes) }
        try passage("deployment.history.after")
    }

    // MARK: The newest time known

    /// Seconds since the epoch; 0 when none is known. A clock that is set back does not make an expired certificate good.
    func newestTime() -> Int64 { clock.load("clock").record?.integer("newest") ?? 0 }

    func save(newestTime: Int64) throws(Errno) {
        var record = Record(kind: "clock")
        record.add("newest", newestTime)
        try clock.save(record.bytes)
    }

    // MARK: A full disk

    /// Writes a small file of the journal; on a full disk the reserve makes room for it.
    func reserving(_ write: () throws(Errno) -> Void) throws(Errno) {
        do {
            try write()
        } catch {
            guard error.code == ENOSPC || error.code == EDQUOT, Files.exists(reserve) else { throw error }
            unlink(reserve)
            try write()
        }
    }

    /// Gives the reserve up: the way back must not fail for want of a few blocks.
    func releaseReserve() { unlink(reserve) }

    /// Makes the reserve (again); where there is no room now, a later call does.
    func makeReserve() {
        if let size = try? FileDescriptor.open(reserve).status().st_size, size == Self.reserveSize { return }
        // Real blocks, written and not sparse; what is in them does not matter.
        do throws(Errno) {
            try Files.replace(reserve, with: [UInt8](repeating: 0x67, count: Self.reserveSize))
        } catch {
            unlink(reserve)
        }
    }
}
