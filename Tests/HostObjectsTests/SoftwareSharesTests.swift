import EventLoop
import LwM2M
import LwM2MClient
import Linux
import TestSupport
import Testing

@testable import HostObjects

/// Two servers share object 9: one floods, and the other one is served.
extension SoftwareManagementTests {
    /// Does something for one server.
    @LoopActor
    private func by<Value: Sendable>(
        _ account: UInt16, _ body: @LoopActor () async throws -> Value
    ) async rethrows -> Value {
        try await Requester.$current.withValue(.server(account: account)) { try await body() }
    }

    /// Where one server's package goes.
    @LoopActor
    private func sink(_ rig: Rig, _ instance: UInt16, by account: UInt16) throws -> any UploadSink {
        try #require(
            try Requester.$current.withValue(.server(account: account)) { try rig.object.sink(instance, 2, size: nil) })
    }

    @LoopActor
    private func create(_ count: Int, by account: UInt16, _ rig: Rig) async -> Int {
        var made = 0
        for _ in 0..<count {
            if (try? await by(account, { try await rig.object.create(nil, [:]) })) != nil { made += 1 }
        }
        return made
    }

    @LoopActor
    private func pull(_ rig: Rig, _ instance: UInt16, by account: UInt16) async throws {
        try await by(account) {
            try await rig.object.write(instance, [3: .single(.string("http://h/\(instance)"))], mode: .update)
        }
    }

    private static func package(_ number: UInt16) -> DeliveredPackage {
        DeliveredPackage(token: "t-\(number)", name: "keel\(number)", version: "1.0")
    }

    @Test func eachServerHasItsShareOfTheInstances() async throws {
        try await onLoop {
            let rig = Rig(servers: [0, 1]) { $0.maximumInstances = 10 }
            await rig.object.start()
            // 9/0 is nobody's.
            #expect(await create(20, by: 0, rig) == 4)
            #expect(await create(20, by: 1, rig) == 4)
            // What one deletes is its own again.
            let own = try #require(rig.object.instances.first { rig.object.account(of: $0) == 0 })
            try await rig.object.delete(own)
            #expect(await create(20, by: 1, rig) == 0)
            #expect(await create(20, by: 0, rig) == 1)
        }
    }

    @Test func theOnlyServerHasAllInstances() async {
        await onLoop {
            let rig = Rig(servers: [0]) { $0.maximumInstances = 10 }
            await rig.object.start()
            #expect(await create(20, by: 0, rig) == 9)
        }
    }

    /// Whose an instance is outlasts a restart.
    @Test func theSharesHoldAfterARestart() async {
        await onLoop {
            var rig = Rig(servers: [0, 1]) { $0.maximumInstances = 10 }
            await rig.object.start()
            #expect(await create(20, by: 0, rig) == 4)
            await rig.restart()
            #expect(await create(20, by: 0, rig) == 0)
            #expect(await create(20, by: 1, rig) == 4)
        }
    }

    @Test func aQueueOfDownloadsKeepsNoOtherServerWaiting() async throws {
        try await onLoop {
            let rig = Rig(servers: [0, 1])
            await rig.object.start()
            #expect(await create(10, by: 0, rig) == 10)
            #expect(await create(1, by: 1, rig) == 1)
            for instance in 1...10 as ClosedRange<UInt16> { try await pull(rig, instance, by: 0) }
            await rig.settle { rig.fetcher.running == 2 }
            try await pull(rig, 11, by: 1)
            await rig.settle { rig.fetcher.running == 3 }
            #expect(rig.fetcher.fetched.last == "http://h/11")
            for transfer in rig.object.transfers { try await rig.object.cancel(transfer.instance) }
        }
    }

    /// gatekeel-installd takes so many packages that wait for Install, whoever gave them.
    @Test func packagesThatAreNotInstalledFillOnlyTheirServersShare() async throws {
        try await onLoop {
            let rig = Rig(servers: [0, 1])
            await rig.object.start()
            #expect(await create(6, by: 0, rig) == 6)
            #expect(await create(1, by: 1, rig) == 1)
            let share = SoftwareManagement.heldPackages / 2
            for instance in 1...UInt16(share) {
                let answer = try await by(0) { try await rig.push(Self.package(instance), to: instance) }
                #expect(answer.code == .changed)
            }
            #expect(
                await code { _ = try await by(0) { try await rig.push(Self.package(5), to: 5) } } == "4.13")
            await rig.settle { rig.read(9, 5) == "50" }
            #expect(rig.read(16, 5).hasPrefix("no-space: \(share) packages of this server"))
            #expect(await code { try await pull(rig, 6, by: 0) } == "4.00")
            #expect(rig.read(9, 6) == "50")
            #expect(try await by(1) { try await rig.push(Self.package(7), to: 7) }.code == .changed)
        }
    }

    /// Checking a large package takes its time.
    @Test func packagesAreCheckedOfEachServerInTurn() async throws {
        try await onLoop {
            let rig = Rig(servers: [0, 1]) { $0.answerTimeout = .zero }
            await rig.object.start()
            #expect(await create(3, by: 0, rig) == 3)
            #expect(await create(1, by: 1, rig) == 1)
            var release: [CheckedContinuation<Void, Never>] = []
            rig.installer.duringStage = { await withCheckedContinuation { release.append($0) } }
            for instance in [1, 2, 3, 4] as [UInt16] {
                let sink = try sink(rig, instance, by: instance == 4 ? 1 : 0)
                #expect(sink.append([1]) == nil)
                sink.finish { _ in }
                await rig.settle { rig.object.transfer(instance)?.phase == .verifying }
            }
            // One at a time: the second server's is the next.
            await rig.settle { release.count == 1 && rig.object.deliveries.waitingCount == 3 }
            rig.installer.stageAnswer = .success(Self.package(1))
            release[0].resume()
            await rig.settle { release.count == 2 }
            rig.installer.stageAnswer = .success(Self.package(4))
            release[1].resume()
            await rig.settle { rig.state(4) == "3 3 false" }
            for number in 2...3 {
                await rig.settle { release.count == number + 1 }
                rig.installer.stageAnswer = .success(Self.package(UInt16(number)))
                release[number].resume()
            }
            await rig.settle { [1, 2, 3].allSatisfy { rig.state($0) == "3 3 false" } }
        }
    }

    /// There is one deployment at a time; the next one is that of the server that waits.
    @Test func deploymentsAreBegunOfEachServerInTurn() async throws {
        try await onLoop {
            let rig = Rig(servers: [0, 1]) { $0.answerTimeout = .zero }
            await rig.object.start()
            for account in [0, 1] as [UInt16] { #expect(await create(2, by: account, rig) == 2) }
            for instance in [1, 2, 3] as [UInt16] {
                let account: UInt16 = instance == 3 ? 1 : 0
                _ = try await by(account) { try await rig.push(Self.package(instance), to: instance) }
                await rig.settle { rig.state(instance) == "3 3 false" }
            }
            rig.installer.outcome = nil
            @LoopActor func installs() -> [String] { rig.installer.calls.filter { $0.hasPrefix("install") } }
            for instance in [1, 2, 3] as [UInt16] {
                let object = rig.object
                await by(instance == 3 ? 1 : 0) {
                    _ = LoopActor.spawn { try? await object.execute(instance, 4, []) }
                }
            }
            await rig.settle { installs().count == 1 && rig.object.deployments.waitingCount == 2 }
            #expect(installs() == ["install t-1 true"])
            rig.installer.end()
            await rig.settle { installs().count == 2 }
            #expect(installs() == ["install t-1 true", "install t-3 true"])
            rig.installer.finish(.failed("over"))
            await rig.settle { installs().count == 3 }
        }
    }

    /// The first package of a server may take what there is. Of several each server has its share.
    @Test func aServersTransfersLeaveRoomForAnothers() async throws {
        try await onLoop {
            let rig = Rig(servers: [0, 1]) { $0.maximumPackageSize = 1 << 20 }
            rig.object.diskSpace = { _ in FileSystemSpace(bytes: 200_000, totalBytes: 400_000) }
            await rig.object.start()
            #expect(await create(2, by: 0, rig) == 2)
            let block = [UInt8](repeating: 1, count: 70_000)
            let first = try sink(rig, 1, by: 0)
            #expect(first.append(block) == nil)
            let second = try sink(rig, 2, by: 0)
            // 140,000 of 340,000 bytes are less than the half, 210,000 are more.
            #expect(second.append(block) == nil)
            #expect(rig.object.uploads.count == 2)
            _ = second.append(block)
            var answer: Response?
            second.whenReady { answer = $0 }
            await rig.settle { rig.read(9, 2) == "50" }
            #expect(rig.read(16, 2).hasPrefix("no-space: the 2 packages of this server"))
            #expect(answer?.code == .requestEntityTooLarge)
            first.abort(.closed)
            await rig.settle { rig.object.transfers.isEmpty }
        }
    }
}
