import Testing

@testable import LwM2M

@Suite struct LinkTests {
    private func text(_ links: [Link]) -> String { String(decoding: LinkFormat.encode(links), as: UTF8.self) }

    @Test func registerReportsRootVersionsAndInstances() {
        let objects = [
            RegisteredObject(.softwareManagement, instances: [0, 7]), RegisteredObject(.security, instances: [0]),
            RegisteredObject(.server, instances: [0]), RegisteredObject(.device, instances: [0]),
            RegisteredObject(everything, instances: []),
        ]
        #expect(
            text(LinkFormat.registration(objects, formats: EnablerVersion.v11.offeredFormats))
                == #"</>;rt="oma.lwm2m";ct="0 42 60 110 112 11542 11543",</1>;ver=1.1,</1/0>,</3>;ver=1.2,</3/0>,</9/0>,</9/7>,</7000>"#
        )
        #expect(text(LinkFormat.registration([], formats: [.senMLJSON])) == #"</>;rt="oma.lwm2m";ct=110"#)
    }

    // The examples of LwM2M Core 6.3.2, with this client's version and resources.
    private func discover(_ path: Path) -> String {
        var table = AttributeTable()
        table[Path(3)] = Attributes(minimumPeriod: 10)
        table[Path(3, 0)] = Attributes(maximumPeriod: 60)
        table[Path(3, 0, 7)] = Attributes(greaterThan: 50, lessThan: 42.2)
        table[Path(3, 0, 7, 1)] = Attributes(lessThan: 45)
        return text(
            LinkFormat.discovery(
                of: path, RegisteredObject(.device, instances: [0]), table, resources: { _ in [1, 4, 6, 7, 16] },
                resourceInstances: { _, resource in [6: [0, 3], 7: [0, 1]][resource] }))
    }

    @Test func discoverMatchesTheSpecification() {
        #expect(
            discover(Path(3))
                == "</3>;ver=1.2;pmin=10,</3/0>;pmax=60,</3/0/1>,</3/0/4>,</3/0/6>;dim=2,</3/0/7>;dim=2;gt=50;lt=42.2,</3/0/16>"
        )
        #expect(
            discover(Path(3, 0))
                == "</3/0>;pmin=10;pmax=60,</3/0/1>,</3/0/4>,</3/0/6>;dim=2,</3/0/7>;dim=2;gt=50;lt=42.2,</3/0/16>")
        #expect(
            discover(Path(3, 0, 7))
                == "</3/0/7>;dim=2;pmin=10;pmax=60;gt=50;lt=42.2,</3/0/7/0>,</3/0/7/1>;lt=45")
        #expect(discover(Path(3, 0, 1)) == "</3/0/1>;pmin=10;pmax=60")
        #expect(discover(Path(3, 0, 7, 1)) == "</3/0/7/1>;pmin=10;pmax=60;gt=50;lt=45")
    }

    @Test func linksAreRead() throws {
        let links = try LinkFormat.decode(
            Array(#"</>;rt="oma.lwm2m";ct="110 112 60", </1/0>,</5>;x;q="a\"b,;<>" ; ver=1.1"#.utf8))
        #expect(
            links == [
                Link("/", [.init("rt", "oma.lwm2m"), .init("ct", "110 112 60")]), Link("/1/0"),
                Link("/5", [.init("x", nil), .init("q", "a\"b,;<>"), .init("ver", "1.1")]),
            ])
        #expect(links[2]["ver"] == "1.1")
        #expect(try LinkFormat.decode([]) == [])
        #expect(try LinkFormat.decode(LinkFormat.encode(links)) == links)
    }

    /// A quote or a backslash and the combining character after it are one character for Swift.
    @Test(arguments: ["\"\u{301}", "\\\u{301}", "\u{301}", "a\r\nb", "\"\\"])
    func valuesOfAnyTextReadBack(value: String) throws {
        let links = [Link("/1", [.init("x", value)])]
        #expect(try LinkFormat.decode(LinkFormat.encode(links)) == links)
    }

    @Test(arguments: [
        "/1/0", "<", "</1", "</1>,", "</1>,,</2>", "</1>;", "</1>;=1", "</1>;a=", "</1>;a=\"", "</1>;a=\"x\\",
        "</1></2>",
        "</1>x", ",</1>",
    ])
    func invalidLinksAreRefused(text: String) {
        #expect(throws: LinkFormat.Malformed.self) { try LinkFormat.decode(Array(text.utf8)) }
    }

    @Test func invalidUTF8IsRefused() {
        #expect(throws: LinkFormat.Malformed.self) { try LinkFormat.decode(Array("</1>;a=\"".utf8) + [0xFF, 0x22]) }
    }
}
