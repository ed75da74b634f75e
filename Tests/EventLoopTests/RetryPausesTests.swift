import EventLoop
import TestSupport
import Testing

@Suite struct RetryPausesTests {
    @Test func eachIsTwiceAsLongUpToABound() {
        var pauses = RetryPauses()
        #expect((0..<4).map { _ in pauses.next() } == [.seconds(1), .seconds(2), .seconds(4), .seconds(8)])
        for _ in 0..<10 { _ = pauses.next() }
        #expect(pauses.next() == .seconds(300))
        var long = RetryPauses(first: .seconds(1000))
        #expect(long.next() == .seconds(300))
    }

    @Test func aPauseEndsWhenItsTimeIsOverOrEarlier() async {
        await onLoop {
            let scheduler = ManualScheduler()
            let pause = Pause(scheduler: scheduler)
            // Nobody waits.
            pause.end()
            for ends in [false, true] {
                var isOver = false
                let sleeper = LoopActor.spawn {
                    await pause.sleep(for: .seconds(5))
                    isOver = true
                }
                while scheduler.nextDelay == nil { await Task.yield() }
                #expect(!isOver)
                if ends { pause.end() } else { scheduler.advance(by: .seconds(5)) }
                await sleeper.value
                #expect(isOver && scheduler.nextDelay == nil)
            }
        }
    }
}
