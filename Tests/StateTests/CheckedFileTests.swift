import Glibc
import Linux
import State
import Testing

@Suite struct CheckedFileTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/gatekeel-state-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        defer {
            for name in (try? Files.names(in: folder)) ?? [] { unlink("\(folder)/\(name)") }
            rmdir(folder)
        }
        try body(folder)
    }

    private func text(_ file: CheckedFile) -> (String?, CheckedFile.Origin) {
        let (value, origin) = file.load { String(validating: $0, as: UTF8.self) }
        return (value, origin)
    }

    @Test func savedStateIsRead() throws {
        try withFolder { folder in
            let file = CheckedFile(path: "\(folder)/state")
            #expect(text(file) == (nil, .absent))
            try file.save("one".utf8)
            #expect(text(file) == ("one", .file))
            try file.save("".utf8)
            #expect(text(file) == ("", .file))
            try file.remove()
            #expect(text(file) == (nil, .absent))
        }
    }

    @Test func everyDamageFallsBackToThePreviousState() throws {
        try withFolder { folder in
            let file = CheckedFile(path: "\(folder)/state")
            try file.save("one".utf8)
            try file.save("two".utf8)
            let whole = try Files.read(file.path, limit: 1000)
            for index in whole.indices {
                var damaged = whole
                damaged[index] ^= 0x20
                try Files.replace(file.path, with: damaged)
                #expect(text(file) == ("one", .previous), "byte \(index)")
            }
            for length in whole.indices {
                try Files.replace(file.path, with: whole.prefix(length))
                #expect(text(file) == ("one", .previous), "cut to \(length)")
            }
            try Files.replace("\(file.path).previous", with: [])
            #expect(text(file) == (nil, .lost))
            // A damaged file must not become the previous copy of the next state.
            try file.save("three".utf8)
            #expect(text(file) == ("three", .file))
        }
    }

    @Test func undecodableStateCountsAsDamage() throws {
        try withFolder { folder in
            let file = CheckedFile(path: "\(folder)/state")
            try file.save("1".utf8)
            try file.save("x".utf8)
            let (value, origin) = file.load { Int(String(decoding: $0, as: UTF8.self)) }
            #expect(value == 1 && origin == .previous)
        }
    }

    @Test func recordsKeepLinesOfFields() throws {
        var record = Record()
        record.add("unit", "tab\there", "line\nbreak", "back\\slash", "", "é")
        record.add("unit", "again")
        record.add("number", 42)
        record.add("flag", true)
        record.add("each", each: ["", "b"])
        let read = try #require(Record(bytes: record.bytes))
        #expect(read == record)
        #expect(read.all("unit") == [["tab\there", "line\nbreak", "back\\slash", "", "é"], ["again"]])
        #expect(read.integer("number") == 42 && read.flag("flag") && !read.flag("number"))
        #expect(read.strings("each") == ["", "b"] && read["unit"] == "tab\there")
        #expect(read.fields("none") == nil && read.integer("none") == 0 && read.string("none").isEmpty)
    }

    @Test func recordsKeepAnyText() throws {
        var record = Record()
        record["A"] = "x=1\ny\\n\r"
        record["B"] = ""
        record["C"] = "gone"
        record["C"] = nil
        let read = try #require(Record(bytes: record.bytes))
        #expect(read["A"] == "x=1\ny\\n\r" && read["B"] == "" && read["C"] == nil)
        #expect(Record(bytes: Array("A\n".utf8)) == nil)
        #expect(Record(bytes: Array("A=\\q\n".utf8)) == nil)
        #expect(Record(bytes: [0x41, 0x3D, 0xFF]) == nil)
    }
}
