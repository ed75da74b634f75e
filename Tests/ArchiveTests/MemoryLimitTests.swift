import Glibc
import Linux
import TestSupport
import Testing

@testable import Archive

/// What an archive makes the reader remember, or a decompressor allocate, is bounded before it happens.
@Suite struct MemoryLimitTests {
    private func refusal(_ bench: Workbench, _ file: String, _ compression: Compression) throws -> ArchiveError? {
        do {
            try bench.unpack("\(bench.folder.path)/\(file)", compression)
            return nil
        } catch let error as ArchiveError { return error }
    }

    /// The presets of the tools are accepted, also in several blocks, frames and streams; larger windows are refused.
    @Test(arguments: [
        ("xz -9", Compression.xz, ""), ("xz -6 -T2 --block-size=64KiB", .xz, ""),
        ("xz --x86 --lzma2=preset=6", .xz, ""), ("xz -0 --check=none", .xz, ""), ("xz -0 --check=sha256", .xz, ""),
        ("xz --lzma2=preset=0,dict=128MiB", .xz, "dictionary of 128 MiB"),
        ("xz --lzma2=preset=0,dict=1536MiB", .xz, "dictionary of 1536 MiB"),
        ("zstd -q -19", .zstd, ""), ("zstd -q -1 --no-check", .zstd, ""),
        ("zstd -q --ultra -22 --long=27", .zstd, "window of 128 MiB"),
        ("zstd -q -1 --long=31", .zstd, "window of 2048 MiB"),
    ])
    func windowsAreBounded(command: String, compression: Compression, reason: String) throws {
        let bench = try Workbench()
        try shell(
            """
            cd '\(bench.folder.path)'; mkdir in; head -c 300000 /dev/urandom > in/a; head -c 300000 /dev/zero > in/b
            tar -C in -cf - . | \(command) -c > a.tar
            """)
        let error = try refusal(bench, "a.tar", compression)
        if reason.isEmpty {
            #expect(error == nil)
        } else {
            guard case .excessive(let text)? = error else { throw Unexpected() }
            #expect(text.contains(reason) && text.contains("compress it"))
        }
    }

    /// What is refused at the beginning is refused later in the file too.
    @Test(arguments: [
        ("xz -0", "xz --lzma2=preset=0,dict=128MiB", Compression.xz), ("zstd -q", "zstd -q --long=31", .zstd),
    ])
    func aLaterStreamIsBoundedToo(first: String, second: String, compression: Compression) throws {
        let bench = try Workbench()
        try shell(
            """
            cd '\(bench.folder.path)'; mkdir in; head -c 600000 /dev/urandom > in/a; tar -C in -cf all .
            head -c 1024 all | \(first) -c > good; tail -c +1025 all | \(first) -c >> good
            head -c 1024 all | \(first) -c > bad; tail -c +1025 all | \(second) -c >> bad
            """)
        #expect(try refusal(bench, "good", compression) == nil)
        try shell("rm -r '\(bench.root)'; mkdir '\(bench.root)'")
        guard case .excessive? = try refusal(bench, "bad", compression) else { throw Unexpected() }
    }

    /// The guard's verdict does not depend on how the bytes are divided.
    @Test func theGuardTakesAnyPieces() throws {
        let bench = try Workbench()
        let path = bench.folder.path
        try shell(
            """
            cd '\(path)'; head -c 70000 /dev/urandom > a
            xz -T2 --block-size=32KiB -c a > good.xz; xz -0c a >> good.xz; zstd -qc a > good.zst; zstd -qc a >> good.zst
            xz -0c a > bad.xz; xz --lzma2=dict=128MiB -c a >> bad.xz; zstd -qc a > bad.zst; zstd -q --long=31 -c < a >> bad.zst
            """)
        for (name, compression) in [("xz", Compression.xz), ("zst", .zstd)] {
            for piece in [1, 7, 4096, 1 << 20] {
                for (quality, isRefused) in [("good", false), ("bad", true)] {
                    let bytes = try Files.read("\(path)/\(quality).\(name)", limit: 1 << 20)
                    var guarding = try #require(WindowGuard(compression, limit: 64 << 20))
                    var refused = false
                    do {
                        for start in stride(from: 0, to: bytes.count, by: piece) {
                            let part = bytes[start..<min(start + piece, bytes.count)]
                            try part.withUnsafeBytes { try guarding.take($0) }
                        }
                    } catch ArchiveError.excessive {
                        refused = true
                    }
                    #expect(refused == isRefused, "\(quality).\(name) in pieces of \(piece)")
                }
            }
        }
    }

    /// The map of a sparse file (GNU.sparse 1.0) is in its data: the tar reader would keep every line of it.
    @Test(arguments: [Compression.none, .zstd]) func theMapOfASparseFileIsBounded(compression: Compression) throws {
        let bench = try Workbench()
        func record(_ text: String) -> String {
            var length = text.utf8.count + 3
            while "\(length) \(text)\n".utf8.count != length { length += 1 }
            return "\(length) \(text)\n"
        }
        let map = "9000000\n" + String(repeating: "0\n0\n", count: 1_000_000)
        var tar = TarBuilder()
        tar.add(
            "./PaxHeaders/x", type: "x",
            data: ["major=1", "minor=0", "name=./x", "realsize=9000000"].map { record("GNU.sparse.\($0)") }.joined())
        tar.add("./GNUSparseFile.0/x", data: map)
        let file = try bench.folder.write("plain", tar.finished)
        try shell(
            "cd '\(bench.folder.path)'; \(compression == .none ? "cp plain a.tar" : "zstd -q plain -o a.tar"); : '\(file)'"
        )
        guard case .excessive(let text)? = try refusal(bench, "a.tar", compression) else { throw Unexpected() }
        #expect(text.contains("header"))
    }

    @Test func theNamesOfAllEntriesAreBounded() throws {
        let bench = try Workbench()
        var limits = ArchiveLimits()
        limits.entries = 2000
        var tar = TarBuilder()
        let part = String(repeating: "x", count: 200)
        for index in 0..<1200 {
            tar.add("././@LongLink", type: "L", data: "./\(index)/\(part)/\(part)/\(part)/\(part)/\(part)\u{0}")
            tar.add("short", type: "5", mode: 0o755)
        }
        guard case .excessive(let text)? = try bench.refusal(tar, limits: limits) else { throw Unexpected() }
        #expect(text.contains("names"))
        try bench.unpack(tar)
    }
}
