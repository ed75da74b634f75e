/// One effect of a phase. Every step may be repeated, even after an interruption in the middle of it.
enum Step: String, Sendable, CaseIterable {
    /// Checks the staged package against the host as it is now.
    case verify
    /// Unpacks the payload into a temporary folder and renames that.
    case unpack
    /// Users and folders.
    case provision
    /// Records what runs and what is enabled, plans the conffiles and copies the old ones.
    case plan
    /// Waits until no unit is starting or stopping: after a reload it would continue with the new unit file.
    case rest
    /// The units in place.
    case stop
    /// Sets the marker. Until `unmark` the package's units cannot start.
    case mark
    case conffiles
    case attach
    /// `current` and `previous`.
    case links
    /// Removes the enablement links; `enable` makes new ones.
    case unlink
    case reload
    case unmark
    case enable
    case start
    case probe
    case commit
    /// Removes the unit files (removal).
    case detach
    /// Keeps the packaged conffiles for the next install, or purges them (removal).
    case forget
    /// Deletes the releases (removal).
    case delete
    case revertStop = "revert-stop"
    case revertConffiles = "revert-conffiles"
    case revertAttach = "revert-attach"
    case revertLinks = "revert-links"
    case revertEnablement = "revert-enablement"
    case revertStart = "revert-start"
    /// Removes users, groups and folders that a failed deployment made, and users and groups of a purged package.
    case unprovision
    case clean

    /// Whether the step only changes files: these steps run early at boot, without systemd.
    var isOfFiles: Bool {
        switch self {
        case .mark, .conffiles, .attach, .links, .unlink, .unmark, .detach, .forget, .delete, .revertConffiles,
            .revertAttach, .revertLinks, .revertEnablement:
            true
        default: false
        }
    }
}

extension Phase {
    /// The steps of this phase, in order.
    func steps(of operation: DeploymentOperation) -> [Step] {
        switch (self, operation) {
        case (.verifying, _): [.verify]
        case (.unpacking, _): [.unpack]
        // The plan comes first: it must see which folders below /etc existed before the package.
        case (.preparing, _): [.plan, .provision]
        // The marker comes first: a unit that crashes now is not restarted with parts of both releases.
        case (.attaching, _): [.mark, .rest, .attach, .reload]
        // Only what must happen between stop and start comes before the start.
        case (.exchanging, _): [.stop, .conffiles, .links, .unmark, .start, .enable]
        case (.stopping, _): [.stop]
        case (.switching, _): [.mark, .conffiles, .attach, .links, .unlink, .enable, .reload, .unmark]
        // Once more: recovery early at boot switches without systemd.
        case (.starting, _): [.enable, .start]
        case (.probation, _): [.probe]
        case (.committing, .deactivate): [.unlink, .reload, .commit]
        case (.committing, _): [.commit]
        // The marker stays until the package's folder is removed: no unit of a partly removed package may start.
        case (.removing, _): [.mark, .unlink, .detach, .reload, .forget, .links, .delete]
        case (.revertStopping, _): [.revertStop]
        case (.revertSwitching, .activate), (.revertSwitching, .deactivate): [.revertEnablement, .reload]
        case (.revertSwitching, _):
            [.mark, .revertConffiles, .revertAttach, .revertLinks, .revertEnablement, .reload, .unmark]
        case (.revertStarting, _): [.revertStart]
        // Before the record of what was made is removed.
        case (.cleaning, _): [.unprovision, .clean]
        case (.finished, _): []
        }
    }

    /// How often in a row the phase may be retried, if it is retried at all.
    func retries(_ policy: Policy) -> Int {
        switch self {
        // Left-overs are found again at the next deployment and at the next start.
        case .cleaning: 2
        default: policy.maxAttempts
        }
    }

    /// Progress of the whole deployment when this phase begins. Unpacking advances up to the next phase's value.
    var percent: Int {
        switch self {
        case .verifying: 0
        case .unpacking: 5
        case .preparing: 50
        case .attaching: 52
        case .exchanging: 55
        case .stopping: 55
        case .switching: 60
        case .starting: 65
        case .probation: 70
        case .committing: 95
        case .removing: 60
        case .revertStopping: 70
        case .revertSwitching: 80
        case .revertStarting: 90
        case .cleaning: 98
        case .finished: 100
        }
    }
}
