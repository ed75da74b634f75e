import EventLoop
import Glibc
import TestSupport
import Testing

@Suite struct SettleTests {
    @LoopActor private final class Seen { var steps: [String] = [] }

    @Test func tasksFinishBeforeTheirHandlerReturns() async {
        let steps = await onLoop {
            let seen = Seen()
            // Waits for the handler itself, because timers that are overdue at the same time fire in any order.
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

    @Test func settleDoesNothingInsideAJob() async {
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
