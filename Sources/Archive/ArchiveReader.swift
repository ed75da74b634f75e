import CArchive
import Glibc
import Linux

/// How a tar archive is compressed.
public enum Compression: String, Hashable, Sendable, CaseIterable {
    case none, gzip, xz, zstd

    /// Its code in `archive_filter_code(3)`.
    var filterCode: Int32 {
        switch self {
        case .none: ARCHIVE_FILTER_NONE
        case .gzip: ARCHIVE_FILTER_GZIP
        case .xz: ARCHIVE_FILTER_XZ
        case .zstd: ARCHIVE_FILTER_ZSTD
        }
    }

    /// Enables it: `archive_read_support_filter_gzip(3)` and similar.
    func support(_ archive: OpaquePointer) -> Int32 {
        switch self {
        case .none: archive_read_support_filter_none(archive)
        case .gzip: archive_read_support_filter_gzip(archive)
        case .xz: archive_read_support_filter_xz(archive)
        case .zstd: archive_read_support_filter_zstd(archive)
        }
    }
}

/// Reads a tar archive (ustar, GNU, pax) from a byte range of a file, entry by entry: `archive_read_new(3)`.
///
/// Only tar and the named compression are enabled, so the archive does not choose the code that reads it. `TarFeed` bounds the
/// memory that a header or a decompressor takes. Every return code of libarchive is handled: OK; WARN refuses, because what was read may differ from what was packed; RETRY is tried three times;
/// FAILED and FATAL end the reading; EOF is accepted only after tar's end mark, so that an archive that is cut off between two
/// entries is detected as well.
public final class ArchiveReader {
    /// The limits that this reader enforces.
    public let limits: ArchiveLimits
    /// The number of entries read so far, including the root.
    public private(set) var entryCount = 0
    /// The bytes of all files so far, according to their headers.
    public private(set) var totalBytes = 0
    /// The bytes of all names and targets so far.
    private var nameBytes = 0

    /// Where the archive is, for another reader of it.
    private final class Source {
        let file: FileDescriptor
        let range: Range<Int>
        let compression: Compression

        init(_ file: consuming FileDescriptor, _ range: Range<Int>, _ compression: Compression) {
            self.file = file
            self.range = range
            self.compression = compression
        }
    }

    private let archive: OpaquePointer
    private let feed: TarFeed
    private let source: Source
    private let locale: UnsafeMutableRawPointer?
    private var current: ArchiveEntry?
    private var ended = false
    private var failure: ArchiveError?

    /// Opens the archive and reads as much as the filter needs to recognise it.
    ///
    /// - Parameter file: is duplicated; its offset is not used.
    public init(
        _ file: borrowing FileDescriptor, range: Range<Int>, compression: Compression,
        limits: ArchiveLimits = ArchiveLimits()
    ) throws(ArchiveError) {
        self.limits = limits
        do { source = Source(try file.duplicate(), range, compression) } catch { throw .file(error) }
        feed = try TarFeed(file, range: range, compression: compression, limits: limits)
        guard let archive = archive_read_new() else { throw .file(Errno(ENOMEM, "archive_read_new")) }
        self.archive = archive
        locale = gk_locale_new()
        archive_read_support_format_tar(archive)
        // Unretained: `feed` lives as long as `archive`, which is freed in deinit.
        let data = Unmanaged.passUnretained(feed).toOpaque()
        let opened = withLocale { archive_read_open2(archive, data, nil, tarRead, nil, nil) }
        guard opened == ARCHIVE_OK else { throw fail(feed.failure ?? .damaged(message())) }
    }

    deinit {
        archive_read_free(archive)
        if let locale { gk_locale_free(locale) }
    }

    /// The next entry's header, or nil at the end of the archive: `archive_read_next_header(3)`.
    ///
    /// Skips the rest of the current entry's data. After an error every call throws that error.
    public func next() throws(ArchiveError) -> ArchiveEntry? {
        if let failure { throw failure }
        if ended { return nil }
        current = nil
        var raw: OpaquePointer?
        let result = repeated { withLocale { archive_read_next_header(archive, &raw) } }
        switch result {
        case ARCHIVE_OK: break
        case ARCHIVE_EOF:
            // Two blocks of zeros end a tar archive. libarchive accepts an archive without them, but it may be truncated.
            guard archive_filter_bytes(archive, 0) > archive_read_header_position(archive) else {
                throw fail(.damaged("it has no end mark, so it is truncated"))
            }
            ended = true
            return nil
        case ARCHIVE_WARN:
            let path = raw.flatMap { archive_entry_pathname($0) }.map { String(cString: $0) } ?? "an entry"
            throw fail(.doubtful(path: ArchivePath.printable(Array(path.utf8)), reason: message()))
        default: throw fail(feed.failure ?? .damaged(message()))
        }
        guard let raw else { throw fail(.damaged("an entry has no header")) }
        do throws(ArchiveError) {
            let entry = try withLocaleThrowing { () throws(ArchiveError) in try self.header(raw) }
            try count(entry)
            feed.allow(data: entry.size)
            current = entry
            return entry
        } catch { throw fail(error) }
    }

    /// Reads all headers of the archive with a reader of its own, for what they have too much of. This one stays where it is.
    ///
    /// It decompresses the archive once more, and writes nothing.
    func checkAll() throws(ArchiveError) {
        let other = try ArchiveReader(
            source.file, range: source.range, compression: source.compression, limits: limits)
        while try other.next() != nil {}
    }

    /// Reads the next block of the current entry's data with its offset in the file: `archive_read_data_block(3)`. There may be
    /// holes between blocks.
    ///
    /// - Parameter body: gets the block and its offset. The memory belongs to libarchive and is valid only during the call.
    /// - Returns: false at the end of the entry.
    func readBlock(_ body: (UnsafeRawBufferPointer, Int) throws(ArchiveError) -> Void) throws(ArchiveError) -> Bool {
        if let failure { throw failure }
        guard let current else { return false }
        var start: UnsafeRawPointer?
        var count = 0
        var offset: la_int64_t = 0
        switch repeated({ archive_read_data_block(archive, &start, &count, &offset) }) {
        case ARCHIVE_OK:
            // The limits were checked against the header's size; libarchive must not deliver more.
            guard offset >= 0, Int(offset) <= current.size, count <= current.size - Int(offset) else {
                throw fail(.damaged("\(current.path) has more data than its header says"))
            }
            try body(UnsafeRawBufferPointer(start: start, count: count), Int(offset))
            return true
        case ARCHIVE_EOF: return false
        case ARCHIVE_WARN: throw fail(.doubtful(path: current.path, reason: message()))
        default: throw fail(feed.failure ?? .damaged("\(current.path): \(message())"))
        }
    }

    /// All data of the current entry.
    public func readData(limit: Int) throws(ArchiveError) -> [UInt8] {
        guard let current else { return [] }
        guard current.size <= limit else {
            throw fail(.limit("\(current.path) has \(current.size) bytes; the limit is \(limit)"))
        }
        var bytes = [UInt8](repeating: 0, count: current.size)
        while try readBlock({ (block, offset) in
            bytes.replaceSubrange(offset..<offset + block.count, with: block)
        }) {}
        return bytes
    }

    private func count(_ entry: ArchiveEntry) throws(ArchiveError) {
        entryCount += 1
        if entryCount > limits.entries { throw .limit("the archive has more than \(limits.entries) entries") }
        nameBytes += entry.nameBytes
        if nameBytes > limits.nameBytes {
            throw .excessive(
                "the names of its entries have more than \(limits.nameBytes) bytes together; shorten them or split the package"
            )
        }
        if entry.size > limits.fileBytes {
            throw .limit("\(entry.path) has \(entry.size) bytes; the limit is \(limits.fileBytes)")
        }
        let (sum, overflow) = totalBytes.addingReportingOverflow(entry.size)
        if overflow || sum > limits.totalBytes {
            throw .limit("the archive unpacks to more than \(limits.totalBytes) bytes")
        }
        totalBytes = sum
        // Count what the headers announce and what the filter has delivered, which includes padding and large headers.
        let unpacked = max(totalBytes, Int(archive_filter_bytes(archive, 0)))
        let (allowed, huge) = source.range.count.multipliedReportingOverflow(by: limits.ratio)
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
            throw .refused(path: path, reason: "a hard link cannot have data; build the archive again")
        }
        let owner = archive_entry_uid(raw)
        let group = archive_entry_gid(raw)
        guard let owner = UInt32(exactly: owner), let group = UInt32(exactly: group) else {
            throw .refused(
                path: path,
                reason: "the number of its owner or group is out of range; build the package with root:root as owner")
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
                throw .refused(path: path, reason: "the link has no target; build the archive again")
            }
            return .symbolicLink(target: try ArchivePath.checkTarget(bytes(target), of: path))
        case S_IFCHR: return .special("a character device")
        case S_IFBLK: return .special("a block device")
        case S_IFIFO: return .special("a FIFO")
        case S_IFSOCK: return .special("a socket")
        default: return .special("an entry of an unknown type")
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
                throw .refused(
                    path: path,
                    reason: "the extended attribute '\(shown)' is not supported; build the archive without it")
            }
            found = UnsafeRawBufferPointer(start: value, count: size).map { $0 }
        }
        if archive_entry_acl_types(raw) != 0 {
            throw .refused(path: path, reason: "access control lists are not supported; build the archive without them")
        }
        return found
    }

    /// Repeats a call for which libarchive returns `ARCHIVE_RETRY`, at most three times.
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

    private func message() -> String { archiveMessage(archive) }

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
