import Glibc
import Linux
import TestSupport
import Testing

/// What is absent, what cannot be read, and what an error of the kernel is taken for.
@Suite struct FilesTests {
    @Test func whatIsNotThereIsAbsent() throws {
        let folder = try TemporaryDirectory()
        let file = try folder.write("file", Array("x".utf8))
        for path in ["\(folder.path)/none", "\(file)/below"] {
            #expect(try Files.exists(path) == false)
            #expect(try Files.isFolder(path) == false)
            #expect(try Files.linkTarget(path) == nil)
            #expect(try Files.readIfPresent(path, limit: 10) == nil)
            #expect(try Files.namesIfPresent(in: path) == [])
            #expect(throws: Errno.self) { try Files.names(in: path) }
            #expect(throws: Errno.self) { try Files.read(path, limit: 10) }
        }
        #expect(try Files.linkTarget(file) == nil)
        #expect(try Files.exists(file) && Files.isFolder(folder.path))
        #expect(try Files.names(in: folder.path) == ["file"])
    }

    @Test(arguments: [EIO, EACCES]) func anErrorIsNoAbsence(code: Int32) throws {
        let folder = try TemporaryDirectory()
        let path = "\(folder.path)/thing"
        ReadFaults.set(code, for: path)
        defer { ReadFaults.set(nil, for: path) }
        func fails(_ what: String, _ body: () throws -> Void) {
            let error = #expect(throws: Errno.self, "\(what)") { try body() }
            #expect(error?.code == code)
        }
        fails("exists") { _ = try Files.exists(path) }
        fails("isFolder") { _ = try Files.isFolder(path) }
        fails("linkTarget") { _ = try Files.linkTarget(path) }
        fails("readIfPresent") { _ = try Files.readIfPresent(path, limit: 10) }
        fails("namesIfPresent") { _ = try Files.namesIfPresent(in: path) }
        fails("removeTree") { try Files.removeTree(path) }
    }

    /// Without a seam: what the kernel itself says of a link that leads round in a circle.
    @Test func aPathThatCannotBeFollowedIsNoAbsence() throws {
        let folder = try TemporaryDirectory()
        let path = "\(folder.path)/circle"
        try Files.placeLink(path, target: "circle")
        #expect(try Files.linkTarget(path) == "circle")
        #expect(throws: Errno.self) { try Files.exists("\(path)/below") }
        #expect(throws: Errno.self) { try Files.namesIfPresent(in: path) }
    }

    /// A FIFO has no other end here: whoever opened it would wait for ever.
    @Test(.timeLimit(.minutes(patience))) func nothingThatCouldBlockIsOpened() throws {
        let folder = try TemporaryDirectory()
        let path = "\(folder.path)/thing"
        #expect(mkfifo(path, 0o666) == 0)
        let error = #expect(throws: Errno.self) { try Files.read(path, limit: 10) }
        #expect(error?.code == EINVAL)
        #expect(throws: Errno.self) { try Files.readIfPresent(path, limit: 10) }
        #expect(mkfifo("\(folder.path)/.thing.new", 0o666) == 0)
        try Files.replace(path, with: "x".utf8)
        #expect(try Files.read(path, limit: 10) == Array("x".utf8))
        #expect(try Files.names(in: folder.path) == ["thing"])
        // How systemd's users mask a file.
        try Files.placeLink(path, target: "/dev/null")
        #expect(try Files.read(path, limit: 10) == [])
        #expect(throws: Errno.self) { try Files.read("/dev/zero", limit: 10) }
        #expect(throws: Errno.self) { try Files.read(folder.path, limit: 10) }
    }

    /// A lease delays whoever opens the file until its holder gives it up.
    @Test(.timeLimit(.minutes(patience))) func aLeaseIsNotWaitedFor() throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write("thing", Array("x".utf8))
        let holder = try FileDescriptor.open(path, O_RDWR)
        // Breaking it sends this signal to its holder.
        signal(SIGIO, SIG_IGN)
        try #require(fcntl(holder.raw, 1024, Int32(F_WRLCK)) == 0)
        let error = #expect(throws: Errno.self) { try Files.read(path, limit: 10) }
        #expect(error?.code == EAGAIN)
    }
}
