import EventLoop
import Glibc
import TestSupport
import Testing

@Suite struct SettleTests {
    @LoopActor private final class Seen { var steps: [String] = [] }

    @Test func aHandlerSeesTheTaskThatItStartedFinish() async {
        let steps = await onLoop {
            let seen = Seen()
            // Waits for the handler itself: two timers that are overdue together fire in any order.
            await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
                LoopScheduler.shared.schedule(after: .milliseconds(1)) {
                    LoopActor.spawn { seen.steps.append("task") }
                    EventLoop.shared.settle()
                    seen.steps.append("handler returns")
                    done.resume()
                }
            }
            return seen.steps
        }
        #expect(steps == ["task", "handler returns"])
    }

    @Test func withinAJobNothingRuns() async {
        let steps = await onLoop {
            let seen = Seen()
            LoopActor.spawn { seen.steps.append("task") }
            EventLoop.shared.settle()
            seen.steps.append("job goes on")
            await LoopScheduler.shared.sleep(for: .milliseconds(1))
            return seen.steps
        }
        #expect(steps == ["job goes on", "task"])
    }
}
