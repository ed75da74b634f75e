import Testing

@testable import LwM2M

/// Payloads with random damage from a fixed seed. A decoder accepts or refuses them and never traps. Accepted content can be
/// encoded again.
@Suite struct MutationTests {
    /// xorshift64*, so that every run makes the same damage.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state ^= state >> 12
            state ^= state << 25
            state ^= state >> 27
            return state &* 0x2545_F491_4F6C_DD1D
        }
    }

    private static func damaged(_ bytes: [UInt8], _ generator: inout Generator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let index = Int.random(in: 0...bytes.count, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0 where index < bytes.count: bytes[index] = UInt8.random(in: 0...255, using: &generator)
            case 1 where index < bytes.count: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 2 where index < bytes.count: bytes.remove(at: index)
            case 3: bytes = Array(bytes[..<index])
            default: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: index)
            }
        }
        return bytes
    }

    private var all: InstanceContent {
        var content = InstanceContent(
            0, [20: .multiple([0: .string("a"), 7: .string("b")]), 300: .multiple([1: .integer(-5)])])
        for (id, value) in edges { content.resources[id] = .single(value) }
        return content
    }

    @Test(arguments: [ContentFormat.tlv, .senMLJSON, .senMLCBOR, .lwm2mJSON, .lwm2mCBOR])
    func damagedInstancesNeverTrap(format: ContentFormat) throws {
        var generator = Generator(state: 0x9E37_79B9_7F4A_7C15 ^ UInt64(format.rawValue))
        let path = Path(7000, 0)
        let whole = try Codec.encode([all], format, at: path, everything)
        var taken = 0
        for _ in 0..<3000 {
            let bytes = Self.damaged(whole, &generator)
            guard let decoded = try? Codec.decode(bytes, format.rawValue, at: path, everything) else { continue }
            taken += 1
            let again = try Codec.encode(decoded.instances, format, at: path, everything)
            #expect(try Codec.decode(again, format.rawValue, at: path, everything).instances == decoded.instances)
        }
        #expect(taken > 0)
    }

    @Test(arguments: [ContentFormat.text, .cbor, .tlv, .senMLJSON, .senMLCBOR, .lwm2mJSON, .lwm2mCBOR])
    func damagedSingleValuesNeverTrap(format: ContentFormat) throws {
        var generator = Generator(state: 0xD1B5_4A32_D192_ED03 ^ UInt64(format.rawValue))
        for (id, value) in edges {
            let path = Path(7000, 0, id)
            let whole = try Codec.encode([InstanceContent(0, [id: .single(value)])], format, at: path, everything)
            for _ in 0..<100 {
                let bytes = Self.damaged(whole, &generator)
                guard let decoded = try? Codec.decode(bytes, format.rawValue, at: path, everything),
                    decoded.unknownResources.isEmpty
                else { continue }
                let again = try Codec.encode(decoded.instances, format, at: path, everything)
                #expect(try Codec.decode(again, format.rawValue, at: path, everything) == decoded)
            }
        }
    }

    @Test(arguments: Codec.compositeFormats) func damagedCompositesNeverTrap(format: ContentFormat) throws {
        var generator = Generator(state: 0x2545_F491_4F6C_DD1D ^ UInt64(format.rawValue))
        let content = try CompositeContent([all], within: Path(7000))
        let values = try Codec.encodeComposite(content, format)
        let paths = try Codec.encodePaths(PathSelection(content.entries.map(\.path)), format)
        var taken = 0
        for _ in 0..<2000 {
            let definitions: (UInt16) -> ObjectDefinition? = { $0 == 7000 ? everything : nil }
            let bytes = Self.damaged(values, &generator)
            if let decoded = try? Codec.decodeComposite(bytes, format, definitions) {
                taken += 1
                let again = try Codec.encodeComposite(decoded.content, format)
                // Of a time that is added to another one, digits may be lost.
                #expect(
                    try Codec.decodeComposite(again, format, definitions).content.entries.map(\.path)
                        == decoded.content.entries.map(\.path))
                _ = try? decoded.content.instances()
            }
            if let decoded = try? Codec.decodePaths(Self.damaged(paths, &generator), format), !decoded.includesRoot {
                #expect(try Codec.decodePaths(Codec.encodePaths(decoded, format), format) == decoded)
            }
        }
        #expect(taken > 0)
    }

    @Test func damagedLinksArgumentsAndQueriesNeverTrap() throws {
        var generator = Generator(state: 0xA076_1D64_78BD_642F)
        let links = Array(#"</>;rt="oma.lwm2m";ct="0 42",</3>;ver=1.1,</3/0>;pmin=1;x"#.utf8)
        let arguments = Array("0='abc',1,2='x'".utf8)
        let query = Array("gt=-12.5e3".utf8)
        for _ in 0..<3000 {
            if let decoded = try? LinkFormat.decode(Self.damaged(links, &generator)) {
                #expect(try LinkFormat.decode(LinkFormat.encode(decoded)) == decoded)
            }
            _ = try? ExecuteArgument.list(Self.damaged(arguments, &generator))
            let text = String(decoding: Self.damaged(query, &generator), as: UTF8.self)
            _ = try? AttributeUpdate([text], at: Path(3, 0, 9), .device)
        }
    }

    @Test func everyLengthOfEveryTypeIsReadOrRefused() {
        for resource in everything.resources where !resource.multiple {
            for length in 0...20 {
                var bytes: [UInt8] = []
                try? TLV.append(.resource, resource.id, [UInt8](repeating: 0xFF, count: length), to: &bytes)
                _ = try? Codec.decode(bytes, 11542, at: Path(7000, 0), everything)
            }
        }
    }
}
