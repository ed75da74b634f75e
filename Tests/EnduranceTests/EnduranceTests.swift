import EventLoop
import Glibc
import TestSupport
import Testing

/// Hours of a gateway whose network and server come and go. Nothing grows, nothing is left unanswered.
///
/// `Tests/run endurance` runs 24 hours, also with a network that loses datagrams, and then ten real minutes. Without it two hours pass in
/// which only the server goes and comes, since that takes no real time.
@Suite struct EnduranceTests {
    /// `GATEKEEL_ENDURANCE`: simulated hours.
    private static let hours = number("GATEKEEL_ENDURANCE")

    private static func number(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }

    @Test func nothingGrowsAndNothingIsLeftUnanswered() async throws {
        let seed = Self.number("GATEKEEL_SEED") ?? UInt64.random(in: 0...UInt64(UInt32.max))
        print("endurance: GATEKEEL_SEED=\(seed)")
        try await onLoop {
            // Other tests of the process open descriptors and take memory, too.
            let isAlone = Self.hours != nil
            // The loop makes the descriptor of its timers when it needs it first.
            await LoopScheduler.shared.sleep(for: .milliseconds(1))
            let before = try Usage.descriptors()
            let world = try Endurance(
                seed: seed, outages: isAlone ? [.lossy, .silent, .refused] : [], clock: .manual(ManualScheduler()),
                pace: .simulated)
            try await world.start()
            let first = try world.usage()
            var settled: Usage?
            for hour in 1...(Self.hours ?? 2) {
                try await world.live(for: .seconds(3600))
                try await world.calm()
                let now = try world.usage()
                if isAlone { print("hour \(hour): \(now); \(world.asked) requests answered") }
                #expect(now.timers <= first.timers, "timers of hour \(hour), seed \(seed)")
                #expect(now.sessions == 1, "sessions of hour \(hour), seed \(seed)")
                #expect(world.unanswered == [], "hour \(hour), seed \(seed)")
                guard isAlone else { continue }
                #expect(now.descriptors <= first.descriptors, "descriptors of hour \(hour), seed \(seed)")
                // Caches and the heap have their size after some hours.
                if hour == 4 { settled = now }
                if let settled {
                    #expect(now.memory <= settled.memory + 2048, "memory of hour \(hour), seed \(seed)")
                }
            }
            #expect(world.asked > 20)
            if isAlone {
                print("happened: \(world.happened.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })")
            }
            try await world.stop()
            let last = try world.usage()
            #expect(last.timers == 0 && last.sessions == 0, "after the end, seed \(seed): \(last)")
            if isAlone { #expect(last.descriptors <= before, "after the end, seed \(seed)") }
        }
    }

    /// `GATEKEEL_ENDURANCE_MINUTES`: real minutes, in which all timers are the loop's own. Without it some seconds pass. It runs by itself:
    /// other tests on the loop would be in its way.
    @Test func realTimeLeavesNothingBehind() async throws {
        let minutes = Self.number("GATEKEEL_ENDURANCE_MINUTES")
        let seed = Self.number("GATEKEEL_SEED") ?? UInt64.random(in: 0...UInt64(UInt32.max))
        print("endurance: GATEKEEL_SEED=\(seed), in real time")
        try await onLoop {
            let isAlone = minutes != nil
            await LoopScheduler.shared.sleep(for: .milliseconds(1))
            let before = try Usage.descriptors()
            let world = try Endurance(
                seed: seed, outages: isAlone ? [.lossy, .silent, .refused] : [], clock: .real, pace: .real)
            try await world.start()
            let first = try world.usage()
            var settled: Usage?
            for minute in 1...(minutes ?? 1) {
                try await world.live(for: .seconds(isAlone ? 60 : 5))
                try await world.calm()
                let now = try world.usage()
                #expect(now.sessions == 1, "sessions of minute \(minute), seed \(seed)")
                #expect(world.unanswered == [], "minute \(minute), seed \(seed)")
                guard isAlone else { continue }
                print("minute \(minute): \(now); \(world.asked) requests answered")
                #expect(now.descriptors <= first.descriptors, "descriptors of minute \(minute), seed \(seed)")
                if minute == 3 { settled = now }
                if let settled {
                    #expect(now.memory <= settled.memory + 2048, "memory of minute \(minute), seed \(seed)")
                }
            }
            if isAlone {
                #expect(world.asked > 20)
                print("happened: \(world.happened.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })")
            }
            try await world.stop()
            let last = try world.usage()
            #expect(last.sessions == 0, "after the end, seed \(seed): \(last)")
            if isAlone { #expect(last.descriptors <= before, "after the end, seed \(seed)") }
        }
    }
}
