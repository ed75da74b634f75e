import EventLoop
import Linux

extension DeploymentEngine {
    /// Performs actions until the deployment has ended, or the engine is suspended.
    func run(_ active: ActiveDeployment, _ first: [DeploymentMachine.Action]) async {
        var actions = first
        while !actions.isEmpty {
            do {
                guard try await perform(actions, active) else { return }
                active.failures = 0
                actions = active.machine.handle(.done, active.conditions)
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
        // What the units themselves have said they say again.
        let isVerdict = error is Failure
        let isHopeless = isVerdict || active.failures > phase.retries(policy)
        note((error as? Failure)?.reason ?? DeploymentError.wrapping(error).reason, active, isHopeless)
        let actions = active.machine.handle(isHopeless ? .hopeless : .failed, active.conditions)
        if active.machine.phase != phase { active.failures = 0 }
        return actions
    }

    /// The first reason is why it failed; that the way back does not end well is added.
    private func note(_ reason: Reason, _ active: ActiveDeployment, _ isHopeless: Bool) {
        guard let first = active.record.reason else {
            active.record.reason = reason
            return
        }
        guard isHopeless, active.record.phase == .revertStarting else { return }
        active.record.isDown = true
        active.record.reason = Reason(first.token, "\(first.text); the previous release does not run: \(reason)")
    }

    /// A step's failure with a reason of its own.
    struct Failure: Error {
        let reason: Reason

        init(_ reason: Reason) { self.reason = reason }
    }

    /// What a wait throws when the engine is suspended.
    struct Suspended: Error {}

    private func abandon() {
        active = nil
        isSuspended = true
    }

    /// - Returns: false when there is nothing more to do.
    private func perform(_ actions: [DeploymentMachine.Action], _ active: ActiveDeployment) async throws -> Bool {
        for action in actions {
            if isSuspended { throw Suspended() }
            switch action {
            case .settle(let result): active.record.result = result
            case .pause: try await sleep(min(.seconds(60), .seconds(1 << min(active.failures - 1, 6))), active)
            case .enter(let phase):
                active.record.phase = phase
                // The end is told by `conclude`, when all that can be asked about the package is up to date.
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

    /// The end: into the history, durable, and out of the journal.
    func conclude(_ active: ActiveDeployment) async {
        active.record.phase = .finished
        active.record.endedAt = ports.wallClock()
        // A failure that was settled by nobody is none that could be made good.
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
                // The deployment itself is settled. What is left of it in the journal is resolved at the next start.
                guard let pause, (try? await sleep(.seconds(pause), active)) != nil else { break }
            }
        }
        if record.result == .done, !record.token.isEmpty { forgetStaged(record.token) }
        await refresh(record.package)
        self.active = nil
        observer?.deploymentChanged(active.record.status(percent: 100))
    }

    // MARK: Waiting

    /// Forgets events of an earlier wait: a status of then says nothing of now.
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
