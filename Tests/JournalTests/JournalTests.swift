import TestSupport
import Testing

@testable import Journal

@Suite struct JournalTests {
    @Test func interpolatedValuesAreFieldsToo() {
        let message: LogMessage = "Package \("rinetd", .package) \("0.62-4", .version) is kept after \(30) s"
        #expect(message.text == "Package rinetd 0.62-4 is kept after 30 s")
        #expect(message.fields.map(\.0) == [.package, .version])
        #expect(message.fields.map(\.1) == ["rinetd", "0.62-4"])
        #expect(message.with(.unit, "rinetd.service").fields.count == 3)
    }

    @Test func whatComesFromOutsideIsMadeHarmless() {
        let message: LogMessage = "refused: \("a\nPRIORITY=0\u{1B}[2J\u{85}", .reason)"
        #expect(message.text == "refused: a\\x0aPRIORITY=0\\x1b[2J\\x85")
        #expect(message.fields[0].1 == "a\\x0aPRIORITY=0\\x1b[2J\\x85")
        let long: LogMessage = "\(String(repeating: "é", count: 5000))"
        #expect(long.text.utf8.count <= 2048 + 3)
    }

    @Test func theJournalGetsPriorityIdentifierAndFields() {
        var seen: [String] = []
        withJournalFields(.notice, "\("gw", .server) took it", .registered) { fields in
            seen = fields.map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(
            seen == [
                "MESSAGE=gw took it", "PRIORITY=5", "MESSAGE_ID=\(Event.registered.messageID)", "GATEKEEL_SERVER=gw",
            ])
    }

    @Test func aMessageIsAboutWhatItNames() {
        let push: LogMessage = "\("/9/1", .path) took no package (result \(53, .state)): \("no", .reason)"
        #expect(push.object == "/9/1")
        let plain: LogMessage = "The bus is gone"
        #expect(plain.object == "")
    }

    @Test func aTerminalGetsLinesForPeople() {
        #expect(peopleLine(.notice, "registered", colour: true) == "registered\n")
        #expect(peopleLine(.error, "failed", colour: false) == "error: failed\n")
        #expect(peopleLine(.warning, "soon", colour: true) == "\u{1B}[33mwarning: \u{1B}[0msoon\n")
    }

    @Test func identifiersAreDistinctAndWellFormed() {
        let identifiers = Event.allCases.map(\.messageID)
        #expect(Set(identifiers).count == identifiers.count)
        for identifier in identifiers {
            #expect(identifier.count == 32 && identifier.allSatisfy { $0.isHexDigit && !$0.isUppercase })
        }
    }

    @Test func theShippedCatalogueIsTheTables() throws {
        try expectGenerated("systemd/gatekeel.catalog", is: Event.catalogue())
    }
}
