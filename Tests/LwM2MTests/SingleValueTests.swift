import Testing

@testable import LwM2M

@Suite struct TextTests {
    private func decode(_ text: String, _ resource: UInt16) throws -> Value? {
        let content = try Codec.decode(Array(text.utf8), 0, at: Path(7000, 0, resource), everything)
        guard case .single(let value) = content.instances.first?.resources[resource] else { return nil }
        return value
    }

    @Test func everyValueIsReadBack() throws {
        for (id, value) in edges {
            let path = Path(7000, 0, id)
            let bytes = try Codec.encode([InstanceContent(0, [id: .single(value)])], .text, at: path, everything)
            #expect(
                try Codec.decode(bytes, nil, at: path, everything)
                    == DecodedContent([InstanceContent(0, [id: .single(value)])]), "\(value)")
        }
    }

    @Test func valuesInTheFormOfServersAreRead() throws {
        #expect(try decode("-42", 1) == .integer(-42))
        #expect(try decode("007", 1) == .integer(7))
        #expect(try decode("18446744073709551615", 2) == .unsignedInteger(.max))
        #expect(try decode("1", 4) == .boolean(true))
        #expect(try decode("-1.5e3", 3) == .float(-1500))
        #expect(try decode("20", 3) == .float(20))
        #expect(try decode("AQID", 5) == .opaque([1, 2, 3]))
        #expect(try decode("AQI=", 5) == .opaque([1, 2]))
        #expect(try decode("AQI", 5) == .opaque([1, 2]))
        #expect(try decode("3:0", 7) == .objectLink(ObjectLink(3, 0)))
        #expect(try decode("10:03", 7) == .objectLink(ObjectLink(10, 3)))
    }

    @Test(
        arguments: [
            (1, ""), (1, "+1"), (1, " 1"), (1, "1 "), (1, "1.0"), (1, "0x1"), (1, "9223372036854775808"), (1, "--1"),
            (1, "-"),
            (2, "-1"), (2, "18446744073709551616"), (3, "nan"), (3, "inf"), (3, "1e999"), (3, "0x1p3"), (3, "1."),
            (3, ".5"),
            (3, "1e"), (3, "1,5"), (4, "2"), (4, "true"), (4, ""), (5, "A"), (5, "AQ==="), (5, "AR=="),
            (5, "AQ-_"), (5, "A=QI"), (6, "now"), (7, "3"), (7, "3:0:1"), (7, "65536:0"), (7, ":"), (7, "-1:0"),
        ] as [(UInt16, String)])
    func valuesOfOtherTypesAreRefused(resource: UInt16, text: String) {
        #expect(throws: CodecError.self) { try decode(text, resource) }
    }

    @Test func invalidUTF8IsRefused() {
        #expect(throws: CodecError.self) { try Codec.decode([0xFF], 0, at: Path(7000, 0, 0), everything) }
    }

    @Test func infinityIsNotSent() {
        for format in [ContentFormat.text, .cbor, .senMLJSON, .senMLCBOR] {
            #expect(throws: CodecError.self) {
                try Codec.encode(
                    [InstanceContent(0, [3: .single(.float(.infinity))])], format, at: Path(7000, 0, 3), everything)
            }
        }
    }

    @Test func executablesHaveNoText() {
        #expect(throws: CodecError.executable(resource: 9)) { try decode("1", 9) }
    }

    @Test func resourceInstancesHaveTheirOwnText() throws {
        let path = Path(7000, 0, 20, 4)
        let content = [InstanceContent(0, [20: .multiple([4: .string("x"), 5: .string("y")])])]
        #expect(try Codec.encode(content, .text, at: path, everything) == Array("x".utf8))
        #expect(
            try Codec.decode(Array("x".utf8), 0, at: path, everything)
                == DecodedContent([InstanceContent(0, [20: .multiple([4: .string("x")])])]))
        #expect(throws: CodecError.absent(Path(7000, 0, 20, 9))) {
            try Codec.encode(content, .text, at: Path(7000, 0, 20, 9), everything)
        }
    }
}

@Suite struct OpaqueTests {
    @Test func opaqueBytesAreTheValue() throws {
        let content = [InstanceContent(0, [5: .single(.opaque([0, 255]))])]
        #expect(try Codec.encode(content, .opaque, at: Path(7000, 0, 5), everything) == [0, 255])
        #expect(try Codec.decode([0, 255], 42, at: Path(7000, 0, 5), everything) == DecodedContent(content))
        #expect(
            try Codec.decode([], 42, at: Path(7000, 0, 5), everything)
                == DecodedContent([InstanceContent(0, [5: .single(.opaque([]))])]))
    }

    @Test func opaqueFormatIsOnlyForOpaqueResources() {
        #expect(throws: CodecError.self) { try Codec.decode([0x31], 42, at: Path(7000, 0, 1), everything) }
        #expect(throws: CodecError.self) { try Codec.format(accept: 42, at: Path(7000, 0, 1), everything) }
    }
}

@Suite struct FormatTests {
    @Test func singleValueFormatsFitOnlySingleValues() {
        for format: UInt16 in [0, 42, 60] {
            for path in [Path(7000), Path(7000, 0), Path(7000, 0, 20)] {
                #expect(throws: CodecError.self) { try Codec.format(accept: format, at: path, everything) }
                #expect(throws: CodecError.self) { try Codec.decode([0x31], format, at: path, everything) }
            }
        }
        #expect(throws: Never.self) { try Codec.format(accept: 0, at: Path(7000, 0, 20, 1), everything) }
    }

    @Test func unknownFormatsAreRefused() {
        for format: UInt16 in [1, 40, 41, 50, 1541, 11541, 11545, 65535] {
            #expect(throws: CodecError.self) { try Codec.format(accept: format, at: Path(7000, 0, 1), everything) }
            #expect(throws: CodecError.self) { try Codec.decode([], format, at: Path(7000, 0, 1), everything) }
        }
    }

    @Test func formatDependsOnThePathWithoutAccept() throws {
        #expect(try Codec.format(accept: nil, at: Path(7000), everything) == .senMLCBOR)
        #expect(try Codec.format(accept: nil, at: Path(7000, 0), everything) == .senMLCBOR)
        #expect(try Codec.format(accept: nil, at: Path(7000, 0, 1), everything) == .text)
        #expect(try Codec.format(accept: nil, at: Path(7000, 0, 5), everything) == .opaque)
        #expect(try Codec.format(accept: nil, at: Path(7000, 0, 20), everything) == .senMLCBOR)
        #expect(try Codec.format(accept: nil, at: Path(7000, 0, 20, 3), everything) == .text)
    }
}
