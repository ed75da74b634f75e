import TestSupport
import Testing

@testable import EventLoop

@Suite struct StableClockTests {
    /// A moment near a full second: reading the two clocks a little apart must not change the answer.
    @Test func theSameMomentIsTheSameSecond() async {
        await onLoop {
            let scheduler = ManualScheduler()
            let time = Time()
            let clock = StableClock(scheduler) { time.offset + scheduler.now }
            let moment = scheduler.now + .milliseconds(999)
            let first = clock.seconds(at: moment)
            for jitter in [-2, 3, -1, 2] {
                scheduler.advance(by: .seconds(7))
                time.offset += .milliseconds(jitter)
                #expect(clock.seconds(at: moment) == first)
            }
        }
    }

    @Test func aClockThatIsSetMovesAllMoments() async {
        await onLoop {
            let scheduler = ManualScheduler()
            let time = Time()
            let clock = StableClock(scheduler) { time.offset + scheduler.now }
            let first = clock.seconds(at: scheduler.now)
            time.offset += .seconds(3600)
            #expect(clock.seconds(at: scheduler.now) == first + 3600)
        }
    }

    @LoopActor private final class Time {
        var offset = Duration.seconds(1_700_000_000)
    }
}
