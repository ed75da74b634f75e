import Testing

@testable import LwM2M

/// What a server of each version of LwM2M is offered and may use.
@Suite struct EnablerVersionTests {
    private let path = Path(7000, 0, 1)

    @Test func eachVersionOffersItsFormats() {
        #expect(EnablerVersion.v10.offeredFormats == [.lwm2mJSON])
        #expect(EnablerVersion.v11.offeredFormats.contains(.senMLCBOR))
        #expect(!EnablerVersion.v11.offeredFormats.contains(.lwm2mCBOR))
        #expect(EnablerVersion.v12.offeredFormats.contains(.lwm2mCBOR))
        #expect(EnablerVersion.allCases.map(\.description) == ["1.0", "1.1", "1.2"])
    }

    @Test(arguments: [
        (ContentFormat.text, true), (.tlv, true), (.lwm2mJSON, true), (ContentFormat(rawValue: 1542), true),
        (ContentFormat(rawValue: 1543), true), (.cbor, false), (.senMLJSON, false), (.senMLCBOR, false),
        (.lwm2mCBOR, false),
    ])
    func theFormatsOfVersion10(format: ContentFormat, isKnown: Bool) throws {
        let content = [InstanceContent(0, [1: .single(.integer(5))])]
        let bytes = try Codec.encode(content, format, at: path, everything)
        if isKnown {
            #expect(try Codec.format(accept: format.rawValue, at: path, everything, .v10) == format)
            #expect(try Codec.encode(content, format, at: path, everything, .v10) == bytes)
            #expect(try Codec.decode(bytes, format.rawValue, at: path, everything, .v10).instances == content)
        } else {
            let refusal = CodecError.format("LwM2M 1.0 has no content format \(format)")
            #expect(throws: refusal) { try Codec.format(accept: format.rawValue, at: path, everything, .v10) }
            #expect(throws: refusal) { try Codec.decode(bytes, format.rawValue, at: path, everything, .v10) }
        }
    }

    @Test func anAnswerOfVersion10IsTLVUnlessAnotherFormatIsAskedFor() throws {
        for path in [Path(7000), Path(7000, 0), Path(7000, 0, 1), Path(7000, 0, 5)] {
            #expect(try Codec.format(accept: nil, at: path, everything, .v10) == .tlv)
        }
        #expect(try Codec.format(accept: nil, at: path, everything, .v11) == .text)
    }

    @Test(arguments: [("epmin=1", false), ("epmax=9", false), ("edge=1", false), ("con=1", false), ("hqmax=5", false)])
    func version10HasFiveAttributes(query: String, isKnown: Bool) throws {
        for known in ["pmin=1", "pmax=9", "gt=1", "lt=0", "st=2"] {
            #expect(throws: Never.self) { try AttributeUpdate([known], at: path, everything, .v10) }
        }
        #expect(throws: AttributeUpdate.Refused.self) { try AttributeUpdate([query], at: path, everything, .v10) }
    }

    @Test func discoverOfVersion10EndsAtResources() {
        let links = LinkFormat.discovery(
            of: Path(3, 0, 6), RegisteredObject(.device(in: .v10), instances: [0]), AttributeTable(), .v10,
            resources: { _ in [6] }, resourceInstances: { _, _ in [0, 1] })
        #expect(String(decoding: LinkFormat.encode(links), as: UTF8.self) == "</3/0/6>;dim=2")
    }
}
