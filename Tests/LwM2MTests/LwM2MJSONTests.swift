import Testing

@testable import LwM2M

/// The example client's device (LwM2M 1.0, 6.4.4.1).
private let deviceJSON = """
    {"bn":"/3/0/","e":[{"n":"0","sv":"Open Mobile Alliance"},{"n":"1","sv":"Lightweight M2M Client"},\
    {"n":"2","sv":"345000123"},{"n":"3","sv":"1.0"},{"n":"6/0","v":1},{"n":"6/1","v":5},{"n":"7/0","v":3800},\
    {"n":"7/1","v":5000},{"n":"8/0","v":125},{"n":"8/1","v":900},{"n":"9","v":100},{"n":"10","v":15},{"n":"11/0","v":0},\
    {"n":"13","v":1367491215},{"n":"14","sv":"+02:00"},{"n":"16","sv":"U"}]}
    """

@Suite struct LwM2MJSONTests {
    private func decode(
        _ text: String, _ path: Path = Path(7000, 0), _ definition: ObjectDefinition = everything
    ) throws -> DecodedContent {
        try Codec.decode(Array(text.utf8), 11543, at: path, definition)
    }

    private func encode(_ content: InstanceContent, _ path: Path) throws -> String {
        String(decoding: try Codec.encode([content], .lwm2mJSON, at: path, everything), as: UTF8.self)
    }

    // MARK: The specification's examples

    @Test func deviceMatchesTheSpecification() throws {
        #expect(try Codec.encode([exampleDevice], .lwm2mJSON, at: Path(3, 0), .device) == Array(deviceJSON.utf8))
        #expect(try decode(deviceJSON, Path(3, 0), .device) == DecodedContent([exampleDevice]))
    }

    /// LwM2M 1.0, 6.4.4.2: a notification with historical values, the time relative to the base time.
    @Test func historicalValuesMatchTheSpecification() throws {
        let text = """
            {"e":[{"n":"1/2","v":22.4,"t":-5},{"n":"1/2","v":22.9,"t":-30},{"n":"1/2","v":24.1,"t":-50}],
             "bn":"/72/","bt":25462634}
            """
        let definition = ObjectDefinition(
            id: 72, name: "72", version: "1.0", multiple: true, mandatory: false,
            resources: [ResourceDefinition(2, "Temperature", .read, .float)])
        let decoder = CompositeDecoder(scope: Path(72)) { $0 == 72 ? definition : nil }
        let decoded = try SenMLCodec.decode(LwM2MJSON.decode(Array(text.utf8), at: Path(72)), into: decoder)
        let content = CompositeContent([
            .init(Path(72, 1, 2), .float(22.4), time: 25_462_629),
            .init(Path(72, 1, 2), .float(22.9), time: 25_462_604),
            .init(Path(72, 1, 2), .float(24.1), time: 25_462_584),
        ])
        #expect(decoded == DecodedComposite(content))
        #expect(
            String(decoding: LwM2MJSON.encode(try SenMLCodec.encode(content, at: Path(72))), as: UTF8.self)
                == #"{"bn":"/72/","e":[{"n":"1/2","v":22.4},{"n":"1/2","v":22.9,"t":-25},{"n":"1/2","v":24.1,"t":-45}],"bt":25462629}"#
        )
        // A Write has one value for each path.
        #expect(throws: CodecError.self) { try decode(text, Path(72, 1), definition) }
    }

    /// LwM2M 1.0, 6.4.4.3: object links are `ov`.
    @Test func objectLinksMatchTheSpecification() throws {
        let definition = ObjectDefinition(
            id: 65, name: "65", version: "1.0", multiple: true, mandatory: false,
            resources: [
                ResourceDefinition(0, "Links", .readWrite, .objectLink, multiple: true),
                ResourceDefinition(1, "Name", .readWrite, .string), ResourceDefinition(2, "Size", .readWrite, .integer),
            ])
        let text = """
            {"bn":"/65/0/","e":[{"n":"0/0","ov":"66:0"},{"n":"0/1","ov":"66:1"},{"n":"1","sv":"8613800755500"},{"n":"2","v":1}]}
            """
        let content = InstanceContent(
            0,
            [
                0: .multiple([0: .objectLink(ObjectLink(66, 0)), 1: .objectLink(ObjectLink(66, 1))]),
                1: .single(.string("8613800755500")), 2: .single(.integer(1)),
            ])
        #expect(try decode(text, Path(65, 0), definition) == DecodedContent([content]))
        #expect(try Codec.encode([content], .lwm2mJSON, at: Path(65, 0), definition) == Array(text.utf8))
    }

    // MARK: Names

    @Test func otherLevelsAreEncoded() throws {
        let content = InstanceContent(0, [0: .single(.string("a")), 300: .multiple([7: .integer(3)])])
        #expect(try encode(content, Path(7000, 0, 0)) == #"{"bn":"/7000/0/0","e":[{"sv":"a"}]}"#)
        #expect(try encode(content, Path(7000, 0, 300)) == #"{"bn":"/7000/0/300/","e":[{"n":"7","v":3}]}"#)
        #expect(try encode(content, Path(7000, 0, 300, 7)) == #"{"bn":"/7000/0/300/7","e":[{"v":3}]}"#)
        #expect(
            try encode(content, Path(7000)) == #"{"bn":"/7000/","e":[{"n":"0/0","sv":"a"},{"n":"0/300/7","v":3}]}"#)
        #expect(try encode(InstanceContent(0), Path(7000, 0)) == #"{"e":[]}"#)
    }

    @Test(arguments: [
        #"{"bn":"/7000/0/","e":[{"n":"1","v":5}]}"#, #"{"bn":"/7000/0","e":[{"n":"1","v":5}]}"#,
        #"{"bn":"/7000/0","e":[{"n":"/1","v":5}]}"#, #"{"bn":"/7000/0/1","e":[{"v":5}]}"#,
        #"{"bn":"/7000/0/1","e":[{"n":"","v":5}]}"#, #"{"bn":"/","e":[{"n":"7000/0/1","v":5}]}"#,
        #"{"e":[{"n":"1","v":5}]}"#, #"{"bn":"","e":[{"n":"1","v":5}]}"#, #"{"e":[{"n":"/7000/0/1","v":5}]}"#,
        #"{"ver":1,"e":[{"n":"1","v":5.0,"x":[{}]}],"bt":0}"#,
    ])
    func basesAndNamesAreJoined(text: String) throws {
        #expect(try decode(text) == DecodedContent([InstanceContent(0, [1: .single(.integer(5))])]))
    }

    @Test func everyValueIsEncodedAndDecoded() throws {
        for (id, value) in edges {
            let path = Path(7000, 0, id)
            let content = [InstanceContent(0, [id: .single(value)])]
            let bytes = try Codec.encode(content, .lwm2mJSON, at: path, everything)
            #expect(try Codec.decode(bytes, 11543, at: path, everything) == DecodedContent(content), "\(value)")
        }
        #expect(
            try encode(InstanceContent(0, [5: .single(.opaque([0xFB, 0xFF]))]), Path(7000, 0)).contains(#""sv":"+/8=""#)
        )
    }

    @Test func theNumbersOfOldServersAreTakenAndNotOffered() throws {
        let text = Array(#"{"bn":"/7000/0/","e":[{"n":"1","v":5}]}"#.utf8)
        let content = InstanceContent(0, [1: .single(.integer(5))])
        let path = Path(7000, 0)
        #expect(try Codec.decode(text, 1543, at: path, everything) == DecodedContent([content]))
        #expect(try Codec.decode(hex("c1 01 05"), 1542, at: path, everything) == DecodedContent([content]))
        for (number, payload) in [(1543, text), (1542, hex("c1 01 05"))] as [(UInt16, [UInt8])] {
            let format = try Codec.format(accept: number, at: path, everything)
            #expect(format.rawValue == number)
            #expect(try Codec.encode([content], format, at: path, everything) == payload)
            #expect(!EnablerVersion.newest.offeredFormats.contains(format))
        }
    }

    // MARK: Hostile input

    @Test(arguments: [
        "", "[]", "{}", #"{"e":{}}"#, #"{"e":[1]}"#, #"{"e":[{}]}"#, #"{"e":[{"n":"1"}]}"#, #"{"bn":1,"e":[]}"#,
        #"{"bn":["/7000/0/"],"e":[{"n":"1","v":5}]}"#, #"{"bt":"x","e":[{"n":"1","v":5}]}"#,
        #"{"bt":1e999,"e":[{"n":"1","v":5}]}"#, #"{"bt":1e308,"e":[{"n":"1","v":5,"t":1.7e308}]}"#,
        #"{"e":[{"n":"1","v":5,"t":"now"}]}"#, #"{"e":[{"n":1,"v":5}]}"#, #"{"e":[{"n":"1","v":"5"}]}"#,
        #"{"e":[{"n":"1","v":5,"bv":true}]}"#, #"{"e":[{"n":"1","v":5},{"n":"1","v":6}]}"#,
        #"{"e":[{"n":"1","v":5},{"n":"1","v":6,"t":-5}]}"#, #"{"e":[{"n":"1","v":5}],"e":[]}"#,
        #"{"bn":"/7000/1/","e":[{"n":"1","v":5}]}"#, #"{"bn":"/3/0/","e":[{"n":"1","v":5}]}"#,
        #"{"bn":"//","e":[{"n":"7000/0/1","v":5}]}"#, #"{"e":[{"n":"1/","v":5}]}"#, #"{"e":[{"n":"01","v":5}]}"#,
        #"{"e":[{"n":"65535","v":5}]}"#, #"{"e":[{"n":"300/1/0","v":5}]}"#, #"{"e":[{"n":"1","v":5}]"#,
        #"{"e":[{"n":"5","sv":"A+=="}]}"#, #"{"e":[{"n":"0","sv":7}]}"#, #"{"e":[{"n":"9","sv":""}]}"#,
        #"{"e":[{"n":"7","ov":"3"}]}"#, #"{"e":[{"n":"7","sv":"3:0"}]}"#, #"{"e":[{"n":"1/0","v":5}]}"#,
        #"{"e":[{"n":"300","v":5}]}"#, #"{"e":[{"n":"4","v":1}]}"#, #"{"e":[{"n":"1","v":1.5}]}"#,
        #"{"e":[{"n":"6","sv":"2020"}]}"#,
    ])
    func malformedPayloadsAreRefused(text: String) {
        #expect(throws: CodecError.self) { try decode(text) }
    }

    @Test func elementsAreLimited() {
        let many = "{\"e\":[" + (0..<5000).map { #"{"n":"300/\#($0)","v":1}"# }.joined(separator: ",") + "]}"
        #expect(throws: CodecError.self) { try decode(many) }
    }

    @Test func everyTruncationIsRefused() {
        let bytes = Array(deviceJSON.utf8)
        for length in bytes.indices {
            #expect(throws: CodecError.self) {
                try Codec.decode(Array(bytes[..<length]), 11543, at: Path(3, 0), .device)
            }
        }
    }
}
