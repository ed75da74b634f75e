import Contract
import EventLoop

/// Follows one deployment to its end, over restarts of the installer and signals that were missed.
@LoopActor
final class DeploymentWatch {
    enum Ending {
        case ended(DeploymentInfo)
        case interrupted
        /// It is not known any more how it ended.
        case lost(ContractError)
    }

    private let gateway: any Gateway
    private let progress: @LoopActor (DeploymentInfo) -> Void
    private let notice: @LoopActor (String) -> Void
    private var id: String?
    private var ending: Ending?
    private var waiter: CheckedContinuation<Ending, Never>?
    private var isAvailable = true

    /// - Parameters:
    ///   - progress: told of every step.
    ///   - notice: told what people should know on the way.
    init(
        _ gateway: any Gateway, progress: @escaping @LoopActor (DeploymentInfo) -> Void,
        notice: @escaping @LoopActor (String) -> Void
    ) {
        self.gateway = gateway
        self.progress = progress
        self.notice = notice
    }

    /// Starts a deployment and waits for its end. Signals are listened to before it starts, so that none is missed.
    func follow(
        _ start: () async throws(ContractError) -> String
    ) async throws(ContractError) -> Ending {
        try gateway.watch { [weak self] info in
            self?.take(info)
        } availability: { [weak self] isAvailable in
            self?.available(isAvailable)
        }
        gateway.onInterrupt { [weak self] in self?.finish(.interrupted) }
        let id = try await start()
        self.id = id
        await ask()
        return await withCheckedContinuation { continuation in
            if let ending { continuation.resume(returning: ending) } else { waiter = continuation }
        }
    }

    private func take(_ info: DeploymentInfo) {
        guard info.id == id, ending == nil else { return }
        if info.hasEnded { finish(.ended(info)) } else { progress(info) }
    }

    private func available(_ isAvailable: Bool) {
        guard isAvailable != self.isAvailable else { return }
        self.isAvailable = isAvailable
        guard id != nil, ending == nil else { return }
        if isAvailable {
            LoopActor.spawn { await self.ask() }
        } else {
            notice("the installer is away; waiting for it to come back and go on")
        }
    }

    /// Asks for the deployment itself: signals may have come before its identifier was known, or while the installer was away.
    private func ask() async {
        guard let id else { return }
        do throws(ContractError) {
            take(try await gateway.deployment(id))
        } catch {
            // It comes back by itself, and then it is asked again.
            if error.code == .unreachable { return }
            finish(.lost(error))
        }
    }

    private func finish(_ ending: Ending) {
        guard self.ending == nil else { return }
        self.ending = ending
        waiter?.resume(returning: ending)
        waiter = nil
    }
}
