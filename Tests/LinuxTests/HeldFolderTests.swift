import Glibc
import Linux
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(patience))) struct HeldFolderTests {
    private static let isRoot = geteuid() == 0
    private static let nobody: uid_t = 65534

    private func bytes(_ folder: borrowing HeldFolder, _ name: String) throws -> [UInt8] {
        try Files.read(try folder.openRegular(name), limit: 100)
    }

    @Test func whatIsDoneStaysInTheFolderWhateverBecomesOfItsPath() throws {
        let root = try TemporaryDirectory()
        try Files.makeDirectories("\(root.path)/etc/foo")
        try Files.makeDirectories("\(root.path)/other")
        let folder = try HeldFolder.open("/etc/foo", root: root.path)
        #expect(rename("\(root.path)/etc/foo", "\(root.path)/etc/away") == 0)
        try Files.placeLink("\(root.path)/etc/foo", target: "/other")
        try folder.replace("x", with: "1".utf8, mode: 0o640)
        try folder.replaceLink("y", target: "x")
        try folder.makeFolder("z", mode: 0o750, owner: 0, group: 0)
        #expect(try Files.names(in: "\(root.path)/etc/away") == ["x", "y", "z"])
        #expect(try Files.status("\(root.path)/etc/away/x")?.st_mode == S_IFREG | 0o640)
        #expect(try Files.status("\(root.path)/etc/away/z")?.st_mode == S_IFDIR | 0o750)
        let written = try bytes(folder, "x")
        #expect(written == Array("1".utf8))
        #expect(throws: Errno.self) { _ = try folder.openRegular("y") }
        try folder.remove("x")
        try folder.removeTree("z")
        let names = try folder.names()
        #expect(names == ["y"])
        #expect(try Files.names(in: "\(root.path)/other") == [])
    }

    /// A service may have more names in its folder than fit into memory.
    @Test func namesAreNotCollected() throws {
        let root = try TemporaryDirectory()
        try Files.makeDirectories("\(root.path)/var/foo/deep")
        for index in 0..<21_000 { close(open("\(root.path)/var/foo/\(index)", O_CREAT | O_WRONLY, 0o600)) }
        for index in 0..<1000 { close(open("\(root.path)/var/foo/deep/\(index)", O_CREAT | O_WRONLY, 0o600)) }
        let folder = try HeldFolder.open("/var/foo", root: root.path)
        for name in [".x.gatekeel-0123456789abcdef.dpkg-new", ".x.gatekeel-0123456789abcdef", ".x.gatekeel-mine"] {
            try Files.replace("\(root.path)/var/foo/\(name)", with: [])
        }
        try folder.replace("x", with: "1".utf8, mode: 0o600)
        let left = try Files.names(in: "\(root.path)/var/foo").filter { $0.hasPrefix(".") }
        #expect(left == [".x.gatekeel-mine"])
        var seen = 0
        try FileTree.whileNames(in: try FileDescriptor.open("\(root.path)/var/foo", O_RDONLY | O_DIRECTORY)) { _ in
            seen += 1
            return seen < 10
        }
        #expect(seen == 10)
        let parent = try HeldFolder.open("/var", root: root.path)
        try parent.removeTree("foo")
        #expect(try Files.names(in: "\(root.path)/var") == [])
    }

    /// An administrator's links, absolute and relative, are followed as ever; absolute ones begin at the root.
    @Test func linksOfRootAreFollowed() throws {
        let root = try TemporaryDirectory()
        try Files.makeDirectories("\(root.path)/srv/data/foo")
        try Files.makeDirectories("\(root.path)/etc")
        try Files.placeLink("\(root.path)/etc/foo", target: "/srv/link/foo")
        try Files.placeLink("\(root.path)/srv/link", target: "data/../../srv/./data")
        let folder = try HeldFolder.open("/etc/foo", root: root.path, making: 0o755)
        let isAlone = folder.isRootsAlone
        let place = folder.place
        #expect(isAlone)
        #expect(place == "/srv/data/foo")
        try folder.replace("x", with: "1".utf8, mode: 0o600)
        #expect(try Files.exists("\(root.path)/srv/data/foo/x"))
        _ = try HeldFolder.open("/etc/foo/made/deep", root: root.path, making: 0o700)
        #expect(try Files.status("\(root.path)/srv/data/foo/made")?.st_mode == S_IFDIR | 0o700)
        try Files.placeLink("\(root.path)/etc/circle", target: "circle")
        let error = #expect(throws: Errno.self) { _ = try HeldFolder.open("/etc/circle", root: root.path).names() }
        #expect(error?.code == ELOOP)
    }

    /// In a string, a '/' and a combining character after it are one character. To the kernel they are not.
    @Test func aNameIsOneNameToTheKernel() throws {
        let root = try TemporaryDirectory()
        try Files.makeDirectories("\(root.path)/etc/foo")
        let error = #expect(throws: Errno.self) {
            try HeldFolder.open("/etc", root: root.path).replace("foo/\u{301}x", with: "1".utf8, mode: 0o644)
        }
        #expect(error?.code == EINVAL)
        #expect(Files.split("/etc/foo/\u{301}x").folder == "/etc/foo")
        try HeldFolder.open("/etc/foo/\u{301}y", root: root.path, making: 0o755).replace(
            "z", with: "1".utf8, mode: 0o644)
        #expect(try Files.exists("\(root.path)/etc/foo/\u{301}y/z"))
    }

    /// A folder that others may write: a link in it, or below it, may be anybody's.
    @Test(arguments: ["/etc/foo/sub", "/etc/foo/own/sub", "/etc/foo/sub/deeper"])
    func linksThatOthersCanMakeAreRefused(path: String) throws {
        let root = try TemporaryDirectory()
        try Files.makeDirectories("\(root.path)/etc/foo/own")
        try Files.makeDirectories("\(root.path)/target/deeper")
        #expect(chmod("\(root.path)/etc/foo", 0o777) == 0)
        try Files.placeLink("\(root.path)/etc/foo/sub", target: "/target")
        try Files.placeLink("\(root.path)/etc/foo/own/sub", target: "/target")
        let error = #expect(throws: Errno.self) {
            try HeldFolder.open(path, root: root.path, making: 0o755).replace("x", with: "1".utf8, mode: 0o644)
        }
        #expect(error?.code == ELOOP && error?.context.contains("others than root") == true)
        #expect(try Files.names(in: "\(root.path)/target") == ["deeper"])
        let folder = try HeldFolder.open("/etc/foo/own", root: root.path)
        let isAlone = folder.isRootsAlone
        #expect(!isAlone)
    }

    @Test(.enabled(if: isRoot, "SKIPPED: only root can give files away")) func aLinkOfAnotherUserIsRefused() throws {
        let root = try TemporaryDirectory()
        try Files.makeDirectories("\(root.path)/etc")
        try Files.makeDirectories("\(root.path)/target")
        try Files.placeLink("\(root.path)/etc/foo", target: "/target")
        #expect(lchown("\(root.path)/etc/foo", Self.nobody, Self.nobody) == 0)
        let error = #expect(throws: Errno.self) { _ = try HeldFolder.open("/etc/foo", root: root.path).names() }
        #expect(error?.code == ELOOP)
        // A folder of another user is entered, and no link in it is followed.
        try Files.makeDirectories("\(root.path)/etc/bar")
        try Files.placeLink("\(root.path)/etc/bar/sub", target: "/target")
        #expect(chown("\(root.path)/etc/bar", Self.nobody, Self.nobody) == 0)
        let names = try HeldFolder.open("/etc/bar", root: root.path).names()
        #expect(names == ["sub"])
        #expect(throws: Errno.self) { _ = try HeldFolder.open("/etc/bar/sub", root: root.path).names() }
    }

    @Test func whatAnInterruptedCallLeftIsRemovedAndNothingElse() throws {
        let root = try TemporaryDirectory()
        let folder = try HeldFolder.open("/", root: root.path)
        let left = ".x.gatekeel-0123456789abcdef.dpkg-new"
        let former = ".x.gatekeel-0123456789abcdef"
        for name in [left, former, ".x.gatekeel-notes", ".y.gatekeel-0123456789abcdef"] { try root.write(name, [1]) }
        try folder.replace("x", with: "1".utf8, mode: 0o600)
        let names = try folder.names()
        #expect(names == [".x.gatekeel-notes", ".y.gatekeel-0123456789abcdef", "x"])
    }

    /// logrotate reads files of any name that does not end like one of dpkg's.
    @Test func whatIsBeingWrittenHasANameThatProgramsPassOver() throws {
        let root = try TemporaryDirectory()
        let folder = try HeldFolder.open("/", root: root.path)
        var names: [String] = []
        try folder.replace("x") { (_) throws(Errno) in names = try folder.names() }
        #expect(names.count == 1 && names.allSatisfy { $0.hasPrefix(".x.gatekeel-") && $0.hasSuffix(".dpkg-new") })
    }

    @Test(arguments: ["", ".", "..", "a/b", "/etc"]) func onlyNamesAreTaken(name: String) throws {
        let root = try TemporaryDirectory()
        let folder = try HeldFolder.open("/", root: root.path)
        #expect(throws: Errno.self) { try folder.replace(name, with: "1".utf8, mode: 0o600) }
        #expect(throws: Errno.self) { try folder.remove(name) }
        #expect(throws: Errno.self) { _ = try folder.status(name) }
    }
}
