/// A row of the pipeline's table: in this phase, on this event, under this condition, go there.
struct Transition: Sendable {
    /// What happened to a phase.
    enum Event: String, Sendable, CaseIterable {
        /// All its steps are done.
        case done
        /// A step failed.
        case failed
        /// A step failed, and trying it again makes no sense: too often already, or the units themselves say no.
        case hopeless
        /// The daemon was gone and is back, in the same boot: units are as they were.
        case resumed
        /// The machine was gone and is back: units are as the boot started them.
        case rebooted
        /// As one of the two, but more often than policy allows.
        case exhausted
    }

    /// What the way on depends on.
    enum Condition: String, Sendable, CaseIterable {
        case always
        /// Another release is in place.
        case hasOld
        /// It runs, and systemd may read the new one's unit files meanwhile.
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
    /// What the deployment comes to, once it is settled.
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
