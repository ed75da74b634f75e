/// A row of the pipeline's table: the next phase for a phase, an event and a condition.
struct Transition: Sendable {
    /// The outcome of a phase.
    enum Event: String, Sendable, CaseIterable {
        /// All its steps are done.
        case done
        /// A step failed.
        case failed
        /// A step failed and a retry is pointless: it failed too often, or the units failed themselves.
        case hopeless
        /// The daemon was restarted in the same boot: units are as they were.
        case resumed
        /// The machine was rebooted: units are as the boot started them.
        case rebooted
        /// The daemon or the machine was restarted more often than policy allows.
        case exhausted
    }

    /// The condition of a transition.
    enum Condition: String, Sendable, CaseIterable {
        case always
        /// Another release is in place.
        case hasOld
        /// Another release is in place, or units of other packages that see this one's files run.
        case stops
        /// It runs, and systemd may load the new unit files meanwhile.
        case attachesEarly
        /// Units are to be enabled or started after the switch.
        case activates
        /// Units are to be started after the switch.
        case starts
    }

    let operations: Set<DeploymentOperation>
    let from: Set<Phase>
    let events: Set<Event>
    let condition: Condition
    let to: Phase
    /// The result of the deployment, once it is decided.
    let outcome: DeploymentResult?

    init(
        _ operations: Set<DeploymentOperation>, _ from: Set<Phase>, _ events: Set<Event>, _ to: Phase,
        when condition: Condition = .always, _ outcome: DeploymentResult? = nil
    ) {
        self.operations = operations
        self.from = from
        self.events = events
        self.condition = condition
        self.to = to
        self.outcome = outcome
    }
}
