import Archive
import Glibc
import Linux
import TestSupport
import Testing

@Suite struct ExtractionTests {
    static let honest = """
        mkdir -p usr/bin usr/share/doc/x 'usr/lib/größe' var/empty; chmod 0555 var/empty; chmod 2775 usr/share
        head -c 300000 /dev/urandom > usr/bin/tool; chmod 0755 usr/bin/tool; ln usr/bin/tool usr/bin/same
        : > usr/share/doc/x/empty; echo text > 'usr/lib/größe/ÄÖÜ ß.txt'; chmod 0400 usr/share/doc/x/empty
        ln -s /usr/share/doc usr/absolute; ln -s ../bin/tool usr/lib/relative; ln -s missing usr/dangling
        truncate -s 3M usr/lib/sparse; echo end >> usr/lib/sparse; truncate -s 5M usr/lib/sparse
        find . -exec touch -h -d '2024-02-03 04:05:06' {} +
        """

    @Test(
        arguments: Compression.allCases,
        ["tar --format=gnu", "tar --format=gnu -S", "tar --format=posix", "bsdtar --format=pax"])
    func treesAreUnpackedUnchanged(compression: Compression, program: String) throws {
        let bench = try Workbench()
        let filter = ["gzip": "gzip", "xz": "xz -0", "zstd": "zstd -q", "none": "cat"][compression.rawValue] ?? ""
        try shell(
            "cd '\(bench.folder.path)'; mkdir in; cd in; \(Self.honest); LC_ALL=C.UTF-8 \(program) -cf - . | \(filter) > ../a.tar"
        )
        let report = try bench.unpack("\(bench.folder.path)/a.tar", compression)
        #expect(try Workbench.description(of: bench.root) == Workbench.description(of: "\(bench.folder.path)/in"))
        #expect(report.bytes == 300_000 + (5 << 20) + 5)
    }

    @Test func missingFoldersAreCreated() throws {
        let bench = try Workbench()
        var tar = TarBuilder()
        tar.add("./usr/lib/x/file", data: "x")
        tar.add("./usr/", type: "5", mode: 0o700)
        try bench.unpack(tar)
        #expect(
            try shell("cd '\(bench.root)'; find . -mindepth 1 -printf '%p %m\\n' | sort")
                == "./usr 700\n./usr/lib 755\n./usr/lib/x 755\n./usr/lib/x/file 644\n")
    }

    @Test func entriesGoToTheirDestinations() throws {
        let bench = try Workbench()
        var tar = TarBuilder()
        for name in ["./lib/", "./lib/systemd/", "./usr/", "./usr/lib/"] { tar.add(name, type: "5", mode: 0o755) }
        tar.add("./lib/systemd/a.service", data: "unit")
        tar.add("./usr/lib/b", data: "b")
        tar.add("./lib/hard", type: "1", link: "./lib/systemd/a.service")
        tar.add("./etc/init.d/x", data: "script")
        try bench.unpack(try bench.folder.write("a.tar", tar.finished)) { entry in
            if entry.path.hasPrefix("etc/") { return .skip }
            return .path(entry.path.hasPrefix("lib") ? "usr/\(entry.path)" : entry.path)
        }
        #expect(
            try shell("cd '\(bench.root)'; find . -type f | sort")
                == "./usr/lib/b\n./usr/lib/hard\n./usr/lib/systemd/a.service\n")
    }

    @Test func twoEntriesWithOneDestinationAreADuplicate() throws {
        let bench = try Workbench()
        var tar = TarBuilder()
        tar.add("./bin/x", data: "1")
        tar.add("./usr/bin/x", data: "2")
        let path = try bench.folder.write("a.tar", tar.finished)
        #expect(throws: ArchiveError.duplicate(path: "usr/bin/x")) {
            try bench.unpack(path) { .path($0.path.hasPrefix("bin") ? "usr/\($0.path)" : $0.path) }
        }
        #expect(try Files.names(in: bench.root).isEmpty)
    }

    @Test func ownersAreRootOrMapped() throws {
        let bench = try Workbench()
        var tar = TarBuilder()
        tar.add("./x", data: "1", owner: 1000)
        guard case .refused? = try bench.refusal(tar, ownership: .root) else { throw Unexpected() }
        guard case .refused? = try bench.refusal(tar, ownership: .mapped { _ in nil }) else { throw Unexpected() }
        try bench.unpack(tar, ownership: .mapped { _ in Ownership.Pair(owner: getuid(), group: getgid()) })
        #expect(try shell("stat -c %u '\(bench.root)/x'") == "\(getuid())\n")
    }

    @Test func aRefusalByTheCallerLeavesNothingBehind() throws {
        struct Refused: Error {}
        let bench = try Workbench()
        var tar = TarBuilder()
        tar.add("./a/b/c", data: "1")
        tar.add("./bad", data: "2")
        let path = try bench.folder.write("a.tar", tar.finished)
        #expect(throws: Refused.self) {
            try bench.unpack(path) { if $0.path == "bad" { throw Refused() } else { .path($0.path) } }
        }
        #expect(try Files.names(in: bench.root).isEmpty)
    }

    @Test func spaceIsCheckedFirst() throws {
        let bench = try Workbench()
        let path = try bench.folder.write("a.tar", TarBuilder().finished)
        do {
            try bench.unpack(path, expectedBytes: 1 << 60)
            throw Unexpected()
        } catch ArchiveError.noSpace(let text) { #expect(text.contains("are free")) }
        // A huge announced size must not overflow.
        #expect(throws: ArchiveError.self) { try bench.unpack(path, expectedBytes: Int.max) }
        try bench.unpack(path, expectedBytes: 1 << 20)
    }

    /// An archive that exceeds a limit further on is refused after its first entries.
    @Test func tooManyEntriesAreCountedEarly() throws {
        let bench = try Workbench()
        var tar = TarBuilder()
        for index in 0...5000 { tar.add("./f\(index)") }
        let path = try bench.folder.write("a.tar", tar.finished)
        var limits = ArchiveLimits()
        limits.entries = 5000
        var placed = 0
        #expect(throws: ArchiveError.limit("the archive has more than 5000 entries")) {
            try bench.unpack(path, limits: limits) {
                placed += 1
                return .path($0.path)
            }
        }
        #expect(placed == 2000)
        // A package that lists its files is not decompressed twice for them.
        placed = 0
        #expect(throws: ArchiveError.self) {
            try bench.unpack(path, limits: limits, expectedFiles: 2000) {
                placed += 1
                return .path($0.path)
            }
        }
        #expect(placed == 5000)
        #expect(try Files.names(in: bench.root).isEmpty)
        limits.entries = 5001
        #expect(try bench.unpack(path, limits: limits).entries == 5001)
    }

    /// Once an archive has more bytes than its package said, the rest is counted. One that keeps to its size is read once.
    @Test(arguments: [(announced: 0, placed: 5), (announced: 8 << 20, placed: 8), (announced: 30 << 20, placed: 9)])
    func tooManyBytesAreCountedEarly(announced: Int, placed expected: Int) throws {
        let bench = try Workbench()
        var tar = TarBuilder()
        let data = [UInt8](repeating: 0x78, count: 3 << 20)
        for index in 0..<10 { tar.add(Array("./f\(index)".utf8), data: data) }
        let path = try bench.folder.write("a.tar", tar.finished)
        var limits = ArchiveLimits()
        limits.totalBytes = 29 << 20
        var placed = 0
        #expect(throws: ArchiveError.limit("the archive unpacks to more than \(29 << 20) bytes")) {
            try bench.unpack(path, limits: limits, expectedBytes: announced) {
                placed += 1
                return .path($0.path)
            }
        }
        #expect(placed == expected)
        limits.totalBytes = 30 << 20
        #expect(try bench.unpack(path, limits: limits, expectedBytes: announced).entries == 10)
    }

    @Test func removingATreeFollowsNoLink() throws {
        let bench = try Workbench()
        try shell(
            "cd '\(bench.root)'; mkdir -p a/b/c; ln -s ../../outside a/out; ln -s '\(bench.folder.path)/outside' a/b/abs; touch a/b/c/f; mkfifo a/p"
        )
        let folder = try FileDescriptor.open(bench.folder.path, O_RDONLY | O_DIRECTORY)
        try FileTree.remove(beneath: folder, "root")
        try FileTree.remove(beneath: folder, "root")
        #expect(try Files.names(in: bench.folder.path) == ["outside"])
        #expect(try Files.names(in: "\(bench.folder.path)/outside") == ["file"])
        #expect(throws: Errno.self) { try FileTree.remove(beneath: folder, "../x") }
        #expect(throws: Errno.self) { try FileTree.remove(beneath: folder, "..") }
    }
}

struct Unexpected: Error {
    var what = ""
    init(_ what: String = "") { self.what = what }
}
