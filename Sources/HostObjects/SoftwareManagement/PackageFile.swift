import Glibc
import Linux

/// Why bytes of a package could not be stored.
public struct StorageFailure: Error, Hashable, Sendable {
    /// The disk is full, or only its reserve is left.
    public let isFull: Bool
    /// For people.
    public let text: String

    init(isFull: Bool, _ text: String) {
        self.isFull = isFull
        self.text = text
    }

    init(_ error: Errno) { self.init(isFull: error.code == ENOSPC || error.code == EDQUOT, "\(error)") }

    /// A short token, a colon, the text.
    public var reason: String { "\(isFull ? "no-space" : "storage"): \(text)" }

    /// The Update Result that says so.
    public var result: UpdateResult { isFull ? .noStorage : .deviceError }
}

/// The file of a package while its bytes arrive. Blocks: it is for `Worker.transfers`, where one job follows the other.
public final class PackageFile: Sendable {
    private let file: FileDescriptor
    private let reserve: DiskReserve

    /// Opens the file, or makes it.
    ///
    /// - Parameter keeping: whether what is in it stays.
    public init(_ path: String, keeping: Bool, reserve: DiskReserve) throws(StorageFailure) {
        do throws(Errno) {
            file = try FileDescriptor.open(
                path, O_WRONLY | O_CREAT | O_NOFOLLOW | (keeping ? O_APPEND : O_TRUNC), mode: 0o600)
        } catch {
            throw StorageFailure(error)
        }
        self.reserve = reserve
    }

    /// Bytes in the file.
    public func size() throws(StorageFailure) -> Int {
        do throws(Errno) {
            return try file.size()
        } catch {
            throw StorageFailure(error)
        }
    }

    /// Cuts the file off; what is appended follows there.
    public func cut(to length: Int) throws(StorageFailure) {
        do throws(Errno) {
            try file.cut(to: length)
        } catch {
            throw StorageFailure(error)
        }
    }

    /// Adds bytes at the end, unless they would take from the reserve.
    public func append(_ bytes: [UInt8]) throws(StorageFailure) {
        try require(bytes.count)
        do throws(Errno) {
            try file.write(bytes)
        } catch {
            throw StorageFailure(error)
        }
    }

    /// Checks that so many more bytes leave the reserve as it is (`fstatvfs(3)`).
    public func require(_ count: Int) throws(StorageFailure) {
        let space: FileSystemSpace
        do throws(Errno) {
            space = try FileSystemSpace(of: file)
        } catch {
            throw StorageFailure(error)
        }
        try reserve.require(count, space)
    }
}

extension DiskReserve {
    /// Checks that so many more bytes leave the reserve as it is.
    func require(_ count: Int, _ space: FileSystemSpace) throws(StorageFailure) {
        let available = available(space)
        guard count > available else { return }
        throw StorageFailure(
            isFull: true,
            "\(count) more bytes are needed and \(max(0, available)) may be used; \(bytes(of: space.totalBytes)) "
                + "bytes of the disk are kept free (DiskReserve=)")
    }
}
