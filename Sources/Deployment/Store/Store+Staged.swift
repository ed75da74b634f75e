import Glibc
import Linux
import State

extension Store {
    static let packageFile = "package.deb"

    func folder(staged token: String) -> String { "\(stagedFolder)/\(token)" }
    func package(staged token: String) -> String { "\(folder(staged: token))/\(Self.packageFile)" }
    /// Where a reader that unpacks during inspection puts the payload.
    func tree(staged token: String) -> String { "\(folder(staged: token))/tree" }

    static func isToken(_ token: String) -> Bool {
        token.utf8.count == 16 && token.allSatisfy { $0.isHexDigit && $0.isASCII && !$0.isUppercase }
    }

    static func makeToken(_ bytes: Int) -> String { randomBytes(bytes).hexadecimal }

    /// Bytes that a copy must leave free for the journal and the records.
    private static let spaceLeft: UInt64 = 4 << 20

    /// Copies a package into a file of our own, which is what is verified and unpacked later. The sender can change the
    /// original at any time, even while it is copied.
    ///
    /// - Parameters:
    ///   - source: a regular file, not on FUSE. Its offset is neither used nor changed.
    ///   - limit: bytes; more is `.invalidArgument`.
    ///   - seconds: the longest time for all of it.
    func copy(_ source: consuming FileDescriptor, into token: String, limit: UInt64, seconds: Int) throws {
        let source = try Self.source(source)
        let size = source.expectedBytes
        guard size <= limit else { throw Self.tooLarge(limit) }
        let folder = folder(staged: token)
        try Files.makeDirectories(folder, mode: 0o700)
        try passage("deployment.stage.copy.before")
        let free = try Files.freeSpace(at: folder)
        let room = free > Self.spaceLeft ? free - Self.spaceLeft : 0
        guard room >= size else { throw noSpace(size, free) }
        let target = try FileDescriptor.open(package(staged: token), O_WRONLY | O_CREAT | O_EXCL)
        do throws(Errno) {
            try source.copy(to: target, limit: Int(clamping: min(limit, room)), seconds: seconds)
        } catch {
            switch error.code {
            case EFBIG where room < limit: throw noSpace(room, free)
            case EFBIG: throw Self.tooLarge(limit)
            case ETIMEDOUT: throw DeploymentError(.failed, "the package could not be read within \(seconds) s")
            default: throw error
            }
        }
        try target.synchronize()
        try passage("deployment.stage.copy.after")
    }

    private static func source(_ descriptor: consuming FileDescriptor) throws(DeploymentError) -> ByteSource {
        do throws(Errno) {
            return try ByteSource(descriptor)
        } catch {
            throw DeploymentError(.invalidArgument, "a package must be given as a regular file: \(error)")
        }
    }

    private static func tooLarge(_ limit: UInt64) -> DeploymentError {
        DeploymentError(
            .invalidArgument, "the package has more than \(limit) bytes; MaxPackageSize= in installd.conf allows more")
    }

    private func noSpace(_ size: UInt64, _ free: UInt64) -> DeploymentError {
        DeploymentError(
            .noSpace,
            "the package takes \(size) bytes or more, and the file system of \(root) has \(free) free; free space there and send it again"
        )
    }

    /// Writes the record of a staged package. From here on the package survives a restart.
    func save(_ package: StagedPackage) throws {
        var record = package.record.record
        record.add(Self.stagedAtKey, package.stagedAt)
        try CheckedFile.requireRoom(
            for: record, "the package has too many files beneath /etc or lines in its manifest; split it")
        try passage("deployment.stage.record.before")
        try reserving { () throws(Errno) in
            try CheckedFile(record: "\(folder(staged: package.token))/record").save(record.bytes)
        }
        try Files.synchronizeDirectory(stagedFolder)
        try passage("deployment.stage.record.after")
    }

    /// What is staged.
    struct Staged: Sendable {
        /// The packages that are whole, the oldest first.
        var packages: [StagedPackage] = []
        /// The tokens of those that are not: a crash interrupted them. They may be removed.
        var broken: [String] = []
        /// Why others can be neither used nor removed: they could not be read.
        var complaints: [String] = []
    }

    func loadStaged() throws(Errno) -> Staged {
        var staged = Staged()
        for name in try Files.namesIfPresent(in: stagedFolder) {
            do {
                if let package = try stagedPackage(name) {
                    staged.packages.append(package)
                } else {
                    staged.broken.append(name)
                }
            } catch {
                staged.complaints.append("the staged package \(name) is kept and not used: \(error)")
            }
        }
        staged.packages.sort { ($0.stagedAt, $0.token) < ($1.stagedAt, $1.token) }
        return staged
    }

    /// nil when the package is not complete.
    private func stagedPackage(_ token: String) throws -> StagedPackage? {
        guard Self.isToken(token), try Files.exists(package(staged: token)),
            let record = try CheckedFile(record: "\(folder(staged: token))/record").load(ReleaseRecord.kind).record,
            let release = try? ReleaseRecord(record)
        else { return nil }
        return StagedPackage(token: token, record: release, stagedAt: record.integer(Self.stagedAtKey))
    }

    /// The key that a staged package's record has in addition to those of a release's record.
    static let stagedAtKey = "staged-at"

    func discard(staged token: String) throws(Errno) { try Files.removeTree(folder(staged: token)) }
}
