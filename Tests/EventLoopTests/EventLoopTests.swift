import EventLoop
import Glibc
import Linux
import TestSupport
import Testing

@Suite struct EventLoopTests {
    @Test func timersFireOnceUnlessCancelled() async {
        let seen = await onLoop {
            var seen: Set<Int> = []
            LoopScheduler.shared.schedule(after: .milliseconds(1)) { seen.insert(9) }.cancel()
            await withCheckedContinuation { continuation in
                LoopScheduler.shared.schedule(after: .milliseconds(5)) {
                    seen.insert(1)
                    // Scheduled from a handler, so that it is always later.
                    LoopScheduler.shared.schedule(after: .milliseconds(5)) {
                        seen.insert(2)
                        continuation.resume()
                    }
                }
            }
            return seen
        }
        #expect(seen == [1, 2])
    }

    @Test func filesThatComeIntoAFolderAreNamed() async throws {
        let folder = "/tmp/gatekeel-test-\(getpid())-\(randomBytes(4).map { "\($0)" }.joined())"
        try Files.makeDirectories(folder)
        defer { try? Files.removeTree(folder) }
        let names = await onLoop {
            var names: [String] = []
            var source: FolderSource?
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                source = try? FolderSource(folder) { name in
                    names.append(name)
                    if name == "last" { continuation.resume() }
                }
                try? Files.replace("\(folder)/moved", with: [1], mode: 0o644)
                try? Files.replace("\(folder)/last", with: [1], mode: 0o644)
            }
            source?.cancel()
            #expect(throws: Errno.self) { try FolderSource("\(folder)/none") { _ in } }
            return names
        }
        #expect(names.contains("moved") && names.last == "last")
    }

    /// Whoever waits until a moment, and finds that it has not come yet, waits for ever. sd-event's own relative timers count
    /// from when the loop woke up; a handler that was slow, or did not get the processor, got its timers early.
    @Test func aTimerIsNeverEarly() async {
        let left = await onLoop {
            await withCheckedContinuation { continuation in
                LoopScheduler.shared.schedule(after: .milliseconds(1)) {
                    // The handler is slow: blocking is the subject here.
                    usleep(50_000)
                    let end = LoopScheduler.shared.now + .milliseconds(20)
                    LoopScheduler.shared.schedule(after: .milliseconds(20)) {
                        continuation.resume(returning: end - LoopScheduler.shared.now)
                    }
                }
            }
        }
        #expect(left <= .zero)
    }

    @Test func workersRunOnAnotherThreadAndReportErrors() async {
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

    @Test func readableDescriptorsAreReported() async throws {
        let byte = try await onLoop {
            let pipe = try Pipe()
            let reading = pipe.reading.raw
            var source: IOSource?
            defer { source?.cancel() }
            return await withCheckedContinuation { continuation in
                source = IOSource(descriptor: reading) { _ in
                    var byte: UInt8 = 0
                    if read(reading, &byte, 1) == 1 { continuation.resume(returning: byte) }
                }
                var byte: UInt8 = 0x78
                _ = write(pipe.writing.raw, &byte, 1)
            }
        }
        #expect(byte == 0x78)
    }
}

@Suite struct ChildProcessTests {
    @Test(arguments: [("exit 7", ProcessEnd.exited(7)), ("kill -9 $$", .signalled(9)), ("exit 0", .exited(0))])
    func endsOfProcessesAreReported(script: String, status: ProcessEnd) async throws {
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
