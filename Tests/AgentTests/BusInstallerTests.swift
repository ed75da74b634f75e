import Bus
import Contract
import EventLoop
import HostObjects
import Linux
import TestSupport
import Testing

@testable import Agent

/// The installer's answers as object 9 sees them.
@Suite struct BusInstallerTests {
    @Test(arguments: [
        (ContractError.Code.badSignature, InstallerRefusal.Kind.integrity), (.unsupported, .unsupported),
        (.wrongArchitecture, .unsupported), (.noSpace, .noSpace), (.unmetRelation, .policy), (.downgrade, .policy),
        (.conflict, .policy), (.refused, .policy), (.busy, .busy), (.tooOften, .busy), (.notFound, .notFound),
        (.unreachable, .unavailable), (.accessDenied, .failed), (.invalidArgument, .failed), (.failed, .failed),
    ])
    func everyRefusalHasItsKindAndToken(code: ContractError.Code, kind: InstallerRefusal.Kind) {
        let refusal = InstallerRefusal(ContractError(code, "Why it was refused"))
        #expect(refusal.kind == kind)
        #expect(refusal.reason == "\(code.token): Why it was refused")
        #expect(code.token.allSatisfy { $0.isLowercase || $0 == "-" })
        // Whatever the text looks like, the token is the code's.
        #expect(
            InstallerRefusal(ContractError(code, "expired: on Monday")).reason == "\(code.token): expired: on Monday")
    }

    @Test func theEndOfADeploymentIsToldToWhoWaits() async {
        let ends = await onLoop {
            let client = FakeInstallerClient()
            client.deployment = DeploymentInfo(id: "d1", package: "keel")
            let installer = BusInstaller(client)
            LoopActor.spawn {
                // Another one's end wakes nobody.
                installer.deploymentChanged(DeploymentInfo(id: "d2", package: "keel", result: .done))
                installer.deploymentChanged(DeploymentInfo(id: "d1", package: "keel", result: .running))
                installer.deploymentChanged(
                    DeploymentInfo(id: "d1", package: "keel", result: .rolledBack, reason: "probation: it fell over"))
            }
            return await installer.end(of: "d1")
        }
        #expect(ends == .failed("probation: it fell over"))
    }

    @Test func anEndBeforeAnybodyListenedIsAskedFor() async {
        let end = await onLoop {
            let client = FakeInstallerClient()
            client.deployment = DeploymentInfo(id: "d1", package: "keel", result: .done)
            return await BusInstaller(client).end(of: "d1")
        }
        #expect(end == .done)
    }

    @Test func anEndDuringTheInstallersAbsenceIsFoundWhenItIsBack() async {
        let end = await onLoop {
            let client = FakeInstallerClient()
            client.failure = ContractError(.unreachable, "gone")
            let installer = BusInstaller(client)
            LoopActor.spawn {
                client.failure = nil
                client.deployment = DeploymentInfo(id: "d1", package: "keel", result: .done)
                await installer.appeared()
            }
            return await installer.end(of: "d1")
        }
        #expect(end == .done)
    }

    /// A removal that keeps the configuration files is told as a change of the package.
    @Test func aPackageThatWasRemovedAndNotPurgedIsGoneForTheServer() async throws {
        try await onLoop {
            let folder = try TemporaryDirectory("software")
            let software = SoftwareManagement(
                SoftwareManagement.Options(folder: folder.path, boot: "boot-1"),
                installer: BusInstaller(FakeInstallerClient()), fetcher: ProcessFetcher(), scheduler: ManualScheduler())
            await software.start()
            await software.packageChanged(PackageInfo(name: "keel", version: "1.0", isActive: true))
            #expect(try software.read(1, 7) == .single(.integer(4)))
            await software.packageChanged(PackageInfo(name: "keel", state: .absent))
            #expect(try software.read(1, 7) == .single(.integer(0)))
            #expect(try software.read(1, 0) == .single(.string("")))
        }
    }

    @Test func aDeploymentThatNobodyKnowsHasFailed() async {
        let end = await onLoop {
            let client = FakeInstallerClient()
            client.failure = ContractError(.notFound, "no deployment d1")
            return await BusInstaller(client).end(of: "d1")
        }
        #expect(end == .failed("lost: the installer does not know deployment d1"))
    }

    @Test func aPackageIsOfferedAgainToABusyInstaller() async throws {
        try await onLoop {
            let client = FakeInstallerClient()
            let scheduler = ManualScheduler()
            client.failure = ContractError(.busy, "between two releases")
            let installer = BusInstaller(client, scheduler: scheduler)
            // The third offer is taken.
            scheduler.schedule(after: .seconds(7)) { client.failure = nil }
            let clock = Self.drive(scheduler)
            let staged = try await installer.stage(path: "/dev/null")
            #expect(staged.token == "t")
            // For ever busy is a refusal.
            client.failure = ContractError(.busy, "full")
            let error = await #expect(throws: InstallerRefusal.self) {
                _ = try await installer.stage(path: "/dev/null")
            }
            #expect(error?.kind == .busy)
            // Nothing else is tried again.
            client.failure = ContractError(.noSpace, "full")
            let begin = scheduler.now
            await #expect(throws: InstallerRefusal.self) { _ = try await installer.stage(path: "/dev/null") }
            #expect(scheduler.now == begin)
            clock.cancel()
        }
    }

    /// Lets time pass whenever somebody waits for it.
    @LoopActor
    private static func drive(_ scheduler: ManualScheduler) -> any Scheduled {
        final class Driver: Scheduled {
            private var isEnded = false
            nonisolated init() {}
            func cancel() { isEnded = true }
            func turn(_ scheduler: ManualScheduler) {
                guard !isEnded else { return }
                if let delay = scheduler.nextDelay { scheduler.advance(by: delay) }
                LoopScheduler.shared.schedule(after: .milliseconds(1)) { self.turn(scheduler) }
            }
        }
        let driver = Driver()
        driver.turn(scheduler)
        return driver
    }

    @Test func packagesThatWereRemovedAreNotInstalled() async throws {
        let snapshot = try await onLoop {
            let client = FakeInstallerClient()
            client.all = [
                PackageInfo(name: "a", version: "1", isActive: true, units: ["a.service"]),
                PackageInfo(name: "b", state: .absent),
                // It has nothing to run, and Activate is remembered.
                PackageInfo(name: "lib", version: "1", isEnabled: true),
            ]
            client.held = [StagedInfo(token: "t", name: "c", version: "1", size: 70_000)]
            return try await BusInstaller(client).snapshot()
        }
        #expect(
            snapshot.packages == [
                InstalledPackage(name: "a", version: "1", active: true),
                InstalledPackage(name: "lib", version: "1", active: true),
            ])
        #expect(snapshot.staged == [HeldPackage(token: "t", size: 70_000)])
    }
}

@LoopActor
private final class FakeInstallerClient: InstallerClient {
    var failure: ContractError?
    var deployment = DeploymentInfo(id: "", package: "")
    var all: [PackageInfo] = []
    var held: [StagedInfo] = []

    private func answer<Value>(_ value: Value) throws(ContractError) -> Value {
        if let failure { throw failure }
        return value
    }

    func stage(_ file: BusDescriptor) async throws(ContractError) -> StagedInfo {
        try answer(StagedInfo(token: "t", name: "keel", version: "1"))
    }
    func discard(_ token: String) async throws(ContractError) { try answer(()) }
    func install(_ token: String, _ options: InstallOptions) async throws(ContractError) -> String { try answer("d1") }
    func remove(_ name: String, purge: Bool) async throws(ContractError) -> String { try answer("d1") }
    func activate(_ name: String) async throws(ContractError) -> String { try answer("d1") }
    func deactivate(_ name: String) async throws(ContractError) -> String { try answer("d1") }
    func rollback(_ name: String) async throws(ContractError) -> String { try answer("d1") }
    func packages() async throws(ContractError) -> [PackageInfo] { try answer(all) }
    func package(_ name: String) async throws(ContractError) -> PackageInfo { try answer(PackageInfo(name: name)) }
    func overlay(of name: String) async throws(ContractError) -> [String] { try answer([]) }
    func staged() async throws(ContractError) -> [StagedInfo] { try answer(held) }
    func deployment(_ id: String) async throws(ContractError) -> DeploymentInfo { try answer(deployment) }
    func deployments(limit: Int) async throws(ContractError) -> [DeploymentInfo] { try answer([deployment]) }
    func keyring() async throws(ContractError) -> [CertificateInfo] { try answer([]) }
    func signedTime() async throws(ContractError) -> SignedTimeInfo { try answer(SignedTimeInfo()) }
    func resetSignedTime() async throws(ContractError) { try answer(()) }
    func configurationRefused() async throws(ContractError) -> Bool { try answer(false) }
    func storeProblem() async throws(ContractError) -> String { try answer("") }

    func onPackageChanged(_ handler: @escaping @LoopActor (PackageInfo) -> Void) throws(ContractError) -> BusToken {
        throw ContractError(.failed, "no signals here")
    }
    func onPackageRemoved(_ handler: @escaping @LoopActor (String) -> Void) throws(ContractError) -> BusToken {
        throw ContractError(.failed, "no signals here")
    }
    func onDeploymentChanged(
        _ handler: @escaping @LoopActor (DeploymentInfo) -> Void
    ) throws(ContractError) -> BusToken {
        throw ContractError(.failed, "no signals here")
    }
    func onConfigurationRefused(_ handler: @escaping @LoopActor (Bool) -> Void) throws(ContractError) -> BusToken {
        throw ContractError(.failed, "no signals here")
    }
    func onStoreProblem(_ handler: @escaping @LoopActor (String) -> Void) throws(ContractError) -> BusToken {
        throw ContractError(.failed, "no signals here")
    }
    func onAvailability(_ handler: @escaping @LoopActor (Bool) -> Void) throws(ContractError) -> BusToken {
        throw ContractError(.failed, "no signals here")
    }
}
