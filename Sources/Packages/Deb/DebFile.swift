import Archive
import FaultPoints
import Glibc
import Linux
import Signing

/// A `.deb` that a signature policy has accepted. Its contents can be read only through this type.
///
/// Nobody else may be able to write the file (use installd's own copy): it is read again after it was verified.
public final class DebFile: Sendable {
    /// The outer structure.
    public let container: DebContainer
    /// The signers; empty if it is not signed or the policy ignores signatures.
    public let signers: [Signer]
    private let file: FileDescriptor

    /// Parses the outer structure and applies the policy. The signature is verified before anything is decompressed.
    public init(_ file: consuming FileDescriptor, _ policy: SignaturePolicy) throws(DebError) {
        let container = try DebContainer(file)
        do { try faultPoint("package.verify.before") } catch { throw DebError(error) }
        signers = try Self.verify(file, container, policy)
        self.container = container
        self.file = file
    }

    /// Opens a package by its path.
    public convenience init(path: String, _ policy: SignaturePolicy) throws(DebError) {
        let file: FileDescriptor
        do { file = try FileDescriptor.open(path) } catch { throw .file(error) }
        try self.init(file, policy)
    }

    private static func verify(
        _ file: borrowing FileDescriptor, _ container: DebContainer, _ policy: SignaturePolicy
    ) throws(DebError) -> [Signer] {
        let keyring: Keyring
        let time: Int64
        switch policy {
        case .ignored: return []
        case .required(let ring, let at): (keyring, time) = (ring, at)
        case .whenPresent(let ring, let at):
            guard container.signature != nil else { return [] }
            (keyring, time) = (ring, at)
        }
        guard let member = container.signature, let range = container.signedRange else { throw .unsigned }
        let bytes = try DebContainer.read(file, member.data)
        do throws(SigningError) {
            return try DetachedSignature(bytes).verify(over: file, range: range, keyring: keyring, time: time)
        } catch { throw .badSignature(error) }
    }

    /// The bytes of the attached manifest, which the signature covers.
    public func manifestBytes() throws(DebError) -> [UInt8]? {
        guard let member = container.manifest else { return nil }
        return try DebContainer.read(file, member.data)
    }

    /// The files of the control archive by name: `control`, `conffiles`, `postinst`, …
    ///
    /// `md5sums` is omitted: it can be long, and the signature proves more. At most 64 plain files with a total of 4 MiB are
    /// accepted; folders and links are refused.
    public func controlFiles() throws(DebError) -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        var bytes = 0
        try readControl { (entry, reader) throws(ArchiveError) in
            guard files[entry.path] == nil else { throw .duplicate(path: entry.path) }
            if entry.path == Self.listName {
                files[entry.path] = []
                return
            }
            bytes += entry.size
            guard bytes <= 4 << 20 else { throw .limit("the control files have more than 4 MiB") }
            files[entry.path] = try reader.readData(limit: 4 << 20)
        }
        files[Self.listName] = nil
        guard files["control"] != nil else {
            throw .malformed("\(container.control.name) has no file 'control'; build the package with dpkg-deb")
        }
        return files
    }

    /// How many files `md5sums` lists, which debhelper makes; 0 without it. This is what the package says: its payload may have
    /// others.
    public func listedFiles() throws(DebError) -> Int {
        var count = 0
        try readControl { (entry, reader) throws(ArchiveError) in
            guard entry.path == Self.listName else { return }
            count = try reader.readData(limit: Self.listLimit).count { $0 == UInt8(ascii: "\n") }
        }
        return count
    }

    private static let listName = "md5sums"
    private static let listLimit = 16 << 20

    private func readControl(
        _ body: (ArchiveEntry, ArchiveReader) throws(ArchiveError) -> Void
    ) throws(DebError) {
        var limits = ArchiveLimits()
        limits.entries = 64
        limits.depth = 1
        limits.pathBytes = 255
        limits.fileBytes = Self.listLimit
        limits.totalBytes = 24 << 20
        do throws(ArchiveError) {
            let reader = try ArchiveReader(
                file, range: container.control.data, compression: container.controlCompression, limits: limits)
            while let entry = try reader.next() {
                if entry.path.isEmpty, entry.kind == .directory { continue }
                guard entry.kind == .file else {
                    throw .refused(
                        path: entry.path,
                        reason: "a control archive may hold only plain files; build the package with dpkg-deb")
                }
                try body(entry, reader)
            }
        } catch { throw DebError(error, in: container.control.name) }
    }

    /// Unpacks the data archive beneath an empty folder, decompressing it once, and flushes it to the disk.
    ///
    /// On failure the folder is emptied. See `Extraction.run`.
    /// - Parameters:
    ///   - extraction: owners and the check of free space; `expectedBytes` comes from the field `Installed-Size`.
    ///   - place: where each entry goes.
    /// - Throws: `DebError`, `Errno` of a fault point, or what `place` throws.
    @discardableResult
    public func unpack(
        beneath root: borrowing FileDescriptor, limits: ArchiveLimits = ArchiveLimits(),
        extraction: Extraction = Extraction(),
        place: (ArchiveEntry) throws -> Extraction.Destination = { .path($0.path) }
    ) throws -> Extraction.Report {
        try faultPoint("package.unpack.before")
        do {
            let report = try extraction.run(try dataReader(limits), beneath: root, place: place)
            try faultPoint("package.unpack.after")
            return report
        } catch let error as ArchiveError { throw DebError(error, in: container.data.name) }
    }

    func dataReader(_ limits: ArchiveLimits) throws(ArchiveError) -> ArchiveReader {
        try ArchiveReader(file, range: container.data.data, compression: container.dataCompression, limits: limits)
    }
}
