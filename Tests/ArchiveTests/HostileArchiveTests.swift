import Archive
import Glibc
import Linux
import TestSupport
import Testing

@Suite struct HostileArchiveTests {
    static let badNames: [String] = [
        "/etc/passwd", "//x", "../outside/file", "a/../../outside/file", "./../x", "..", "a/..", "a/./b", "a//b",
        "",
        "line\nbreak", "esc\u{1b}[2J", "del\u{7f}", "right\u{202e}left", "c1\u{85}x",
    ]

    @Test(arguments: badNames) func badNamesAreRefused(name: String) throws {
        let bench = try Workbench()
        var tar = TarBuilder()
        tar.add("./good", data: "x")
        tar.add(name, data: "hostile")
        guard case .badName? = try bench.refusal(tar) else {
            // libarchive treats an empty name as damage.
            guard name.isEmpty, try bench.refusal(tar) != nil else { throw Unexpected(name) }
            return
        }
    }

    @Test func namesThatAreNotUTF8AreRefused() throws {
        for bytes in [[0x61, 0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0xae]] as [[UInt8]] {
            let bench = try Workbench()
            var tar = TarBuilder()
            tar.add(bytes)
            guard case .badName? = try bench.refusal(tar) else { throw Unexpected() }
        }
    }

    @Test(arguments: [("3", "character"), ("4", "block"), ("6", "FIFO")] as [(Character, String)])
    func devicesAreRefused(type: Character, what: String) throws {
        let bench = try Workbench()
        var tar = TarBuilder()
        tar.add("./dev/x", type: type)
        #expect(try bench.refusal(tar)?.description.contains(what) == true)
    }

    @Test func setuidIsRefusedUnlessAllowed() throws {
        for mode: UInt32 in [0o4755, 0o2755, 0o6755] {
            let bench = try Workbench()
            var tar = TarBuilder()
            tar.add("./x", data: "1", mode: mode)
            guard case .refused? = try bench.refusal(tar) else { throw Unexpected() }
            var limits = ArchiveLimits()
            limits.allowsSetuid = true
            try bench.unpack(tar, limits: limits)
            #expect(try shell("stat -c %a '\(bench.root)/x'") == String(mode, radix: 8) + "\n")
        }
    }

    @Test func linksCannotLeaveTheRoot() throws {
        // None of these archives may change the folder beside the root.
        var archives: [String: TarBuilder] = [:]
        func archive(_ name: String, _ fill: (inout TarBuilder) -> Void) {
            var tar = TarBuilder()
            fill(&tar)
            archives[name] = tar
        }
        archive("write through a link to a folder") {
            $0.add("./a", type: "2", link: "/tmp")
            $0.add("./a/x", data: "1")
        }
        archive("write through a link inside") {
            $0.add("./d/", type: "5", mode: 0o755)
            $0.add("./a", type: "2", link: "d")
            $0.add("./a/x", data: "1")
        }
        archive("write over a link") {
            $0.add("./a", type: "2", link: "/tmp/gatekeel-must-not-be-written")
            $0.add("./a", data: "1")
        }
        archive("folder over a link") {
            $0.add("./a", type: "2", link: "/tmp")
            $0.add("./a/", type: "5", mode: 0o777)
        }
        archive("relative link out") { $0.add("./a/b", type: "2", link: "../../outside") }
        archive("relative link out, through a name") { $0.add("./a", type: "2", link: "b/../../outside") }
        archive("empty link") { $0.add("./a", type: "2") }
        archive("link with a control character") { $0.add("./a", type: "2", link: "x\u{1b}y") }
        archive("name with a combining character after the slash") { $0.add("./a/\u{301}b", data: "1") }
        archive("link with a combining character after the slash") { $0.add("./a", type: "2", link: "b/\u{301}c") }
        archive("hard link out") { $0.add("./a", type: "1", link: "../outside/file") }
        archive("hard link absolute") { $0.add("./a", type: "1", link: "/etc/passwd") }
        archive("hard link to what comes later") {
            $0.add("./a", type: "1", link: "b")
            $0.add("./b", data: "1")
        }
        archive("hard link to a folder") {
            $0.add("./b/", type: "5", mode: 0o755)
            $0.add("./a", type: "1", link: "b")
        }
        archive("hard link to a link") {
            $0.add("./b", type: "2", link: "/etc/passwd")
            $0.add("./a", type: "1", link: "b")
        }
        archive("hard link through a link") {
            $0.add("./b", type: "2", link: "/etc")
            $0.add("./a", type: "1", link: "b/passwd")
        }
        archive("file twice") {
            $0.add("./a", data: "1")
            $0.add("./a", data: "2")
        }
        archive("folder twice") {
            $0.add("./a/", type: "5", mode: 0o755)
            $0.add("./a/", type: "5", mode: 0o777)
        }
        archive("file over folder") {
            $0.add("./a/b", data: "1")
            $0.add("./a", data: "2")
        }
        archive("folder over file") {
            $0.add("./a", data: "2")
            $0.add("./a/b", data: "1")
        }
        archive("root is a link") { $0.add("./", type: "2", link: "/tmp") }
        for (name, tar) in archives {
            let bench = try Workbench()
            let error = try bench.refusal(tar)
            #expect(error != nil, "\(name)")
        }
        #expect(try !Files.exists("/tmp/gatekeel-must-not-be-written"))
    }

    @Test func absoluteLinksAreKeptAsText() throws {
        let bench = try Workbench()
        var tar = TarBuilder()
        tar.add("./usr/a", type: "2", link: "/etc/passwd")
        tar.add("./usr/lib/b", type: "2", link: "../../usr/c")
        try bench.unpack(tar)
        #expect(try shell("readlink '\(bench.root)/usr/a' '\(bench.root)/usr/lib/b'") == "/etc/passwd\n../../usr/c\n")
    }

    @Test func limitsAreEnforced() throws {
        func refused(_ change: (inout ArchiveLimits) -> Void, _ fill: (inout TarBuilder) -> Void) throws -> Bool {
            var limits = ArchiveLimits()
            change(&limits)
            var tar = TarBuilder()
            fill(&tar)
            let bench = try Workbench()
            let error = try bench.refusal(tar, limits: limits)
            // The same archive passes without the limit.
            try bench.unpack(tar)
            if case .limit? = error { return true }
            if case .badName? = error { return true }
            return false
        }
        #expect(try refused({ $0.entries = 3 }) { tar in for index in 0..<4 { tar.add("./\(index)", data: "x") } })
        #expect(
            try refused({ $0.totalBytes = 9 }) { tar in for index in 0..<2 { tar.add("./\(index)", data: "12345") } })
        #expect(try refused({ $0.fileBytes = 4 }) { $0.add("./a", data: "12345") })
        #expect(try refused({ $0.pathBytes = 8 }) { $0.add("./abcdefghi", data: "1") })
        #expect(try refused({ $0.depth = 3 }) { $0.add("./a/b/c/d", data: "1") })
    }

    @Test func bombsAreRefusedBeforeTheyAreWritten() throws {
        let bench = try Workbench()
        try shell("cd '\(bench.folder.path)'; truncate -s 40M zeros; tar -cf - zeros | xz -0 > a.tar")
        let path = "\(bench.folder.path)/a.tar"
        do {
            try bench.unpack(path, .xz)
            throw Unexpected()
        } catch ArchiveError.limit(let text) { #expect(text.contains("times its size")) }
        var limits = ArchiveLimits()
        limits.ratio = 100_000
        try bench.unpack(path, .xz, limits: limits)
        // The header announces more bytes than any disk has.
        var tar = TarBuilder()
        tar.add(Array("x".utf8), size: 0o77777777777)
        guard case .limit? = try Workbench().refusal(tar) else { throw Unexpected() }
    }

    @Test(arguments: Compression.allCases) func everyTruncationIsAnError(compression: Compression) throws {
        let bench = try Workbench()
        let filter = ["gzip": "gzip", "xz": "xz -0", "zstd": "zstd -q", "none": "cat"][compression.rawValue] ?? ""
        try shell(
            "cd '\(bench.folder.path)'; mkdir in; for i in 1 2 3; do head -c 2000 /dev/urandom > in/$i; done; tar -b 1 -C in -cf - . | \(filter) > a.tar"
        )
        let file = try FileDescriptor.open("\(bench.folder.path)/a.tar")
        let whole = try file.read(0..<file.size())
        try bench.unpack("\(bench.folder.path)/a.tar", compression)
        try shell("rm -r '\(bench.root)'; mkdir '\(bench.root)'")
        // The last blocks are the end mark. The last bytes of a filter are its checksum, which need not be read.
        let needed = compression == .none ? whole.count - 1024 : whole.count - 200
        for length in stride(from: 0, through: needed, by: compression == .none ? 256 : 97) {
            let path = try bench.folder.write("cut", whole[..<length])
            #expect(throws: ArchiveError.self, "\(length) of \(whole.count)") { try bench.unpack(path, compression) }
            #expect(try Files.names(in: bench.root).isEmpty)
        }
    }

    // gzip is left out: libarchive does not check its checksum. A package's signature covers these bytes.
    @Test(arguments: [Compression.xz, .zstd]) func damageIsDetected(compression: Compression) throws {
        let bench = try Workbench()
        let filter = ["gzip": "gzip", "xz": "xz -0", "zstd": "zstd -q --check"][compression.rawValue] ?? ""
        try shell(
            "cd '\(bench.folder.path)'; mkdir in; head -c 200000 /dev/urandom > in/x; tar -C in -cf - . | \(filter) > a.tar"
        )
        let file = try FileDescriptor.open("\(bench.folder.path)/a.tar")
        var bytes = try file.read(0..<file.size())
        for index in 0..<64 { bytes[bytes.count / 2 + index] ^= 0xff }
        let path = try bench.folder.write("damaged", bytes)
        #expect(throws: ArchiveError.self) { try bench.unpack(path, compression) }
        #expect(try Files.names(in: bench.root).isEmpty)
    }

    @Test func onlyTheNamedCompressionIsRead() throws {
        let bench = try Workbench()
        let plain = try bench.folder.write("none", TarBuilder().finished)
        try shell(
            "cd '\(bench.folder.path)'; gzip -k none; mv none.gz gzip; xz -k none; mv none.xz xz; zstd -q none -o zstd; xz -kc xz > twice"
        )
        for named in Compression.allCases {
            for real in Compression.allCases where real != named {
                #expect(throws: ArchiveError.self) { try bench.unpack("\(bench.folder.path)/\(real.rawValue)", named) }
            }
        }
        #expect(throws: ArchiveError.self) { try bench.unpack("\(bench.folder.path)/twice", .xz) }
        try bench.unpack(plain)
    }

    @Test func anErrorIsRepeated() throws {
        let bench = try Workbench()
        var tar = TarBuilder()
        tar.add("a", data: "x")
        let file = try FileDescriptor.open(try bench.folder.write("a", tar.bytes.dropLast(100)))
        let reader = try ArchiveReader(file, range: 0..<file.size(), compression: .none)
        _ = try reader.next()
        for _ in 0..<3 { #expect(throws: ArchiveError.self) { try reader.next() } }
    }

    @Test func unknownAttributesAreRefused() throws {
        let bench = try Workbench()
        for name in ["user.comment", "security.capability"] {
            try shell(
                "cd '\(bench.folder.path)'; echo x > file; python3 - <<'EOF'\nimport tarfile\nt=tarfile.open('a.tar','w',format=tarfile.PAX_FORMAT)\ni=tarfile.TarInfo('file')\ni.pax_headers={'SCHILY.xattr.\(name)':'abc'}\nt.addfile(i)\nt.close()\nEOF"
            )
            #expect(throws: ArchiveError.self) { try bench.unpack("\(bench.folder.path)/a.tar") }
        }
    }
}
