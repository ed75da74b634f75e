import Testing

@testable import Journal

@Suite struct LogLimiterTests {
    private var limiter = LogLimiter()
    private var now = Duration.seconds(5000)

    /// What of so many equal messages is written.
    private mutating func flood(
        _ count: Int, _ kind: String = "kind", about object: (Int) -> String = { _ in "/9/1" }, level: Level = .warning
    ) -> Int {
        (0..<count).count { number in
            limiter.judge(kind, about: object(number), level, "message \(number)", at: now) == .write
        }
    }

    @Test mutating func aThousandRefusedPushesAreTwentyLinesAndACount() {
        #expect(flood(1000) == 20)
        #expect(limiter.ended(at: now + .seconds(59)).isEmpty)
        let summaries = limiter.ended(at: now + .seconds(60))
        #expect(summaries.map(\.suppressed) == [980])
        #expect(
            summaries.first?.text == "980 more messages like this were suppressed within a minute: message 20")
        #expect(limiter.ended(at: now + .seconds(60)).isEmpty)
        // The next minute has its own allowance.
        now += .seconds(60)
        #expect(flood(30) == 20)
    }

    /// One server floods, with as many objects as it likes.
    @Test mutating func serversHaveTheirOwnAllowance() {
        func judge(_ number: Int, _ server: String) -> LogLimiter.Verdict {
            limiter.judge("kind", about: "/9/\(number)", of: server, .warning, "message \(number)", at: now)
        }
        let flood = (0..<1000).map { judge($0, "first") }
        #expect(flood.count { $0 == .write } == 100)
        let others = (0..<20).map { judge(2000 + $0, "second") }
        #expect(others.allSatisfy { $0 == .write })
        #expect(limiter.ended(at: now + .seconds(60)).map(\.suppressed) == [900])
    }

    /// A daemon that ends within the minute tells what it held back.
    @Test mutating func theEndOfADaemonEndsAllWindows() {
        _ = flood(25)
        _ = flood(21, "another")
        #expect(limiter.ended(at: now + .seconds(1)).isEmpty)
        #expect(Set(limiter.ended(at: nil).map(\.suppressed)) == [5, 1])
        #expect(limiter.ended(at: nil).isEmpty)
    }

    @Test mutating func objectsHaveTheirOwnAllowanceUpToThatOfTheKind() {
        #expect(flood(1000) { "/9/\($0)" } == 100)
        #expect(limiter.ended(at: now + .seconds(60)).map(\.suppressed) == [900])
    }

    @Test mutating func aFloodCostsNoMessageOfAnotherKind() {
        #expect(flood(5000, "flood") { "/9/\($0)" } == 100)
        for kind in ["an error", "another error", "a third"] {
            #expect(limiter.judge(kind, about: "", .error, "error", at: now) == .write)
        }
    }

    @Test mutating func theFirstThatIsHeldBackAsksToBeWokenAtTheEndOfTheMinute() {
        _ = flood(20)
        now += .seconds(20)
        #expect(limiter.judge("kind", about: "/9/1", .warning, "x", at: now) == .suppress(wakeIn: .seconds(40)))
        #expect(limiter.judge("kind", about: "/9/1", .warning, "x", at: now) == .suppress(wakeIn: nil))
    }

    @Test mutating func aSummaryIsNotForgottenByALateTimer() {
        _ = flood(22)
        now += .seconds(90)
        #expect(flood(3) == 0)
        #expect(limiter.ended(at: now).map(\.suppressed) == [5])
        #expect(flood(3) == 3)
    }

    @Test mutating func aSummaryHasTheHighestLevelOfWhatItStandsFor() {
        _ = flood(21, level: .info)
        _ = flood(1, level: .error)
        #expect(limiter.ended(at: now + .seconds(60)).map(\.level) == [.error])
    }

    @Test mutating func windowsThatAreOverLeaveNothing() {
        _ = flood(500) { "/9/\($0)" }
        _ = limiter.ended(at: now + .seconds(60))
        #expect(limiter.ended(at: now + .seconds(600)).isEmpty)
    }
}
