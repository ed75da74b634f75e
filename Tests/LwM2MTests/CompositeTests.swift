import Testing

@testable import LwM2M

private func definition(_ id: UInt16) -> ObjectDefinition? {
    switch id {
    case 1: .server
    case 3: .device
    case 7000: everything
    default: nil
    }
}

@Suite struct CompositeTests {
    private func decode(_ text: String) throws -> DecodedComposite {
        try Codec.decodeComposite(Array(text.utf8), .senMLJSON, definition)
    }

    private func paths(_ text: String) throws -> PathSelection {
        try Codec.decodePaths(Array(text.utf8), .senMLJSON)
    }

    private let content = CompositeContent([
        .init(Path(3, 0, 0), .string("Open Mobile Alliance")), .init(Path(3, 0, 9), .integer(95)),
        .init(Path(1, 0, 1), .integer(86400)),
    ])

    // MARK: Values

    /// LwM2M Core 7.4.5: the answer to a Read-Composite has whole names.
    @Test func anAnswerMatchesTheSpecification() throws {
        let text = #"[{"n":"/3/0/0","vs":"Open Mobile Alliance"},{"n":"/3/0/9","v":95},{"n":"/1/0/1","v":86400}]"#
        #expect(try Codec.encodeComposite(content, .senMLJSON) == Array(text.utf8))
        #expect(try decode(text) == DecodedComposite(content))
    }

    @Test func everyFormatHoldsSeveralObjects() throws {
        for format in Codec.compositeFormats {
            let bytes = try Codec.encodeComposite(content, format)
            #expect(try Codec.decodeComposite(bytes, format, definition) == DecodedComposite(content), "\(format)")
            #expect(
                try Codec.decodeComposite(Codec.encodeComposite(CompositeContent(), format), format, definition)
                    == DecodedComposite(CompositeContent()))
        }
        #expect(
            try Codec.encodeComposite(content, .lwm2mCBOR)
                == hex(
                    "a2 03 a1 00 a2 00 74 4f70656e204d6f62696c6520416c6c69616e6365 09 185f 01 a1 00 a1 01 1a00015180"))
        for format in [ContentFormat.text, .opaque, .cbor, .tlv, .lwm2mJSON, .link, ContentFormat(rawValue: 9999)] {
            #expect(throws: CodecError.self) { try Codec.encodeComposite(content, format) }
            #expect(throws: CodecError.self) { try Codec.decodeComposite([], format, definition) }
            #expect(throws: CodecError.self) { try Codec.decodePaths([], format) }
            #expect(throws: CodecError.self) { try Codec.encodePaths(PathSelection(), format) }
        }
    }

    @Test func whatNoTableHasIsReportedByItsPath() throws {
        #expect(
            try decode(#"[{"n":"/77/0/1","v":1},{"n":"/3/0/9","v":95},{"n":"/3/0/99/4","vs":"x"}]"#)
                == DecodedComposite(
                    CompositeContent([.init(Path(3, 0, 9), .integer(95))]),
                    unknown: [Path(77, 0, 1), Path(3, 0, 99, 4)]))
    }

    @Test func valuesAreGroupedByInstance() throws {
        let content = CompositeContent([
            .init(Path(7000, 1, 1), .integer(1)), .init(Path(3, 0, 14), .string("+02:00")),
            .init(Path(7000, 0, 300, 2), .integer(2)), .init(Path(7000, 1, 0), .string("x")),
            .init(Path(7000, 0, 300, 1), .integer(3)),
        ])
        #expect(
            try content.instances()
                == [
                    .init(
                        object: 7000, content: InstanceContent(1, [1: .single(.integer(1)), 0: .single(.string("x"))])),
                    .init(object: 3, content: InstanceContent(0, [14: .single(.string("+02:00"))])),
                    .init(
                        object: 7000, content: InstanceContent(0, [300: .multiple([1: .integer(3), 2: .integer(2)])])),
                ])
        for path in [Path(7000, 1, 1), Path(7000, 0, 300, 2)] {
            var twice = content
            twice.entries.append(.init(path, .integer(9), time: 1))
            #expect(throws: CodecError.self) { try twice.instances() }
        }
    }

    // MARK: Times (RFC 8428, sections 4.5.3 and 4.6)

    @Test func timesAreResolved() throws {
        let decoded = try decode(
            """
            [{"bn":"/3/0/","bt":1.7e9,"n":"9","v":95},{"n":"9","v":94,"t":-60},{"n":"10","v":7,"t":0.5},
             {"bt":0,"n":"11/0","v":0},{"n":"11/1","v":1,"t":-5},{"bt":1600000000},{"n":"16","vs":"U"}]
            """)
        #expect(
            decoded.content.entries
                == [
                    .init(Path(3, 0, 9), .integer(95), time: 1_700_000_000),
                    .init(Path(3, 0, 9), .integer(94), time: 1_699_999_940),
                    .init(Path(3, 0, 10), .integer(7), time: 1_700_000_000.5), .init(Path(3, 0, 11, 0), .integer(0)),
                    .init(Path(3, 0, 11, 1), .integer(1), time: -5),
                    .init(Path(3, 0, 16), .string("U"), time: 1_600_000_000),
                ])
        #expect(throws: CodecError.self) { try decode(#"[{"bt":1e308,"n":"/3/0/9","v":1,"t":1.7e308}]"#) }
        // Neither a time without a value nor a value without a name is a record.
        #expect(throws: CodecError.self) { try decode(#"[{"bn":"/3/0/9","t":5}]"#) }
        #expect(throws: CodecError.self) { try decode(#"[{"n":"/3/0/9","v":1,"t":5},{"n":"/3/0/9","v":2,"t":5}]"#) }
    }

    @Test func timesAreEncodedRelativeToTheFirst() throws {
        let content = CompositeContent([
            .init(Path(3, 0, 9), .integer(95), time: 1_700_000_000),
            .init(Path(1, 0, 1), .integer(60), time: 1_700_000_000),
            .init(Path(3, 0, 9), .integer(94), time: 1_700_000_060),
        ])
        let json = try Codec.encodeComposite(content, .senMLJSON)
        #expect(
            String(decoding: json, as: UTF8.self)
                == #"[{"bt":1700000000,"n":"/3/0/9","v":95},{"n":"/1/0/1","v":60},{"n":"/3/0/9","v":94,"t":60}]"#)
        #expect(
            try Codec.encodeComposite(content, .senMLCBOR)
                == hex(
                    """
                    83 a3 22 1a 6553f100 00 66 2f332f302f39 02 185f a2 00 66 2f312f302f31 02 183c
                    a3 00 66 2f332f302f39 02 185e 06 183c
                    """))
        for format in [ContentFormat.senMLJSON, .senMLCBOR] {
            let bytes = try Codec.encodeComposite(content, format)
            #expect(try Codec.decodeComposite(bytes, format, definition).content == content)
        }
        #expect(throws: CodecError.self) { try Codec.encodeComposite(content, .lwm2mCBOR) }
    }

    /// Leshan refuses a time with more than nine decimals.
    @Test func differencesOfTimesHaveNoTail() throws {
        let entries = (0..<20).map { index in
            CompositeContent.Entry(
                Path(3, 0, 9), .integer(95), time: 1_795_774_186.524 + Double(index) * 2.011)
        }
        let text = String(
            decoding: try Codec.encodeComposite(CompositeContent(entries), .senMLJSON), as: UTF8.self)
        let times = text.split(separator: "\"t\":").dropFirst().map { $0.prefix { $0.isNumber || $0 == "." } }
        #expect(times.count == 19 && times[0] == "2.011" && times[18] == "38.209", "\(text)")
    }

    @Test func aValueWithoutATimeIsNow() throws {
        let content = CompositeContent([
            .init(Path(3, 0, 9), .integer(95), time: 1_700_000_000), .init(Path(1, 0, 1), .integer(60)),
        ])
        let text = #"[{"n":"/3/0/9","v":95,"t":1700000000},{"n":"/1/0/1","v":60}]"#
        #expect(try Codec.encodeComposite(content, .senMLJSON) == Array(text.utf8))
        #expect(try decode(text).content == content)
    }

    // MARK: Paths

    /// LwM2M Core 7.4.5: the request of a Read-Composite, and its spellings.
    @Test(arguments: [
        #"[{"n":"/3/0/0"},{"n":"/3/0/9"},{"n":"/1/0/1"}]"#,
        #"[{"bn":"/3/0/","n":"0"},{"n":"9"},{"bn":"/1/0/1"}]"#,
        #"[{"bn":"/3/0/"},{"n":"0"},{"n":"9"},{"bn":"/","n":"1/0/1"},{"n":"3/0/0"}]"#,
    ])
    func pathsMatchTheSpecification(text: String) throws {
        #expect(try paths(text) == PathSelection([Path(3, 0, 0), Path(3, 0, 9), Path(1, 0, 1)]))
    }

    @Test func pathsOfEveryLevelAndTheRootAreNamed() throws {
        #expect(
            try paths(#"[{"n":"/3"},{"n":"/1/0"},{"n":"/3/0/6/1"},{"n":"/"}]"#)
                == PathSelection([Path(3), Path(1, 0), Path(3, 0, 6, 1)], includesRoot: true))
        #expect(try paths(#"[{"bn":"/"}]"#) == PathSelection(includesRoot: true))
        #expect(try paths("[]").isEmpty)
        let selection = PathSelection([Path(3), Path(1, 0), Path(3, 0, 6, 1)])
        for format in Codec.compositeFormats {
            #expect(try Codec.decodePaths(Codec.encodePaths(selection, format), format) == selection)
        }
        #expect(
            try Codec.decodePaths(Codec.encodePaths(PathSelection(includesRoot: true), .senMLCBOR), .senMLCBOR)
                .includesRoot)
        #expect(throws: CodecError.self) { try Codec.encodePaths(PathSelection(includesRoot: true), .lwm2mCBOR) }
        #expect(
            try Codec.decodePaths(hex("a3 03 f6 82 01 00 f6 05 a1 00 f6"), .lwm2mCBOR)
                == PathSelection([Path(3), Path(1, 0), Path(5, 0)]))
    }

    @Test(arguments: [
        "", "{}", "[1]", "[{}]", #"[{"n":"3"}]"#, #"[{"n":"/3/"}]"#, #"[{"n":"//"}]"#, #"[{"n":""}]"#,
        #"[{"n":"/3/0/0","v":1}]"#, #"[{"n":"/65535"}]"#, #"[{"n":"/1/2/3/4/5"}]"#, #"[{"n":"/03"}]"#, #"[{"n":3}]"#,
        #"[{"n":"/3","q_":1}]"#, #"[{"n":"/3"}"#, #"[{"u":"V"}]"#,
    ])
    func malformedPathsAreRefused(text: String) {
        #expect(throws: CodecError.self) { try paths(text) }
    }

    @Test(arguments: [
        "", "80", "a1 03 05", "a1 03 f7", "a1 80 f6", "a1 03 a1 04 a1 05 a1 06 a1 07 f6", "a1 03", "a1 6133 f6",
    ])
    func malformedPathsInCBORAreRefused(bytes: String) {
        #expect(throws: CodecError.self) { try Codec.decodePaths(hex(bytes), .lwm2mCBOR) }
    }

    @Test func pathsAreLimited() {
        let many = "[" + (0..<5000).map { #"{"n":"/3/\#($0)"}"# }.joined(separator: ",") + "]"
        #expect(throws: CodecError.self) { try paths(many) }
    }
}
