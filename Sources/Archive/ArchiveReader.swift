import CArchive
import Glibc
import Linux

/// How a tar archive is compressed.
public enum Compression: String, Hashable, Sendable, CaseIterable {
    case none, gzip, xz, zstd

    /// What `archive_filter_code(3)` calls it.
    fileprivate var filterCode: Int32 {
        switch self {
        case .none: ARCHIVE_FILTER_NONE
        case .gzip: ARCHIVE_FILTER_GZIP
        case .xz: ARCHIVE_FILTER_XZ
        case .zstd: ARCHIVE_FILTER_ZSTD
        }
    }
}

/// Reads a tar archive (ustar, GNU, pax) from a byte range of a file, one entry after the other: `archive_read_new(3)`.
///
/// Only the named compression and only tar are enabled: the archive does not choose what code reads it. Every return class
/// of libarchive's is handled: OK; WARN refuses, for what was read may not be what was packed; RETRY is tried three times;
/// FAILED and FATAL end the reading for good; EOF is the end only after the archive's own end mark, so that one cut off
/// between two entries is seen as well.
public final class ArchiveReader {
    /// The limits that this reader holds.
    public let limits: ArchiveLimits
    /// Entries read so far, the root included.
    public private(set) var entryCount = 0
    /// Bytes of all files so far, as their headers say.
    public private(set) var totalBytes = 0

    private let archive: OpaquePointer
    private let feed: RangeFeed
    private let packedBytes: Int
    private let locale: UnsafeMutableRawPointer?
    private var current: ArchiveEntry?
    private var ended = false
    private var failure: ArchiveError?

    /// Opens the archive and reads as far as its first header's filter wants.
    ///
    /// - Parameter file: duplicated; its offset is not used.
    public init(
        _ file: borrowing FileDescriptor, range: Range<Int>, compression: Compression,
        limits: ArchiveLimits = ArchiveLimits()
    ) throws(ArchiveError) {
        self.limits = limits
        packedBytes = range.count
        do { feed = try RangeFeed(file, range) } catch { throw .file(error) }
        guard let archive = archive_read_new() else { throw .file(Errno(ENOMEM, "archive_read_new")) }
        self.archive = archive
        locale = gk_locale_new()
        archive_read_support_format_tar(archive)
        let filter =
            switch compression {
            case .none: archive_read_support_filter_none(archive)
            case .gzip: archive_read_support_filter_gzip(archive)
            case .xz: archive_read_support_filter_xz(archive)
            case .zstd: archive_read_support_filter_zstd(archive)
            }
        guard filter == ARCHIVE_OK else {
            throw .damaged("this libarchive cannot read \(compression.rawValue) (\(message()))")
        }
        // Unretained: `feed` lives as long as `archive`, which is freed in deinit.
        let data = Unmanaged.passUnretained(feed).toOpaque()
        let opened = withLocale { archive_read_open2(archive, data, nil, feedRead, nil, nil) }
        guard opened == ARCHIVE_OK else { throw fail(feed.failure.map { .file($0) } ?? .damaged(message())) }
        // libarchive passes what no filter recognises, and applies a filter as often as it finds it.
        let code = compression.filterCode
        guard archive_filter_code(archive, 0) == code, archive_filter_count(archive) == (compression == .none ? 1 : 2)
        else {
            throw fail(.damaged("it is not compressed with \(compression.rawValue), once"))
        }
    }

    deinit {
        archive_read_free(archive)
        if let locale { gk_locale_free(locale) }
    }

    /// The next entry's header, or nil at the archive's end: `archive_read_next_header(3)`.
    ///
    /// What is left of the current entry's data is skipped. After an error every call throws that error.
    public func next() throws(ArchiveError) -> ArchiveEntry? {
        if let failure { throw failure }
        if ended { return nil }
        current = nil
        var raw: OpaquePointer?
        let result = repeated { withLocale { archive_read_next_header(archive, &raw) } }
        switch result {
        case ARCHIVE_OK: break
        case ARCHIVE_EOF:
            // Two blocks of zeros end a tar archive; libarchive is content without, but then it may be cut off.
            guard archive_filter_bytes(archive, 0) > archive_read_header_position(archive) else {
                throw fail(.damaged("it ends without tar's end mark: it was cut off"))
            }
            ended = true
            return nil
        case ARCHIVE_WARN:
            let path = raw.flatMap { archive_entry_pathname($0) }.map { String(cString: $0) } ?? "an entry"
            throw fail(.doubtful(path: ArchivePath.printable(Array(path.utf8)), reason: message()))
        default: throw fail(feed.failure.map { .file($0) } ?? .damaged(message()))
        }
        guard let raw else { throw fail(.damaged("an entry has no header")) }
        do throws(ArchiveError) {
            let entry = try withLocaleThrowing { () throws(ArchiveError) in try self.header(raw) }
            try count(entry)
            current = entry
            return entry
        } catch { throw fail(error) }
    }

    /// The next block of the current entry's data and its offset in the file, or nil at its end:
    /// `archive_read_data_block(3)`. Between blocks there may be holes.
    ///
    /// - Parameter body: gets the block; its memory is libarchive's and valid only inside.
    /// - Returns: false at the end.
    func readBlock(_ body: (UnsafeRawBufferPointer, Int) throws(ArchiveError) -> Void) throws(ArchiveError) -> Bool {
        if let failure { throw failure }
        guard let current else { return false }
        var start: UnsafeRawPointer?
        var count = 0
        var offset: la_int64_t = 0
        switch repeated({ archive_read_data_block(archive, &start, &count, &offset) }) {
        case ARCHIVE_OK:
            // The limits hold for what the header says; libarchive must not deliver more than that.
            guard offset >= 0, Int(offset) <= current.size, count <= current.size - Int(offset) else {
                throw fail(.damaged("\(current.path) holds more than its header says"))
            }
            try body(UnsafeRawBufferPointer(start: start, count: count), Int(offset))
            return true
        case ARCHIVE_EOF: return false
        case ARCHIVE_WARN: throw fail(.doubtful(path: current.path, reason: message()))
        default: throw fail(feed.failure.map { .file($0) } ?? .damaged("\(current.path): \(message())"))
        }
    }

    /// The whole data of the current entry.
    public func readData(limit: Int) throws(ArchiveError) -> [UInt8] {
        guard let current else { return [] }
        guard current.size <= limit else {
            throw fail(.limit("\(current.path) has \(current.size) bytes, more than \(limit)"))
        }
        var bytes = [UInt8](repeating: 0, count: current.size)
        while try readBlock({ (block, offset) in
            bytes.replaceSubrange(offset..<offset + block.count, with: block)
        }) {}
        return bytes
    }

    private func count(_ entry: ArchiveEntry) throws(ArchiveError) {
        entryCount += 1
        if entryCount > limits.entries { throw .limit("more than \(limits.entries) entries") }
        if entry.size > limits.fileBytes {
            throw .limit("\(entry.path) has \(entry.size) bytes, more than \(limits.fileBytes)")
        }
        let (sum, overflow) = totalBytes.addingReportingOverflow(entry.size)
        if overflow || sum > limits.totalBytes { throw .limit("more than \(limits.totalBytes) bytes unpacked") }
        totalBytes = sum
        // What the headers promise and what the filter has already delivered: padding and giant headers count too.
        let unpacked = max(totalBytes, Int(archive_filter_bytes(archive, 0)))
        let (allowed, huge) = packedBytes.multipliedReportingOverflow(by: limits.ratio)
        if !huge, unpacked > allowed + ArchiveLimits.ratioAllowance {
            throw .limit("the archive unpacks to more than \(limits.ratio) times its size")
        }
    }

    private func header(_ raw: OpaquePointer) throws(ArchiveError) -> ArchiveEntry {
        guard let name = archive_entry_pathname(raw) else { throw .badName(name: "", reason: "cannot be read") }
        let path = try ArchivePath.normalise(bytes(name), limits: limits)
        let kind = try kind(raw, path)
        let size = kind == .file ? Int(archive_entry_size(raw)) : 0
        guard size >= 0, kind != .file || archive_entry_size_is_set(raw) != 0 else {
            throw .damaged("\(path) has no size")
        }
        if case .hardLink = kind, archive_entry_size_is_set(raw) != 0, archive_entry_size(raw) > 0 {
            throw .refused(path: path, reason: "a hard link with data of its own")
        }
        let owner = archive_entry_uid(raw)
        let group = archive_entry_gid(raw)
        guard let owner = UInt32(exactly: owner), let group = UInt32(exactly: group) else {
            throw .refused(path: path, reason: "its owner's number is out of range")
        }
        return ArchiveEntry(
            path: path, kind: kind, mode: UInt32(archive_entry_perm(raw)) & 0o7777, size: size, owner: owner,
            ownerName: archive_entry_uname(raw).map { ArchivePath.printable(bytes($0)) } ?? "", group: group,
            groupName: archive_entry_gname(raw).map { ArchivePath.printable(bytes($0)) } ?? "",
            modified: Int64(archive_entry_mtime(raw)), modifiedNanoseconds: archive_entry_mtime_nsec(raw),
            capabilities: try capabilities(raw, path))
    }

    private func kind(_ raw: OpaquePointer, _ path: String) throws(ArchiveError) -> ArchiveEntry.Kind {
        if let target = archive_entry_hardlink(raw) {
            return .hardLink(target: try ArchivePath.normalise(bytes(target), limits: limits))
        }
        switch UInt32(archive_entry_filetype(raw)) {
        case S_IFREG: return .file
        case S_IFDIR: return .directory
        case S_IFLNK:
            guard let target = archive_entry_symlink(raw) else {
                throw .refused(path: path, reason: "a link without target")
            }
            return .symbolicLink(target: try ArchivePath.checkTarget(bytes(target), of: path))
        case S_IFCHR: return .special("a character device")
        case S_IFBLK: return .special("a block device")
        case S_IFIFO: return .special("a FIFO")
        case S_IFSOCK: return .special("a socket")
        default: return .special("of an unknown kind")
        }
    }

    private func capabilities(_ raw: OpaquePointer, _ path: String) throws(ArchiveError) -> [UInt8]? {
        var found: [UInt8]?
        archive_entry_xattr_reset(raw)
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while archive_entry_xattr_next(raw, &name, &value, &size) == ARCHIVE_OK {
            let text = name.map { String(cString: $0) } ?? ""
            guard text == "security.capability", size <= 64 else {
                let shown = ArchivePath.printable(Array(text.utf8))
                throw .refused(path: path, reason: "the extended attribute «\(shown)» is not supported")
            }
            found = UnsafeRawBufferPointer(start: value, count: size).map { $0 }
        }
        if archive_entry_acl_types(raw) != 0 {
            throw .refused(path: path, reason: "access control lists are not supported")
        }
        return found
    }

    /// Repeats what libarchive asks to repeat (`ARCHIVE_RETRY`), three times at most.
    private func repeated(_ call: () -> Int32) -> Int32 {
        for _ in 0..<3 {
            let result = call()
            if result != ARCHIVE_RETRY { return result }
        }
        return ARCHIVE_FATAL
    }

    private func fail(_ error: ArchiveError) -> ArchiveError {
        failure = error
        return error
    }

    private func message() -> String {
        archive_error_string(archive).map { ArchivePath.printable(bytes($0)) } ?? "no reason given"
    }

    private func bytes(_ text: UnsafePointer<CChar>) -> [UInt8] {
        UnsafeRawBufferPointer(start: text, count: strlen(text)).map { $0 }
    }

    private func withLocale<Result>(_ body: () -> Result) -> Result {
        guard let locale else { return body() }
        let before = gk_locale_use(locale)
        defer { _ = gk_locale_use(before) }
        return body()
    }

    private func withLocaleThrowing<Result>(
        _ body: () throws(ArchiveError) -> Result
    ) throws(ArchiveError) -> Result {
        guard let locale else { return try body() }
        let before = gk_locale_use(locale)
        defer { _ = gk_locale_use(before) }
        return try body()
    }
}
