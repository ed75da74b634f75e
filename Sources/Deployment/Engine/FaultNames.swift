#if FAULT_POINTS || DEBUG
    /// The pipeline's named places, for the fault campaign and the crash tests. A release build has none.
    public enum FaultNames {
        /// Before and after each step of the table.
        public static let steps: [String] = Step.allCases.flatMap { ["\($0.places.before)", "\($0.places.after)"] }

        /// Within steps, and at durable writes.
        public static let within: [String] = [
            "deployment.journal.before", "deployment.journal.after", "deployment.history.before",
            "deployment.history.after", "deployment.state.before", "deployment.state.after",
            "deployment.stage.copy.before", "deployment.stage.copy.after", "deployment.stage.record.before",
            "deployment.stage.record.after", "deployment.discard.before", "deployment.discard.after",
            "deployment.unpack.complete", "deployment.unpack.sync",
            "deployment.unpack.rename", "deployment.migrations.each", "deployment.conffiles.each",
            "deployment.attach.each",
            "deployment.detach.each", "deployment.links.between", "deployment.revert-conffiles.each",
            "deployment.revert-migrations.each", "deployment.delete.each", "deployment.clean.each",
            "deployment.provision.record",
            "deployment.unprovision.each",
        ]

        public static let all: [String] = steps + within
    }

    extension Step {
        /// The name of a fault point must be a literal, so that it is not in a release build.
        var places: (before: StaticString, after: StaticString) {
            switch self {
            case .verify: ("deployment.verify.before", "deployment.verify.after")
            case .unpack: ("deployment.unpack.before", "deployment.unpack.after")
            case .provision: ("deployment.provision.before", "deployment.provision.after")
            case .plan: ("deployment.plan.before", "deployment.plan.after")
            case .rest: ("deployment.rest.before", "deployment.rest.after")
            case .stop: ("deployment.stop.before", "deployment.stop.after")
            case .mark: ("deployment.mark.before", "deployment.mark.after")
            case .conffiles: ("deployment.conffiles.before", "deployment.conffiles.after")
            case .attach: ("deployment.attach.before", "deployment.attach.after")
            case .links: ("deployment.links.before", "deployment.links.after")
            case .unlink: ("deployment.unlink.before", "deployment.unlink.after")
            case .reload: ("deployment.reload.before", "deployment.reload.after")
            case .unmark: ("deployment.unmark.before", "deployment.unmark.after")
            case .enable: ("deployment.enable.before", "deployment.enable.after")
            case .start: ("deployment.start.before", "deployment.start.after")
            case .probe: ("deployment.probe.before", "deployment.probe.after")
            case .commit: ("deployment.commit.before", "deployment.commit.after")
            case .detach: ("deployment.detach.before", "deployment.detach.after")
            case .forget: ("deployment.forget.before", "deployment.forget.after")
            case .delete: ("deployment.delete.before", "deployment.delete.after")
            case .revertStop: ("deployment.revert-stop.before", "deployment.revert-stop.after")
            case .revertConffiles: ("deployment.revert-conffiles.before", "deployment.revert-conffiles.after")
            case .revertAttach: ("deployment.revert-attach.before", "deployment.revert-attach.after")
            case .revertLinks: ("deployment.revert-links.before", "deployment.revert-links.after")
            case .revertEnablement: ("deployment.revert-enablement.before", "deployment.revert-enablement.after")
            case .revertStart: ("deployment.revert-start.before", "deployment.revert-start.after")
            case .unprovision: ("deployment.unprovision.before", "deployment.unprovision.after")
            case .clean: ("deployment.clean.before", "deployment.clean.after")
            }
        }
    }
#endif

extension Passage {
    @inline(__always)
    func before(_ step: Step) throws {
        #if FAULT_POINTS || DEBUG
            try self(step.places.before)
        #endif
    }

    @inline(__always)
    func after(_ step: Step) throws {
        #if FAULT_POINTS || DEBUG
            try self(step.places.after)
        #endif
    }
}
