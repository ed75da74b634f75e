import Glibc

extension FileDescriptor {
    /// `pread(2)` into memory of the caller's, without moving the offset.
    ///
    /// - Returns: the bytes read, at most `buffer.count`; 0 at the end of the file.
    public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(Errno) -> Int {
        let base = raw
        return try retrying("read") { pread(base, buffer.baseAddress, buffer.count, offset) }
    }

    /// Reads exactly the bytes of a range.
    ///
    /// - Throws: `ENODATA` when the file ends before the range does.
    public func read(_ range: Range<Int>) throws(Errno) -> [UInt8] {
        // For no bytes the array writes into storage that all empty arrays share, on whichever thread.
        guard !range.isEmpty else { return [] }
        var failure: Errno?
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, length in
            do throws(Errno) {
                while length < range.count {
                    let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[length...])
                    let count = try read(into: rest, at: range.lowerBound + length)
                    if count == 0 { throw Errno(ENODATA, "read \(range.count) bytes at \(range.lowerBound)") }
                    length += count
                }
            } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }

    /// `pwrite(2)` of all the bytes, without moving the offset.
    public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(Errno) {
        var done = 0
        let base = raw
        while done < bytes.count {
            done += try retrying("write") {
                pwrite(base, bytes.baseAddress.map { $0 + done }, bytes.count - done, offset + done)
            }
        }
    }

    /// The file's size in bytes, by `fstat(2)`.
    public func size() throws(Errno) -> Int { Int(try status().st_size) }
}
