import Glibc
import Linux

extension Store {
    static let packageFile = "package.deb"

    func folder(staged token: String) -> String { "\(stagedFolder)/\(token)" }
    func package(staged token: String) -> String { "\(folder(staged: token))/\(Self.packageFile)" }
    /// Where a reader that unpacks while it inspects leaves the payload.
    func tree(staged token: String) -> String { "\(folder(staged: token))/tree" }

    static func isToken(_ token: String) -> Bool {
        token.utf8.count == 16 && token.allSatisfy { $0.isHexDigit && $0.isASCII && !$0.isUppercase }
    }

    static func makeToken(_ bytes: Int) -> String {
        randomBytes(bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Copies a package into a file of our own: what is verified and unpacked later is this copy, for the sender can
    /// change the original at any time.
    ///
    /// - Parameters:
    ///   - limit: bytes; more is `.invalidArgument`.
    ///   - deadline: `CLOCK_BOOTTIME` in seconds.
    func copy(_ source: borrowing FileDescriptor, into token: String, limit: UInt64, deadline: Int) throws {
        let status = try source.status()
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw DeploymentError(.invalidArgument, "a package must be given as a regular file")
        }
        let size = UInt64(clamping: status.st_size)
        try Self.check(size: size, limit: limit)
        let folder = folder(staged: token)
        try Files.makeDirectories(folder, mode: 0o700)
        try passage("deployment.stage.copy.before")
        let free = try Files.freeSpace(at: folder)
        guard free > size else {
            throw DeploymentError(
                .noSpace, "the package takes \(size) bytes and \(free) are free; free space and send it again")
        }
        let target = try FileDescriptor.open(package(staged: token), O_WRONLY | O_CREAT | O_EXCL)
        var offset: UInt64 = 0
        while true {
            let chunk = try Self.read(source, at: offset)
            if chunk.isEmpty { break }
            try target.write(chunk)
            offset += UInt64(chunk.count)
            try Self.check(size: offset, limit: limit)
            guard Self.bootSeconds() <= deadline else {
                throw DeploymentError(.failed, "the package could not be read in time")
            }
        }
        try target.synchronize()
        try passage("deployment.stage.copy.after")
    }

    private static func check(size: UInt64, limit: UInt64) throws {
        guard size <= limit else {
            throw DeploymentError(
                .invalidArgument,
                "the package has more than \(limit) bytes; MaxPackageSize= in installd.conf allows more")
        }
    }

    /// `pread(2)`: the sender's own offset in the file is neither used nor changed.
    private static func read(_ source: borrowing FileDescriptor, at offset: UInt64) throws(Errno) -> [UInt8] {
        let number = source.raw
        var failure: Errno?
        let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 18) { buffer, length in
            do throws(Errno) {
                length = try retrying("read the package") {
                    pread(number, buffer.baseAddress, buffer.count, off_t(offset))
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    static func bootSeconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return time.tv_sec
    }

    /// Makes a staged package known: from here on it survives a restart.
    func save(_ package: StagedPackage) throws {
        var record = package.record.record
        record.add("staged-at", package.stagedAt)
        try passage("deployment.stage.record.before")
        try reserving { () throws(Errno) in
            try RecordFile(path: "\(folder(staged: package.token))/record", kind: ReleaseRecord.kind).save(record)
        }
        try Files.synchronizeDirectory(stagedFolder)
        try passage("deployment.stage.record.after")
    }

    /// The staged packages that are whole, the oldest first; and the tokens of those that are not.
    func loadStaged() -> (packages: [StagedPackage], broken: [String]) {
        var packages: [StagedPackage] = []
        var broken: [String] = []
        for name in (try? Files.names(in: stagedFolder)) ?? [] {
            let file = RecordFile(path: "\(folder(staged: name))/record", kind: ReleaseRecord.kind)
            if Self.isToken(name), Files.exists(package(staged: name)), let record = file.load().record,
                let release = try? ReleaseRecord(record)
            {
                packages.append(
                    StagedPackage(token: name, record: release, stagedAt: record.integer("staged-at")))
            } else {
                broken.append(name)
            }
        }
        return (packages.sorted { ($0.stagedAt, $0.token) < ($1.stagedAt, $1.token) }, broken)
    }

    func discard(staged token: String) throws(Errno) { try Files.removeTree(folder(staged: token)) }
}
