import EventLoop
import Linux

extension DeploymentEngine {
    /// Performs actions until the deployment has ended or the engine is suspended.
    func run(_ active: ActiveDeployment, _ first: [DeploymentMachine.Action]) async {
        var actions = first
        while !actions.isEmpty {
            do {
                guard try await perform(actions, active) else { return }
                active.failures = 0
                actions = active.advance(.done)
            } catch {
                #if DEBUG
                    if error is Killed { return abandon() }
                #endif
                if isSuspended { return abandon() }
                actions = fail(active, error)
            }
        }
    }

    private func fail(_ active: ActiveDeployment, _ error: any Error) -> [DeploymentMachine.Action] {
        let phase = active.machine.phase
        active.failures += 1
        // When the units themselves failed, a retry gives the same result.
        let isVerdict = error is Failure
        let isHopeless = isVerdict || active.failures > phase.retries(policy)
        note((error as? Failure)?.reason ?? DeploymentError.wrapping(error).reason, active, isHopeless)
        let actions = active.advance(isHopeless ? .hopeless : .failed)
        if active.machine.phase != phase { active.failures = 0 }
        return actions
    }

    /// Keeps the first reason, and adds a failure of the way back to it.
    private func note(_ reason: Reason, _ active: ActiveDeployment, _ isHopeless: Bool) {
        guard let first = active.record.reason else {
            active.record.reason = reason
            return
        }
        guard isHopeless, active.record.phase == .revertStarting else { return }
        active.record.isDown = true
        active.record.reason = Reason(first.token, "\(first.text); the previous release does not run: \(reason)")
    }

    /// A step's failure with its own reason.
    struct Failure: Error {
        let reason: Reason

        init(_ reason: Reason) { self.reason = reason }
    }

    /// Thrown by a wait when the engine is suspended.
    struct Suspended: Error {}

    private func abandon() {
        active = nil
        isSuspended = true
    }

    /// - Returns: false when the deployment has ended.
    private func perform(_ actions: [DeploymentMachine.Action], _ active: ActiveDeployment) async throws -> Bool {
        for action in actions {
            if isSuspended { throw Suspended() }
            switch action {
            case .settle(let result): active.record.result = result
            case .pause: try await sleep(min(.seconds(60), .seconds(1 << min(active.failures - 1, 6))), active)
            case .enter(let phase):
                active.record.phase = phase
                // `conclude` reports the end, after the package's status has been updated.
                guard phase != .finished else { break }
                try await save(active)
                report(active)
            case .perform(let step): try await perform(step, active)
            case .conclude:
                await conclude(active)
                return false
            }
        }
        return true
    }

    private func save(_ active: ActiveDeployment) async throws {
        let (store, record) = (self.store, active.record)
        try await Worker.shared.run {
            if [.revertStopping, .revertSwitching, .revertStarting].contains(record.phase) { store.releaseReserve() }
            try store.saveJournal(record)
        }
    }

    func report(_ active: ActiveDeployment) { observer?.deploymentChanged(active.status) }

    /// Ends the deployment: writes it to the history and removes the journal.
    func conclude(_ active: ActiveDeployment) async {
        active.record.phase = .finished
        active.record.endedAt = ports.wallClock()
        // Without a result so far, nothing could be reverted.
        if active.record.result == .running { active.record.result = .failed }
        remember(active.record)
        let (store, record, history) = (self.store, active.record, self.history)
        for pause in [1, 2, nil] {
            do {
                try await Worker.shared.run {
                    try store.saveJournal(record)
                    try store.saveHistory(history)
                    try store.removeJournal()
                    store.makeReserve()
                }
                break
            } catch {
                #if DEBUG
                    if error is Killed { return abandon() }
                #endif
                // The deployment has ended. A journal that remains is resolved at the next start.
                guard let pause, (try? await sleep(.seconds(pause), active)) != nil else { break }
            }
        }
        if record.result == .done, !record.token.isEmpty { forgetStaged(record.token) }
        await refresh(record.package)
        self.active = nil
        observer?.deploymentChanged(active.record.status(percent: 100))
    }

    // MARK: Waiting

    /// Drops events of an earlier wait: their statuses are out of date.
    func beginWaiting(_ active: ActiveDeployment) throws {
        active.events.clear()
        if isSuspended { throw Suspended() }
    }

    func sleep(_ duration: Duration, _ active: ActiveDeployment) async throws {
        try beginWaiting(active)
        let timer = ports.scheduler.schedule(after: duration) { active.events.push(.tick) }
        defer { timer.cancel() }
        while true {
            switch await active.events.next() {
            case .tick: return
            case .suspend: throw Suspended()
            case .unit, .health: continue
            }
        }
    }
}
