import Glibc
import TestSupport
import Testing

@testable import EventLoop

@Suite(.timeLimit(.minutes(patience))) struct WorkerWatchTests {
    /// Where a job stands until the test lets it go.
    private final class Stop: @unchecked Sendable {
        // Sendable: a semaphore is made for use from any thread.
        private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
        init() { sem_init(semaphore, 0, 0) }
        func wait() { while sem_wait(semaphore) != 0 {} }
        func open() { sem_post(semaphore) }
    }

    @LoopActor private final class Seen { var hung: [String] = [] }

    @Test func aJobThatHangsIsNoticed() async throws {
        try await onLoop {
            let (worker, scheduler, seen, stop) = (Worker("test"), ManualScheduler(), Seen(), Stop())
            let watch = WorkerWatch(scheduler: scheduler) { seen.hung.append($0) }
            watch.start([worker])
            LoopActor.spawn { try? await worker.run { stop.wait() } }
            while worker.current == nil { await LoopScheduler.shared.sleep(for: .milliseconds(1)) }
            scheduler.advance(by: Worker.usual)
            #expect(seen.hung.isEmpty)
            // A gateway that slept: one look after another, however late.
            scheduler.advance(by: Worker.usual * 3)
            #expect(seen.hung == ["test"])
            scheduler.advance(by: Worker.long)
            #expect(seen.hung == ["test"])
            stop.open()
            try await worker.run {}
        }
    }

    @Test func longJobsAreGivenTimeAndAnIdleWorkerIsNotLookedAt() async throws {
        try await onLoop {
            let (worker, scheduler, seen, stop) = (Worker("test"), ManualScheduler(), Seen(), Stop())
            let watch = WorkerWatch(scheduler: scheduler) { seen.hung.append($0) }
            watch.start([worker])
            LoopActor.spawn { try? await worker.run(limit: Worker.long) { stop.wait() } }
            while worker.current == nil { await LoopScheduler.shared.sleep(for: .milliseconds(1)) }
            scheduler.advance(by: Worker.usual + Worker.long)
            #expect(seen.hung.isEmpty)
            stop.open()
            // Many short ones, one at every look, are not one that hangs.
            for _ in 0..<20 {
                try await worker.run {}
                scheduler.advance(by: Worker.usual)
            }
            #expect(seen.hung.isEmpty)
            while worker.current != nil { await LoopScheduler.shared.sleep(for: .milliseconds(1)) }
            scheduler.advance(by: Worker.long)
            #expect(scheduler.nextDelay == nil)
            withExtendedLifetime(watch) {}
        }
    }
}
