import CArchive
import Glibc
import Linux

/// Feeds a byte range of a file to libarchive's callbacks (`archive_read_open2(3)`).
///
/// Reads with `pread(2)` on its own descriptor, and never a byte outside the range.
final class RangeFeed {
    private let file: FileDescriptor
    private let end: Int
    private var offset: Int
    private var guarding: WindowGuard?
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
    /// Why nothing more is provided.
    private(set) var failure: ArchiveError?

    /// - Parameter guarding: sees the bytes before they are provided, and may refuse them.
    init(_ file: borrowing FileDescriptor, _ range: Range<Int>, guarding: WindowGuard?) throws(Errno) {
        self.file = try file.duplicate()
        offset = range.lowerBound
        end = range.upperBound
        self.guarding = guarding
    }

    deinit { buffer.deallocate() }

    /// Provides the next bytes. Returns their count, 0 at the end of the range, -1 on failure.
    func next(_ start: UnsafeMutablePointer<UnsafeRawPointer?>) -> Int {
        guard offset < end else { return 0 }
        do throws(ArchiveError) {
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, end - offset)])
            let count = try read(into: piece)
            offset += count
            try guarding?.take(UnsafeRawBufferPointer(rebasing: piece[..<count]))
            start.pointee = UnsafeRawPointer(buffer.baseAddress)
            return count
        } catch {
            failure = error
            return -1
        }
    }

    private func read(into piece: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        do throws(Errno) {
            let count = try file.read(into: piece, at: offset)
            if count == 0 { throw Errno(ENODATA, "read (the file ends inside the archive)") }
            return count
        } catch { throw .file(error) }
    }
}

/// libarchive's read callback. The error is kept in the feed, because `archive_set_error(3)` is variadic.
func rangeRead(
    _ archive: OpaquePointer?, _ data: UnsafeMutableRawPointer?, _ start: UnsafeMutablePointer<UnsafeRawPointer?>?
) -> Int {
    guard let data, let start else { return -1 }
    return Unmanaged<RangeFeed>.fromOpaque(data).takeUnretainedValue().next(start)
}
