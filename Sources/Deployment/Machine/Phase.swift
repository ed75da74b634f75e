/// Where a deployment is: what is durable in its journal before the phase's effects begin.
///
/// A journal that says `switching` means: all before is done, and what switching does may be done in part.
public enum Phase: String, Sendable, CaseIterable {
    /// The staged package is checked again against the host: relations, downgrade, host units, conffiles.
    case verifying
    /// The payload is unpacked beside the old release.
    case unpacking
    /// Users, folders, the conffile plan with copies of the old bytes. The old units still run.
    case preparing
    /// The new release's unit files are put in place and read while the old units run: how they are stopped is the same
    /// by both. The marker keeps all of them from being started.
    case attaching
    /// After `attaching`: the units are stopped, conffiles and links exchanged, the units started.
    case exchanging
    /// The units in place are stopped.
    case stopping
    /// Conffiles, links, unit files: the point where the host is neither old nor new.
    case switching
    /// Units are enabled and started.
    case starting
    /// The release must prove itself.
    case probation
    /// The release is kept: the store is told, old releases go.
    case committing
    /// Of a removal: unit files, links and trees go.
    case removing
    /// Back: the new units are stopped.
    case revertStopping = "revert-stopping"
    /// Back: unit files, links, conffiles.
    case revertSwitching = "revert-switching"
    /// Back: the old units are started.
    case revertStarting = "revert-starting"
    /// What is left of the failed one goes.
    case cleaning
    /// The end: `DeploymentResult` says how.
    case finished
}
