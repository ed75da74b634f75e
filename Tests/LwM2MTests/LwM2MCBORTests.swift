import Testing

@testable import LwM2M

@Suite struct LwM2MCBORTests {
    private func decode(_ bytes: String, _ path: Path = Path(7000, 0)) throws -> DecodedContent {
        try Codec.decode(hex(bytes), 11544, at: path, everything)
    }

    private func encode(_ content: [InstanceContent], _ path: Path) throws -> [UInt8] {
        try Codec.encode(content, .lwm2mCBOR, at: path, everything)
    }

    /// LwM2M Core 1.2, 7.4.4.4: a Read of object 1, whose first instance is this map.
    @Test func aServerInstanceMatchesTheSpecification() throws {
        let instance = "a7 00 1865 01 1a00015180 02 19012c 03 191770 05 1a00015180 06 f5 07 6155"
        let definition = ObjectDefinition(
            id: 1, name: "LwM2M Server", version: "1.1", multiple: true, mandatory: true,
            resources: ObjectDefinition.server.resources
                + [ResourceDefinition(5, "Disable Timeout", .readWrite, .integer)])
        let content = InstanceContent(
            0,
            [
                0: .single(.integer(101)), 1: .single(.integer(86400)), 2: .single(.integer(300)),
                3: .single(.integer(6000)), 5: .single(.integer(86400)), 6: .single(.boolean(true)),
                7: .single(.string("U")),
            ])
        let bytes = hex("a1 01 a1 00" + instance)
        #expect(try Codec.encode([content], .lwm2mCBOR, at: Path(1), definition) == bytes)
        #expect(try Codec.decode(bytes, 11544, at: Path(1), definition) == DecodedContent([content]))
        #expect(try Codec.encode([content], .lwm2mCBOR, at: Path(1, 0), definition) == hex("a1 82 01 00" + instance))
    }

    /// LwM2M Core 1.2, 7.4.4: Reads of the example client's Device. Of the first one the specification gives a longer form too.
    @Test(arguments: [
        (Path(3, 0, 0), "a1 83 03 00 00 74 4f70656e204d6f62696c6520416c6c69616e6365", true),
        (Path(3, 0, 0), "a1 03 a1 00 a1 00 74 4f70656e204d6f62696c6520416c6c69616e6365", false),
        (Path(3, 0, 6), "a1 83 03 00 06 a2 00 01 01 05", true),
        (
            Path(3, 0),
            """
            a1 82 03 00 ad 00 74 4f70656e204d6f62696c6520416c6c69616e6365 01 76 4c69676874776569676874204d324d20436c69656e74
            02 69 333435303030313233 03 63 312e30 06 a2 00 01 01 05 07 a2 00 190ed8 01 191388 08 a2 00 187d 01 190384
            09 1864 0a 0f 0b a1 00 00 0d 1a5182428f 0e 66 2b30323a3030 10 61 55
            """, true
        ),
    ])
    func theDeviceMatchesTheSpecification(path: Path, text: String, isOurs: Bool) throws {
        let content = InstanceContent(
            0, exampleDevice.resources.filter { path.resource == nil || $0.key == path.resource })
        #expect(
            try Codec.decode(hex(text), 11544, at: path, .device, .v12) == DecodedContent([content]))
        if isOurs { #expect(try Codec.encode([content], .lwm2mCBOR, at: path, .device, .v12) == hex(text)) }
    }

    @Test func everyLevelIsEncoded() throws {
        let content = [
            InstanceContent(0, [1: .single(.integer(42)), 300: .multiple([2: .integer(5), 7: .integer(6)])])
        ]
        for (path, bytes) in [
            (Path(7000), "a1 191b58 a1 00 a2 01 182a 19012c a2 02 05 07 06"),
            (Path(7000, 0), "a1 82 191b58 00 a2 01 182a 19012c a2 02 05 07 06"),
            (Path(7000, 0, 1), "a1 83 191b58 00 01 182a"),
            (Path(7000, 0, 300), "a1 83 191b58 00 19012c a2 02 05 07 06"),
            (Path(7000, 0, 300, 7), "a1 84 191b58 00 19012c 07 06"),
        ] {
            #expect(try encode(content, path) == hex(bytes), "\(path)")
        }
        #expect(throws: CodecError.absent(Path(7000, 0, 300, 9))) { try encode(content, Path(7000, 0, 300, 9)) }
        #expect(try encode([InstanceContent(0)], Path(7000, 0)) == hex("a1 82 191b58 00 a0"))
        #expect(try encode([], Path(7000)) == hex("a1 191b58 a0"))
    }

    /// Keys may be split in any way (LwM2M Core 1.2, 7.4.4). Also with indefinite lengths.
    @Test(arguments: [
        "a1 191b58 a1 00 a2 01 05 02 06", "a1 82 191b58 00 a2 01 05 02 06",
        "a2 83 191b58 00 01 05 83 191b58 00 02 06",
        "a2 82 191b58 00 a1 01 05 83 191b58 00 02 06", "a1 81 191b58 a1 81 00 a2 81 01 05 81 02 06",
        "a1 191b58 a2 82 00 01 05 00 a1 02 06", "bf 9f 191b58 ff bf 9f 00 ff bf 01 05 02 06 ff ff ff",
        // Below the request's path.
        "a2 01 05 02 06", "a2 81 01 05 02 06",
    ])
    func keysAreSplitInAnyWay(bytes: String) throws {
        #expect(
            try decode(bytes)
                == DecodedContent([InstanceContent(0, [1: .single(.integer(5)), 2: .single(.unsignedInteger(6))])]))
    }

    @Test func theKeysOfACreateNameItsInstance() throws {
        let content = DecodedContent([InstanceContent(5, [1: .single(.integer(1)), 0: .single(.string("x"))])])
        #expect(try decode("a1 191b58 a1 05 a2 01 01 00 6178", Path(7000)) == content)
        #expect(try decode("a1 05 a2 01 01 00 6178", Path(7000)) == content)
        #expect(try decode("a0", Path(7000)) == DecodedContent([InstanceContent(nil)]))
    }

    @Test func anEmptyMapEmptiesAMultipleResource() throws {
        let empty = DecodedContent([InstanceContent(0, [20: .multiple([:])])])
        #expect(try decode("a0", Path(7000, 0, 20)) == empty)
        #expect(try decode("a1 83 191b58 00 14 a0", Path(7000, 0, 20)) == empty)
        #expect(throws: CodecError.self) { try decode("a0", Path(7000, 0, 1)) }
    }

    @Test func valuesHaveTheTypesOfCBOR() throws {
        #expect(
            try decode("a1 83 191b58 00 03 c4 82 20 182d")
                == DecodedContent([InstanceContent(0, [3: .single(.float(4.5))])]))
        #expect(
            try decode("a1 84 191b58 00 19012c 02 c4 82 01 04")
                == DecodedContent([InstanceContent(0, [300: .multiple([2: .integer(40)])])]))
        #expect(
            try decode("a1 83 191b58 00 07 65 31323a3334")
                == DecodedContent([InstanceContent(0, [7: .single(.objectLink(ObjectLink(12, 34)))])]))
        for (id, value) in edges {
            let path = Path(7000, 0, id)
            let content = [InstanceContent(0, [id: .single(value)])]
            #expect(
                try Codec.decode(encode(content, path), 11544, at: path, everything) == DecodedContent(content),
                "\(value)"
            )
        }
    }

    @Test func unknownResourcesAreReported() throws {
        // The object's identifier alone is no resource, so that it is read as one below the path.
        for bytes in ["a1 82 191b58 00 05", "a1 191b58 05"] {
            #expect(try decode(bytes) == DecodedContent([InstanceContent(0)], unknownResources: [7000]))
        }
        #expect(
            try decode("a1 82 191b58 00 a2 1863 01 1862 a1 03 6178")
                == DecodedContent([InstanceContent(0)], unknownResources: [98, 99]))
    }

    // MARK: Hostile input

    @Test(arguments: [
        "", "00", "80", "81a0", "f6", "6161", "c1a0",
        // Truncated, too deep, too long.
        "a1", "a1 191b58", "a1 191b58 a1 00", "a1 82 191b58", "bf 01 05", "a1 85 191b58 00 19012c 01 02 05",
        "a1 191b58 a1 00 a1 19012c a1 01 a1 02 05", "a1 84 191b58 00 19012c 01 a1 02 05",
        "a1 01 a1 01 a1 01 a1 01 a1 01 a1 01 a1 01 a1 01 05",
        // Keys that are no identifiers.
        "a1 20 05", "a1 6131 05", "a1 fb3fd0a3d70a3d70a4 05", "a1 19ffff 05", "a1 1a00010000 05", "a1 80 05",
        "a1 f6 05",
        "a1 82 191b58 80 a1 01 05", "a1 82 191b58 6130 a1 01 05", "a1 a1 01 02 05",
        // Twice, in one map or in two spellings.
        "a2 01 05 01 06", "a2 83 191b58 00 01 05 82 191b58 00 a1 01 06", "a2 01 05 81 01 06",
        // Outside of the path, or not a resource.
        "a1 83 191b58 01 01 05", "a1 83 03 00 01 05",
        // Values of other types.
        "a1 01 f6", "a1 01 f7", "a1 01 80", "a1 01 f93e00", "a1 01 6135", "a1 00 05", "a1 04 01", "a1 05 6141",
        "a1 02 20",
        "a1 07 6133", "a1 09 00", "a1 19012c 05", "a1 01 a1 00 05", "a1 01 1bffffffffffffffff",
        // Bytes after the end.
        "a1 01 05 00",
    ])
    func malformedPayloadsAreRefused(bytes: String) {
        #expect(throws: CodecError.self) { try decode(bytes) }
    }

    @Test func valuesAreLimited() {
        let many = CBOR.map([
            .init(.array([.unsigned(7000), .unsigned(0), .unsigned(300)]), CBOR.map(pairs(3000))),
            .init(.array([.unsigned(7000), .unsigned(0), .unsigned(301)]), CBOR.map(pairs(3000))),
        ])
        #expect(throws: CodecError.self) { try Codec.decode(many.encode(), 11544, at: Path(7000, 0), everything) }
    }

    private func pairs(_ count: UInt64) -> [CBOR.Pair] { (0..<count).map { .init(.unsigned($0), .unsigned(1)) } }

    @Test func everyTruncationIsRefused() throws {
        let bytes = try Codec.encode([exampleDevice], .lwm2mCBOR, at: Path(3, 0), .device)
        #expect(try Codec.decode(bytes, 11544, at: Path(3, 0), .device) == DecodedContent([exampleDevice]))
        for length in bytes.indices {
            #expect(throws: CodecError.self) {
                try Codec.decode(Array(bytes[..<length]), 11544, at: Path(3, 0), .device)
            }
        }
    }
}
