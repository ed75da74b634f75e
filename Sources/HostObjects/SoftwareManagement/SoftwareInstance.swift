import LwM2M
import LwM2MClient

/// One instance of object 9: its record, the release in place, and the work under way. Pure: it decides, the object performs.
struct SoftwareInstance: Hashable, Sendable {
    /// Work that has not ended; other work is refused meanwhile.
    enum Job: String, Hashable, Sendable {
        case transferring, verifying, installing, removing, activating, deactivating
        case clearing = "dropping a transfer"
        case deleting = "being deleted"
    }

    /// What Uninstall asks for.
    enum Uninstall: Hashable, Sendable {
        /// Argument 0 when there is only a pending package, which is discarded.
        case discard(token: String?)
        /// Argument 0: the package is removed from the host.
        case remove(name: String)
        /// Argument 1: ready for an update; the running version keeps running.
        case prepare
    }

    var record = SoftwareRecord()
    /// The installed release of `record.package`, as the installer says.
    var inPlace: InstalledPackage?
    var job: Job? {
        didSet { if job != nil { isInterrupted = false } }
    }
    /// Its record is as an earlier run of the agent left it, and was not taken up yet. Work that begins is newer than that.
    var isInterrupted = false

    // MARK: What a server reads

    /// PkgName (9/x/0): of the delivered package, otherwise of the release in place.
    var name: String { record.staged?.name ?? inPlace?.name ?? "" }

    /// PkgVersion (9/x/1): of the same package.
    var version: String { record.staged?.version ?? inPlace?.version ?? "" }

    /// Activation State (9/x/12): whether the units of the release in place are active, in every Update State.
    var active: Bool { inPlace?.active ?? false }

    // MARK: Decisions

    /// Whether a package is in place, is delivered, or is worked on. An instance that only remembers a name is not in use.
    var isInUse: Bool { inPlace != nil || record.present || record.staged != nil || job != nil }

    /// Takes a transition of the table. False when the event does not apply now; then nothing changes.
    @discardableResult
    mutating func apply(_ event: SoftwareEvent, reason: String? = nil) -> Bool {
        guard let (state, result) = record.state.next(event, inPlace: inPlace != nil) else { return false }
        record.state = state
        if let result { record.result = result }
        if let reason { record.reason = reason }
        return true
    }

    /// Whether a transfer is under way that can be cancelled; also one that a restart interrupted.
    var isCancellable: Bool { record.state == .downloadStarted && (job == nil || job == .transferring) }

    /// A package may be delivered now.
    func admitDelivery() throws(OperationError) {
        try admit("a package", in: [.initial])
    }

    func admitInstall(_ arguments: [ExecuteArgument]) throws(OperationError) -> DeliveredPackage {
        guard arguments.isEmpty else { throw OperationError(.badRequest, "Install takes no argument") }
        try admit("Install", in: [.delivered])
        guard let staged = record.staged else {
            throw OperationError(.internalServerError, "the delivered package is gone; Uninstall and deliver it again")
        }
        return staged
    }

    /// Activate or Deactivate: the package to act on.
    func admitActivation(
        _ operation: String, _ arguments: [ExecuteArgument]
    ) throws(OperationError) -> InstalledPackage {
        guard arguments.isEmpty else { throw OperationError(.badRequest, "\(operation) takes no argument") }
        try admit(operation, in: [.installed])
        guard let inPlace else { throw OperationError(.internalServerError, "the package is no longer in place") }
        return inPlace
    }

    func admitUninstall(_ arguments: [ExecuteArgument]) throws(OperationError) -> Uninstall {
        guard arguments.count <= 1, arguments.allSatisfy({ $0.digit <= 1 && $0.value == nil }) else {
            throw OperationError(.badRequest, "Uninstall takes no argument, 0 (remove) or 1 (prepare for an update)")
        }
        if arguments.first?.digit == 1 {
            try admit("Uninstall with argument 1", in: [.installed])
            return .prepare
        }
        try admit("Uninstall", in: inPlace == nil ? [.delivered, .installed] : [.initial, .delivered, .installed])
        guard record.state == .installed else { return .discard(token: record.staged?.token) }
        guard let inPlace else { return .discard(token: nil) }
        return .remove(name: inPlace.name)
    }

    /// Delete is allowed for an instance that holds nothing, or only a transfer, which it cancels. The object refuses it for 0.
    func admitDelete() throws(OperationError) {
        if !isCancellable { try admit("Delete", in: [.initial]) }
        guard inPlace == nil else {
            throw OperationError(.methodNotAllowed, "\(name) is in place: Uninstall it before Delete")
        }
    }

    private func admit(_ operation: String, in states: [UpdateState]) throws(OperationError) {
        if let job {
            throw OperationError(.methodNotAllowed, "\(operation) is refused while the instance is \(job.rawValue)")
        }
        guard states.contains(record.state) else {
            throw OperationError(
                .methodNotAllowed, "\(operation) is not allowed in Update State \(record.state.rawValue)")
        }
    }

    // MARK: Reports

    /// What runs after a failure, for Status Reason: `start-failed: …; version 1.0 is running`.
    func explained(_ reason: String) -> String {
        guard let inPlace else { return reason }
        return "\(reason); version \(inPlace.version) is \(inPlace.active ? "running" : "in place, not running")"
    }
}
