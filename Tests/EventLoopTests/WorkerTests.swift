import Glibc
import Linux
import TestSupport
import Testing

@testable import EventLoop

@Suite(.timeLimit(.minutes(patience))) struct WorkerTests {
    /// As when `TasksMax=` is reached: the job fails with the reason, nothing waits for it, and later ones run again.
    @Test func aJobWithoutAThreadFails() async throws {
        try await onLoop {
            let refusals = Locked(3)
            let worker = Worker("test") { worker in
                let isRefused = refusals.withLock { left in
                    left -= 1
                    return left >= 0
                }
                return isRefused ? EAGAIN : Worker.startThread(worker)
            }
            for _ in 1...3 {
                do {
                    try await worker.run { () -> Void in Issue.record("the job runs") }
                    Issue.record("nothing is thrown")
                } catch let error as Errno {
                    #expect(error.code == EAGAIN && error.context.contains("TasksMax="))
                }
            }
            #expect(try await worker.run { 7 } == 7)
        }
    }
}
