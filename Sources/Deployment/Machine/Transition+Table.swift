extension Transition {
    private static let fresh: Set<DeploymentOperation> = [.install, .update]
    /// Those that put another release in place.
    private static let exchange: Set<DeploymentOperation> = [.install, .update, .rollback]
    private static let bad: Set<Event> = [.failed, .hopeless, .exhausted]
    private static let back: Set<Event> = [.resumed, .rebooted]

    /// The pipeline. The first row that fits counts; what no row names cannot happen.
    static let table: [Transition] = [
        // Install, update, rollback: all that takes long happens while the old release runs.
        Transition(fresh, [.verifying], [.done], .unpacking),
        Transition(fresh, [.unpacking], [.done], .preparing),
        Transition(exchange, [.preparing], [.done], .attaching, when: .attachesEarly),
        Transition(exchange, [.attaching], [.done], .exchanging),
        Transition(exchange, [.exchanging], [.done], .probation),
        Transition(exchange, [.preparing], [.done], .stopping, when: .hasOld),
        Transition(exchange, [.preparing], [.done], .switching),
        Transition(exchange, [.stopping], [.done], .switching),
        Transition(exchange, [.switching], [.done], .starting, when: .activates),
        Transition(exchange, [.switching], [.done], .committing),  // inactive: kept at the switch
        Transition(exchange, [.starting], [.done], .probation, when: .starts),
        Transition(exchange, [.starting], [.done], .committing),
        Transition(exchange, [.probation], [.done], .committing),
        Transition(exchange, [.committing], [.done], .cleaning, .done),

        // Nothing of the host was touched yet.
        Transition(exchange, [.verifying, .unpacking, .preparing], bad, .cleaning, .failed),
        // The old units may be down, and nothing else.
        Transition(exchange, [.stopping], bad, .revertStarting, .failed),
        // They run, unless they have ended by themselves.
        Transition(exchange, [.attaching], bad, .revertSwitching, .failed),
        // The way back.
        Transition(exchange, [.exchanging, .switching, .starting, .probation, .committing], bad, .revertStopping),
        Transition(exchange, [.revertStopping], [.done, .hopeless], .revertSwitching, when: .hasOld, .rolledBack),
        Transition(exchange, [.revertStopping], [.done, .hopeless], .revertSwitching, .failed),
        Transition(exchange, [.revertSwitching], [.done], .revertStarting),

        Transition([.activate], [.starting], [.done], .probation),
        Transition([.activate], [.probation], [.done], .committing),
        Transition([.activate], [.committing], [.done], .cleaning, .done),
        Transition([.activate], [.starting, .probation, .committing], bad, .revertStopping, .failed),
        Transition([.activate], [.revertStopping], [.done, .hopeless], .revertSwitching),
        // What ran before runs again: Activate may have been asked for of what was active.
        Transition([.activate, .deactivate], [.revertSwitching], [.done], .revertStarting),

        Transition([.deactivate], [.stopping], [.done], .committing),
        Transition([.deactivate], [.committing], [.done], .cleaning, .done),
        Transition([.deactivate], [.stopping], bad, .revertStarting, .failed),
        Transition([.deactivate], [.committing], bad, .revertSwitching, .failed),

        Transition([.remove], [.stopping], [.done], .removing),
        Transition([.remove], [.stopping], bad, .revertStarting, .failed),
        Transition([.remove], [.removing], [.done], .cleaning, .done),
        Transition([.remove], [.removing], [.hopeless], .cleaning, .failed),

        // Once these have begun there is no other way: they are tried again, with pauses. What runs must not be switched
        // beneath, and what ran must not stay down, because of one read or write that failed.
        Transition(Set(DeploymentOperation.allCases), [.revertStopping], [.failed], .revertStopping),
        Transition(Set(DeploymentOperation.allCases), [.revertSwitching], [.failed, .hopeless], .revertSwitching),
        Transition([.remove], [.removing], [.failed], .removing),
        Transition(Set(DeploymentOperation.allCases), [.revertStarting], [.failed], .revertStarting),
        Transition(Set(DeploymentOperation.allCases), [.revertStarting], [.done, .hopeless], .cleaning),
        Transition(Set(DeploymentOperation.allCases), [.cleaning], [.failed], .cleaning),
        Transition(Set(DeploymentOperation.allCases), [.cleaning], [.done, .hopeless], .finished),

        // Interrupted: a phase is done again. After a boot the units of a release on probation are started by us,
        // those that are not enabled too; in the same boot a unit that failed meanwhile must not be started over.
        Transition(Set(DeploymentOperation.allCases), [.probation], [.rebooted], .starting),
        // Where recovery early at boot did not run, the boot has started units that must be down here. (Recovery itself
        // says `resumed`: nothing runs so early.)
        Transition(exchange, [.switching], [.rebooted], .stopping, when: .hasOld),
        Transition([.deactivate], [.committing], [.rebooted], .stopping),
        Transition([.remove], [.removing], [.rebooted], .stopping),
        Transition([.deactivate], [.revertSwitching], [.rebooted], .revertSwitching),
        Transition(Set(DeploymentOperation.allCases), [.revertSwitching], [.rebooted], .revertStopping),
        Transition(Set(DeploymentOperation.allCases), [.verifying], back, .verifying),
        Transition(Set(DeploymentOperation.allCases), [.unpacking], back, .unpacking),
        Transition(Set(DeploymentOperation.allCases), [.preparing], back, .preparing),
        Transition(Set(DeploymentOperation.allCases), [.attaching], back, .attaching),
        Transition(Set(DeploymentOperation.allCases), [.exchanging], back, .exchanging),
        Transition(Set(DeploymentOperation.allCases), [.stopping], back, .stopping),
        Transition(Set(DeploymentOperation.allCases), [.switching], back, .switching),
        Transition(Set(DeploymentOperation.allCases), [.starting], back, .starting),
        Transition(Set(DeploymentOperation.allCases), [.probation], [.resumed], .probation),
        Transition(Set(DeploymentOperation.allCases), [.committing], back, .committing),
        Transition(Set(DeploymentOperation.allCases), [.removing], [.resumed, .rebooted, .exhausted], .removing),
        Transition(
            Set(DeploymentOperation.allCases), [.revertStopping], [.resumed, .rebooted, .exhausted], .revertStopping),
        Transition(
            Set(DeploymentOperation.allCases), [.revertSwitching], [.resumed, .rebooted, .exhausted], .revertSwitching),
        Transition(
            Set(DeploymentOperation.allCases), [.revertStarting], [.resumed, .rebooted, .exhausted], .revertStarting),
        Transition(Set(DeploymentOperation.allCases), [.cleaning], [.resumed, .rebooted, .exhausted], .cleaning),
    ]
}
