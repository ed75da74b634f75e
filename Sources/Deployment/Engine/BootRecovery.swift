import Linux

/// Runs early at boot, before any unit of a package may start. It finishes or reverts a deployment that a loss of power
/// interrupted, as far as that needs files only. The daemon later does what needs systemd.
///
/// It does nothing when the machine was not rebooted since the journal was written: units may be running.
public struct BootRecovery: Sendable {
    private let store: Store
    private let policy: Policy
    private let bootID: String

    public init(paths: HostPaths = HostPaths(), policy: Policy = Policy(), bootID: String) {
        self.init(store: Store(paths), policy: policy, bootID: bootID)
    }

    init(store: Store, policy: Policy, bootID: String) {
        self.store = store
        self.policy = policy
        self.bootID = bootID
    }

    /// - Parameter reload: makes systemd reload its unit files. Called only when some were changed.
    /// - Returns: what was found and done, for the journal.
    public func run(reload: () throws -> Void) throws -> [RecoveryNote] {
        guard try Files.exists(store.root) else { return [] }
        var notes: [RecoveryNote] = []
        let (found, complaints) = try store.loadJournal()
        for text in complaints {
            notes.append(RecoveryNote(kind: .corrupt, package: "", deployment: "", text: text))
        }
        var changed = false
        for package in try store.packageNames() where package != found?.package {
            do {
                if let note = try StoreRepair(store: store, package: package).run() {
                    notes.append(note)
                    changed = true
                }
            } catch {
                #if DEBUG
                    if error is Killed { throw error }
                #endif
                // The marker prevents its units from starting. Continue with the other packages and the journal.
                changed = true
                notes.append(
                    RecoveryNote(kind: .unreadable, package: package, deployment: "", text: "\(error)"))
            }
        }
        if let found, found.bootID != bootID, found.phase != .finished {
            let (note, files) = try resolve(found)
            notes.append(note)
            changed = changed || files
        }
        if changed { try reload() }
        return notes
    }

    /// - Returns: what was done, and whether unit files were changed.
    private func resolve(_ found: DeploymentRecord) throws -> (RecoveryNote, Bool) {
        var record = found
        var machine = DeploymentMachine(operation: record.operation, phase: record.phase)
        var event = record.takeUp(bootID: bootID, policy: policy)
        if event == .rebooted, [.switching, .revertSwitching, .removing].contains(record.phase) {
            // The units that these phases stop are down: no unit of a package runs this early.
            event = .resumed
        }
        var changed = false
        while true {
            for action in machine.handle(event, record.conditions) {
                if case .settle(let result) = action { record.result = result }
            }
            if machine.phase == .probation, changed {
                // The files were exchanged just now, and no unit was started.
                _ = machine.handle(.rebooted, record.conditions)
            }
            record.phase = machine.phase
            try store.saveJournal(record)
            switch record.phase {
            case .revertStopping:
                // No unit of a package runs this early.
                event = .done
            case .attaching, .exchanging, .switching, .revertSwitching, .removing:
                changed = true
                let failure = try perform(&record)
                if let failure { record.reason = record.reason ?? failure.reason }
                if record.phase == .removing || (failure != nil && record.phase == .revertSwitching) {
                    // The daemon continues. Until then the marker prevents the units from starting.
                    return (note(record, failure), changed)
                }
                event = failure == nil ? .done : .failed
            default: return (note(record, nil), changed)
            }
        }
    }

    /// The steps of files of the phase.
    private func perform(_ record: inout DeploymentRecord) throws -> DeploymentError? {
        let steps = FileSteps(store: store, deployment: record)
        do {
            if record.phase == .revertSwitching { store.releaseReserve() }
            for step in record.phase.steps(of: record.operation) where step.isOfFiles {
                try store.passage.before(step)
                record.note(problems: try steps.perform(step))
                try store.passage.after(step)
            }
            return nil
        } catch {
            #if DEBUG
                if error is Killed { throw error }
            #endif
            return DeploymentError.wrapping(error)
        }
    }

    private func note(_ record: DeploymentRecord, _ failure: DeploymentError?) -> RecoveryNote {
        let kind: RecoveryNote.Kind = record.reason == nil ? .resumed : .reverted
        let text = failure?.text ?? record.reason?.description ?? "it goes on with \(record.phase.rawValue)"
        return RecoveryNote(kind: kind, package: record.package, deployment: record.id, text: text)
    }
}

/// Repairs a package that has the marker of an exchange but no deployment, because both copies of the journal are lost:
/// attaches the release that `current` names.
struct StoreRepair: Sendable {
    let store: Store
    let package: String

    /// - Returns: what was done; nil when there was nothing to do.
    func run() throws -> RecoveryNote? {
        guard try Files.exists(store.marker(of: package)) else { return nil }
        let current = try store.release(.current, of: package)
        var others: [AttachedFile] = []
        for release in try store.releases(of: package) where release != current {
            // An incomplete release was never attached. One that cannot be read may be: throw, and leave the marker.
            guard let record = try store.recordIfWhole(of: package, release: release) else { continue }
            do {
                others += try Attachment(store: store, release: release, record: record).files()
            } catch is DeploymentError {
                continue
            }
        }
        if let current {
            let record = try store.record(of: package, release: current)
            try Attachment(store: store, release: current, record: record)
                .attach(replacing: others, passage: store.passage)
        } else {
            try Attachment.detach(others, store.paths, passage: store.passage)
        }
        try Neighbours(store: store, package: package).attach(
            try PackagesInPlace(store, with: package, at: current ?? ""))
        try Files.remove(store.marker(of: package))
        return RecoveryNote(
            kind: .corrupt, package: package, deployment: "",
            text: "the journal of an interrupted deployment was lost; \(current ?? "nothing") is in place")
    }
}
