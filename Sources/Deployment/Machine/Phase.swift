/// The phase of a deployment, written to the journal before the phase's effects begin.
///
/// `switching` in the journal means that all earlier phases are done and that switching may be partly done.
public enum Phase: String, Sendable, CaseIterable {
    /// The staged package is checked against the host again: relations, downgrade, host units, conffiles.
    case verifying
    /// The payload is unpacked beside the old release.
    case unpacking
    /// Users, folders, the conffile plan with copies of the old bytes. The old units still run.
    case preparing
    /// The new unit files are put in place and loaded while the old units run; both releases stop their units in the same
    /// way. The marker prevents the units from being started.
    case attaching
    /// After `attaching`: the units are stopped, conffiles and links exchanged, the units started.
    case exchanging
    /// The units in place are stopped.
    case stopping
    /// Conffiles, links and unit files are replaced. Meanwhile the host has parts of both releases.
    case switching
    /// Units are enabled and started.
    case starting
    /// The new units must stay active.
    case probation
    /// The release is recorded as good; old releases are removed.
    case committing
    /// A removal deletes unit files, links and trees.
    case removing
    /// Way back: the new units are stopped.
    case revertStopping = "revert-stopping"
    /// Way back: unit files, links and conffiles are restored.
    case revertSwitching = "revert-switching"
    /// Way back: the old units are started.
    case revertStarting = "revert-starting"
    /// Left-overs of the failed release are removed.
    case cleaning
    /// The end: `DeploymentResult` says how.
    case finished
}
