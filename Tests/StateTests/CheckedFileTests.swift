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

    private func text(_ file: CheckedFile) throws -> (String?, CheckedFile.Origin) {
        let (value, origin) = try file.load { String(validating: $0, as: UTF8.self) }
        return (value, origin)
    }

    @Test func whatCouldNotBeReadBackIsNotWritten() throws {
        try withFolder { folder in
            let file = CheckedFile(path: "\(folder)/state", limit: 100)
            let trailer = CheckedFile.checked([]).count
            let longest = String(repeating: "x", count: 100 - trailer)
            try file.save(longest.utf8)
            #expect(try text(file) == (longest, .file))
            do throws(Errno) {
                try file.save((longest + "x").utf8)
                Issue.record("it is written")
            } catch { #expect(error.code == EFBIG) }
            #expect(try text(file) == (longest, .file))
        }
    }

    @Test func savedStateIsRead() throws {
        try withFolder { folder in
            let file = CheckedFile(path: "\(folder)/state")
            #expect(try text(file) == (nil, .absent))
            try file.save("one".utf8)
            #expect(try text(file) == ("one", .file))
            try file.save("".utf8)
            #expect(try text(file) == ("", .file))
            try file.remove()
            #expect(try text(file) == (nil, .absent))
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
                #expect(try text(file) == ("one", .previous), "byte \(index)")
            }
            for length in whole.indices {
                try Files.replace(file.path, with: whole.prefix(length))
                #expect(try text(file) == ("one", .previous), "cut to \(length)")
            }
            try Files.replace("\(file.path).previous", with: [])
            #expect(try text(file) == (nil, .lost))
            // A damaged file must not become the previous copy of the next state.
            try file.save("three".utf8)
            #expect(try text(file) == ("three", .file))
        }
    }

    @Test func undecodableStateCountsAsDamage() throws {
        try withFolder { folder in
            let file = CheckedFile(path: "\(folder)/state")
            try file.save("1".utf8)
            try file.save("x".utf8)
            let (value, origin) = try file.load { Int(String(decoding: $0, as: UTF8.self)) }
            #expect(value == 1 && origin == .previous)
        }
    }

    @Test(arguments: [EIO, EACCES]) func aFileThatCannotBeReadIsNeitherAbsentNorLost(code: Int32) throws {
        try withFolder { folder in
            let file = CheckedFile(path: "\(folder)/state")
            try file.save("one".utf8)
            for path in [file.path, file.path + ".previous"] {
                if path != file.path { try Files.remove(file.path) }
                ReadFaults.set(code, for: path)
                let error = #expect(throws: Errno.self) { try text(file) }
                #expect(error?.code == code)
                ReadFaults.set(nil, for: path)
            }
        }
    }

    @Test func aBadSectorFallsBackToTheStateBeforeAndNothingElseDoes() throws {
        try withFolder { folder in
            let file = CheckedFile(path: "\(folder)/state")
            try file.save("one".utf8)
            try file.save("two".utf8)
            defer { ReadFaults.set(nil, for: file.path) }
            ReadFaults.set(EIO, for: file.path)
            #expect(try text(file) == ("one", .previous))
            ReadFaults.set(EACCES, for: file.path)
            #expect(throws: Errno.self) { try text(file) }
            ReadFaults.set(nil, for: file.path)
            #expect(try text(file) == ("two", .file))
        }
    }

    @Test func whatIsNotUsedIsKept() throws {
        try withFolder { folder in
            let file = CheckedFile(path: "\(folder)/state")
            try file.save("one".utf8)
            try file.save("two".utf8)
            try Files.replace(file.path, with: Array("rubbish".utf8))
            #expect(try text(file) == ("one", .previous))
            try file.save("three".utf8)
            #expect(try Files.read("\(file.path).refused", limit: 100) == Array("rubbish".utf8))
            try file.remove()
            #expect(try Files.names(in: folder) == [])
        }
    }

    @Test func aNewerFormatIsRefusedAndKept() throws {
        try withFolder { folder in
            let file = CheckedFile(path: "\(folder)/state")
            func load() throws -> (String?, CheckedFile.Origin) {
                let (record, origin) = try file.load { (bytes) throws(NewerFormat) -> Record? in
                    guard let record = Record(bytes: bytes) else { return nil }
                    try record.requireKnownFormat()
                    return record
                }
                return (record?["A"], origin)
            }
            // A file of a release before there was a format.
            try file.save("A=old\n".utf8)
            #expect(try load() == ("old", .file))
            try file.save("format=2\nA=new\n".utf8)
            #expect(try load() == ("old", .newer))
            try file.save("A=older again\n".utf8)
            let kept = try Files.read("\(file.path).refused", limit: 100)
            #expect(kept == CheckedFile.checked("format=2\nA=new\n".utf8))
            try Files.remove(file.path)
            try Files.replace("\(file.path).previous", with: kept)
            #expect(try load() == (nil, .lost))
        }
    }

    @Test func linesOfANewerReleaseAreWrittenBack() throws {
        let read = try #require(Record(bytes: Array("format=1\nA=1\nNew=x\ty\nB=2\nNew=z\n".utf8)))
        let others = read.others(than: ["A", "B"])
        #expect(others.all("New") == [["x", "y"], ["z"]] && others.keys == ["New"])
        var written = Record.versioned()
        written["A"] = "3"
        written.add(others)
        #expect(String(decoding: written.bytes, as: UTF8.self) == "format=1\nA=3\nNew=x\ty\nNew=z\n")
    }

    @Test func recordsKeepLinesOfFields() throws {
        var record = Record()
        record.add("unit", "tab\there", "line\nbreak", "back\\slash", "", "é")
        record.add("unit", "again")
        record.add("number", 42)
        record.add("flag", true)
        record.add("each", each: ["", "b"])
        // They combine with the '=' and the tab before them.
        record.add("marks", "\u{301}x", "\u{301}")
        let read = try #require(Record(bytes: record.bytes))
        #expect(read == record)
        #expect(read.all("unit") == [["tab\there", "line\nbreak", "back\\slash", "", "é"], ["again"]])
        #expect(read.all("marks") == [["\u{301}x", "\u{301}"]])
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
