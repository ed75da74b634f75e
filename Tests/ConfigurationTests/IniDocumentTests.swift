import Testing

@testable import Configuration

private func parse(_ text: String, limits: IniLimits = IniLimits()) -> IniDocument {
    IniDocument(parsing: text.utf8, file: "t.conf", limits: limits)
}

@Suite struct IniDocumentTests {
    @Test func sectionsKeysCommentsAndContinuations() {
        let document = parse(
            """
            # a comment
            ; another
              [Server  main]
            URI = coaps://a=b
            Key=one \\
            # between
              two \\
            three
            Empty=
            [Agent]\r
            X=1\r
            """)
        #expect(document.problems.isEmpty)
        #expect(document.sections.map(\.header) == ["Server main", "Agent"])
        #expect(document.sections[0].typeAndName == ("Server", "main"))
        #expect(document.sections[0].entries.map(\.key) == ["URI", "Key", "Empty"])
        #expect(document.sections[0].entries.map(\.value) == ["coaps://a=b", "one  two  three", ""])
        #expect(document.sections[0].entries.map(\.position.line) == [4, 5, 9])
        #expect(document.sections[1].entries.map(\.value) == ["1"])
    }

    @Test func emptyAssignmentDropsWhatWasBefore() {
        let section = parse("[A]\nK=1\nK=2\nK=\nK=3\nK=4").sections[0]
        #expect(section.values(of: "K") == ["3", "4"])
    }

    @Test(arguments: [
        ("K=1", 1, "before the first"), ("[A]\nword", 2, "neither"), ("[A", 1, "header"), ("[]", 1, "header"),
        ("[A]\n=1", 2, "no key"), ("[A]\nK=\u{1}", 2, "control"),
        ("[A]\n\nK=\(String(repeating: "x", count: 99))", 3, "longer"),
    ])
    func problemsNameTheirLine(text: String, line: Int, words: String) {
        let problems = parse(text, limits: IniLimits(lineBytes: 64)).problems
        #expect(problems.count == 1)
        #expect(problems.first?.position == Position("t.conf", line))
        #expect(problems.first?.text.contains(words) == true)
    }

    @Test func boundsHold() {
        #expect(parse("[A]\nK=1", limits: IniLimits(bytes: 5)).problems.first?.text.contains("at most 5") == true)
        #expect(parse("[A]\nK=1", limits: IniLimits(bytes: 5)).sections.isEmpty)
        let many = parse("[A]\nK=1\nK=2\nK=3", limits: IniLimits(entries: 3))
        #expect(many.sections[0].entries.count == 2)
        #expect(many.problems.count == 1)
        // The rest of a line that is too long is no line of its own.
        let long = parse(
            "[A]\nK=\(String(repeating: "x", count: 50)) \\\nL=\(String(repeating: "y", count: 50))\nM=1",
            limits: IniLimits(lineBytes: 64))
        #expect(long.sections[0].entries.map(\.key) == ["M"])
        #expect(long.problems.map(\.position.line) == [2])
    }

    @Test func notUTF8IsRefused() {
        let document = IniDocument(parsing: Array("[A]\nK=".utf8) + [0xFF, 0x0A] + Array("L=1".utf8), file: "t")
        #expect(document.problems.map(\.position.line) == [2])
        #expect(document.sections[0].entries.map(\.key) == ["L"])
    }

    @Test func anyBytesEnd() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("[]=\\#;\n\r \tK\u{0}\u{7F}é\"'".utf8)
        for _ in 0..<3000 {
            let bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator) ?? 0
            }
            let document = IniDocument(parsing: bytes, file: "t")
            let lines = bytes.split(separator: 10, omittingEmptySubsequences: false).count
            #expect(document.problems.allSatisfy { (1...lines).contains($0.position.line) })
            #expect(document.sections.flatMap(\.entries).allSatisfy { !$0.key.isEmpty })
        }
    }
}

@Suite struct WordsTests {
    @Test func quotesAndEscapes() {
        #expect(Words.split(#"a "b c" d\ e '' "x\"y" 'p'q"#) == ["a", "b c", "d e", "", "x\"y", "pq"])
        #expect(Words.split(#""open"#) == nil)
        #expect(Words.split(#"end\"#) == nil)
    }

    /// Also where a combining character follows what has a meaning: for Swift the two are one character.
    @Test(arguments: [
        "", "plain", "a b", #"q"u\o'te"#, "new\nline", "\u{301} b", "a\"\u{301} b", "\\\u{301}", "a \u{301}",
        "'\u{301}",
        "\r\n",
    ])
    func quotedReadsBack(word: String) {
        #expect(Words.split(Words.quoted(word))?.map { Array($0.utf8) } == [Array(word.utf8)])
    }

    @Test func aCombiningCharacterHidesNoQuote() {
        #expect(Words.split("\"\u{301} b\"") == ["\u{301} b"])
        #expect(Words.split("a\"\u{301}") == nil)
    }
}
