import Linux
import Testing

@Suite struct TimeTextTests {
    @Test func secondsSinceTheEpochAsText() {
        #expect(timeText(1_795_269_055, "%Y-%m-%d %H:%M:%S UTC") == "2026-11-21 13:50:55 UTC")
        #expect(timeText(0, "%Y-%m-%dT%H:%M:%SZ") == "1970-01-01T00:00:00Z")
        #expect(timeText(-1, "%Y") == "1969")
        #expect(timeText(0, String(repeating: "%Y", count: 20)).isEmpty)
    }
}
