import EventLoop
import LwM2M
import LwM2MClient
import Linux
import TestSupport
import Testing

@testable import HostObjects

/// The installer is away when the agent starts, and comes while work is under way that servers asked for meanwhile.
extension SoftwareManagementTests {
    /// An agent that was restarted while the installer is away.
    ///
    /// - Parameter before: what happens before the restart.
    @LoopActor
    private func away(_ before: @LoopActor (Rig) async throws -> Void = { _ in }) async throws -> Rig {
        var rig = Rig()
        await rig.object.start()
        // So that there is a record.
        try await rig.object.write(0, [8: .single(.boolean(true))], mode: .update)
        try await before(rig)
        rig.installer.isAway = true
        await rig.restart()
        return rig
    }

    @LoopActor
    private func appear(_ rig: Rig) async {
        rig.installer.isAway = false
        await rig.object.installerAppeared()
    }

    @LoopActor
    private func record(_ rig: Rig) -> String {
        String(decoding: (try? Files.read("\(rig.folder.path)/0.record", limit: 65536)) ?? [], as: UTF8.self)
    }

    @Test func aPushGoesOnWhenTheInstallerComes() async throws {
        try await onLoop {
            let rig = try await away()
            rig.installer.stageAnswer = .success(Self.one)
            let sink = try #require(try rig.object.sink(0, 2, size: nil))
            #expect(sink.append([1, 2]) == nil)
            await rig.settle { record(rig).contains("State=1\n") }
            await appear(rig)
            #expect(rig.state() == "1 1 false")
            #expect(sink.append([3]) == nil)
            let response = await withCheckedContinuation { continuation in
                sink.finish { continuation.resume(returning: $0) }
            }
            #expect(response.code == .changed && rig.state() == "3 3 false")
            #expect(rig.installer.calls == ["stage 3"])
        }
    }

    @Test func aPullThatIsUnderWayIsNotBegunTwice() async throws {
        try await onLoop {
            let rig = try await away()
            rig.installer.stageAnswer = .success(Self.one)
            try await rig.object.write(0, [3: .single(.string("http://h/x"))], mode: .update)
            await rig.settle { rig.fetcher.running == 1 }
            await appear(rig)
            rig.fetcher.answer = .success([1])
            await rig.settle { rig.state() == "3 3 false" && rig.fetcher.running == 0 }
            #expect(rig.fetcher.attempts.count == 1 && rig.installer.calls == ["stage 1"])
        }
    }

    @Test func aPackageThatWaitsForTheInstallerIsStagedOnce() async throws {
        try await onLoop {
            let rig = try await away()
            rig.installer.stageAnswer = .success(Self.one)
            let sink = try #require(try rig.object.sink(0, 2, size: nil))
            #expect(sink.append([1, 2]) == nil)
            let answered = Flag()
            sink.finish { _ in answered.set = true }
            await rig.settle { rig.state() == "2 0 false" && rig.scheduler.nextDelay == .seconds(1) }
            await appear(rig)
            await rig.settle {
                rig.scheduler.advance(by: .seconds(1))
                return answered.set && rig.state() == "3 3 false"
            }
            #expect(rig.installer.calls == ["stage 2"])
        }
    }

    @Test func anInstallThatWaitsForTheInstallerStaysAccepted() async throws {
        try await onLoop {
            let rig = try await away { _ = try await $0.push(Self.one) }
            rig.installer.outcome = nil
            LoopActor.spawn { try? await rig.object.execute(0, 4, []) }
            await rig.settle { record(rig).contains("Installing=yes") && rig.scheduler.nextDelay == .seconds(1) }
            await appear(rig)
            #expect(record(rig).contains("Installing=yes"))
            await rig.settle {
                rig.scheduler.advance(by: .seconds(1))
                return rig.installer.calls.last == "install t-1 true"
            }
            #expect(record(rig).contains("Installing=yes") && rig.state() == "3 3 false")
        }
    }

    @Test func aTransferThatIsBeingCancelledIsNotTakenUp() async throws {
        try await onLoop {
            let rig = try await away { rig in
                try await rig.object.write(0, [3: .single(.string("http://h/x"))], mode: .update)
                await rig.settle { rig.fetcher.running == 1 }
            }
            #expect(rig.state() == "1 1 false")
            let gate = try WorkerGate(.transfers)
            let (begun, cancelled) = (Flag(), Flag())
            LoopActor.spawn {
                begun.set = true
                try? await rig.object.write(0, [3: .single(.string(""))], mode: .update)
                cancelled.set = true
            }
            await rig.settle { begun.set }
            await appear(rig)
            #expect(!cancelled.set)
            gate.open()
            await rig.settle { cancelled.set }
            #expect(rig.state() == "0 0 false" && rig.object.transfers.isEmpty)
            #expect(rig.fetcher.attempts.count == 1)
        }
    }

    /// What was interrupted by the restart is taken up all the same, as long as nothing else was begun.
    @Test func aPullThatWasInterruptedIsTakenUpWhenTheInstallerComes() async throws {
        try await onLoop {
            let rig = try await away { rig in
                try await rig.object.write(0, [3: .single(.string("http://h/x"))], mode: .update)
                await rig.settle { rig.fetcher.running == 1 }
            }
            rig.installer.stageAnswer = .success(Self.one)
            rig.fetcher.answer = .success([1])
            await appear(rig)
            await rig.settle { rig.state() == "3 3 false" }
            #expect(rig.fetcher.attempts.count == 2)
        }
    }
}
