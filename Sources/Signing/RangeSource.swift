import COpenSSL
import Glibc
import Linux

/// A BIO (`BIO_meth_new(3)`) that reads a byte range of a file. libcrypto reads content of any size through its own small
/// buffers, and never a byte outside the range.
///
/// Reads with `pread(2)`, which does not change the descriptor's offset.
final class RangeSource {
    private let descriptor: Int32
    private let end: Int
    private var offset: Int
    /// The error of a failed read; libcrypto only reports that a read failed.
    private(set) var failure: Errno?

    private init(descriptor: Int32, range: Range<Int>) {
        self.descriptor = descriptor
        self.offset = range.lowerBound
        self.end = range.upperBound
    }

    /// Runs `body` with the BIO and borrows the descriptor meanwhile.
    ///
    /// - Throws: `.file` if the file could not be read or ended inside the range, even if `body` succeeded; else the error of
    ///   `body`.
    static func with<Result>(
        _ file: borrowing FileDescriptor, _ range: Range<Int>,
        _ body: (OpaquePointer) throws(SigningError) -> Result
    ) throws(SigningError) -> Result {
        let source = RangeSource(descriptor: file.raw, range: range)
        let bio = try Handle(rangeMethod.flatMap { BIO_new($0) }, "source", free: freeBIO)
        // Unretained: the BIO is freed before this function returns, and `source` lives until then.
        BIO_set_data(bio.raw, Unmanaged.passUnretained(source).toOpaque())
        BIO_set_init(bio.raw, 1)
        let result = Swift.Result<Result, SigningError> { () throws(SigningError) in try body(bio.raw) }
        return try withExtendedLifetime(source) { () throws(SigningError) -> Result in
            if let failure = source.failure { throw .file(failure) }
            return try result.get()
        }
    }

    fileprivate var atEnd: Bool { offset >= end }

    /// Returns the number of bytes read, 0 at the end of the range, nil on failure.
    fileprivate func read(_ buffer: UnsafeMutablePointer<CChar>, _ count: Int) -> Int? {
        guard offset < end else { return 0 }
        do throws(Errno) {
            let got = try retrying("read") { pread(descriptor, buffer, min(count, end - offset), offset) }
            if got == 0 { throw Errno(ENODATA, "read (the file ends before the signed range)") }
            offset += got
            return got
        } catch {
            failure = error
            return nil
        }
    }
}

// Made once and never changed or freed, as libcrypto requires for a method.
nonisolated(unsafe) private let rangeMethod: OpaquePointer? = {
    let type = BIO_get_new_index() | Int32(BIO_TYPE_SOURCE_SINK)
    guard let method = BIO_meth_new(type, "gatekeel file range") else { return nil }
    BIO_meth_set_read_ex(method, rangeRead)
    BIO_meth_set_ctrl(method, rangeControl)
    return method
}()

private func source(_ bio: OpaquePointer?) -> RangeSource? {
    BIO_get_data(bio).map { Unmanaged<RangeSource>.fromOpaque($0).takeUnretainedValue() }
}

private func rangeRead(
    _ bio: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ count: Int, _ done: UnsafeMutablePointer<Int>?
) -> Int32 {
    guard let source = source(bio), let buffer, let got = source.read(buffer, count) else { return 0 }
    done?.pointee = got
    return got > 0 ? 1 : 0
}

private func rangeControl(
    _ bio: OpaquePointer?, _ command: Int32, _ number: Int, _ pointer: UnsafeMutableRawPointer?
) -> Int {
    switch command {
    case BIO_CTRL_EOF: source(bio)?.atEnd == false ? 0 : 1
    case BIO_CTRL_FLUSH: 1
    default: 0
    }
}
