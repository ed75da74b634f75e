/// The pipeline's state machine. It is pure: it follows `Transition.table`, and the engine performs its actions.
struct DeploymentMachine: Hashable, Sendable {
    /// What the engine does, in order.
    enum Action: Hashable, Sendable {
        /// Make this phase durable before any of its steps.
        case enter(Phase)
        /// Record the result together with the phase.
        case settle(DeploymentResult)
        /// Pause: the same phase failed before.
        case pause
        case perform(Step)
        /// The deployment has ended.
        case conclude
    }

    /// The conditions that transitions depend on, from the deployment's record.
    struct Conditions: Hashable, Sendable {
        var hasOld = false
        var hasDependents = false
        var attachesEarly = false
        var enables = false
        var starts = false

        func holds(_ condition: Transition.Condition) -> Bool {
            switch condition {
            case .always: true
            case .hasOld: hasOld
            case .stops: hasOld || hasDependents
            case .attachesEarly: attachesEarly
            case .activates: enables || starts
            case .starts: starts
            }
        }
    }

    let operation: DeploymentOperation
    private(set) var phase: Phase

    init(operation: DeploymentOperation, phase: Phase) {
        self.operation = operation
        self.phase = phase
    }

    /// The first phase of an operation.
    static func firstPhase(of operation: DeploymentOperation) -> Phase {
        switch operation {
        case .install, .update: .verifying
        case .rollback: .preparing
        case .activate: .starting
        case .deactivate, .remove: .stopping
        }
    }

    /// The first row that applies; nil when none does.
    static func transition(
        _ operation: DeploymentOperation, _ phase: Phase, _ event: Transition.Event, _ conditions: Conditions
    ) -> Transition? {
        Transition.table.first {
            $0.operations.contains(operation) && $0.from.contains(phase) && $0.events.contains(event)
                && conditions.holds($0.condition)
        }
    }

    /// Handles an event.
    ///
    /// Without a row for it (a journal may name a phase that its operation does not have) the deployment has failed and ends:
    /// the engine must not stay busy for ever.
    mutating func handle(_ event: Transition.Event, _ conditions: Conditions) -> [Action] {
        guard phase != .finished else { return [] }
        guard let transition = Self.transition(operation, phase, event, conditions) else {
            phase = .cleaning
            return [.settle(.failed), .enter(phase)] + performing
        }
        var actions: [Action] = []
        // A failure that leads to the same phase again must not be repeated without end or pause.
        if transition.to == phase, event == .failed || event == .hopeless { actions.append(.pause) }
        if let outcome = transition.outcome { actions.append(.settle(outcome)) }
        phase = transition.to
        actions.append(.enter(phase))
        return actions + performing
    }

    /// The actions of the first phase.
    func begin() -> [Action] { [.enter(phase)] + performing }

    private var performing: [Action] {
        phase == .finished ? [.conclude] : phase.steps(of: operation).map(Action.perform)
    }
}
