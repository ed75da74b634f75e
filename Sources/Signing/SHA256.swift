import COpenSSL
import Glibc
import Linux

/// SHA-256 (FIPS 180-4), through `EVP_Digest(3)`.
public struct SHA256Digest: Hashable, Sendable, CustomStringConvertible {
    /// The 32 bytes.
    public let bytes: [UInt8]

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// The digest of bytes in memory.
    public init(of data: [UInt8]) throws(SigningError) {
        var hasher = try SHA256Hasher()
        try data.withUnsafeBufferPointer { (buffer) throws(SigningError) in
            try hasher.update(UnsafeRawBufferPointer(buffer))
        }
        self = try hasher.finish()
    }

    /// The digest of a range of a file, read in pieces.
    public init(of file: borrowing FileDescriptor, range: Range<Int>) throws(SigningError) {
        var hasher = try SHA256Hasher()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 16)
        defer { buffer.deallocate() }
        var offset = range.lowerBound
        while offset < range.upperBound {
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, range.upperBound - offset)])
            let got: Int
            do { got = try file.read(into: piece, at: offset) } catch { throw .file(error) }
            if got == 0 { throw .file(Errno(ENODATA, "read (the file ends before the end of the range)")) }
            try hasher.update(UnsafeRawBufferPointer(rebasing: piece[..<got]))
            offset += got
        }
        self = try hasher.finish()
    }

    /// 64 lower-case hexadecimal digits.
    public var description: String { hexadecimal(bytes) }
}

/// SHA-256 of bytes that arrive in pieces.
public struct SHA256Hasher: ~Copyable {
    private let context: Handle

    public init() throws(SigningError) {
        let made = try Handle(EVP_MD_CTX_new(), "digest", free: freeDigest)
        guard EVP_DigestInit_ex(made.raw, EVP_sha256(), nil) == 1 else { throw .library(takeLibraryErrors()) }
        context = made
    }

    /// Takes the next bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) throws(SigningError) {
        guard EVP_DigestUpdate(context.raw, bytes.baseAddress, bytes.count) == 1 else {
            throw .library(takeLibraryErrors())
        }
    }

    /// The digest of all bytes so far.
    public mutating func finish() throws(SigningError) -> SHA256Digest {
        var digest = [UInt8](repeating: 0, count: 32)
        guard EVP_DigestFinal_ex(context.raw, &digest, nil) == 1 else { throw .library(takeLibraryErrors()) }
        return SHA256Digest(bytes: digest)
    }
}

/// Lower-case hexadecimal digits, two for each byte.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits: [UInt8] = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}
