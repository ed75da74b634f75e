import Testing

@testable import HostObjects

/// How long a download goes on: time is given to the policy.
@Suite struct DownloadPolicyTests {
    private let refused = FetchFailure(.connectionLost, "connection-lost: refused", .retry)
    private let settings = DownloadSettings()

    /// Fails attempts that end at once, until the policy gives up. Returns the failure, when, and after how many attempts.
    private func fail(
        with failure: FetchFailure, stalled: Duration = .zero, random: Double = 0.5
    ) -> (failure: FetchFailure, at: Duration, attempts: Int)? {
        var policy = DownloadPolicy(now: .seconds(1000), stalled: stalled)
        var now: Duration = .seconds(1000)
        for attempt in 1...100 {
            policy.attemptStarts(now)
            switch policy.attemptEnded(FetchEnd(failure, received: 0), settings, now, random: random) {
            case .complete: return nil
            case .failed(let failure): return (failure, now - .seconds(1000), attempt)
            case .retry(let pause): now += pause
            }
        }
        return nil
    }

    @Test(arguments: [0.0, 0.5, 1.0])
    func aServerThatRefusesIsTriedUntilThePatienceEnds(random: Double) throws {
        let end = try #require(fail(with: refused, random: random))
        #expect(end.failure.result == .connectionLost)
        #expect(end.failure.reason.hasPrefix("connection-lost: refused; no byte arrived for 600 s"))
        #expect(end.at >= .seconds(600) && end.at < .seconds(602))
        #expect(end.attempts > 10)
    }

    @Test func timeBeforeARestartCounts() throws {
        let end = try #require(fail(with: refused, stalled: .seconds(590)))
        #expect(end.at >= .seconds(10) && end.at < .seconds(12))
        // However long the daemon was away: there is one attempt.
        #expect(try #require(fail(with: refused, stalled: .seconds(86400))).attempts == 1)
    }

    @Test func whatIsFinalEndsAtOnceAndWhatIsUnlikelyWithinAMinute() throws {
        #expect(try #require(fail(with: FetchFailure(.invalidURI, "x: 404"))).attempts == 1)
        let unlikely = FetchFailure(.connectionLost, "x: no TLS", .unlikely)
        for random in [0.0, 1.0] {
            let end = try #require(fail(with: unlikely, random: random))
            #expect(end.failure == unlikely && end.attempts > 2 && end.at < .seconds(60))
        }
    }

    @Test func bytesRenewThePatience() {
        var policy = DownloadPolicy(now: .zero)
        var now: Duration = .zero
        for round in 1...20 {
            policy.attemptStarts(now)
            now += .seconds(300)
            policy.progress(1_000_000, now)
            let decision = policy.attemptEnded(FetchEnd(refused, received: 1_000_000), settings, now, random: 0.5)
            guard case .retry(let pause) = decision else {
                Issue.record("round \(round): \(decision)")
                return
            }
            #expect(pause <= .seconds(2))
            now += pause
        }
    }

    /// Ticks of one attempt that gets so many bytes a second. Returns when it is ended, and why.
    private func trickle(_ rate: Int, for limit: Duration) -> (at: Duration, failure: FetchFailure)? {
        var policy = DownloadPolicy(now: .zero)
        policy.attemptStarts(.zero)
        var now: Duration = .zero
        while now < limit {
            now += policy.nextCheck(settings, now)
            policy.progress(rate * Int(now.components.seconds), now)
            if let failure = policy.verdict(settings, now) { return (now, failure) }
        }
        return nil
    }

    @Test func aTrickleIsEnded() throws {
        let end = try #require(trickle(1000, for: .seconds(3600)))
        #expect(end.at >= .seconds(600) && end.at <= .seconds(660))
        #expect(end.failure.result == .connectionLost && end.failure.reason.hasPrefix("too-slow:"))
        #expect(trickle(1100, for: .seconds(7200)) == nil)
    }

    @Test func aTrickleOverManyConnectionsIsEnded() {
        var policy = DownloadPolicy(now: .zero)
        var now: Duration = .zero
        while now < .seconds(3600) {
            policy.attemptStarts(now)
            let decision = policy.attemptEnded(FetchEnd(refused, received: 10), settings, now, random: 0.5)
            guard case .retry(let pause) = decision else {
                #expect(now >= .seconds(600) && now < .seconds(700))
                return
            }
            now += pause
        }
        Issue.record("it goes on")
    }

    @Test func pausesWithoutAByteAreNoTrickle() {
        var settings = settings
        settings.patience = .seconds(86400)
        var policy = DownloadPolicy(now: .zero)
        policy.attemptStarts(.zero)
        policy.progress(5_000_000, .seconds(10))
        let verdict = policy.verdict(settings, .seconds(10))
        #expect(verdict == nil)
        var now: Duration = .seconds(10)
        for _ in 1...60 {
            policy.attemptStarts(now)
            now += .seconds(30)
            guard
                case .retry(let pause) = policy.attemptEnded(FetchEnd(refused, received: 0), settings, now, random: 0.5)
            else {
                Issue.record("ended at \(now)")
                return
            }
            now += pause
        }
        #expect(now > .seconds(1800))
    }

    @Test func timeInTheQueueIsNoTimeOfTheTransfer() {
        var policy = DownloadPolicy(now: .zero)
        policy.attemptStarts(.zero)
        var now: Duration = .zero
        for minute in 1...5 {
            now += .seconds(60)
            policy.progress(20_000 * 60 * minute, now)
            let verdict = policy.verdict(settings, now)
            #expect(verdict == nil)
        }
        let lost = policy.attemptEnded(FetchEnd(refused, received: 6_000_000), settings, now, random: 0.5)
        guard case .retry(let pause) = lost else {
            Issue.record("\(lost)")
            return
        }
        now += pause
        policy.waitsForTurn(now)
        now += .seconds(1800)
        policy.attemptStarts(now)
        now += .seconds(60)
        policy.progress(20_000 * 60, now)
        let verdict = policy.verdict(settings, now)
        #expect(verdict == nil)
    }

    @Test func timeInTheQueueCountsForNoLimit() {
        var settings = settings
        settings.timeout = .seconds(900)
        var policy = DownloadPolicy(now: .zero)
        policy.attemptStarts(.zero)
        var now: Duration = .zero
        for attempt in 1...3 {
            let decision = policy.attemptEnded(FetchEnd(refused, received: 0), settings, now, random: 0.5)
            guard case .retry(let pause) = decision else {
                Issue.record("attempt \(attempt): \(decision)")
                return
            }
            now += pause
            policy.waitsForTurn(now)
            let stalled = policy.stalled(now)
            now += .seconds(1200)
            #expect(policy.stalled(now) == stalled)
            policy.attemptStarts(now)
            #expect(policy.stalled(now) == stalled)
        }
    }

    @Test func anAttemptThatHangsIsEndedAndSoIsADownloadThatTakesTooLong() {
        var settings = settings
        settings.patience = .seconds(20)
        var policy = DownloadPolicy(now: .zero)
        policy.attemptStarts(.zero)
        #expect(policy.nextCheck(settings, .zero) == .seconds(20))
        let early = policy.verdict(settings, .seconds(19))
        let late = policy.verdict(settings, .seconds(20))
        #expect(early == nil && late?.result == .connectionLost)
        settings.timeout = .seconds(15)
        let overdue = policy.verdict(settings, .seconds(15))
        #expect(overdue?.reason.contains("DownloadTimeout=") == true)
    }
}

@Suite struct DownloadSlotsTests {
    @Test func noMoreRunThanAllowedAndTheOthersFollowInOrder() {
        var slots = DownloadSlots(limit: 2)
        #expect((1...5).map { enter($0, &slots) } == [true, true, false, false, false])
        #expect(next(&slots) == [])
        slots.leave(1)
        #expect(next(&slots) == [3])
        // One that waited is cancelled.
        slots.leave(4)
        slots.limit = 4
        #expect(next(&slots) == [5])
        slots.limit = 1
        for instance: UInt16 in [2, 3] { slots.leave(instance) }
        #expect(!enter(6, &slots))
        slots.leave(5)
        #expect(next(&slots) == [6])
    }

    /// One that asks for a hundred downloads takes no slot of another's.
    @Test func eachServerHasItsOwn() {
        var slots = DownloadSlots(limit: 2)
        let flood = (1...100).map { slots.enter($0, for: 0) }
        #expect(flood.count { $0 } == 2)
        #expect((200...202).map { enter($0, &slots, for: 1) } == [true, true, false])
        slots.leave(200)
        // Its own next one, although others came before.
        #expect(next(&slots) == [202])
        slots.leave(1)
        #expect(next(&slots) == [3])
    }

    private func enter(_ instance: UInt16, _ slots: inout DownloadSlots, for owner: UInt16? = nil) -> Bool {
        slots.enter(instance, for: owner)
    }
    private func next(_ slots: inout DownloadSlots) -> [UInt16] { slots.next() }
}

@Suite struct StatusGateTests {
    @Test func aBurstPassesThenOneAMinute() {
        var gate = StatusGate(now: .zero)
        let times: [Duration] = [1, 1, 1, 1, 20, 61, 62, 86400].map { .seconds($0) }
        let waits = times.map { gate.wait($0) }
        #expect(waits[..<4].allSatisfy { $0 == .zero })
        // The first token comes back a minute after the burst.
        #expect(waits[4] == .seconds(41))
        #expect(waits[5] == .zero)
        #expect(waits[6] == .seconds(59))
        #expect(waits[7] == .zero)
    }
}
