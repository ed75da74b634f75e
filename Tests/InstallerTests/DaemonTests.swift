import Configuration
import Contract
import Deployment
import EventLoop
import Glibc
import Linux
import TestSupport
import Testing

@testable import Installer

@Suite struct DaemonTests {
    @Test func theConfigurationIsThePipelinesPolicy() {
        let policy = Policy(InstallerConfiguration())
        #expect(policy.probationTime == .seconds(30))
        #expect(policy.startTimeout == .seconds(30))
        #expect(policy.stopTimeout == .seconds(10))
        #expect(policy.copyDeadline == .seconds(120))
        #expect(policy.maxPackageSize == 1 << 30)
        #expect(!policy.allowDowngrade)
        #expect(policy.maxBoots == 2)
    }

    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00Z"), (1_700_000_000, "2023-11-14T22:13:20Z"), (-1, "1969-12-31T23:59:59Z"),
    ])
    func aMomentIsWrittenAsISO8601(seconds: Int64, text: String) { #expect(isoTime(seconds) == text) }

    @Test func argumentsAreFew() {
        #expect(ProgramArguments.handled("gatekeel-installd", ["x"]) == nil)
        #expect(ProgramArguments.handled("gatekeel-installd", ["x", "--what"]) == 64)
    }

    @Test(
        arguments: [
            ("/usr/lib/gatekeel/gatekeel-recover", InstallerProgram.recover), ("gatekeel-recover", .recover),
            ("/usr/lib/gatekeel/gatekeel-installd", .installd), ("/gatekeel-recover/other", .installd), ("", .installd),
            ("gatekeel-recover2", .installd), (nil, .installd),
        ] as [(String?, InstallerProgram)])
    func theNameOfTheProgramDecidesWhatItIs(command: String?, program: InstallerProgram) {
        #expect(InstallerProgram(startedAs: command) == program)
    }

    @Test func whatIsAskedTooOftenIsRefusedAndAllowedAgainLater() async {
        let waits = await onLoop { () -> [Duration?] in
            let scheduler = ManualScheduler()
            let limit = RateLimit(2, every: .seconds(60), scheduler: scheduler)
            var waits = [limit.take(), limit.take(), limit.take()]
            scheduler.advance(by: .seconds(59))
            waits.append(limit.take())
            scheduler.advance(by: .seconds(1))
            waits += [limit.take(), limit.take()]
            scheduler.advance(by: .seconds(3600))
            waits += [limit.take(), limit.take(), limit.take()]
            return waits
        }
        #expect(waits == [nil, nil, .seconds(60), .seconds(1), nil, .seconds(60), nil, nil, .seconds(60)])
    }

    @Test func anEmptyKeyringHasNoCertificates() async throws {
        let certificates = try await onLoop {
            try await KeyringWatch(
                folder: "/nonexistent", warning: .seconds(1), scheduler: ManualScheduler(), now: { 0 }
            ).certificates()
        }
        #expect(certificates.isEmpty)
    }

    /// It stays up, tells each failure and tries again, at the latest every five minutes, and at once when it is asked to.
    @Test func theStoreIsTriedUntilItOpens() async throws {
        try await onLoop {
            let scheduler = ManualScheduler()
            let store = FailingStore()
            let opening = Attempts(
                scheduler: scheduler, attempt: { store.open() }, failed: { store.failures.append($0) })
            let run = LoopActor.spawn {
                try? await opening.run()
                store.isOpen = true
            }
            var pauses: [Duration] = []
            for count in 1...12 {
                while store.failures.count < count || scheduler.nextDelay == nil { await Task.yield() }
                let pause = try #require(scheduler.nextDelay)
                pauses.append(pause)
                if count < 12 { scheduler.advance(by: pause) }
            }
            #expect(pauses.prefix(3) == [.seconds(1), .seconds(2), .seconds(4)])
            #expect(pauses.last == .seconds(300))
            #expect(store.failures.first == "EIO 1" && store.attempts == 12)
            store.isReadable = true
            opening.retry()
            await run.value
            #expect(store.isOpen && store.attempts == 13 && store.failures.count == 12)
            // Nothing waits any more.
            opening.retry()
            #expect(scheduler.nextDelay == nil)
        }
    }

    @LoopActor
    private final class FailingStore {
        var isReadable = false
        var isOpen = false
        var attempts = 0
        var failures: [String] = []

        func open() -> String? {
            attempts += 1
            return isReadable ? nil : "EIO \(attempts)"
        }
    }

    @Test func bootsHaveIdentifiers() throws { #expect(try Host.bootID().utf8.count == 36) }
}
