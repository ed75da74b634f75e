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
    ///
    /// - Throws: when the journal cannot be read, or holds what this release does not know. What it tells of may be half
    ///   done: nobody may go on as if there were none.
    func loadJournal() throws -> (deployment: DeploymentRecord?, complaints: [String]) {
        let loaded = try journal.load(DeploymentRecord.kind)
        do throws(Corrupt) {
            return (
                try loaded.record.map { (record) throws(Corrupt) in try DeploymentRecord(record) }, loaded.complaints
            )
        } catch {
            throw DeploymentError(
                .failed,
                "\(journal.path) holds \(error), which this release does not know; install the release that wrote it")
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
    func loadHistory() throws -> (deployments: [DeploymentRecord], complaints: [String]) {
        let loaded = try loadHistoryFile()
        return (loaded.history.deployments, loaded.complaints)
    }

    private func loadHistoryFile() throws -> (history: DeploymentHistory, complaints: [String]) {
        let loaded = try historyFile.load(DeploymentHistory.kind)
        return (loaded.record.map(DeploymentHistory.init) ?? DeploymentHistory(), loaded.complaints)
    }

    /// Replaces the deployments; what a newer release added to the file stays.
    func saveHistory(_ deployments: [DeploymentRecord]) throws {
        var history = try loadHistoryFile().history
        history.deployments = deployments
        let bytes = history.record.bytes
        try passage("deployment.history.before")
        try reserving { () throws(Errno) in try historyFile.save(bytes) }
        try passage("deployment.history.after")
    }

    // MARK: The newest signed time

    private static let signedTimeKey = "signed"
    /// Releases before the signed time remembered the clock's time under this key. A clock that was wrong once made them
    /// refuse every package, so it is never used.
    private static let clockTimeKey = "newest"

    /// nil when none is known.
    ///
    /// - Throws: for one that only a newer release can read: it is not written over.
    func signedTime() throws -> SignedTime? {
        guard let fields = try clock.load("clock").record?.fields(Self.signedTimeKey) else { return nil }
        guard fields.count == 4, let seconds = Int64(fields[0]) else {
            throw DeploymentError(
                .failed,
                "\(clock.path) holds a signed time that this release does not know; install the release that wrote it")
        }
        return SignedTime(seconds: seconds, package: fields[1], version: fields[2], signer: fields[3])
    }

    /// Remembers a time if it is later than the one that is known.
    ///
    /// - Returns: the newest one.
    func raise(to time: SignedTime) throws -> SignedTime {
        if let known = try signedTime(), known.seconds >= time.seconds { return known }
        try save(signedTime: time)
        return time
    }

    /// - Parameter signedTime: nil forgets it.
    func save(signedTime: SignedTime?) throws {
        var record = Record(kind: "clock")
        if let time = signedTime {
            record.add(Self.signedTimeKey, "\(time.seconds)", time.package, time.version, time.signer)
        }
        if let stored = try clock.load("clock").record {
            record.add(stored.others(of: [Self.signedTimeKey, Self.clockTimeKey]))
        }
        try clock.save(record.bytes)
    }

    // MARK: A full disk

    /// Writes a small file of the journal; on a full disk the reserve makes room for it.
    func reserving(_ write: () throws(Errno) -> Void) throws(Errno) {
        do {
            try write()
        } catch {
            guard error.code == ENOSPC || error.code == EDQUOT, try Files.exists(reserve) else { throw error }
            unlink(reserve)
            try write()
        }
    }

    /// Frees the reserve, so that the way back does not fail because a few blocks are missing.
    func releaseReserve() { unlink(reserve) }

    /// Makes the reserve if it is not there. Without room now, a later call makes it.
    func makeReserve() {
        if let size = try? FileDescriptor.open(reserve).status().st_size, size == Self.reserveSize { return }
        // Written, not sparse, so that blocks are allocated; the content does not matter.
        do throws(Errno) {
            try Files.replace(reserve, with: [UInt8](repeating: 0x67, count: Self.reserveSize))
        } catch {
            unlink(reserve)
        }
    }
}
