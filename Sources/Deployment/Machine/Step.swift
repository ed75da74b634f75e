/// One effect of a phase. Every step may be repeated, also after it was interrupted anywhere.
enum Step: String, Sendable, CaseIterable {
    /// The staged package against the host as it is now.
    case verify
    /// The payload into a folder beside, then its name.
    case unpack
    /// Users and folders.
    case provision
    /// What runs, what is enabled, what happens to the conffiles; copies of the old bytes.
    case plan
    /// No unit in place is on its way up or down: what is read anew would go on as the new release.
    case rest
    /// The units in place.
    case stop
    /// From here to `unmark` the package's units cannot start.
    case mark
    case conffiles
    case attach
    /// `current` and `previous`.
    case links
    /// Enablement goes; `enable` makes it anew.
    case unlink
    case reload
    case unmark
    case enable
    case start
    case probe
    case commit
    /// Unit files of a removal.
    case detach
    /// Conffiles of a removal: kept as packaged for the next install, or purged.
    case forget
    /// The trees of a removal.
    case delete
    case revertStop = "revert-stop"
    case revertConffiles = "revert-conffiles"
    case revertAttach = "revert-attach"
    case revertLinks = "revert-links"
    case revertEnablement = "revert-enablement"
    case revertStart = "revert-start"
    case clean

    /// Works on files alone: early at boot these steps run without systemd's help.
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
    /// What is done in this phase, in order.
    func steps(of operation: DeploymentOperation) -> [Step] {
        switch (self, operation) {
        case (.verifying, _): [.verify]
        case (.unpacking, _): [.unpack]
        // The plan first: it sees which folders beneath /etc are not the package's doing.
        case (.preparing, _): [.plan, .provision]
        // The marker first: a unit that crashes now comes back as neither of the two.
        case (.attaching, _): [.mark, .rest, .attach, .reload]
        // Nothing but what must be between "down" and "up" comes before the start.
        case (.exchanging, _): [.stop, .conffiles, .links, .unmark, .start, .enable]
        case (.stopping, _): [.stop]
        case (.switching, _): [.mark, .conffiles, .attach, .links, .unlink, .reload, .unmark]
        case (.starting, _): [.start, .enable]
        case (.probation, _): [.probe]
        case (.committing, .deactivate): [.unlink, .reload, .commit]
        case (.committing, _): [.commit]
        // The marker stays until the package's folder goes: nothing may start a unit of what is half gone.
        case (.removing, _): [.mark, .unlink, .detach, .reload, .forget, .links, .delete]
        case (.revertStopping, _): [.revertStop]
        case (.revertSwitching, .activate), (.revertSwitching, .deactivate): [.revertEnablement, .reload]
        case (.revertSwitching, _):
            [.mark, .revertConffiles, .revertAttach, .revertLinks, .revertEnablement, .reload, .unmark]
        case (.revertStarting, _): [.revertStart]
        case (.cleaning, _): [.clean]
        case (.finished, _): []
        }
    }

    /// How often in a row it may fail and be tried again, where it is tried again at all.
    func retries(_ policy: Policy) -> Int {
        switch self {
        // What is left over is found again at the next deployment and at the next start.
        case .cleaning: 2
        default: policy.maxAttempts
        }
    }

    /// Of the whole deployment, when this phase begins; unpacking has the room up to the next.
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
