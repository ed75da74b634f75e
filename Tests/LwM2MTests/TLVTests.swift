import Testing

@testable import LwM2M

/// The bytes of LwM2M Core 7.4.5, with the letter that is missing in its "Lightweight".
private let deviceBytes = hex(
    """
    C8 00 14 4F 70 65 6E 20 4D 6F 62 69 6C 65 20 41 6C 6C 69 61 6E 63 65
    C8 01 16 4C 69 67 68 74 77 65 69 67 68 74 20 4D 32 4D 20 43 6C 69 65 6E 74
    C8 02 09 33 34 35 30 30 30 31 32 33 C3 03 31 2E 30 86 06 41 00 01 41 01 05
    88 07 08 42 00 0E D8 42 01 13 88 87 08 41 00 7D 42 01 03 84 C1 09 64 C1 0A 0F
    83 0B 41 00 00 C4 0D 51 82 42 8F C6 0E 2B 30 32 3A 30 30 C1 10 55
    """)

private let accessControl = ObjectDefinition(
    id: 2, name: "Access Control", version: "1.0", multiple: true, mandatory: false,
    resources: [
        ResourceDefinition(0, "Object ID", .read, .integer),
        ResourceDefinition(1, "Object Instance ID", .read, .integer),
        ResourceDefinition(2, "ACL", .readWrite, .integer, multiple: true),
        ResourceDefinition(3, "Access Control Owner", .readWrite, .integer),
    ])

private let links65 = ObjectDefinition(
    id: 65, name: "65", version: "1.0", multiple: true, mandatory: false,
    resources: [
        ResourceDefinition(0, "Res 0", .readWrite, .objectLink, multiple: true),
        ResourceDefinition(1, "Res 1", .readWrite, .string), ResourceDefinition(2, "Res 2", .readWrite, .integer),
    ])

private let links66 = ObjectDefinition(
    id: 66, name: "66", version: "1.0", multiple: true, mandatory: false,
    resources: [
        ResourceDefinition(0, "Res 0", .readWrite, .string), ResourceDefinition(1, "Res 1", .readWrite, .string),
        ResourceDefinition(2, "Res 2", .readWrite, .objectLink),
    ])

@Suite struct TLVTests {
    private func decode(_ bytes: [UInt8], _ path: Path, _ definition: ObjectDefinition = everything) throws
        -> DecodedContent
    {
        try Codec.decode(bytes, 11542, at: path, definition)
    }

    // MARK: The specification's examples

    @Test func deviceMatchesTheSpecification() throws {
        #expect(deviceBytes.count == 121)
        #expect(try Codec.encode([exampleDevice], .tlv, at: Path(3, 0), .device) == deviceBytes)
        #expect(try decode(deviceBytes, Path(3, 0), .device) == DecodedContent([exampleDevice]))
    }

    @Test func deviceAsAnObjectMatchesTheSpecification() throws {
        let wrapped = hex("08 00 79") + deviceBytes
        #expect(try Codec.encode([exampleDevice], .tlv, at: Path(3), .device) == wrapped)
        #expect(try decode(wrapped, Path(3), .device) == DecodedContent([exampleDevice]))
        // If the path has an instance, the instance's element is optional.
        #expect(try decode(wrapped, Path(3, 0), .device) == DecodedContent([exampleDevice]))
    }

    @Test func twoInstancesMatchTheSpecification() throws {
        let bytes = hex(
            "08 00 0E C1 00 01 C1 01 00 83 02 41 7F 07 C1 03 7F 08 02 12 C1 00 03 C1 01 00 87 02 41 7F 07 61 01 36 01 C1 03 7F"
        )
        let content = [
            InstanceContent(
                0,
                [
                    0: .single(.integer(1)), 1: .single(.integer(0)), 2: .multiple([127: .integer(7)]),
                    3: .single(.integer(127)),
                ]),
            InstanceContent(
                2,
                [
                    0: .single(.integer(3)), 1: .single(.integer(0)),
                    2: .multiple([127: .integer(7), 310: .integer(1)]),
                    3: .single(.integer(127)),
                ]),
        ]
        #expect(try Codec.encode(content, .tlv, at: Path(2), accessControl) == bytes)
        #expect(try decode(bytes, Path(2), accessControl) == DecodedContent(content))
    }

    @Test func serverMatchesTheSpecification() throws {
        // The specification has the length 0D, but its elements have 15 bytes.
        let bytes = hex("08 00 0F C1 00 01 C4 01 00 01 51 80 C1 06 01 C1 07 55")
        let content = InstanceContent(
            0,
            [
                0: .single(.integer(1)), 1: .single(.integer(86400)), 6: .single(.boolean(true)),
                7: .single(.string("U")),
            ])
        #expect(try Codec.encode([content], .tlv, at: Path(1), .server) == bytes)
        #expect(try decode(bytes, Path(1), .server) == DecodedContent([content]))
    }

    @Test func objectLinksMatchTheSpecification() throws {
        let first = hex(
            """
            88 00 0C 44 00 00 42 00 00 44 01 00 42 00 01
            C8 01 0D 38 36 31 33 38 30 30 37 35 35 35 30 30 C4 02 12 34 56 78
            """)
        let content = InstanceContent(
            0,
            [
                0: .multiple([0: .objectLink(ObjectLink(66, 0)), 1: .objectLink(ObjectLink(66, 1))]),
                1: .single(.string("8613800755500")), 2: .single(.integer(0x1234_5678)),
            ])
        #expect(try Codec.encode([content], .tlv, at: Path(65, 0), links65) == first)
        #expect(try decode(first, Path(65, 0), links65) == DecodedContent([content]))

        // The specification has the lengths 23, but its elements have 38 bytes.
        let second = hex(
            """
            08 00 26 C8 00 0B 6D 79 53 65 72 76 69 63 65 20 31 C8 01 0F 49 6E 74 65 72 6E 65 74 2E 31 35 2E 32 33 34
            C4 02 00 43 00 00
            08 01 26 C8 00 0B 6D 79 53 65 72 76 69 63 65 20 32 C8 01 0F 49 6E 74 65 72 6E 65 74 2E 31 35 2E 32 33 35
            C4 02 FF FF FF FF
            """)
        let instances = [
            InstanceContent(
                0,
                [
                    0: .single(.string("myService 1")), 1: .single(.string("Internet.15.234")),
                    2: .single(.objectLink(ObjectLink(67, 0))),
                ]),
            InstanceContent(
                1,
                [
                    0: .single(.string("myService 2")), 1: .single(.string("Internet.15.235")),
                    2: .single(.objectLink(ObjectLink(.max, .max))),
                ]),
        ]
        #expect(try Codec.encode(instances, .tlv, at: Path(66), links66) == second)
        #expect(try decode(second, Path(66), links66) == DecodedContent(instances))
    }

    // MARK: Levels

    @Test func resourcesAndResourceInstancesCanBePayloads() throws {
        #expect(try Codec.encode([exampleDevice], .tlv, at: Path(3, 0, 9), .device) == hex("C1 09 64"))
        #expect(try Codec.encode([exampleDevice], .tlv, at: Path(3, 0, 6), .device) == hex("86 06 41 00 01 41 01 05"))
        #expect(try Codec.encode([exampleDevice], .tlv, at: Path(3, 0, 6, 1), .device) == hex("41 01 05"))
        let both = DecodedContent([InstanceContent(0, [6: .multiple([0: .integer(1), 1: .integer(5)])])])
        #expect(try decode(hex("86 06 41 00 01 41 01 05"), Path(3, 0, 6), .device) == both)
        #expect(try decode(hex("41 00 01 41 01 05"), Path(3, 0, 6), .device) == both)
        #expect(try decode(hex("08 00 08 86 06 41 00 01 41 01 05"), Path(3, 0, 6), .device) == both)
        let one = DecodedContent([InstanceContent(0, [6: .multiple([1: .integer(5)])])])
        #expect(try decode(hex("41 01 05"), Path(3, 0, 6, 1), .device) == one)
        #expect(try decode(hex("83 06 41 01 05"), Path(3, 0, 6, 1), .device) == one)
    }

    @Test func emptyMultipleResourcesHaveAnElement() throws {
        let content = [InstanceContent(1, [20: .multiple([:])])]
        #expect(try Codec.encode(content, .tlv, at: Path(7000, 1, 20), everything) == hex("80 14"))
        #expect(try decode(hex("80 14"), Path(7000, 1, 20)) == DecodedContent(content))
        #expect(try decode([], Path(7000, 1, 20)) == DecodedContent(content))
    }

    @Test func createMayOmitTheIdentifier() throws {
        #expect(
            try decode(hex("C1 01 05"), Path(7000)) == DecodedContent([InstanceContent(nil, [1: .single(.integer(5))])])
        )
        #expect(try decode([], Path(7000)) == DecodedContent([InstanceContent(nil)]))
        #expect(try decode(hex("00 07"), Path(7000)) == DecodedContent([InstanceContent(7)]))
        #expect(
            try decode(hex("03 07 C1 01 05"), Path(7000))
                == DecodedContent([InstanceContent(7, [1: .single(.integer(5))])]))
    }

    @Test func unknownResourcesAreSkippedAndReported() throws {
        let content = try decode(hex("C1 01 05 C3 63 01 02 03 E1 10 00 01"), Path(7000, 0))
        #expect(
            content == DecodedContent([InstanceContent(0, [1: .single(.integer(5))])], unknownResources: [99, 4096]))
        #expect(
            try decode(hex("C1 63 05"), Path(7000, 0, 99))
                == DecodedContent([InstanceContent(0)], unknownResources: [99]))
    }

    @Test func everyValueIsReadBack() throws {
        for (id, value) in edges {
            let content = [InstanceContent(3, [id: .single(value)])]
            let bytes = try Codec.encode(content, .tlv, at: Path(7000, 3), everything)
            #expect(try decode(bytes, Path(7000, 3)) == DecodedContent(content), "\(value)")
        }
    }

    @Test func lengthsAndIdentifiersUseTheFewestBytes() throws {
        for (count, head) in [
            (7, "C7 05"), (8, "C8 05 08"), (255, "C8 05 FF"), (256, "D0 05 01 00"), (65536, "D8 05 01 00 00"),
        ] {
            let content = [InstanceContent(0, [5: .single(.opaque([UInt8](repeating: 1, count: count)))])]
            let bytes = try Codec.encode(content, .tlv, at: Path(7000, 0, 5), everything)
            #expect(Array(bytes.dropLast(count)) == hex(head))
            #expect(try decode(bytes, Path(7000, 0, 5)) == DecodedContent(content))
        }
        let wide = [InstanceContent(0, [300: .multiple([256: .integer(1)])])]
        #expect(try Codec.encode(wide, .tlv, at: Path(7000, 0), everything) == hex("A4 01 2C 61 01 00 01"))
    }

    // MARK: Hostile input

    @Test(arguments: [
        "C1", "C1 01", "C8 01", "C8 01 05", "C8 01 05 01", "D0 01 00", "D8 01 FF FF FF 00", "E1 01",
        "08 00 05 C1 01 05",
        "C1 01 05 C1 01 06", "84 14 41 00 61 41", "86 14 41 00 61 41 00 62", "C1 01 05 08 00 00", "08 01 03 C1 01 05",
        "41 00 01", "81 14 00", "83 14 C1 00 61", "E1 FF FF 05",
    ])
    func malformedBytesAreRefused(bytes: String) {
        #expect(throws: CodecError.self) { try decode(hex(bytes), Path(7000, 0)) }
    }

    @Test(arguments: [
        ("C0 01", 1), ("C3 01 01 02 03", 1), ("C1 04 02", 4), ("C0 04", 4), ("C2 04 00 01", 4), ("C2 03 00 00", 3),
        ("C4 03 7F 80 00 00", 3), ("C4 03 7F C0 00 01", 3), ("C8 03 08 FF F0 00 00 00 00 00 00", 3), ("C2 00 C0 AF", 0),
        ("C3 07 00 00 00", 7), ("83 01 41 00 01", 1), ("C1 14 61", 20),
    ])
    func valuesOfAWrongTypeAreRefused(bytes: String, resource: UInt16) {
        do {
            _ = try decode(hex(bytes), Path(7000, 0))
            Issue.record("accepted: \(bytes)")
        } catch CodecError.type(let refused, _) {
            #expect(refused == resource)
        } catch {
            Issue.record("\(bytes): \(error)")
        }
    }

    @Test func contentOutsideOfThePathIsRefused() {
        for (bytes, path) in [
            ("C1 02 05", Path(7000, 0, 1)), ("C1 01 05 C1 02 05", Path(7000, 0, 1)),
            ("41 01 05", Path(7000, 0, 300, 2)),
            ("41 01 05 41 02 05", Path(7000, 0, 300, 2)), ("C1 01 05", Path(7000, 0, 300, 2)), ("", Path(7000, 0, 1)),
            ("", Path(7000, 0, 300, 2)), ("08 02 03 C1 01 05", Path(7000, 0, 1)), ("41 00 05", Path(7000, 0, 1)),
        ] {
            #expect(throws: CodecError.self, "\(bytes) at \(path)") { try decode(hex(bytes), path) }
        }
    }

    @Test func executablesHaveNoValue() {
        #expect(throws: CodecError.executable(resource: 9)) { try decode(hex("C1 09 05"), Path(7000, 0)) }
    }

    @Test func numberOfElementsIsLimited() {
        let many = [UInt8]((0..<5000).flatMap { _ in hex("C0 63") })
        #expect(throws: CodecError.self) { try decode(many, Path(7000, 0)) }
    }
}
