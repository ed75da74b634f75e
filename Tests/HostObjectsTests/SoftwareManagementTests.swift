import EventLoop
import Glibc
import LwM2M
import LwM2MClient
import Linux
import State
import TestSupport
import Testing

@testable import HostObjects

/// Object 9 with fakes of its ports and real files.
@Suite struct SoftwareManagementTests {
    @LoopActor
    struct Rig {
        let folder = TemporaryFolder()
        let installer = FakeInstaller()
        var fetcher = FakeFetcher()
        let changes = Changes()
        let scheduler = ManualScheduler()
        let reports = Reports()
        private let change: @Sendable (inout SoftwareManagement.Options) -> Void
        private let servers: [UInt16]
        var object: SoftwareManagement

        init(
            boot: String = "boot-1", servers: [UInt16] = [0],
            change: @escaping @Sendable (inout SoftwareManagement.Options) -> Void = { _ in }
        ) {
            self.change = change
            self.servers = servers
            object = Rig.make(folder, installer, fetcher, scheduler, boot, servers, change)
            attach()
        }

        /// The agent was killed: a new object on the same files.
        mutating func restart(
            boot: String = "boot-1", before: @LoopActor (SoftwareManagement) async -> Void = { _ in }
        ) async {
            fetcher.isDead = true
            let next = FakeFetcher()
            (next.answer, next.attempts) = (fetcher.answer, fetcher.attempts)
            fetcher = next
            object = Rig.make(folder, installer, fetcher, scheduler, boot, servers, change)
            attach()
            await before(object)
            await object.start()
        }

        private func attach() {
            object.changes = changes
            changes.object = object
            object.report = { [reports] in reports.all.append($0) }
        }

        private static func make(
            _ folder: TemporaryFolder, _ installer: FakeInstaller, _ fetcher: FakeFetcher,
            _ scheduler: ManualScheduler, _ boot: String, _ servers: [UInt16],
            _ change: (inout SoftwareManagement.Options) -> Void
        ) -> SoftwareManagement {
            var options = SoftwareManagement.Options(
                folder: folder.path, maximumPackageSize: 1000, reserve: DiskReserve(percent: 0, minimum: 0), boot: boot)
            change(&options)
            return SoftwareManagement(
                options, installer: installer, fetcher: fetcher, scheduler: scheduler, servers: { servers })
        }

        func read(_ resource: UInt16, _ instance: UInt16 = 0) -> String {
            guard case .single(let value)? = try? object.read(instance, resource) else { return "nothing" }
            return text(value)
        }

        /// State, result, activation: `3 3 false`.
        func state(_ instance: UInt16 = 0) -> String {
            "\(read(7, instance)) \(read(9, instance)) \(read(12, instance))"
        }

        /// Pushes a package; the response of the last block.
        ///
        /// - Parameter change: what must have been told before the bytes come: a short transfer may be over before its
        ///   beginning is durable, and then only its end is told.
        func push(
            _ package: DeliveredPackage, to instance: UInt16 = 0, onceTold change: String? = nil
        ) async throws -> Response {
            installer.stageAnswer = .success(package)
            let sink = try #require(try object.sink(instance, 2, size: nil))
            if let change { await settle { changes.seen.contains(change) } }
            #expect(sink.append([1, 2, 3]) == nil)
            #expect(sink.append([4]) == nil)
            return await withCheckedContinuation { continuation in
                sink.finish { continuation.resume(returning: $0) }
            }
        }

        /// Pushes and installs a package that then runs.
        func install(_ version: String, active: Bool = true, to instance: UInt16 = 0) async throws {
            let package = DeliveredPackage(token: "t-\(version)", name: "keel", version: version)
            #expect(try await push(package, to: instance).code == .changed)
            installer.installsKeel(version, active: active)
            try await object.execute(instance, 4, [])
        }

        /// Lets tasks run that were started in the background.
        func settle(until condition: () -> Bool) async {
            let end = LoopScheduler.shared.now + .seconds(30)
            while !condition(), LoopScheduler.shared.now < end {
                await LoopScheduler.shared.sleep(for: .milliseconds(1))
            }
            #expect(condition())
        }
    }

    static let one = DeliveredPackage(token: "t-1", name: "keel", version: "1.0")

    func code(_ body: @LoopActor () async throws -> Void) async -> String {
        do {
            try await body()
            return "success"
        } catch let error as OperationError {
            return error.code.description
        } catch {
            return "\(error)"
        }
    }

    @Test func thereIsAlwaysAnEmptyInstanceZero() async throws {
        await onLoop {
            let rig = Rig()
            await rig.object.start()
            #expect(rig.object.instances == [0])
            #expect(rig.state() == "0 0 false")
            #expect(rig.read(0).isEmpty && rig.read(1).isEmpty)
            #expect(await code { try await rig.object.delete(0) } == "4.05")
        }
    }

    @Test func pushInstallActivateIsToldInOrder() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            #expect(try await rig.push(Self.one, onceTold: "7=1").code == .changed)
            #expect(rig.state() == "3 3 false")
            #expect(rig.installer.calls == ["stage 4"])
            try await rig.install2()
            #expect(rig.state() == "4 2 false")
            // What 12 shows follows the installer's word, which follows systemd's.
            try await rig.object.execute(0, 10, [])
            await rig.object.packageChanged(InstalledPackage(name: "keel", version: "1.0", active: true))
            #expect(rig.state() == "4 2 true")
            let told = rig.changes.seen.filter { $0.hasPrefix("7=") || $0.hasPrefix("9=") || $0.hasPrefix("12=") }
            #expect(told == ["9=1", "7=1", "9=0", "7=2", "9=3", "7=3", "9=2", "7=4", "12=true"])
        }
    }

    @Test func whatDoesNotApplyIsRefused() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            for resource: UInt16 in [4, 6, 10, 11] {
                #expect(await code { try await rig.object.execute(0, resource, []) } == "4.05", "\(resource)")
            }
            let one = [ExecuteArgument(digit: 1)]
            #expect(await code { try await rig.object.execute(0, 6, one) } == "4.05")
            for bad in [
                [ExecuteArgument(digit: 2)], [ExecuteArgument(digit: 0, value: "x")],
                [ExecuteArgument(digit: 0), ExecuteArgument(digit: 1)],
            ] {
                #expect(await code { try await rig.object.execute(0, 6, bad) } == "4.00")
            }
            #expect(await code { try await rig.object.execute(0, 4, one) } == "4.00")
            _ = try await rig.push(Self.one)
            #expect(await code { _ = try rig.object.sink(0, 2, size: nil) } == "4.05")
            #expect(
                await code { try await rig.object.write(0, [3: .single(.string("http://a/b"))], mode: .update) }
                    == "4.05")
            #expect(await code { try await rig.object.execute(0, 10, []) } == "4.05")
            #expect(rig.state() == "3 3 false")
        }
    }

    @Test func whileAPackageIsDroppedItIsNotInstalled() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            _ = try await rig.push(Self.one)
            var codes: [String] = []
            rig.installer.duringDiscard = {
                codes.append(await code { try await rig.object.execute(0, 4, []) })
                codes.append(await code { try await rig.object.execute(0, 6, []) })
            }
            try await rig.object.execute(0, 6, [])
            #expect(codes == ["4.05", "4.05"])
            #expect(rig.installer.calls == ["stage 4", "discard t-1"])
            #expect(rig.state() == "0 0 false")
            rig.installer.duringDiscard = nil
            #expect(try await rig.push(Self.one).code == .changed)
        }
    }

    @Test func aWriteTakesAllOrNothing() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            let refused: [UInt16: ResourceContent] = [8: .single(.boolean(true)), 3: .single(.string("ftp://a/b"))]
            #expect(await code { try await rig.object.write(0, refused, mode: .update) } == "4.00")
            #expect(rig.read(8) == "false")
            let both: [UInt16: ResourceContent] = [8: .single(.boolean(true)), 3: .single(.string("http://a/b"))]
            try await rig.object.write(0, both, mode: .update)
            #expect(rig.read(8) == "true")
            #expect(rig.state() == "1 1 false")
        }
    }

    @Test(arguments: [
        "", "ftp://a/b", "coap://a", "http://", String(repeating: "http://a/", count: 40), "http://a\0b/x",
        "http://a/\u{1B}[2J", "http://a b/x", "http://a/x\n", "http://a\u{7F}/x",
    ])
    func aURIThatCannotBeFetchedIsRefused(uri: String) async throws {
        await onLoop {
            let rig = Rig()
            await rig.object.start()
            #expect(
                await code { try await rig.object.write(0, [3: .single(.string(uri))], mode: .update) } == "4.00")
            #expect(rig.state() == "0 56 false")
            #expect(rig.fetcher.fetched.isEmpty && rig.object.transfers.isEmpty)
        }
    }

    @Test func aPullIsAnsweredAtOnceAndEndsDelivered() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            rig.installer.stageAnswer = .success(Self.one)
            try await rig.object.write(0, [3: .single(.string("https://u:p@h/x.deb?t=1"))], mode: .update)
            #expect(rig.state() == "1 1 false")
            rig.fetcher.answer = .success([1, 2, 3])
            await rig.settle { rig.state() == "3 3 false" }
            #expect(rig.installer.calls == ["stage 3"])
        }
    }

    @Test func aPullThatFailsSaysWhy() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            rig.fetcher.answer = .failure(FetchFailure(.invalidURI, "not-found: 404"))
            try await rig.object.write(0, [3: .single(.string("http://h/x.deb"))], mode: .update)
            await rig.settle { rig.state() == "0 56 false" }
            #expect(rig.read(16) == "not-found: 404")
        }
    }

    @Test(arguments: [
        (InstallerRefusal.Kind.integrity, "0 53 false"), (.unsupported, "0 54 false"), (.noSpace, "0 50 false"),
        (.policy, "0 57 false"), (.unavailable, "0 57 false"),
    ])
    func aPackageThatIsRefused(kind: InstallerRefusal.Kind, state: String) async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            rig.installer.stageAnswer = .failure(InstallerRefusal(kind, "bad: why"))
            let sink = try #require(try rig.object.sink(0, 2, size: 4))
            _ = sink.append([1, 2, 3, 4])
            let response = await withCheckedContinuation { continuation in
                sink.finish { continuation.resume(returning: $0) }
            }
            #expect(response.code == .badRequest)
            #expect(rig.state() == state)
            #expect(rig.read(16) == "bad: why")
            // The slot can be used again at once.
            #expect(try await rig.push(Self.one).code == .changed)
            #expect(rig.state() == "3 3 false")
        }
    }

    @Test func aTransferThatBreaksOffFreesTheSlot() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            let sink = try #require(try rig.object.sink(0, 2, size: nil))
            #expect(rig.state() == "1 1 false")
            #expect(await code { _ = try rig.object.sink(0, 2, size: nil) } == "4.05")
            sink.abort(.timeout)
            await rig.settle { rig.state() == "0 52 false" }
            #expect(try await rig.push(Self.one).code == .changed)
        }
    }

    @Test func aTransferThatItsSenderBeginsAnewGoesOn() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            rig.installer.stageAnswer = .success(Self.one)
            let sink = try #require(try rig.object.sink(0, 2, size: nil))
            #expect(sink.append([9, 9, 9, 9, 9, 9, 9]) == nil)
            await rig.settle { rig.changes.seen.contains("7=1") }
            // What the transport does when a first block comes amid a transfer.
            sink.abort(.closed)
            let second = try #require(try rig.object.sink(0, 2, size: nil))
            #expect(await code { _ = try rig.object.sink(0, 2, size: nil) } == "4.05")
            #expect(second.append([1, 2, 3]) == nil)
            let response = await withCheckedContinuation { continuation in
                second.finish { continuation.resume(returning: $0) }
            }
            #expect(response.code == .changed && rig.state() == "3 3 false")
            #expect(rig.installer.calls == ["stage 3"])
            let told = rig.changes.seen.filter { $0.hasPrefix("7=") || $0.hasPrefix("9=") }
            #expect(told == ["9=1", "7=1", "9=0", "7=2", "9=3", "7=3"])
        }
    }

    @Test func anInstanceThatIsBeingDeletedTakesNoPackage() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            let made = try await rig.object.create(7, [:])
            #expect(made == 7)
            // The worker is held up, so that the deletion stands in its middle for as long as it is looked at.
            let gate = try WorkerGate(.shared)
            let (begun, deleted) = (Flag(), Flag())
            LoopActor.spawn {
                begun.set = true
                try? await rig.object.delete(7)
                deleted.set = true
            }
            await rig.settle { begun.set }
            #expect(!deleted.set && rig.object.instances == [0, 7])
            #expect(await code { _ = try rig.object.sink(7, 2, size: nil) } == "4.05")
            gate.open()
            await rig.settle { deleted.set }
            #expect(rig.object.instances == [0])
        }
    }

    /// The package comes back on the host while the record of its instance is being removed.
    @Test func aDeletedInstanceDoesNotComeBack() async throws {
        try await onLoop {
            var rig = Rig()
            await rig.object.start()
            _ = try await rig.object.create(7, [:])
            try await rig.install("1.0", to: 7)
            await rig.object.packageRemoved("keel")
            #expect(rig.state(7) == "0 0 false")
            let back = InstalledPackage(name: "keel", version: "2.0", active: true)
            rig.installer.packages = [back]
            let gate = try WorkerGate(.shared)
            let (begun, deleted, told) = (Flag(), Flag(), Flag())
            let object = rig.object
            LoopActor.spawn {
                try? await object.delete(7)
                deleted.set = true
            }
            LoopActor.spawn {
                begun.set = true
                await object.packageChanged(back)
                told.set = true
            }
            await rig.settle { begun.set }
            gate.open()
            await rig.settle { deleted.set && told.set }
            for _ in 1...2 {
                #expect(rig.object.instances == [0, 1])
                #expect(rig.read(1, 1) == "2.0" && rig.state(1) == "4 2 true")
                await rig.restart()
            }
        }
    }

    @Test func aReplaceTakesBackWhatItDoesNotName() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            try await rig.object.write(0, [8: .single(.boolean(true))], mode: .update)
            try await rig.object.write(0, [:], mode: .update)
            #expect(rig.read(8) == "true")
            try await rig.object.write(0, [:], mode: .replace)
            #expect(rig.read(8) == "false")
        }
    }

    @Test func aPackageThatIsTooLargeIsRefused() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            #expect(await code { _ = try rig.object.sink(0, 2, size: 1001) } == "4.13")
            let sink = try #require(try rig.object.sink(0, 2, size: nil))
            #expect(sink.append([UInt8](repeating: 0, count: 1000)) == nil)
            #expect(sink.append([0])?.code == .requestEntityTooLarge)
            await rig.settle { rig.state() == "0 50 false" }
        }
    }

    @Test func aBadUpdateLeavesTheOldRunningAndSaysSo() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            try await rig.install("1.0")
            #expect(rig.state() == "4 2 true")
            try await rig.object.execute(0, 6, [ExecuteArgument(digit: 1)])
            // Nothing was stopped: 12 tells the truth of what runs.
            #expect(rig.state() == "0 0 true")
            #expect(try await rig.push(DeliveredPackage(token: "t-2", name: "keel", version: "2.0")).code == .changed)
            #expect(rig.state() == "3 3 true")
            #expect(rig.read(1) == "2.0")
            rig.installer.onInstall = {}
            rig.installer.outcome = .failed("probation: keel.service restarted 2 times")
            #expect(await code { try await rig.object.execute(0, 4, []) } == "5.00")
            #expect(rig.state() == "3 58 true")
            #expect(
                rig.read(16) == "probation: keel.service restarted 2 times; version 1.0 is running")
            // Dropping the update goes back to the old one.
            try await rig.object.execute(0, 6, [])
            #expect(rig.state() == "4 0 true")
            #expect(rig.read(1) == "1.0")
            #expect(rig.installer.calls.suffix(1) == ["discard t-2"])
        }
    }

    @Test func longWorkIsAnsweredInTimeAndItsEndIsTold() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            _ = try await rig.push(Self.one)
            rig.installer.outcome = nil
            let answered = Flag()
            LoopActor.spawn {
                try? await rig.object.execute(0, 4, [])
                answered.set = true
            }
            await rig.settle { rig.installer.calls.last == "install t-1 true" }
            #expect(!answered.set)
            #expect(await code { try await rig.object.execute(0, 4, []) } == "4.05")
            rig.scheduler.advance(by: .seconds(4))
            await rig.settle { answered.set }
            #expect(rig.state() == "3 3 false")
            rig.installer.packages = [InstalledPackage(name: "keel", version: "1.0", active: false)]
            rig.installer.finish(.done)
            await rig.settle { rig.state() == "4 2 false" }
        }
    }

    @Test func aNameOwnsItsInstance() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            try await rig.install("1.0")
            #expect(try await rig.object.create(7, [0: .single(.string("hint")), 1: .single(.string("9"))]) == 7)
            let response = try await rig.push(DeliveredPackage(token: "t-2", name: "keel", version: "2.0"), to: 7)
            #expect(response.code == .badRequest)
            #expect(rig.state(7) == "0 58 false")
            #expect(rig.read(16, 7).hasPrefix("name-conflict:"))
            #expect(rig.installer.calls.contains("discard t-2"))
            // And an update must be of the same package.
            try await rig.object.execute(0, 6, [ExecuteArgument(digit: 1)])
            let other = try await rig.push(DeliveredPackage(token: "t-3", name: "other", version: "1"))
            #expect(other.code == .badRequest)
            #expect(rig.state() == "0 58 true")
        }
    }

    /// Otherwise a package that was removed could not be delivered to an instance of the server's choice, ever.
    @Test func anInstanceGivesUpTheNameOfAPackageThatWasRemoved() async throws {
        try await onLoop {
            var rig = Rig()
            rig.installer.packages = [InstalledPackage(name: "keel", version: "1.0", active: true)]
            await rig.object.start()
            #expect(rig.read(0, 1) == "keel")
            let refused = try await rig.push(Self.one)
            #expect(refused.code == .badRequest)
            #expect(rig.read(16).hasPrefix("name-conflict:"))
            rig.installer.packages = []
            await rig.object.packageRemoved("keel")
            let taken = try await rig.push(Self.one)
            #expect(taken.code == .changed)
            #expect(rig.state() == "3 3 false")
            // From now on the name is that of instance 0, also after a restart.
            await rig.restart()
            await rig.object.packageChanged(InstalledPackage(name: "keel", version: "1.0", active: true))
            #expect(rig.read(0, 1) == "" && rig.state(1) == "0 0 false")
            #expect(rig.read(12) == "true")
        }
    }

    @Test func createAndDelete() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            rig.changes.instances = 0
            #expect(try await rig.object.create(nil, [:]) == 1)
            #expect(try await rig.object.create(42, [:]) == 42)
            #expect(await code { _ = try await rig.object.create(42, [:]) } == "4.00")
            #expect(rig.object.instances == [0, 1, 42])
            _ = try await rig.push(Self.one, to: 42)
            #expect(await code { try await rig.object.delete(42) } == "4.05")
            try await rig.object.execute(42, 6, [])
            try await rig.object.delete(42)
            #expect(rig.object.instances == [0, 1])
            #expect(rig.changes.instances == 3)
        }
    }

    @Test func removalIsToldAndCanFail() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            try await rig.install("1.0")
            rig.installer.outcome = .failed("busy: no")
            #expect(await code { try await rig.object.execute(0, 6, []) } == "5.00")
            #expect(rig.state() == "4 59 true")
            rig.installer.outcome = .done
            rig.installer.packages = []
            try await rig.object.execute(0, 6, [ExecuteArgument(digit: 0)])
            #expect(rig.state() == "0 0 false")
        }
    }

    @Test func packagesOfTheHostTakeTheLowestFreeInstance() async throws {
        await onLoop {
            let rig = Rig()
            rig.installer.packages = [
                InstalledPackage(name: "a", version: "1", active: true),
                InstalledPackage(name: "b", version: "2", active: false),
            ]
            await rig.object.start()
            #expect(rig.object.instances == [0, 1, 2])
            #expect(rig.state(1) == "4 2 true")
            #expect(rig.read(0, 2) == "b" && rig.state(2) == "4 2 false")
            await rig.object.packageRemoved("b")
            #expect(rig.state(2) == "0 0 false")
            // The name comes back to its instance.
            await rig.object.packageChanged(InstalledPackage(name: "b", version: "3", active: true))
            #expect(rig.object.instances == [0, 1, 2])
            #expect(rig.state(2) == "4 2 true")
        }
    }

    /// A snapshot is older than what the installer tells while it is on its way.
    @Test func aSnapshotDoesNotUndoWhatWasToldSince() async {
        await onLoop {
            let rig = Rig()
            let old = InstalledPackage(name: "a", version: "1", active: true)
            let removed = InstalledPackage(name: "b", version: "1", active: true)
            rig.installer.packages = [old, removed]
            await rig.object.start()
            #expect(rig.read(1, 1) == "1" && rig.state(2) == "4 2 true")
            rig.installer.duringSnapshot = {
                await rig.object.packageChanged(InstalledPackage(name: "a", version: "2", active: false))
                await rig.object.packageRemoved("b")
                await rig.object.packageChanged(InstalledPackage(name: "c", version: "1", active: true))
            }
            await rig.object.installerAppeared()
            #expect(rig.read(1, 1) == "2" && rig.state(1) == "4 2 false")
            #expect(rig.state(2) == "0 0 false")
            #expect(rig.read(0, 3) == "c" && rig.state(3) == "4 2 true")
            // The next one is newer than all that.
            rig.installer.duringSnapshot = nil
            await rig.object.installerAppeared()
            #expect(rig.read(1, 1) == "1" && rig.state(2) == "4 2 true" && rig.state(3) == "0 0 false")
        }
    }
}

@LoopActor
final class Flag {
    var set = false
}

@LoopActor
final class Reports {
    var all: [SoftwareManagement.Report] = []

    /// Why downloads wait, each time that it was logged.
    var waiting: [String] {
        all.compactMap { if case .waiting(_, let reason) = $0 { reason } else { nil } }
    }
}

extension SoftwareManagementTests.Rig {
    /// Installs what was pushed; nothing runs yet.
    func install2() async throws {
        installer.installsKeel("1.0", active: false)
        try await object.execute(0, 4, [])
    }
}
