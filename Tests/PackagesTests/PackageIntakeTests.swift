import Glibc
import Linux
import Packages
import TestSupport
import Testing

@Suite struct PackageIntakeTests {
    private let folder: TemporaryDirectory
    init() throws { folder = try TemporaryDirectory("intake") }

    private func copy(_ source: consuming FileDescriptor, limit: Int = 1 << 20, seconds: Int = 20) throws -> [UInt8] {
        var intake = PackageIntake()
        intake.limit = limit
        intake.seconds = seconds
        let copy = try FileDescriptor.open("\(folder.path)/copy", O_RDWR | O_CREAT | O_TRUNC)
        let count = try intake.copy(source, to: copy)
        #expect(try copy.size() == count)
        return try copy.read(0..<count)
    }

    /// Both ends of a pipe.
    private struct Ends: ~Copyable {
        let read: FileDescriptor
        var write: FileDescriptor?
    }

    private func pipes() -> Ends {
        var ends: [Int32] = [0, 0]
        pipe(&ends)
        return Ends(read: FileDescriptor(owning: ends[0]), write: FileDescriptor(owning: ends[1]))
    }

    @Test func filesAreCopiedFromTheirStart() throws {
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
        let source = try FileDescriptor.open(try folder.write("source", bytes))
        _ = try source.read(upTo: 100)
        #expect(try copy(source) == bytes)
    }

    @Test func pipesAndSocketsAreCopiedToTheirEnd() throws {
        let bytes = [UInt8](repeating: 7, count: 50_000)
        var ends = pipes()
        try ends.write?.write(bytes)
        ends.write = nil
        #expect(try copy(try ends.read.duplicate()) == bytes)
        var pair: [Int32] = [0, 0]
        socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair)
        try FileDescriptor(owning: pair[1]).write(bytes)
        #expect(try copy(FileDescriptor(owning: pair[0])) == bytes)
    }

    @Test func whatNeverEndsMeetsTheDeadline() throws {
        let ends = pipes()
        try ends.write?.write([1, 2, 3])
        #expect(throws: DebError.timedOut) { try copy(try ends.read.duplicate(), seconds: 1) }
        #expect(throws: DebError.timedOut) { try copy(try ends.read.duplicate(), seconds: 0) }
    }

    @Test func theLimitHoldsForAllKinds() throws {
        let path = try folder.write("large", [UInt8](repeating: 1, count: 5000))
        #expect(throws: DebError.tooLarge(limit: 4999)) { try copy(try FileDescriptor.open(path), limit: 4999) }
        #expect(try copy(try FileDescriptor.open(path), limit: 5000).count == 5000)
        let ends = pipes()
        try ends.write?.write([UInt8](repeating: 1, count: 5000))
        #expect(throws: DebError.tooLarge(limit: 4999)) { try copy(try ends.read.duplicate(), limit: 4999) }
    }

    @Test func otherKindsAreRefused() throws {
        #expect(throws: DebError.self) { try copy(try FileDescriptor.open("/dev/zero")) }
        #expect(throws: DebError.self) { try copy(try FileDescriptor.open("/tmp", O_RDONLY | O_DIRECTORY)) }
        let path = try folder.write("x", [1])
        #expect(throws: DebError.self) { try copy(try FileDescriptor.open(path, O_WRONLY)) }
        #expect(throws: DebError.self) { try copy(try FileDescriptor.open(path, 0o10000000)) }
    }
}
