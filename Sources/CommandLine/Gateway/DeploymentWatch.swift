import Contract
import EventLoop

/// Follows one deployment to its end, over restarts of the installer and signals that were missed.
@LoopActor
final class DeploymentWatch {
    enum Ending {
        case ended(DeploymentInfo)
        /// By Ctrl-C.
        case interrupted(hasBegun: Bool)
        /// Its result is unknown: the installer no longer has a record of it.
        case lost(ContractError)
    }

    private let gateway: any Gateway
    private let scheduler: any Scheduler
    private let progress: @LoopActor (DeploymentInfo) -> Void
    private let notice: @LoopActor (String) -> Void
    private var id: String?
    private var ending: Ending?
    private var waiter: CheckedContinuation<Void, Never>?
    /// Waits for the gateway's turn.
    private var turn: CheckedContinuation<Void, Never>?
    private var isAvailable = true
    private var lastNotice = ""
    /// Since when the installer has not answered for the deployment.
    private var unansweredSince: Duration?
    private var nextQuestion: (any Scheduled)?
    /// For so long its return is waited for: it may be restarting, or the gateway is busy.
    static let patience: Duration = .seconds(300)

    /// - Parameters:
    ///   - progress: told of every step, also of another deployment that has to end first.
    ///   - notice: told what people should know on the way.
    init(
        _ gateway: any Gateway, scheduler: any Scheduler, progress: @escaping @LoopActor (DeploymentInfo) -> Void,
        notice: @escaping @LoopActor (String) -> Void
    ) {
        self.gateway = gateway
        self.scheduler = scheduler
        self.progress = progress
        self.notice = notice
    }

    /// Starts a deployment and waits for its end. While another one is running (`.busy`), it waits for its turn. Signals
    /// are listened to before it starts, so that none is missed.
    func follow(
        _ start: () async throws(ContractError) -> String
    ) async throws(ContractError) -> Ending {
        try gateway.watch { [weak self] info in
            self?.take(info)
        } availability: { [weak self] isAvailable in
            self?.available(isAvailable)
        }
        gateway.onInterrupt { [weak self] in self?.interrupt() }
        while id == nil, ending == nil {
            do throws(ContractError) {
                id = try await start()
            } catch {
                guard error.code == .busy else { throw error }
                await waitForTurn()
            }
        }
        await ask()
        if ending == nil { await withCheckedContinuation { waiter = $0 } }
        // Ctrl-C may have come while it was being started.
        guard let ending else { return .interrupted(hasBegun: id != nil) }
        if case .interrupted = ending { return .interrupted(hasBegun: id != nil) }
        return ending
    }

    /// Waits until a deployment ends, the installer returns, or some seconds have passed.
    private func waitForTurn() async {
        guard ending == nil else { return }
        let running = (try? await gateway.deployments(limit: 1))?.first { !$0.hasEnded }
        let text = "waiting for the \(running.map { "\($0.operation) of \($0.subject)" } ?? "other deployment") to end"
        // Told once for each that is waited for.
        if text != lastNotice { notice(text) }
        lastNotice = text
        if let running { progress(running) }
        let timer = scheduler.schedule(after: .seconds(5)) { [weak self] in self?.takeTurn() }
        await withCheckedContinuation { turn = $0 }
        timer.cancel()
    }

    private func takeTurn() {
        turn?.resume()
        turn = nil
    }

    private func take(_ info: DeploymentInfo) {
        guard ending == nil else { return }
        guard info.id == id else {
            guard id == nil, turn != nil else { return }
            if info.hasEnded { takeTurn() } else { progress(info) }
            return
        }
        if info.hasEnded { finish(.ended(info)) } else { progress(info) }
    }

    private func available(_ isAvailable: Bool) {
        guard isAvailable != self.isAvailable else { return }
        self.isAvailable = isAvailable
        guard ending == nil else { return }
        if isAvailable {
            takeTurn()
            if id != nil { LoopActor.spawn { await self.ask() } }
        } else if id != nil || turn != nil {
            notice("the installer is away; waiting for it to come back and continue")
        }
    }

    /// Asks for the deployment itself: signals may have come before its identifier was known, or while the installer was away.
    private func ask() async {
        guard let id, ending == nil else { return }
        do throws(ContractError) {
            take(try await gateway.deployment(id))
            unansweredSince = nil
        } catch {
            let since = unansweredSince ?? scheduler.now
            unansweredSince = since
            guard error.code == .unreachable, scheduler.now - since < Self.patience else { return finish(.lost(error)) }
            // The installer restarts by itself; `available` asks then. A signal may be missed while it hangs.
            nextQuestion?.cancel()
            nextQuestion = scheduler.schedule(after: .seconds(10)) { [weak self] in
                LoopActor.spawn { await self?.ask() }
            }
        }
    }

    private func interrupt() {
        finish(.interrupted(hasBegun: id != nil))
        takeTurn()
    }

    private func finish(_ ending: Ending) {
        guard self.ending == nil else { return }
        self.ending = ending
        nextQuestion?.cancel()
        waiter?.resume()
        waiter = nil
    }
}
