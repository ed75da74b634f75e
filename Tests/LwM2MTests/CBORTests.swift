import Testing

@testable import LwM2M

@Suite struct CBORTests {
    /// RFC 8949, appendix A: items in preferred encoding are decoded and encoded.
    static let vectors: [(String, CBOR)] = [
        ("00", .unsigned(0)), ("01", .unsigned(1)), ("0a", .unsigned(10)), ("17", .unsigned(23)),
        ("1818", .unsigned(24)),
        ("1819", .unsigned(25)), ("1864", .unsigned(100)), ("1903e8", .unsigned(1000)),
        ("1a000f4240", .unsigned(1_000_000)),
        ("1b000000e8d4a51000", .unsigned(1_000_000_000_000)), ("1bffffffffffffffff", .unsigned(.max)),
        ("c249010000000000000000", .tagged(2, .bytes(hex("010000000000000000")))),
        ("3bffffffffffffffff", .negative(.max)),
        ("c349010000000000000000", .tagged(3, .bytes(hex("010000000000000000")))), ("20", .integer(-1)),
        ("29", .integer(-10)), ("3863", .integer(-100)), ("3903e7", .integer(-1000)), ("f90000", .float(0)),
        ("f98000", .float(-0.0)), ("f93c00", .float(1)), ("fb3ff199999999999a", .float(1.1)), ("f93e00", .float(1.5)),
        ("f97bff", .float(65504)), ("fa47c35000", .float(100_000)), ("fa7f7fffff", .float(3.4028234663852886e+38)),
        ("fb7e37e43c8800759c", .float(1.0e+300)), ("f90001", .float(5.960464477539063e-8)),
        ("f90400", .float(0.00006103515625)), ("f9c400", .float(-4)), ("fbc010666666666666", .float(-4.1)),
        ("f97c00", .float(.infinity)), ("f9fc00", .float(-.infinity)), ("f4", .simple(20)), ("f5", .simple(21)),
        ("f6", .simple(22)), ("f7", .simple(23)), ("f0", .simple(16)), ("f8ff", .simple(255)),
        ("c074323031332d30332d32315432303a30343a30305a", .tagged(0, .text("2013-03-21T20:04:00Z"))),
        ("c11a514b67b0", .tagged(1, .unsigned(1_363_896_240))),
        ("c1fb41d452d9ec200000", .tagged(1, .float(1363896240.5))),
        ("d74401020304", .tagged(23, .bytes([1, 2, 3, 4]))),
        ("d818456449455446", .tagged(24, .bytes(hex("6449455446")))),
        ("40", .bytes([])), ("4401020304", .bytes([1, 2, 3, 4])), ("60", .text("")), ("6161", .text("a")),
        ("6449455446", .text("IETF")), ("62225c", .text("\"\\")), ("62c3bc", .text("ü")), ("63e6b0b4", .text("水")),
        ("64f0908591", .text("𐅑")), ("80", .array([])),
        ("83010203", .array([.unsigned(1), .unsigned(2), .unsigned(3)])),
        (
            "8301820203820405",
            .array([.unsigned(1), .array([.unsigned(2), .unsigned(3)]), .array([.unsigned(4), .unsigned(5)])])
        ),
        ("a0", .map([])),
        ("a201020304", .map([.init(.unsigned(1), .unsigned(2)), .init(.unsigned(3), .unsigned(4))])),
        (
            "a26161016162820203",
            .map([.init(.text("a"), .unsigned(1)), .init(.text("b"), .array([.unsigned(2), .unsigned(3)]))])
        ),
        ("826161a161626163", .array([.text("a"), .map([.init(.text("b"), .text("c"))])])),
    ]

    @Test func preferredEncodingsAreReadAndWritten() throws {
        for (bytes, item) in Self.vectors {
            #expect(try CBOR.decode(hex(bytes)) == item, "\(bytes)")
            #expect(item.encode() == hex(bytes), "\(bytes)")
        }
        #expect(CBOR.float(-0.0).encode() == hex("f98000"))
        guard case .float(let number) = try CBOR.decode(hex("f97e00")) else {
            Issue.record("not a float")
            return
        }
        #expect(number.isNaN)
        #expect(CBOR.float(.nan).encode() == hex("f97e00"))
        let long = CBOR.array((1...25).map { .unsigned($0) })
        #expect(long.encode() == hex("98190102030405060708090a0b0c0d0e0f101112131415161718181819"))
        #expect(try CBOR.decode(long.encode()) == long)
    }

    /// Longer forms and indefinite lengths from the same appendix.
    @Test(arguments: [
        ("fa7f800000", CBOR.float(.infinity)), ("fb7ff0000000000000", .float(.infinity)),
        ("faff800000", .float(-.infinity)),
        ("5f42010243030405ff", .bytes([1, 2, 3, 4, 5])), ("7f657374726561646d696e67ff", .text("streaming")),
        ("9fff", .array([])),
        (
            "83018202039f0405ff",
            .array([.unsigned(1), .array([.unsigned(2), .unsigned(3)]), .array([.unsigned(4), .unsigned(5)])])
        ),
        (
            "9f018202039f0405ffff",
            .array([.unsigned(1), .array([.unsigned(2), .unsigned(3)]), .array([.unsigned(4), .unsigned(5)])])
        ),
        (
            "bf61610161629f0203ffff",
            .map([.init(.text("a"), .unsigned(1)), .init(.text("b"), .array([.unsigned(2), .unsigned(3)]))])
        ),
        ("826161bf61626163ff", .array([.text("a"), .map([.init(.text("b"), .text("c"))])])),
        ("bf6346756ef563416d7421ff", .map([.init(.text("Fun"), .bool(true)), .init(.text("Amt"), .integer(-2))])),
        ("5fff", .bytes([])), ("1800", .unsigned(0)), ("190001", .unsigned(1)),
    ])
    func otherEncodingsAreRead(bytes: String, item: CBOR) throws {
        #expect(try CBOR.decode(hex(bytes)) == item)
    }

    /// RFC 8949, appendix F, and similar items.
    @Test(arguments: [
        "", "18", "19", "1a", "1b", "1901", "1a0102", "1b01020304050607", "38", "58", "78", "98", "9a01ff00", "b8",
        "d8", "f8",
        "f900", "fa0000", "fb000000", "41", "61", "5affffffff00", "5bffffffffffffffff010203", "7affffffff00",
        "7b7fffffffffffffff010203", "81", "818181818181818181", "8200", "a1", "a20102", "a100", "a2000000", "c0", "c1",
        "5f4100",
        "7f6100", "9f", "9f0102", "bf", "bf01020102", "81 9f", "9f80009f80", "bf01", "5f00ff", "5f21ff", "5f6100ff",
        "5f80ff",
        "7f4100ff", "5f5f4100ffff", "7f7f6100ffff", "ff", "81ff", "8200ff", "a1ff", "a1ff00", "a100ff", "9f81ff",
        "bf00ff", "1c", "1d",
        "1e", "3c", "5c", "7d", "9e", "bc", "dd", "fc", "fd", "fe", "1f", "3f", "df", "f800", "f818", "f81f", "62c328",
        "61ff", "7f61c361bcff",
        "0000", "a2010201ff", "9bffffffffffffffff00", "bbffffffffffffffff0000",
    ])
    func malformedItemsAreRefused(bytes: String) {
        #expect(throws: CodecError.self) { try CBOR.decode(hex(bytes)) }
    }

    @Test func nestingIsLimited() throws {
        #expect(throws: CodecError.self) { try CBOR.decode([UInt8](repeating: 0x81, count: 100_000) + [0]) }
        #expect(throws: CodecError.self) { try CBOR.decode([UInt8](repeating: 0x9F, count: 100_000)) }
        #expect(throws: CodecError.self) { try CBOR.decode([UInt8](repeating: 0xC1, count: 100_000) + [0]) }
        #expect(throws: Never.self) { try CBOR.decode([UInt8](repeating: 0x81, count: 15) + [0]) }
        #expect(throws: CodecError.self) { try CBOR.decode([UInt8](repeating: 0x81, count: 16) + [0]) }
    }

    // MARK: As a value of a resource

    private func decode(_ bytes: String, _ resource: UInt16) throws -> Value? {
        let content = try Codec.decode(hex(bytes), 60, at: Path(7000, 0, resource), everything)
        guard case .single(let value) = content.instances.first?.resources[resource] else { return nil }
        return value
    }

    @Test func everyValueIsReadBack() throws {
        for (id, value) in edges {
            let path = Path(7000, 0, id)
            let content = [InstanceContent(0, [id: .single(value)])]
            let bytes = try Codec.encode(content, .cbor, at: path, everything)
            #expect(try Codec.decode(bytes, 60, at: path, everything) == DecodedContent(content), "\(value)")
        }
    }

    @Test func timeIsTagged() throws {
        let content = [InstanceContent(0, [6: .single(.time(1_363_896_240))])]
        #expect(try Codec.encode(content, .cbor, at: Path(7000, 0, 6), everything) == hex("c11a514b67b0"))
        #expect(try decode("1a514b67b0", 6) == .time(1_363_896_240))
        #expect(try decode("c1fb41d452d9ec000000", 6) == .time(1_363_896_240))
    }

    /// LwM2M 1.1 wants a date of RFC 7049, 1.2 takes a number; SenML has numbers (RFC 8428, section 6).
    @Test(arguments: [
        (EnablerVersion.v11, ContentFormat.cbor, "c11a514b67b0"), (.v12, .cbor, "1a514b67b0"),
        (.v11, .lwm2mCBOR, "a183191b580006c11a514b67b0"), (.v12, .lwm2mCBOR, "a183191b5800061a514b67b0"),
        (.v11, .senMLCBOR, "81a221692f373030302f302f36021a514b67b0"),
        (.v12, .senMLCBOR, "81a221692f373030302f302f36021a514b67b0"),
    ])
    func aTimeIsTaggedAsTheVersionRequires(version: EnablerVersion, format: ContentFormat, bytes: String) throws {
        let content = [InstanceContent(0, [6: .single(.time(1_363_896_240))])]
        let path = Path(7000, 0, 6)
        #expect(try Codec.encode(content, format, at: path, everything, version) == hex(bytes))
        #expect(try Codec.decode(hex(bytes), format.rawValue, at: path, everything, version).instances == content)
    }

    @Test func numbersInOtherFormsAreRead() throws {
        #expect(try decode("f94900", 1) == .integer(10))
        #expect(try decode("c48221196ab3", 3) == .float(273.15))
        #expect(try decode("c5822003", 3) == .float(1.5))
        #expect(try decode("05", 3) == .float(5))
    }

    @Test(
        arguments: [
            (1, "fb3ff199999999999a"), (1, "1bffffffffffffffff"), (1, "3bffffffffffffffff"), (1, "6131"), (2, "20"),
            (2, "3bffffffffffffffff"), (3, "f97e00"), (3, "f97c00"), (3, "f6"), (3, "c4821b7fffffffffffffff01"),
            (3, "c48101"), (4, "01"),
            (4, "f6"), (5, "6161"), (0, "4161"), (0, "01"), (7, "6133"), (7, "820300"), (6, "c1c100"),
            (6, "c074323031332d30332d32315432303a30343a30305a"),
            (1, "80"), (1, "a0"), (1, "c249010000000000000000"),
        ] as [(UInt16, String)])
    func itemsOfAWrongTypeAreRefused(resource: UInt16, bytes: String) {
        #expect(throws: CodecError.self) { try decode(bytes, resource) }
    }
}
