import EventLoop
import Glibc
import Linux
import Packages
import State

/// The update pipeline: one deployment at a time, performed as `Transition.table` says.
///
/// Files are changed on the worker's thread; systemd is called on the loop. Each phase is written to the journal before
/// its first step, so that the process may end at any point.
@LoopActor
public final class DeploymentEngine: Deployments {
    public weak var observer: (any DeploymentObserver)?
    public var policy: Policy

    let store: Store
    let ports: Ports
    /// The deployment in progress.
    var active: ActiveDeployment?
    private(set) var history: [DeploymentRecord] = []
    private var known: [String: PackageStatus] = [:]
    private var stagedPackages: [StagedPackage] = []
    private var staging = 0
    public private(set) var signedTime: SignedTime?
    private var isOpen = false
    /// Set while a request is being checked, before its deployment exists.
    public private(set) var isPreparing = false {
        didSet {
            if isPreparing != oldValue { observer?.preparingChanged() }
            guard !isPreparing else { return }
            let waiting = preparationWaiters
            preparationWaiters = []
            for waiter in waiting { waiter.resume() }
        }
    }
    /// Drop-ins of installed packages are made anew; no deployment begins meanwhile.
    private var isAdjusting = false
    private var preparationWaiters: [CheckedContinuation<Void, Never>] = []
    /// The token of the staged package of that request.
    private var preparing: String?
    var isSuspended = false
    /// Conffiles of the installed releases, as they were last seen.
    private var conffilesSeen: HostFit.Conffiles = [:]

    public convenience init(paths: HostPaths = HostPaths(), policy: Policy = Policy(), ports: Ports) {
        self.init(store: Store(paths), policy: policy, ports: ports)
    }

    init(store: Store, policy: Policy, ports: Ports) {
        self.store = store
        self.policy = policy
        self.ports = ports
    }

    // MARK: Opening

    public func open() async throws -> [RecoveryNote] {
        do {
            return try await openStore()
        } catch {
            throw DeploymentError.wrapping(error)
        }
    }

    private func openStore() async throws -> [RecoveryNote] {
        let store = self.store
        let (interrupted, loadedHistory, notes, staged, signed) = try await Worker.shared.run(limit: Worker.long) {
            try store.create()
            var notes: [RecoveryNote] = []
            let journal = try store.loadJournal()
            let history = try store.loadHistory()
            for text in journal.complaints + history.complaints {
                notes.append(RecoveryNote(kind: .corrupt, package: "", deployment: "", text: text))
            }
            notes += try StoreCleanUp(store: store, deployment: journal.deployment).run()
            notes += try AttachmentCheck(store: store, deployed: journal.deployment?.package).run()
            let signed = try store.signedTime()
            store.makeReserve()
            return (journal.deployment, history.deployments, notes, try store.loadStaged().packages, signed)
        }
        history = loadedHistory
        stagedPackages = staged
        signedTime = signed
        // A repair may have changed unit files.
        let isRepaired = notes.contains {
            ($0.kind == .corrupt && !$0.package.isEmpty) || $0.kind == .detached || $0.kind == .overlaid
        }
        if isRepaired {
            try? await ports.units.reload()
            try? await ports.bus.reloadConfiguration()
        }
        try await refreshAll()
        let resumed = if let interrupted { [try await resume(interrupted)] } else { [RecoveryNote]() }
        // Last, so that all of it can be done once more when something fails.
        isOpen = true
        return notes + resumed
    }

    /// Resumes an interrupted deployment.
    private func resume(_ interrupted: DeploymentRecord) async throws -> RecoveryNote {
        var record = interrupted
        if record.phase == .finished {
            let active = ActiveDeployment(record, ports: ports)
            self.active = active
            await conclude(active)
            return note(.resumed, record, "it had ended, and only its entry in the history was missing")
        }
        let event = record.takeUp(bootID: ports.bootID, policy: policy)
        let store = self.store
        let snapshot = record
        try await Worker.shared.run { try store.saveJournal(snapshot) }
        let active = ActiveDeployment(record, ports: ports)
        self.active = active
        let actions = active.advance(event)
        LoopActor.spawn { [weak self] in await self?.run(active, actions) }
        if event == .exhausted || record.reason != nil {
            return note(.reverted, record, record.reason?.description ?? "")
        }
        return note(.resumed, record, "it was interrupted while \(interrupted.phase.rawValue) and goes on")
    }

    private func note(_ kind: RecoveryNote.Kind, _ record: DeploymentRecord, _ text: String) -> RecoveryNote {
        RecoveryNote(kind: kind, package: record.package, deployment: record.id, text: text)
    }

    public func suspend() {
        isSuspended = true
        active?.events.push(.suspend)
    }

    // MARK: Staging

    public func stage(_ source: consuming FileDescriptor) async throws -> StagedPackage {
        guard staging < 2 else { throw DeploymentError(.busy, "two packages are being taken in already; try again") }
        staging += 1
        defer { staging -= 1 }
        try requireOpen()
        if let active, active.record.phase.isHurried {
            // Copying and decompressing would slow down the units that are being stopped and started.
            throw DeploymentError(
                .busy, "\(active.record.package) is between two releases; try again when it runs")
        }
        let token = Store.makeToken(8)
        let (store, packages, limit) = (self.store, ports.packages, policy.maxPackageSize)
        let seconds = Int(policy.copyDeadline.components.seconds)
        let (now, time) = (ports.wallClock(), verificationTime)
        let (installed, waiting) = (installedVersions(), stagedPackages.map(\.record))
        let number = source.release()
        do {
            // The folder is new and unknown to others, so this may run beside a deployment.
            let record = try await takingIn(token) {
                let source = FileDescriptor(owning: number)
                try store.copy(source, into: token, limit: limit, seconds: seconds)
                let record = try Self.inspect(
                    store.package(staged: token), by: packages, time: time, installed: installed, waiting: waiting)
                guard PackageName.isValid(record.name), Store.isVersion(record.version) else {
                    throw DeploymentError(.unsupported, "a package named \(record.name) \(record.version)")
                }
                return record
            }
            let package = StagedPackage(token: token, record: record, stagedAt: now)
            let signed = record.signedTime
            try await takingIn(token) { try store.save(package) }
            if let signed {
                // On the worker of all state files: two packages may be taken in at once.
                signedTime = try await takingIn(token, on: .shared) { try store.raise(to: signed) }
            }
            try await take(package)
            return package
        } catch {
            throw DeploymentError.wrapping(error)
        }
    }

    /// Inspects a package. Its relations must hold with what is installed, or with what waits in place of that: the installation
    /// looks again.
    private nonisolated static func inspect(
        _ path: String, by packages: any PackageReader, time: VerificationTime, installed: [InstalledVersion],
        waiting: [ReleaseRecord]
    ) throws -> ReleaseRecord {
        do {
            return try packages.inspect(path, time: time, installed: installed)
        } catch let error as DeploymentError
            where [.unmetRelation, .conflict].contains(error.code) && !waiting.isEmpty
        {
            let next = InstalledVersion.replacing(installed, by: waiting)
            // The reason is that of the host as it is.
            guard let record = try? packages.inspect(path, time: time, installed: next) else { throw error }
            return record
        }
    }

    /// A part of a package's intake. When it fails, nothing stays of the package.
    private func takingIn<Value: Sendable>(
        _ token: String, on worker: Worker = .intake, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let store = self.store
        return try await worker.run(limit: Worker.long) {
            do {
                return try body()
            } catch {
                #if DEBUG
                    if error is Killed { throw error }
                #endif
                try? store.discard(staged: token)
                throw error
            }
        }
    }

    public func resetSignedTime() async throws {
        try requireOpen()
        let store = self.store
        do {
            try await Worker.shared.run { try store.save(signedTime: nil) }
        } catch {
            throw DeploymentError.wrapping(error)
        }
        signedTime = nil
    }

    /// Adds a package to the staged ones. It replaces one of the same name and version.
    private func take(_ package: StagedPackage) async throws {
        let inUse = [active?.record.token, preparing]
        var dropped = stagedPackages.filter {
            $0.record.name == package.record.name && $0.record.version == package.record.version
                && !inUse.contains($0.token)
        }.map(\.token)
        let isFull = stagedPackages.count - dropped.count >= policy.maxStaged
        if isFull {
            dropped = [package.token]
        } else {
            stagedPackages.removeAll { dropped.contains($0.token) }
            stagedPackages.append(package)
        }
        let (store, tokens) = (self.store, dropped)
        // If this fails, the package stays staged or is removed at the next start.
        try? await Worker.shared.run { for token in tokens { try store.discard(staged: token) } }
        if isFull {
            throw DeploymentError(
                .noSpace,
                "\(policy.maxStaged) packages are staged already; 'gatekeel staged' lists them, install or discard one")
        }
    }

    public func discard(_ token: String) async throws {
        guard let index = stagedPackages.firstIndex(where: { $0.token == token }) else {
            throw DeploymentError(.notFound, "no package is staged as \(token)")
        }
        guard active?.record.token != token, !isPreparing, !isAdjusting else {
            throw DeploymentError(.busy, "the package is being installed")
        }
        let package = stagedPackages.remove(at: index)
        let store = self.store
        do {
            try await Worker.shared.run {
                try store.passage("deployment.discard.before")
                try store.discard(staged: token)
                try store.passage("deployment.discard.after")
            }
        } catch {
            // A package that is still complete would be back at the next start. An incomplete one is removed then.
            let isWhole = try? await Worker.shared.run { try store.loadStaged().packages.contains(package) }
            guard isWhole ?? true else { return }
            stagedPackages.append(package)
            throw DeploymentError.wrapping(error)
        }
    }

    public func staged() -> [StagedPackage] { stagedPackages }

    func forgetStaged(_ token: String) { stagedPackages.removeAll { $0.token == token } }

    func stagedPackage(_ token: String) -> StagedPackage? { stagedPackages.first { $0.token == token } }

    // MARK: Requests

    public func install(_ token: String, _ options: DeploymentOptions) async throws -> String {
        try await request {
            self.preparing = token
            guard let staged = self.stagedPackage(token) else {
                throw DeploymentError(.notFound, "no package is staged as \(token); send it again")
            }
            let (store, record) = (self.store, staged.record)
            guard self.package(record.name) != nil || self.packages().count < Policy.maxPackages else {
                throw DeploymentError(
                    .noSpace,
                    "the store has \(Policy.maxPackages) packages, which is the most; remove one with 'gatekeel remove --purge'"
                )
            }
            let isInPlace = try await Worker.shared.run { try Self.isInPlace(record, store) }
            if isInPlace, !options.reinstall { return try await self.repeated(staged, options.activation) }
            let waiting = self.stagedPackages.map(\.record)
            let (state, current, previous, folder) = try await Worker.shared.run {
                try HostCheck(store: store, record: record, token: token, staged: waiting).run()
                return (
                    try store.state(of: record.name).state, try store.release(.current, of: record.name),
                    try store.release(.previous, of: record.name),
                    try store.freeFolder(for: record.version, of: record.name)
                )
            }
            if !state.highest.isEmpty, self.ports.packages.isVersion(record.version, lowerThan: state.highest),
                !options.allowDowngrade, !self.policy.allowDowngrade
            {
                throw DeploymentError(
                    .downgrade,
                    "\(record.name) \(record.version) is lower than \(state.highest), which was in place; root may ask for it, or AllowDowngrade= in installd.conf allow it"
                )
            }
            var deployment = self.newDeployment(
                current == nil ? .install : .update, record.name, version: record.version)
            deployment.token = token
            deployment.allowDowngrade = options.allowDowngrade
            deployment.activation = options.activation
            deployment.newRelease = folder
            deployment.oldRelease = current ?? ""
            deployment.oldPrevious = previous ?? ""
            deployment.oldHighest = state.highest
            deployment.keepsPrevious = isInPlace
            return deployment
        }
    }

    /// Whether the release in place is this package, byte for byte. What is not signed has no digest and is never known to be.
    private nonisolated static func isInPlace(_ record: ReleaseRecord, _ store: Store) throws -> Bool {
        guard !record.content.isEmpty, let current = try store.release(.current, of: record.name) else { return false }
        // A release that cannot be read is replaced.
        guard let inPlace = try store.recordIfWhole(of: record.name, release: current) else { return false }
        return try inPlace.content == record.content
            && Attachment(store: store, release: current, record: inPlace).isWhole()
    }

    /// The deployment of a package that is in place already: its units become what is asked for, and no file is changed.
    private func repeated(_ staged: StagedPackage, _ activation: Activation) async throws -> DeploymentRecord {
        let operation: DeploymentOperation =
            switch activation {
            case .restore: .update
            case .yes: .activate
            case .no: .deactivate
            }
        var deployment = try await existing(operation, staged.record.name)
        deployment.token = staged.token
        guard activation == .restore else { return deployment }
        deployment.newRelease = deployment.oldRelease
        (deployment.phase, deployment.result) = (.cleaning, .done)
        deployment.reason = Reason(
            "unchanged",
            "this version is in place already and nothing was changed; 'gatekeel install --reinstall' does it again")
        return deployment
    }

    public func remove(_ name: String, purge: Bool) async throws -> String {
        try await request {
            guard let status = self.known[name], status.isInstalled || purge else {
                throw DeploymentError(.notFound, "\(name) is not installed")
            }
            let store = self.store
            try await Worker.shared.run { try RelationCheck(store: store, package: name, record: nil).run() }
            let seeing = try await self.dependents(of: name).running
            guard seeing.isEmpty else {
                throw DeploymentError(
                    .unmetRelation,
                    "\(seeing.joined(separator: ", ")) of other packages run with files of '\(name)'; deactivate or remove those packages first"
                )
            }
            var deployment = try await self.existing(.remove, name, needsRelease: false)
            deployment.purge = purge
            return deployment
        }
    }

    public func activate(_ name: String) async throws -> String {
        try await request { try await self.existing(.activate, name) }
    }

    public func deactivate(_ name: String) async throws -> String {
        try await request { try await self.existing(.deactivate, name) }
    }

    public func rollback(_ name: String) async throws -> String {
        try await request {
            var deployment = try await self.existing(.rollback, name)
            guard !deployment.oldPrevious.isEmpty else {
                throw DeploymentError(.notFound, "\(name) has no previous release to go back to")
            }
            let (store, release) = (self.store, deployment.oldPrevious)
            let waiting = self.stagedPackages.map(\.record)
            deployment.newRelease = release
            deployment.version = try await Worker.shared.run {
                let record = try store.record(of: name, release: release)
                try RelationCheck(store: store, package: name, record: record).runForward()
                // Packages that fit only together go back one after the other.
                let waiting = waiting + (try store.previousRecords())
                try HostCheck(store: store, record: record, token: nil, staged: waiting).run()
                try OverlayCheck(paths: store.paths).run(store.folder(of: name, release: release))
                return record.version
            }
            return deployment
        }
    }

    /// A deployment of a package in the store.
    private func existing(
        _ operation: DeploymentOperation, _ name: String, needsRelease: Bool = true
    ) async throws -> DeploymentRecord {
        guard PackageName.isValid(name) else { throw DeploymentError(.notFound, "\(name) is no package's name") }
        let store = self.store
        let (current, previous) = try await Worker.shared.run {
            (try store.release(.current, of: name), try store.release(.previous, of: name))
        }
        guard current != nil || !needsRelease else { throw DeploymentError(.notFound, "\(name) is not installed") }
        let version = known[name]?.version ?? ""
        var deployment = newDeployment(operation, name, version: version)
        deployment.oldRelease = current ?? ""
        deployment.oldPrevious = previous ?? ""
        if operation == .activate || operation == .deactivate { deployment.newRelease = deployment.oldRelease }
        return deployment
    }

    private func newDeployment(_ operation: DeploymentOperation, _ name: String, version: String) -> DeploymentRecord {
        var deployment = DeploymentRecord(
            id: Store.makeToken(4), package: name, operation: operation, version: version,
            phase: DeploymentMachine.firstPhase(of: operation))
        deployment.oldVersion = known[name]?.version ?? ""
        deployment.startedAt = ports.wallClock()
        deployment.bootID = ports.bootID
        return deployment
    }

    /// Checks a request, writes its deployment to the journal and starts it.
    private func request(_ make: @LoopActor () async throws -> DeploymentRecord) async throws -> String {
        try requireOpen()
        guard active == nil, !isPreparing, !isAdjusting, !isSuspended else {
            let busy = active.map { " with \($0.record.operation.rawValue) of \($0.record.package)" } ?? ""
            throw DeploymentError(.busy, "the gateway is busy\(busy); try again when it is done")
        }
        isPreparing = true
        defer { (preparing, isPreparing) = (nil, false) }
        do {
            let store = self.store
            // Before anything is stopped that could then neither be exchanged nor removed.
            try await Worker.shared.run { try store.requireWritable() }
            let record = try await decided(try await surveyed(try await make()))
            try CheckedFile.requireRoom(
                for: record.record, "too many instances of the package's units run or are enabled; stop some of them")
            let active = ActiveDeployment(record, ports: ports)
            let actions = active.machine.begin()
            // Durable before the caller gets the identifier.
            try await Worker.shared.run {
                do {
                    try store.saveJournal(record)
                } catch {
                    #if DEBUG
                        if error is Killed { throw error }
                    #endif
                    // A failed write may have reached the disk all the same, and would be resumed at the next start.
                    try? store.removeJournal()
                    throw error
                }
            }
            self.active = active
            report(active)
            LoopActor.spawn { [weak self] in await self?.run(active, Array(actions.dropFirst())) }
            return record.id
        } catch {
            throw DeploymentError.wrapping(error)
        }
    }

    /// The time for checking certificates.
    var verificationTime: VerificationTime { VerificationTime(clock: ports.wallClock(), signed: signedTime) }

    private func requireOpen() throws {
        guard isOpen else { throw DeploymentError(.busy, "the store is being opened; try again") }
    }

    // MARK: Looking

    public func packages() -> [PackageStatus] { known.values.sorted { $0.name < $1.name } }
    public func package(_ name: String) -> PackageStatus? { known[name] }

    public func overlay(of name: String) async throws -> [String] {
        guard known[name]?.isInstalled == true else { throw DeploymentError(.notFound, "\(name) is not installed") }
        let store = self.store
        do {
            return try await Worker.shared.run {
                guard let release = try store.release(.current, of: name) else {
                    throw DeploymentError(.notFound, "\(name) is not installed")
                }
                return try store.overlay(of: store.record(of: name, release: release), release: release)
            }
        } catch {
            throw DeploymentError.wrapping(error)
        }
    }

    public var running: DeploymentStatus? { active?.status }

    public func prepared() async {
        while isPreparing { await withCheckedContinuation { preparationWaiters.append($0) } }
    }

    public func deployment(_ id: String) -> DeploymentStatus? {
        if let active, active.record.id == id { return active.status }
        return history.last { $0.id == id }?.status(percent: 100)
    }

    public func deployments(limit: Int) -> [DeploymentStatus] {
        let past = history.reversed().map { $0.status(percent: 100) }
        return Array(((running.map { [$0] } ?? []) + past).prefix(max(0, limit)))
    }

    func installedVersions() -> [InstalledVersion] {
        known.values.filter(\.isInstalled).map {
            InstalledVersion(name: $0.name, version: $0.version, provides: $0.provides)
        }
    }

    public func hostProblems() async throws -> [String: [String]] {
        let fit = HostFit(store: store, before: conffilesSeen)
        var (problems, conffiles) = try await Worker.shared.run { try fit.look() }
        conffilesSeen = conffiles
        for note in try await adjustOverlays() where note.kind == .overlaid {
            problems[note.package, default: []].append(note.text)
        }
        return problems
    }

    /// What the host got or lost changes which packages of the store others see. Their units keep what they run with until they
    /// are started anew.
    private func adjustOverlays() async throws -> [RecoveryNote] {
        guard active == nil, !isPreparing, !isAdjusting, !isSuspended else { return [] }
        // No deployment begins meanwhile: its files are not to be looked at.
        isAdjusting = true
        defer { isAdjusting = false }
        let store = self.store
        let notes = try await Worker.shared.run { try AttachmentCheck(store: store, deployed: nil).run() }
        if !notes.isEmpty { try await ports.units.reload() }
        return notes
    }

    /// Reads a package's status again, for example after somebody enabled or disabled it by hand.
    ///
    /// If the store cannot be read, the known status stays.
    public func refresh(_ name: String) async { try? await read(name) }

    /// - Throws: when the store cannot be read.
    private func read(_ name: String) async throws {
        let store = self.store
        if let status = try await Worker.shared.run({ try PackageStatus.read(name, store) }) {
            let old = known.updateValue(status, forKey: name)
            if old != status { observer?.packageChanged(status) }
        } else if known.removeValue(forKey: name) != nil {
            observer?.packageRemoved(name)
        }
    }

    private func refreshAll() async throws {
        let store = self.store
        let names = try await Worker.shared.run { try store.packageNames() }
        for name in Set(names).union(known.keys) { try await read(name) }
    }

    func remember(_ record: DeploymentRecord) {
        history.removeAll { $0.id == record.id }
        history.append(record)
        history.removeFirst(max(0, history.count - policy.historyLimit))
    }
}
