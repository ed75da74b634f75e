import Glibc
import Linux
import Packages
import TestSupport
import Testing

@Suite struct DebContainerTests {
    private static let version = ("debian-binary", Array("2.0\n".utf8))

    private func refusal(_ bytes: [UInt8]) throws -> String? {
        let folder = try TemporaryDirectory("deb")
        let file = try FileDescriptor.open(try folder.write("x.deb", bytes))
        do { _ = try DebContainer(file) } catch { return error.description }
        return nil
    }

    @Test func namesAndTheirOrderAreChecked() throws {
        let bench = try DebWorkbench()
        let good: [[String]] = [
            ["control.tar", "data.tar"], ["control.tar.gz", "data.tar.xz"],
            ["control.tar.zst", "data.tar.gz", "_gkmanifest"],
            ["control.tar/", "data.tar/", "_gksig"], ["control.tar", "data.tar", "_gkmanifest", "_gksig"],
        ]
        for names in good {
            #expect(try refusal(bench.raw([Self.version] + names.map { ($0, [1]) })) == nil, "\(names)")
        }
        let bad: [[String]] = [
            [], ["control.tar"], ["data.tar", "control.tar"], ["control.tar", "control.tar", "data.tar"],
            ["control.tar", "data.tar", "data.tar"], ["control.tar", "data.tar", "_gksig", "_gkmanifest"],
            ["control.tar", "data.tar", "_gksig", "_gksig"], ["control.tar", "_gksig", "data.tar"],
            ["control.tar", "data.tar", "extra"], ["control.tar", "data.tar", "_gksig", "extra"],
            ["control.tar.bz2", "data.tar"], ["control.tar", "data.tar.lzma"], ["_gkx", "control.tar", "data.tar"],
            ["control.tar", "data.tar", "_gkmanifest", "_gkmanifest", "_gksig"], ["../control.tar", "data.tar"],
            ["Control.tar", "data.tar"], ["control.tar", "data.tar\u{0}"],
        ]
        for names in bad {
            #expect(try refusal(bench.raw([Self.version] + names.map { ($0, [1]) })) != nil, "\(names)")
        }
    }

    @Test func malformedHeadersAreRefused() throws {
        let bench = try DebWorkbench()
        let rest = bench.raw([("control.tar", [1, 2]), ("data.tar", [1, 2])]).dropFirst(8)
        func package(_ header: [UInt8], _ data: String = "2.0\n") -> [UInt8] {
            Array("!<arch>\n".utf8) + header + Array(data.utf8) + rest
        }
        #expect(try refusal(package(DebWorkbench.header("debian-binary", "4"))) == nil)
        for size in ["", "-4", "+4", " 4", "4x", "0x4", "4 4", "9999999999", "5", "3"] {
            #expect(try refusal(package(DebWorkbench.header("debian-binary", size))) != nil, "size \(size)")
        }
        for (time, end) in [("x", "`\n"), ("-1", "`\n"), ("0", "x\n"), ("0", "`x")] {
            #expect(try refusal(package(DebWorkbench.header("debian-binary", "4", time: time, end: end))) != nil)
        }
        for version in ["2.1\n", "3.0\n", "2.0 ", "2.0\u{0}"] {
            #expect(try refusal(package(DebWorkbench.header("debian-binary", "4"), version)) != nil)
        }
        #expect(try refusal([]) != nil)
        #expect(try refusal(Array("!<arch>".utf8)) != nil)
        #expect(try refusal(Array("!<thin>\n".utf8)) != nil)
        // The padding after a member of odd size is one newline.
        var odd = bench.raw([Self.version, ("control.tar", [1]), ("data.tar", [1])])
        #expect(try refusal(odd) == nil)
        #expect(try refusal(odd.dropLast()) != nil)
        odd[odd.count - 1] = 0
        #expect(try refusal(odd) != nil)
    }

    @Test func memberSizesAreLimited() throws {
        let bench = try DebWorkbench()
        for name in ["_gkmanifest", "_gksig"] {
            let large = bench.raw([
                Self.version, ("control.tar", [1]), ("data.tar", [1]), (name, [UInt8](repeating: 0, count: 65538)),
            ])
            #expect(try refusal(large)?.contains("65536") == true)
        }
    }

    @Test func hostileControlArchivesAreRefused() throws {
        let bench = try DebWorkbench()
        func controlFiles(_ fill: (inout TarBuilder) -> Void) throws -> [String: [UInt8]] {
            var tar = TarBuilder()
            fill(&tar)
            let bytes = bench.raw([Self.version, ("control.tar", tar.finished), ("data.tar", TarBuilder().finished)])
            return try DebFile(path: try bench.authority.folder.write("c.deb", bytes), .ignored).controlFiles()
        }
        #expect(try controlFiles { $0.add("./control", data: "x") } == ["control": [0x78]])
        let hostile: [(inout TarBuilder) -> Void] = [
            { _ in }, { $0.add("./postinst", data: "x") }, { $0.add("./control", type: "2", link: "/etc/passwd") },
            {
                $0.add("./control", data: "1"); $0.add("control", data: "2")
            }, { $0.add("./a/control", data: "x") },
            { $0.add("../control", data: "x") }, { $0.add("./control", type: "5") },
            { tar in
                tar.add("./control", data: "1"); for index in 0..<64 { tar.add("./\(index)") }
            },
            { tar in
                tar.add("./control", data: "1"); tar.add("./md5sums"); tar.add("./md5sums")
            },
            { $0.add(Array("./control".utf8), data: [UInt8](repeating: 0x41, count: (4 << 20) + 1)) },
        ]
        for (index, fill) in hostile.enumerated() {
            #expect(throws: DebError.self, "\(index)") { try controlFiles(fill) }
        }
    }
}
