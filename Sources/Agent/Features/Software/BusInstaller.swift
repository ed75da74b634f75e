import Bus
import Contract
import EventLoop
import HostObjects
import Linux

/// Object 9's installer: `org.gatekeel.Installer1` over the bus.
@LoopActor
final class BusInstaller: SoftwareInstaller {
    private let client: any InstallerClient
    /// Waiters for the end of a deployment, by its identifier.
    private var waiting: [String: [CheckedContinuation<DeploymentEnd, Never>]] = [:]

    private let scheduler: any Scheduler
    /// How often a package is offered to an installer that is busy, and the pause between.
    private static let offers = 24
    private static let pause: Duration = .seconds(5)

    init(_ client: any InstallerClient, scheduler: any Scheduler = LoopScheduler.shared) {
        self.client = client
        self.scheduler = scheduler
    }

    /// A deployment changed, as the installer's signal tells.
    func deploymentChanged(_ deployment: DeploymentInfo) {
        guard let end = deployment.end, let continuations = waiting.removeValue(forKey: deployment.id) else { return }
        for continuation in continuations { continuation.resume(returning: end) }
    }

    /// The installer returned: it may have signalled ends meanwhile.
    func appeared() async {
        for id in waiting.keys { await ask(id) }
    }

    /// The installer is busy while the units of another package are stopped. That is soon over, and no failure of this
    /// package: it is offered again.
    func stage(path: String) async throws(InstallerRefusal) -> DeliveredPackage {
        var offers = 1
        while true {
            do throws(InstallerRefusal) {
                return try await offer(path)
            } catch {
                guard error.kind == .busy, offers < Self.offers else { throw error }
                offers += 1
                await scheduler.sleep(for: Self.pause)
            }
        }
    }

    private func offer(_ path: String) async throws(InstallerRefusal) -> DeliveredPackage {
        let descriptor: BusDescriptor
        do throws(Errno) {
            descriptor = BusDescriptor(try FileDescriptor.open(path))
        } catch {
            throw InstallerRefusal(.failed, "storage: \(error)")
        }
        let staged = try await refusing { () async throws(ContractError) in try await self.client.stage(descriptor) }
        return DeliveredPackage(token: staged.token, name: staged.name, version: staged.version)
    }

    func discard(token: String) async throws(InstallerRefusal) {
        do throws(ContractError) {
            try await client.discard(token)
        } catch {
            if error.code != .notFound { throw InstallerRefusal(error) }
        }
    }

    func install(token: String, restoreActivation: Bool) async throws(InstallerRefusal) -> String {
        let options = InstallOptions(activation: restoreActivation ? .restore : .no)
        return try await refusing { () async throws(ContractError) in try await self.client.install(token, options) }
    }

    func begin(_ operation: PackageOperation, name: String) async throws(InstallerRefusal) -> String {
        try await refusing { () async throws(ContractError) in
            switch operation {
            case .remove: try await self.client.remove(name, purge: false)
            case .activate: try await self.client.activate(name)
            case .deactivate: try await self.client.deactivate(name)
            }
        }
    }

    func end(of deployment: String) async -> DeploymentEnd {
        await withCheckedContinuation { continuation in
            waiting[deployment, default: []].append(continuation)
            // It may have ended already.
            LoopActor.spawn { await self.ask(deployment) }
        }
    }

    func deployment(of token: String) async throws(InstallerRefusal) -> String? {
        try await deployments().first { $0.token == token }?.id
    }

    func deployment(_ operation: PackageOperation, name: String) async throws(InstallerRefusal) -> String? {
        try await deployments().first { $0.package == name && $0.operation == operation.rawValue }?.id
    }

    /// The newest first.
    private func deployments() async throws(InstallerRefusal) -> [DeploymentInfo] {
        try await refusing { () async throws(ContractError) in try await self.client.deployments(limit: 50) }
    }

    func snapshot() async throws(InstallerRefusal) -> InstallerSnapshot {
        let packages = try await refusing { () async throws(ContractError) in try await self.client.packages() }
        let staged = try await refusing { () async throws(ContractError) in try await self.client.staged() }
        return InstallerSnapshot(
            packages: packages.compactMap(InstalledPackage.init),
            staged: staged.map { HeldPackage(token: $0.token, size: Int(clamping: $0.size)) })
    }

    private func ask(_ id: String) async {
        do throws(ContractError) {
            deploymentChanged(try await client.deployment(id))
        } catch {
            // When the installer is away, `appeared` asks again. A deployment that it does not know never ends.
            guard error.code == .notFound, let continuations = waiting.removeValue(forKey: id) else { return }
            for continuation in continuations {
                continuation.resume(returning: .failed("lost: the installer does not know deployment \(id)"))
            }
        }
    }

    private func refusing<Value>(
        _ call: @LoopActor () async throws(ContractError) -> Value
    ) async throws(InstallerRefusal) -> Value {
        do throws(ContractError) {
            return try await call()
        } catch {
            throw InstallerRefusal(error)
        }
    }
}

extension InstalledPackage {
    /// nil for a package that was removed and not purged.
    init?(_ info: PackageInfo) {
        guard info.state == .installed else { return nil }
        self.init(
            name: info.name, version: info.version,
            // Of a package without units Activate is remembered.
            active: info.units.isEmpty ? info.isEnabled : info.isActive)
    }
}

extension DeploymentInfo {
    /// How it ended; nil while it runs.
    fileprivate var end: DeploymentEnd? {
        switch result {
        case .running: nil
        case .done: .done
        case .failed, .rolledBack: .failed(reason.isEmpty ? "failed: the installer gave no reason" : reason)
        }
    }
}

extension InstallerRefusal {
    /// What a refusal of the installer is for object 9.
    init(_ error: ContractError) {
        let kind: Kind =
            switch error.code {
            case .badSignature: .integrity
            case .unsupported, .wrongArchitecture: .unsupported
            case .noSpace: .noSpace
            case .unmetRelation, .downgrade, .conflict, .refused: .policy
            case .busy, .tooOften: .busy
            case .notFound: .notFound
            case .unreachable, .unavailable: .unavailable
            case .accessDenied, .invalidArgument, .failed: .failed
            }
        self.init(kind, "\(error.code.token): \(error.text)")
    }
}
