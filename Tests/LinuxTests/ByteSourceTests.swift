import Glibc
import Linux
import TestSupport
import Testing

@Suite struct ByteSourceTests {
    private let folder: TemporaryDirectory
    init() throws { folder = try TemporaryDirectory("source") }

    private func copy(_ source: consuming FileDescriptor, limit: Int = 1 << 20, seconds: Int = 20) throws -> [UInt8] {
        let source = try ByteSource(source)
        let expected = source.expectedBytes
        let copy = try FileDescriptor.open("\(folder.path)/copy", O_RDWR | O_CREAT | O_TRUNC)
        let count = try source.copy(to: copy, limit: limit, seconds: seconds)
        #expect(try copy.size() == count)
        #expect(expected == UInt64(count))
        return try copy.read(0..<count)
    }

    @Test func filesAreCopiedFromTheirStart() throws {
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0) }
        let source = try FileDescriptor.open(try folder.write("source", bytes))
        _ = try source.read(upTo: 100)
        #expect(try copy(source, limit: bytes.count) == bytes)
    }

    @Test func deadlineIsEnforced() throws {
        let path = try folder.write("source", [1, 2, 3])
        let error = #expect(throws: Errno.self) { try copy(try FileDescriptor.open(path), seconds: 0) }
        #expect(error?.code == ETIMEDOUT)
    }

    @Test func limitIsEnforced() throws {
        let path = try folder.write("large", [UInt8](repeating: 1, count: 5000))
        let error = #expect(throws: Errno.self) { try copy(try FileDescriptor.open(path), limit: 4999) }
        #expect(error?.code == EFBIG)
        #expect(try copy(try FileDescriptor.open(path), limit: 5000).count == 5000)
    }

    @Test func otherFileTypesAreRefused() throws {
        var ends: [Int32] = [0, 0]
        pipe(&ends)
        let writer = FileDescriptor(owning: ends[1])
        func code(_ source: consuming FileDescriptor) -> Int32? {
            do {
                _ = try ByteSource(source)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code(FileDescriptor(owning: ends[0])) == EINVAL)
        #expect(code(writer) == EBADF)
        #expect(try code(FileDescriptor.open("/dev/zero")) == EINVAL)
        #expect(try code(FileDescriptor.open("/tmp", O_RDONLY | O_DIRECTORY)) == EINVAL)
        let path = try folder.write("x", [1])
        #expect(try code(FileDescriptor.open(path, O_WRONLY)) == EBADF)
        // O_PATH
        #expect(try code(FileDescriptor.open(path, 0o10000000)) == EBADF)
    }
}
