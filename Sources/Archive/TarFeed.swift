import CArchive
import Glibc
import Linux

/// Decompresses a byte range for libarchive's tar reader, and bounds what is read for one header.
///
/// It is an archive of its own (`archive_read_support_format_raw`), so that the decompressed bytes pass through here: the tar
/// reader would otherwise collect a sparse file's map of any length, or other headers, before it returns from a call.
final class TarFeed {
    /// How many bytes may be read until the next header is complete.
    static let headerLimit = 2 << 20

    private let feed: RangeFeed
    /// nil when nothing is compressed.
    private let filter: OpaquePointer?
    private var delivered = 0
    private var allowed = TarFeed.headerLimit
    private var refusal: ArchiveError?

    /// Why nothing more is provided.
    var failure: ArchiveError? { feed.failure ?? refusal }

    /// Opens the range and reads as much as the filter needs to recognise it.
    init(
        _ file: borrowing FileDescriptor, range: Range<Int>, compression: Compression, limits: ArchiveLimits
    ) throws(ArchiveError) {
        do {
            feed = try RangeFeed(file, range, guarding: WindowGuard(compression, limit: limits.windowBytes))
        } catch { throw .file(error) }
        guard compression != .none else {
            filter = nil
            return
        }
        guard let filter = archive_read_new() else { throw .file(Errno(ENOMEM, "archive_read_new")) }
        self.filter = filter
        try open(filter, compression)
    }

    deinit { if let filter { archive_read_free(filter) } }

    private func open(_ filter: OpaquePointer, _ compression: Compression) throws(ArchiveError) {
        archive_read_support_format_raw(filter)
        guard compression.support(filter) == ARCHIVE_OK else {
            throw .damaged("this libarchive cannot read \(compression.rawValue) (\(archiveMessage(filter)))")
        }
        // Unretained: `feed` lives as long as `filter`, which is freed in deinit.
        let data = Unmanaged.passUnretained(feed).toOpaque()
        guard archive_read_open2(filter, data, nil, rangeRead, nil, nil) == ARCHIVE_OK else {
            throw failure ?? .damaged(archiveMessage(filter))
        }
        // libarchive passes through data that no filter recognises, and applies a filter as often as it matches.
        guard archive_filter_code(filter, 0) == compression.filterCode, archive_filter_count(filter) == 2 else {
            throw .damaged("it is not compressed exactly once with \(compression.rawValue)")
        }
        var header: OpaquePointer?
        guard archive_read_next_header(filter, &header) == ARCHIVE_OK else {
            throw failure ?? .damaged(archiveMessage(filter))
        }
    }

    /// Allows the reader the data of an entry whose header was just read, and the header after it.
    func allow(data bytes: Int) {
        let (sum, overflow) = (delivered + Self.headerLimit).addingReportingOverflow(bytes)
        allowed = overflow ? .max : sum
    }

    /// Provides the next bytes. Returns their count, 0 at the end, -1 on failure.
    fileprivate func next(_ start: UnsafeMutablePointer<UnsafeRawPointer?>) -> Int {
        guard delivered < allowed else {
            refusal = .excessive(
                "the header of an entry has more than \(Self.headerLimit >> 20) MiB; build the archive without sparse files"
            )
            return -1
        }
        let count = filter.map { decompress($0, start) } ?? feed.next(start)
        if count > 0 { delivered += count }
        return count
    }

    private func decompress(_ filter: OpaquePointer, _ start: UnsafeMutablePointer<UnsafeRawPointer?>) -> Int {
        var count = 0
        var offset: la_int64_t = 0
        // Only memory of the filter's own is lent: nothing is copied.
        switch archive_read_data_block(filter, start, &count, &offset) {
        case ARCHIVE_OK: return count
        case ARCHIVE_EOF: return 0
        default:
            refusal = .damaged(archiveMessage(filter))
            return -1
        }
    }
}

/// libarchive's read callback of the tar reader.
func tarRead(
    _ archive: OpaquePointer?, _ data: UnsafeMutableRawPointer?, _ start: UnsafeMutablePointer<UnsafeRawPointer?>?
) -> Int {
    guard let data, let start else { return -1 }
    return Unmanaged<TarFeed>.fromOpaque(data).takeUnretainedValue().next(start)
}

/// What libarchive says about its last failure.
func archiveMessage(_ archive: OpaquePointer) -> String {
    archive_error_string(archive).map { ArchivePath.printable(Array(String(cString: $0).utf8)) } ?? "no reason given"
}
