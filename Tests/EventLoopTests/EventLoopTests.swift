import EventLoop
import Glibc
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
