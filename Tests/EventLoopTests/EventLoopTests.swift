import EventLoop
import Glibc
import Linux
import TestSupport
import Testing

@Suite struct EventLoopTests {
    @Test func timersFireInOrder() async {
        let order = await onLoop {
            var seen: [Int] = []
            LoopScheduler.shared.schedule(after: .milliseconds(40)) { seen.append(2) }
            LoopScheduler.shared.schedule(after: .milliseconds(5)) { seen.append(1) }
            LoopScheduler.shared.schedule(after: .milliseconds(20)) { seen.append(9) }.cancel()
            await LoopScheduler.shared.sleep(for: .milliseconds(80))
            return seen
        }
        #expect(order == [1, 2])
    }

    @Test func theWorkerIsAnotherThreadAndItsErrorsArrive() async {
        struct Refused: Error {}
        let (other, refused) = await onLoop {
            let here = pthread_self()
            let other = try? await Worker.shared.run { pthread_equal(here, pthread_self()) == 0 }
            var refused = false
            do { try await Worker.shared.run { throw Refused() } } catch is Refused { refused = true } catch {}
            EventLoop.shared.checkIsolated()
            return (other, refused)
        }
        #expect(other == true)
        #expect(refused)
    }

    @Test func aDescriptorThatBecomesReadableIsSeen() async {
        let seen = await onLoop {
            var ends: [Int32] = [0, 0]
            pipe(&ends)
            var seen = false
            let source = IOSource(descriptor: ends[0]) { _ in seen = true }
            _ = write(ends[1], "x", 1)
            await LoopScheduler.shared.sleep(for: .milliseconds(20))
            source.cancel()
            close(ends[0])
            close(ends[1])
            return seen
        }
        #expect(seen)
    }
}

@Suite struct ChildProcessTests {
    @Test(arguments: [("exit 7", ProcessEnd.exited(7)), ("kill -9 $$", .signalled(9)), ("exit 0", .exited(0))])
    func anEndIsSeen(script: String, status: ProcessEnd) async throws {
        let seen = try await onLoop {
            let null = try FileDescriptor.open("/dev/null", O_RDWR)
            let end = Ending()
            _ = try ChildProcess(
                "/bin/sh", ["-c", script], descriptors: [(0, null.raw), (1, null.raw), (2, null.raw)]
            ) { end.arrived($0) }
            return await end.value()
        }
        #expect(seen == status)
    }

    @LoopActor private final class Ending {
        private var status: ProcessEnd?
        private var waiting: CheckedContinuation<ProcessEnd, Never>?

        func arrived(_ status: ProcessEnd) {
            self.status = status
            waiting?.resume(returning: status)
        }

        func value() async -> ProcessEnd {
            if let status { return status }
            return await withCheckedContinuation { waiting = $0 }
        }
    }
}
