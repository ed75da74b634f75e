import HostObjects
import Journal
import Testing

/// Numbers that the documents list are those of the programs, and none is missing.
@Suite struct NumberTests {
    @Test func everyMessageThatAsksForAttentionIsListed() throws {
        let listed = try Document("docs/fleet.md").spans.filter { $0.count == 32 && $0.allSatisfy(\.isHexDigit) }
        let wanted = Event.allCases.filter { $0.level <= .warning }.map(\.messageID)
        #expect(listed.sorted() == wanted.sorted())
    }

    @Test func everyErrorCodeOfOurOwnIsListed() throws {
        let rows = try Document("docs/troubleshooting.md").prose
        for error in DeviceError.allCases where error.rawValue >= 16 {
            let found = rows.contains { $0.hasPrefix("| \(error.rawValue) |") }
            #expect(found, "Error Code \(error.rawValue) (\(error))")
        }
    }

    @Test func everyUpdateResultOfAFailureIsListed() throws {
        let rows = try Document("docs/troubleshooting.md").prose
        for result in UpdateResult.allCases where result.rawValue >= 50 {
            let found = rows.contains { $0.hasPrefix("| \(result.rawValue) |") }
            #expect(found, "Update Result \(result.rawValue) (\(result))")
        }
    }
}
