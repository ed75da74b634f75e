import EventLoop

/// The deployment that runs.
@LoopActor
final class ActiveDeployment {
    /// What a wait can receive.
    enum Event: Sendable {
        case unit(UnitStatus)
        case health(HealthResult)
        case tick
        case suspend
    }

    var record: DeploymentRecord
    var machine: DeploymentMachine
    let events = EventQueue<Event>()
    /// 0 to 100 of unpacking.
    var unpacked = 0
    /// `conditionTimestamp` of the units before they were started; empty after a restart of the daemon.
    var before: [String: UInt64] = [:]
    /// Whether this process has enabled the units: the step comes twice.
    var hasEnabled = false
    /// When the first stop was requested.
    var stoppedAt: Duration?
    /// When the wait that is under way ends at the latest, by the scheduler.
    var until: Duration?
    /// How often the same phase failed in a row.
    var failures = 0
    private let ports: Ports

    init(_ record: DeploymentRecord, ports: Ports) {
        self.record = record
        self.ports = ports
        machine = DeploymentMachine(operation: record.operation, phase: record.phase)
    }

    var conditions: DeploymentMachine.Conditions { record.conditions }

    /// The actions of the next phase.
    func advance(_ event: Transition.Event) -> [DeploymentMachine.Action] {
        let (operation, phase) = (record.operation, machine.phase)
        if record.reason == nil, DeploymentMachine.transition(operation, phase, event, conditions) == nil {
            record.reason = .interrupted("\(operation.rawValue) cannot go on from '\(phase.rawValue)'; try it again")
        }
        return machine.handle(event, conditions)
    }

    var status: DeploymentStatus {
        let base = record.phase.percent
        let percent = record.phase == .unpacking ? base + unpacked * (Phase.preparing.percent - base) / 100 : base
        var status = record.status(percent: percent)
        // The end is reported when the engine is free: the caller may request the next deployment at once.
        status.result = .running
        if let until { status.until = ports.wallClock() + (until - ports.scheduler.now).components.seconds }
        return status
    }
}

extension DeploymentRecord {
    var conditions: DeploymentMachine.Conditions {
        DeploymentMachine.Conditions(
            hasOld: hasOld, hasDependents: !dependents.isEmpty, attachesEarly: attachesEarly, enables: enables,
            starts: starts)
    }

    /// Counts a resumption and returns its event. Save the record before anything else is done.
    mutating func takeUp(bootID: String, policy: Policy) -> Transition.Event {
        attempts += 1
        let rebooted = self.bootID != bootID
        if rebooted {
            self.bootID = bootID
            boots += 1
        }
        // A deployment that is being reverted, or cannot be reverted, goes on as it is.
        guard DeploymentMachine.canTurnBack(operation, phase) else { return rebooted ? .rebooted : .resumed }
        if [.exchanging, .switching, .starting, .probation].contains(phase), boots > policy.maxBoots {
            reason = .interrupted("the machine went down \(boots) times while \(version) was \(phase.progressText)")
            return .exhausted
        }
        if attempts > policy.maxAttempts {
            reason = .interrupted(
                "it was interrupted \(attempts) times, at last while \(version) was \(phase.progressText)")
            return .exhausted
        }
        return rebooted ? .rebooted : .resumed
    }
}

extension Phase {
    /// Units are down or about to be stopped.
    var isHurried: Bool {
        [
            .attaching, .exchanging, .stopping, .switching, .starting, .revertStopping, .revertSwitching,
            .revertStarting,
        ].contains(self)
    }

    /// For a sentence: `while 2.0 was being started`.
    var progressText: String {
        switch self {
        case .probation: "on probation"
        case .starting: "being started"
        case .exchanging, .switching: "being switched in"
        default: "\(rawValue)"
        }
    }
}

extension DeploymentMachine {
    /// Whether exhaustion leads to another phase.
    static func canTurnBack(_ operation: DeploymentOperation, _ phase: Phase) -> Bool {
        transition(operation, phase, .exhausted, Conditions()).map { $0.to != phase } ?? false
    }
}
