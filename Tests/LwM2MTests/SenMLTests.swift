import Testing

@testable import LwM2M

/// The example client's device (LwM2M Core 7.4.6).
private let deviceJSON = """
    [{"bn":"/3/0/","n":"0","vs":"Open Mobile Alliance"},{"n":"1","vs":"Lightweight M2M Client"},{"n":"2","vs":"345000123"},\
    {"n":"3","vs":"1.0"},{"n":"6/0","v":1},{"n":"6/1","v":5},{"n":"7/0","v":3800},{"n":"7/1","v":5000},{"n":"8/0","v":125},\
    {"n":"8/1","v":900},{"n":"9","v":100},{"n":"10","v":15},{"n":"11/0","v":0},{"n":"13","v":1367491215},\
    {"n":"14","vs":"+02:00"},{"n":"16","vs":"U"}]
    """

/// The same device in CBOR (LwM2M Core 7.4.7).
private let deviceCBOR = hex(
    """
    90 a3 21 65 2f 33 2f 30 2f 00 61 30 03 74 4f 70 65 6e 20 4d 6f 62 69 6c 65 20 41 6c 6c 69 61 6e 63 65 a2 00 61 31 03 76
    4c 69 67 68 74 77 65 69 67 68 74 20 4d 32 4d 20 43 6c 69 65 6e 74 a2 00 61 32 03 69 33 34 35 30 30 30 31 32 33 a2 00 61
    33 03 63 31 2e 30 a2 00 63 36 2f 30 02 01 a2 00 63 36 2f 31 02 05 a2 00 63 37 2f 30 02 19 0e d8 a2 00 63 37 2f 31 02 19
    13 88 a2 00 63 38 2f 30 02 18 7d a2 00 63 38 2f 31 02 19 03 84 a2 00 61 39 02 18 64 a2 00 62 31 30 02 0f a2 00 64 31 31
    2f 30 02 00 a2 00 62 31 33 02 1a 51 82 42 8f a2 00 62 31 34 03 66 2b 30 32 3a 30 30 a2 00 62 31 36 03 61 55
    """)

@Suite struct SenMLTests {
    private func json(
        _ text: String, _ path: Path = Path(7000, 0), _ definition: ObjectDefinition = everything
    ) throws -> DecodedContent {
        try Codec.decode(Array(text.utf8), 110, at: path, definition)
    }

    private func cbor(_ bytes: String, _ path: Path = Path(7000, 0)) throws -> DecodedContent {
        try Codec.decode(hex(bytes), 112, at: path, everything)
    }

    // MARK: The specification's examples

    @Test func deviceMatchesTheSpecification() throws {
        let path = Path(3, 0)
        // The specification's length includes its 15 line breaks.
        #expect(deviceJSON.utf8.count + 15 == 399)
        #expect(try Codec.encode([exampleDevice], .senMLJSON, at: path, .device) == Array(deviceJSON.utf8))
        #expect(try json(deviceJSON, path, .device) == DecodedContent([exampleDevice]))
        #expect(try Codec.encode([exampleDevice], .senMLCBOR, at: path, .device) == deviceCBOR)
        #expect(try Codec.decode(deviceCBOR, 112, at: path, .device) == DecodedContent([exampleDevice]))
    }

    @Test func otherLevelsAreEncoded() throws {
        func text(_ path: Path) throws -> String {
            String(decoding: try Codec.encode([exampleDevice], .senMLJSON, at: path, .device), as: UTF8.self)
        }
        #expect(try text(Path(3, 0, 0)) == #"[{"bn":"/3/0/0","vs":"Open Mobile Alliance"}]"#)
        #expect(try text(Path(3, 0, 6)) == #"[{"bn":"/3/0/6/","n":"0","v":1},{"n":"1","v":5}]"#)
        #expect(try text(Path(3, 0, 6, 1)) == #"[{"bn":"/3/0/6/1","v":5}]"#)
        #expect(try text(Path(3)).hasPrefix(#"[{"bn":"/3/","n":"0/0","vs":"Open"#))
        #expect(throws: CodecError.absent(Path(3, 0, 6, 9))) { try text(Path(3, 0, 6, 9)) }
    }

    @Test func writeOfTheSpecificationIsRead() throws {
        let definition = ObjectDefinition(
            id: 34, name: "34", version: "1.0", multiple: true, mandatory: false,
            resources: [ResourceDefinition(1, "Colours", .readWrite, .string, multiple: true)])
        #expect(
            try json(
                #"[ { "n": "/34/0/1/1", "vs":"Yellow" }, { "n": "/34/0/1/3", "vs":"Blue" }]"#, Path(34, 0, 1),
                definition)
                == DecodedContent([InstanceContent(0, [1: .multiple([1: .string("Yellow"), 3: .string("Blue")])])]))
    }

    // MARK: Base fields (RFC 8428, sections 4.1 and 4.6)

    @Test func baseNamesApplyUntilTheNext() throws {
        let content = try json(
            #"[{"bn":"/7000/0/","n":"0","vs":"a"},{"n":"1","v":2},{"bn":"/7000/0/300","n":"/7","v":3},{"bn":"","n":"/7000/0/4","vb":true}]"#
        )
        #expect(
            content
                == DecodedContent([
                    InstanceContent(
                        0,
                        [
                            0: .single(.string("a")), 1: .single(.integer(2)), 300: .multiple([7: .integer(3)]),
                            4: .single(.boolean(true)),
                        ])
                ]))
    }

    @Test func baseValuesAreAdded() throws {
        let content = try json(
            #"[{"bn":"/7000/0/","bv":9007199254740993},{"n":"1","v":1},{"n":"2","v":0},{"n":"3","v":0.5,"bv":20},{"n":"0","vs":"x"}]"#
        )
        #expect(
            content.instances.first?.resources
                == [
                    1: .single(.integer(9_007_199_254_740_994)), 2: .single(.unsignedInteger(9_007_199_254_740_993)),
                    3: .single(.float(20.5)), 0: .single(.string("x")),
                ])
    }

    @Test func timesUnitsSumsAndUnknownFieldsAreTolerated() throws {
        let content = try json(
            #"[{"bver":10,"bt":1.5e9,"bu":"A","bn":"/7000/0/","n":"1","v":5,"t":-5,"u":"V","ut":60,"s":1,"bs":2,"x":[{}],"l":"[]"}]"#
        )
        #expect(content == DecodedContent([InstanceContent(0, [1: .single(.integer(5))])]))
    }

    @Test func bothRepresentationsEncodeEveryValue() throws {
        for (id, value) in edges {
            let path = Path(7000, 0, id)
            let content = [InstanceContent(0, [id: .single(value)])]
            for format in [ContentFormat.senMLJSON, .senMLCBOR] {
                let bytes = try Codec.encode(content, format, at: path, everything)
                #expect(
                    try Codec.decode(bytes, format.rawValue, at: path, everything) == DecodedContent(content),
                    "\(value) in \(format)")
            }
        }
    }

    @Test func createMayNameItsInstance() throws {
        #expect(
            try json(#"[{"bn":"/7000/","n":"5/1","v":1},{"n":"5/0","vs":"x"}]"#, Path(7000))
                == DecodedContent([InstanceContent(5, [1: .single(.integer(1)), 0: .single(.string("x"))])]))
        #expect(try json("[]", Path(7000)) == DecodedContent([InstanceContent(nil)]))
        #expect(try cbor("80", Path(7000)) == DecodedContent([InstanceContent(nil)]))
    }

    @Test func anEmptyArrayEmptiesAMultipleResource() throws {
        #expect(try json("[]", Path(7000, 0, 20)) == DecodedContent([InstanceContent(0, [20: .multiple([:])])]))
        #expect(throws: CodecError.self) { try json("[]", Path(7000, 0, 1)) }
    }

    @Test func unknownResourcesAreReported() throws {
        #expect(
            try json(#"[{"n":"/7000/0/99","v":1},{"n":"/7000/0/98/3","vs":"x"}]"#)
                == DecodedContent([InstanceContent(0)], unknownResources: [98, 99]))
    }

    // MARK: Hostile input

    @Test(arguments: [
        "", "{}", "[1]", "[[]]", "[{}]", #"[{"n":"/7000/0/1"}]"#, #"[{"v":1}]"#, #"[{"n":"1","v":1}]"#,
        #"[{"n":"/7000/0/1","v":1,"vs":"x"}]"#, #"[{"n":"/7000/0/1","v":1},{"n":"/7000/0/1","v":2}]"#,
        #"[{"n":"/7000/0/300/1","v":1},{"n":"/7000/0/300/1","v":2}]"#, #"[{"n":"/7000/1/1","v":1}]"#,
        #"[{"n":"/3/0/1","vs":"x"}]"#,
        #"[{"n":"/7000/0","v":1}]"#, #"[{"n":"/7000/0/1/0/0","v":1}]"#, #"[{"n":"/7000/0/01","v":1}]"#,
        #"[{"n":"/7000/0/65535","v":1}]"#,
        #"[{"n":"//7000/0/1","v":1}]"#, #"[{"n":"/7000/0/1/","v":1}]"#, #"[{"n":5,"v":1}]"#,
        #"[{"bn":5,"n":"/7000/0/1","v":1}]"#,
        #"[{"n":"/7000/0/1","v":"1"}]"#, #"[{"n":"/7000/0/1","v":null}]"#, #"[{"n":"/7000/0/1","v":[1]}]"#,
        #"[{"n":"/7000/0/1","v":1e999}]"#,
        #"[{"n":"/7000/0/1","v":1,"v":2}]"#, #"[{"n":"/7000/0/1","v":1,"q_":2}]"#,
        #"[{"bver":11,"n":"/7000/0/1","v":1}]"#,
        #"[{"n":"/7000/0/1","v":1,"t":"x"}]"#, #"[{"n":"/7000/0/5","vd":"A+=="}]"#, #"[{"n":"/7000/0/5","vd":"AQ=="}]"#,
        #"[{"n":"/7000/0/5","vd":"A"}]"#, #"[{"n":"/7000/0/1","v":1}"#, #"[{"n":"/7000/0/1","v":NaN}]"#,
    ])
    func malformedJSONIsRefused(text: String) {
        #expect(throws: CodecError.self) { try json(text) }
    }

    @Test(
        arguments: [
            (#"[{"n":"/7000/0/1","vs":"1"}]"#, 1), (#"[{"n":"/7000/0/1","v":1.5}]"#, 1),
            (#"[{"n":"/7000/0/1","v":9223372036854775808}]"#, 1),
            (#"[{"n":"/7000/0/2","v":-1}]"#, 2), (#"[{"n":"/7000/0/4","v":1}]"#, 4), (#"[{"n":"/7000/0/0","v":1}]"#, 0),
            (#"[{"n":"/7000/0/5","vs":"AQ"}]"#, 5), (#"[{"n":"/7000/0/7","vs":"3:0"}]"#, 7),
            (#"[{"n":"/7000/0/7","vlo":"3"}]"#, 7),
            (#"[{"n":"/7000/0/1/0","v":1}]"#, 1), (#"[{"n":"/7000/0/20","vs":"x"}]"#, 20),
            (#"[{"bv":1e308,"n":"/7000/0/3","v":1.7e308}]"#, 3),
            (#"[{"bv":9223372036854775807,"n":"/7000/0/1","v":1}]"#, 1),
        ] as [(String, UInt16)])
    func valuesOfAWrongTypeAreRefused(text: String, resource: UInt16) {
        do {
            _ = try json(text)
            Issue.record("accepted: \(text)")
        } catch CodecError.type(let refused, _) {
            #expect(refused == resource)
        } catch {
            Issue.record("\(text): \(error)")
        }
    }

    @Test func nullLinkMatchesTheSpecification() throws {
        #expect(
            try json(#"[{"n":"/7000/0/7","vlo":"FFFF:FFFF"}]"#)
                == DecodedContent([InstanceContent(0, [7: .single(.objectLink(ObjectLink(.max, .max)))])]))
    }

    @Test(arguments: [
        "", "a0", "8101", "81a0", "81a10063617a7a", "81a2006a2f373030302f302f3102f97e00",
        "81a2006a2f373030302f302f3102f7",
        "81a2006a2f373030302f302f310261 31", "81a3006a2f373030302f302f3102010301", "81a2006a2f373030302f302f310201ff",
        "81a261 6e6a2f373030302f302f310201", "81a300 6a2f373030302f302f310201 62715f 01",
        "81a3200b 006a2f373030302f302f310201",
        "81a2006a2f373030302f302f3508 62 4151", "9f", "81bf006a2f373030302f302f3102",
    ])
    func malformedCBORIsRefused(bytes: String) {
        #expect(throws: CodecError.self) { try cbor(bytes) }
    }

    @Test func indefiniteLengthsAreRead() throws {
        #expect(
            try cbor("9f bf 00 7f 65 2f37303030 64 2f302f31 ff 02 05 ff ff")
                == DecodedContent([InstanceContent(0, [1: .single(.integer(5))])]))
    }

    @Test func recordsAreLimited() {
        let many = "[" + (0..<5000).map { #"{"n":"/7000/0/300/\#($0)","v":1}"# }.joined(separator: ",") + "]"
        #expect(throws: CodecError.self) { try json(many) }
    }
}
