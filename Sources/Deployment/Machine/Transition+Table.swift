extension Transition {
    private static let fresh: Set<DeploymentOperation> = [.install, .update]
    /// Operations that put another release in place.
    private static let exchange = DeploymentOperation.exchanging
    private static let bad: Set<Event> = [.failed, .hopeless, .exhausted]
    private static let back: Set<Event> = [.resumed, .rebooted]

    /// The pipeline. The first row that applies is taken. Events without a row are ignored.
    static let table: [Transition] = [
        // Install, update, rollback. Everything slow happens while the old release runs.
        Transition(fresh, [.verifying], [.done], .unpacking),
        Transition(fresh, [.unpacking], [.done], .preparing),
        Transition(exchange, [.preparing], [.done], .attaching, when: .attachesEarly),
        Transition(exchange, [.attaching], [.done], .exchanging),
        Transition(exchange, [.exchanging], [.done], .probation),
        Transition(exchange, [.preparing], [.done], .stopping, when: .stops),
        Transition(exchange, [.preparing], [.done], .switching),
        Transition(exchange, [.stopping], [.done], .switching),
        Transition(exchange, [.switching], [.done], .starting, when: .activates),
        Transition(exchange, [.switching], [.done], .committing),  // inactive: kept at the switch
        Transition(exchange, [.starting], [.done], .probation, when: .starts),
        Transition(exchange, [.starting], [.done], .committing),
        Transition(exchange, [.probation], [.done], .committing),
        Transition(exchange, [.committing], [.done], .cleaning, .done),

        // The host is unchanged so far.
        Transition(exchange, [.verifying, .unpacking, .preparing], bad, .cleaning, .failed),
        // At most the old units are down.
        Transition(exchange, [.stopping], bad, .revertStarting, .failed),
        // They are running, unless they ended by themselves.
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
        // What was running before is started again: the package may have been active when Activate was called.
        Transition([.activate, .deactivate], [.revertSwitching], [.done], .revertStarting),

        Transition([.deactivate], [.stopping], [.done], .committing),
        Transition([.deactivate], [.committing], [.done], .cleaning, .done),
        Transition([.deactivate], [.stopping], bad, .revertStarting, .failed),
        Transition([.deactivate], [.committing], bad, .revertSwitching, .failed),

        Transition([.remove], [.stopping], [.done], .removing),
        Transition([.remove], [.stopping], bad, .revertStarting, .failed),
        Transition([.remove], [.removing], [.done], .cleaning, .done),
        Transition([.remove], [.removing], [.hopeless], .cleaning, .failed),

        // These phases are retried with pauses, because there is no other way on. A single failed read or write must neither
        // leave the old units down nor exchange files below units that are running.
        Transition(Set(DeploymentOperation.allCases), [.revertStopping], [.failed], .revertStopping),
        Transition(Set(DeploymentOperation.allCases), [.revertSwitching], [.failed, .hopeless], .revertSwitching),
        Transition([.remove], [.removing], [.failed], .removing),
        Transition(Set(DeploymentOperation.allCases), [.revertStarting], [.failed], .revertStarting),
        Transition(Set(DeploymentOperation.allCases), [.revertStarting], [.done, .hopeless], .cleaning),
        Transition(Set(DeploymentOperation.allCases), [.cleaning], [.failed], .cleaning),
        Transition(Set(DeploymentOperation.allCases), [.cleaning], [.done, .hopeless], .finished),

        // After an interruption a phase is repeated. After a boot we start the units of a release on probation, because not
        // all of them may be enabled. In the same boot a unit that failed meanwhile must not be started again.
        Transition(Set(DeploymentOperation.allCases), [.probation], [.rebooted], .starting),
        // If gatekeel-recover did not run, the boot has started units that must be down in these phases. (Recovery itself
        // reports `resumed`: no unit runs that early.)
        Transition(exchange, [.switching], [.rebooted], .stopping, when: .stops),
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
