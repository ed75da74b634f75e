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

    /// Whether a valid signature was found.
    public var isVerified: Bool { !signers.isEmpty }

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

    /// The signature's bytes (CMS, DER), verified or not.
    public func signatureBytes() throws(DebError) -> [UInt8]? {
        guard let member = container.signature else { return nil }
        return try DebContainer.read(file, member.data)
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
        var limits = ArchiveLimits()
        limits.entries = 64
        limits.depth = 1
        limits.pathBytes = 255
        limits.fileBytes = 16 << 20
        limits.totalBytes = 24 << 20
        var files: [String: [UInt8]] = [:]
        var bytes = 0
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
                guard files[entry.path] == nil else { throw .duplicate(path: entry.path) }
                if entry.path == "md5sums" {
                    files[entry.path] = []
                    continue
                }
                bytes += entry.size
                guard bytes <= 4 << 20 else { throw .limit("the control files have more than 4 MiB") }
                files[entry.path] = try reader.readData(limit: 4 << 20)
            }
        } catch { throw DebError(error, in: container.control.name) }
        files["md5sums"] = nil
        guard files["control"] != nil else {
            throw .malformed("\(container.control.name) has no file 'control'; build the package with dpkg-deb")
        }
        return files
    }

    /// Lists the data archive without unpacking it. The whole archive is decompressed for this.
    public func entries(limits: ArchiveLimits = ArchiveLimits(), _ body: (ArchiveEntry) throws -> Void) throws {
        do {
            let reader = try dataReader(limits)
            while let entry = try reader.next() { try body(entry) }
        } catch let error as ArchiveError { throw DebError(error, in: container.data.name) }
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
