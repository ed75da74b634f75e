import EventLoop
import Linux
import Packages
import State

extension DeploymentEngine {
    /// Performs one step, between its two named places.
    func perform(_ step: Step, _ active: ActiveDeployment) async throws {
        let passage = store.passage
        try passage.before(step)
        switch step {
        case _ where step.isOfFiles:
            let files = FileSteps(store: store, deployment: active.record)
            active.record.note(problems: try await Worker.shared.run { try files.perform(step) })
        case .verify: try await verify(active)
        case .unpack: try await unpack(active)
        case .provision: try await provision(active)
        case .plan: try await plan(active)
        case .rest: try await rest(active)
        case .stop: try await stop(active, active.record.oldRelease)
        case .reload: try await reload(active)
        case .enable: try await enable(active)
        case .start: try await start(active)
        case .probe: try await probe(active)
        case .commit: try await commit(active)
        case .revertStop: try await stop(active, active.record.newRelease)
        case .revertStart: try await startOld(active)
        case .unprovision: try await unprovision(active)
        case .clean: try await clean(active)
        default: preconditionFailure("\(step) is done by nobody")
        }
        try passage.after(step)
    }

    // MARK: Before anything stops

    private func verify(_ active: ActiveDeployment) async throws {
        let record = try stagedRecord(active)
        let (store, token) = (self.store, active.record.token)
        let (packages, time, installed) = (ports.packages, verificationTime, installedVersions())
        let waiting = staged().map(\.record)
        try await Worker.shared.run(limit: Worker.long) {
            // It may have been staged long ago: certificates may have expired, keyrings and installed packages may have changed.
            let file = store.package(staged: token)
            do {
                try packages.verify(file, record: record, time: time, installed: installed)
            } catch let error as DeploymentError where error.code == .conflict && !waiting.isEmpty {
                // It conflicts with a version (Breaks:) whose successor waits.
                let next = InstalledVersion.replacing(installed, by: waiting)
                guard (try? packages.verify(file, record: record, time: time, installed: next)) != nil else {
                    throw error
                }
            }
            try HostCheck(store: store, record: record, token: token, staged: waiting).run()
        }
    }

    private func stagedRecord(_ active: ActiveDeployment) throws -> ReleaseRecord {
        guard let staged = stagedPackage(active.record.token) else {
            throw DeploymentError(.notFound, "the staged package is gone; send it again")
        }
        return staged.record
    }

    private func unpack(_ active: ActiveDeployment) async throws {
        let unpacking = Unpacking(
            store: store, packages: ports.packages, deployment: active.record, record: try stagedRecord(active))
        try await Worker.shared.run(limit: Worker.long) {
            try unpacking.run { percent in
                // Called on the worker's thread.
                LoopActor.spawn { [weak self, weak active] in
                    guard let active, percent > active.unpacked else { return }
                    active.unpacked = min(percent, 100)
                    self?.report(active)
                }
            }
        }
    }

    private func provision(_ active: ActiveDeployment) async throws {
        let record = try await releaseRecord(active.record.package, active.record.newRelease)
        let folder = store.folder(of: record.name, release: active.record.newRelease)
        let users = record.sysusers + (record.manifestUsers.isEmpty ? [] : [Store.usersName])
        if !users.isEmpty { try await ports.provisioner.makeUsers(from: users.map { "\(folder)/\($0)" }) }
        // What a migration still has to clear is made before the start.
        try await makeFiles(
            of: record, active, excluding: active.record.migrations.filter(\.clears).map(\.path))
        let transaction = ProvisionTransaction(store: store, deployment: active.record)
        try await Worker.shared.run { try transaction.settle() }
    }

    private func makeFiles(
        of release: ReleaseRecord, _ active: ActiveDeployment, excluding prefixes: [String]
    ) async throws {
        let folder = store.folder(of: release.name, release: active.record.newRelease)
        let files = release.tmpfiles + (release.manifestFolders.isEmpty ? [] : [Store.foldersName])
        guard !files.isEmpty else { return }
        try await ports.provisioner.makeFiles(from: files.map { "\(folder)/\($0)" }, excluding: prefixes)
    }

    /// The end of what `provision` made, if the deployment failed or the package is purged. It stops nothing: what cannot be
    /// removed is reported.
    private func unprovision(_ active: ActiveDeployment) async throws {
        guard active.record.undoesProvision else { return }
        let transaction = ProvisionTransaction(store: store, deployment: active.record)
        let (problems, accounts) = try await Worker.shared.run { (try transaction.undo(), try transaction.accounts()) }
        active.record.note(problems: problems)
        // A user's own group goes with the user: which groups are left to remove is seen only then.
        var users = accounts
        users.groups = []
        try await remove(users, active)
        guard !accounts.groups.isEmpty else { return }
        var groups = AddedAccounts()
        groups.groups = try await Worker.shared.run { try transaction.accounts().groups }
        try await remove(groups, active)
    }

    private func remove(_ accounts: AddedAccounts, _ active: ActiveDeployment) async throws {
        guard !accounts.isEmpty else { return }
        let kept = await ports.provisioner.remove(accounts)
        if isSuspended { throw Suspended() }
        active.record.note(problems: kept)
    }

    private func plan(_ active: ActiveDeployment) async throws {
        var record = active.record
        let release = try await releaseRecord(record.package, record.newRelease)
        // A bus that does not read its configuration is found while the old release runs.
        if release.concernsBus { try await ports.bus.reloadConfiguration() }
        record = try await selected(try await surveyed(record), release)
        let (store, snapshot) = (self.store, record)
        let plan = try await Worker.shared.run {
            // Rendered now, so that problems are found while the old release runs.
            _ = try Attachment(store: store, release: snapshot.newRelease, record: release).files()
            let transaction = ConffileTransaction(store: store, deployment: snapshot)
            let plan = try transaction.plan(release)
            try Self.requireRoom(for: plan, release, snapshot, store)
            try ProvisionTransaction(store: store, deployment: snapshot).survey(release)
            return plan
        }
        (record.conffiles, record.migrations) = (plan.conffiles, plan.migrations)
        (record.folders, record.found) = (plan.folders, plan.found)
        record.dependents = try await dependents(of: record.package, with: record.newRelease).restarted
        record.attachesEarly = try await attachesEarly(release, record)
        active.record = record
    }

    /// Refuses a deployment whose journal, or whose package's state after it, could not be read back.
    nonisolated static func requireRoom(
        for plan: ConffileTransaction.Plan, _ release: ReleaseRecord, _ deployment: DeploymentRecord, _ store: Store
    ) throws {
        var deployment = deployment
        (deployment.conffiles, deployment.migrations) = (plan.conffiles, plan.migrations)
        (deployment.folders, deployment.found) = (plan.folders, plan.found)
        try CheckedFile.requireRoom(
            for: deployment.record, "the package has too many files beneath /etc; split it into several packages")
        var state = try store.state(of: release.name).state
        // Each conffile may get a file beside it.
        let made =
            plan.conffiles.flatMap { [$0.path, $0.path + ConffilePlan.besideSuffix] } + plan.migrations.map(\.other)
        state.add(release, made: made, folders: plan.folders, found: plan.found)
        state.add(lines: release.provision.lines, asked: release.provision.lines)
        try CheckedFile.requireRoom(
            for: state.record,
            "earlier versions of the package left too many files beneath /etc; remove it with --purge, then install it")
    }

    /// Whether systemd may load the new unit files while the old release runs. It then stops the old processes as the new
    /// files say, and runs the programs of the new release.
    private func attachesEarly(_ release: ReleaseRecord, _ deployment: DeploymentRecord) async throws -> Bool {
        // If units are to be disabled or stay down, the switch removes their links.
        guard deployment.hasOld, deployment.starts, !deployment.oldActive.isEmpty, deployment.dependents.isEmpty,
            deployment.enables || deployment.oldLinks.isEmpty
        else { return false }
        let old = try await releaseRecord(deployment.package, deployment.oldRelease)
        let statuses = try await ports.units.status(of: try await loadedUnits(of: old))
        guard statuses.allSatisfy({ $0.isAtRest && !$0.hasStopCommands }) else { return false }
        // The message bus reads conffiles only after the old units were stopped.
        guard !release.hasBusConffiles, !old.hasBusConffiles else { return false }
        let store = self.store
        return try await Worker.shared.run {
            try Attachment(store: store, release: deployment.newRelease, record: release)
                .isQuiet(after: Attachment(store: store, release: deployment.oldRelease, record: old))
        }
    }

    /// Units of other packages that see the package's files.
    struct Dependents {
        /// All that run: they are stopped before the files are exchanged.
        var running: [String] = []
        /// Those of them that can be started again: neither masked nor made by a connection.
        var restarted: [String] = []
        /// The longest times that their packages give them to start and to stop.
        var startTimeout: Duration?
        var stopTimeout: Duration?
    }

    /// - Parameter release: that is to be in place; empty for none.
    func dependents(of package: String, with release: String = "") async throws -> Dependents {
        let store = self.store
        let others = try await Worker.shared.run {
            let neighbours = Neighbours(store: store, package: package)
            var found = try neighbours.find(PackagesInPlace(store))
            if !release.isEmpty {
                for other in try neighbours.find(PackagesInPlace(store, with: package, at: release))
                where !found.contains(where: { $0.name == other.name }) {
                    found.append(other)
                }
            }
            return found.map(\.record)
        }
        var found = Dependents()
        var active: [String] = []
        for other in others {
            let units = try await loadedUnits(of: other)
            guard !units.isEmpty else { continue }
            // What fails again and again is not held against this package.
            let statuses = try await ports.units.status(of: units).filter { !$0.subState.hasPrefix("auto-restart") }
            found.running += statuses.filter(\.isUpOrQueued).map(\.unit)
            active += self.active(statuses)
            found.startTimeout = [found.startTimeout, other.startTimeout].compactMap(\.self).max()
            found.stopTimeout = [found.stopTimeout, other.stopTimeout].compactMap(\.self).max()
        }
        let snapshot = active
        let masked = try await Worker.shared.run { Set(try HostSelection(store: store).masked(Set(snapshot))) }
        found.restarted = active.filter { !masked.holds(unit: $0) }.sorted()
        return found
    }

    /// Those of some units that run, but for the instances of a socket with Accept=: each connection has one, which only a
    /// connection can start.
    private func active(_ statuses: [UnitStatus], besides others: [UnitStatus] = []) -> [String] {
        let ofConnections = Set(
            (statuses + others).filter(\.accepts).compactMap { UnitName($0.unit).map { "\($0.prefix)@.service" } })
        return statuses.filter { status in
            status.isUpOrQueued
                && !(UnitName(status.unit)?.template.map { ofConnections.contains($0.description) } ?? false)
        }.map(\.unit)
    }

    /// The record, completed with what is running and enabled of the release in place.
    func surveyed(_ deployment: DeploymentRecord) async throws -> DeploymentRecord {
        var deployment = deployment
        guard deployment.hasOld else { return deployment }
        let release = try await releaseRecord(deployment.package, deployment.oldRelease)
        let (names, paths) = (release.units.map(\.name), store.paths)
        deployment.oldLinks = try await Worker.shared.run { try EnablementLink.find(for: names, paths) }
        let units = try await loadedUnits(of: release)
        let statuses = units.isEmpty ? [] : try await ports.units.status(of: units)
        let own = Set(units + release.units.flatMap(\.aliases))
        let others = Set(statuses.flatMap(\.triggeredBy)).subtracting(own)
        let triggers = others.isEmpty ? [] : try await ports.units.status(of: others.sorted())
        let active = self.active(statuses, besides: triggers)
        deployment.triggered = statuses.filter { !$0.triggeredBy.isEmpty }.map(\.unit)
        let started = triggers.filter(\.isUpOrQueued).map(\.unit)
        let store = self.store
        // What is masked cannot be started again.
        let masked = try await Worker.shared.run {
            Set(
                try HostSelection(store: store).masked(
                    Set(active + started + active.compactMap { UnitName($0)?.template?.description })))
        }
        func isFree(_ unit: String) -> Bool { !masked.holds(unit: unit) }
        (deployment.oldActive, deployment.triggers) = (active.filter(isFree), started.filter(isFree))
        return deployment
    }

    /// For operations on the release in place: which of its units are concerned. Others decide when they plan.
    func decided(_ deployment: DeploymentRecord) async throws -> DeploymentRecord {
        switch deployment.operation {
        case .install, .update, .rollback: return deployment
        case .activate, .deactivate, .remove:
            guard deployment.hasOld else { return deployment }
            return try await selected(
                deployment, try await releaseRecord(deployment.package, deployment.oldRelease))
        }
    }

    /// The record, completed with which units of a release are enabled and started.
    private func selected(_ deployment: DeploymentRecord, _ release: ReleaseRecord) async throws -> DeploymentRecord {
        var deployment = deployment
        let old: ReleaseRecord? =
            deployment.hasOld ? try await releaseRecord(deployment.package, deployment.oldRelease) : nil
        let (store, snapshot) = (self.store, deployment)
        let (past, links) = try await Worker.shared.run {
            try HostSelection(store: store).past(of: snapshot, old, release)
        }
        let selection = UnitSelection(of: release, deployment.effectiveActivation, past: past)
        (deployment.enabled, deployment.started) = (selection.enabled, selection.started)
        (deployment.off, deployment.on) = (past.turnedOff.sorted(), past.turnedOn.sorted())
        let names = Set(release.units.map(\.name))
        // An update of what is off leaves it off.
        let isOff = deployment.oldLinks.isEmpty && deployment.effectiveActivation == .restore
        deployment.byHand = isOff ? [] : links.filter { names.contains($0.file) }
        return deployment
    }

    /// The units of a release that may have processes: templates are replaced by their instances.
    func loadedUnits(of release: ReleaseRecord) async throws -> [String] {
        let patterns = release.units.compactMap { UnitName($0.name) }.filter(\.isTemplate).map(\.patternOfInstances)
        let instances = patterns.isEmpty ? [] : try await ports.units.loaded(matching: patterns)
        return release.units.filter { !$0.isTemplate }.map(\.name) + instances.sorted()
    }

    func releaseRecord(_ package: String, _ release: String) async throws -> ReleaseRecord {
        let store = self.store
        return try await Worker.shared.run { try store.record(of: package, release: release) }
    }

    private func isInStore(_ package: String, _ release: String) async throws -> Bool {
        let folder = store.folder(of: package, release: release)
        return try await Worker.shared.run { try Files.exists(folder) }
    }

    // MARK: The units

    /// systemd reads the unit files anew, and the message bus its files, before units start that need them.
    private func reload(_ active: ActiveDeployment) async throws {
        try await ports.units.reload()
        let record = active.record
        for release in Set([record.oldRelease, record.newRelease]) where !release.isEmpty {
            // A resumed removal may have no release left.
            guard try await isInStore(record.package, release) else { continue }
            guard try await releaseRecord(record.package, release).concernsBus else { continue }
            do {
                try await ports.bus.reloadConfiguration()
            } catch {
                // Nothing may hold up the way back.
                guard isLeaving(active) else { throw error }
                active.record.note(problems: ["\(error); see 'systemctl status dbus'"])
            }
            return
        }
    }

    /// Whether the release in question is being taken away: what fails of other things is noted then, and stops nothing.
    private func isLeaving(_ active: ActiveDeployment) -> Bool {
        active.record.operation == .remove
            || [.revertStopping, .revertSwitching, .revertStarting].contains(active.machine.phase)
    }

    /// Waits until no unit in place is starting or stopping.
    private func rest(_ active: ActiveDeployment) async throws {
        let release = try await releaseRecord(active.record.package, active.record.oldRelease)
        let units = try await loadedUnits(of: release)
        try beginWaiting(active)
        let watch = ports.units.watch(units) { active.events.push(.unit($0)) }
        defer { watch.cancel() }
        let restless = try await until(units, release.startTimeout ?? policy.startTimeout, active, \.isAtRest)
        guard restless.isEmpty else {
            throw Failure(.stopFailed("\(restless.joined(separator: ", ")) did not come to rest before its stop"))
        }
    }

    /// Stops all units of a release and those of others that see its files, and kills those that do not stop in time.
    private func stop(_ active: ActiveDeployment, _ name: String) async throws {
        // A resumed removal may have no release left, and before a first install there is none.
        let isThere = name.isEmpty ? false : try await isInStore(active.record.package, name)
        let release = isThere ? try await releaseRecord(active.record.package, name) : nil
        let own = if let release { try await loadedUnits(of: release) } else { [String]() }
        // What was started since the plan is stopped too.
        var others = Dependents()
        do {
            others = try await dependents(of: active.record.package, with: active.record.newRelease)
        } catch {
            guard isLeaving(active) else { throw error }
        }
        if DeploymentOperation.exchanging.contains(active.record.operation) {
            active.record.dependents = Set(active.record.dependents + others.restarted).sorted()
        }
        let seeing =
            DeploymentOperation.exchanging.contains(active.record.operation)
            ? Set(active.record.dependents + others.running).sorted() : []
        let units = own + seeing
        guard !units.isEmpty else { return }
        if let release { await ports.health.stop(healthUnit(release)) }
        if active.stoppedAt == nil { active.stoppedAt = ports.scheduler.now }
        try beginWaiting(active)
        let watch = ports.units.watch(units) { active.events.push(.unit($0)) }
        defer { watch.cancel() }
        try await ports.units.stop(
            UnitSelection.inOrder(seeing) + UnitSelection.inOrder(active.record.triggers + own))
        let timeout = max(
            try await stopTimeout(of: units, release), seeing.isEmpty ? .zero : others.stopTimeout ?? .zero)
        var up = try await until(units, timeout, active, \.isDown)
        if !up.isEmpty {
            try await ports.units.kill(up)
            up = try await until(up, timeout, active, \.isDown)
        }
        guard up.isEmpty else {
            throw Failure(.stopFailed("\(up.joined(separator: ", ")) did not end, not even killed"))
        }
        // systemd keeps a failed unit in its memory, also when its file is gone.
        if active.record.operation == .remove { try await ports.units.resetFailed(own) }
    }

    /// How long the units have to stop: not less than they have by their own files (`TimeoutStopSec=`), after which systemd
    /// kills them by itself.
    private func stopTimeout(of units: [String], _ release: ReleaseRecord?) async throws -> Duration {
        let limit = release?.stopTimeout ?? policy.stopTimeout
        // systemd's default is nobody's decision.
        let usual = try await ports.units.defaultStopTimeout()
        let own = try await ports.units.status(of: units).filter { !$0.isDown }.compactMap(\.stopTimeout)
        guard let own = own.filter({ $0 != usual }).max() else { return limit }
        return max(limit, min(own + .seconds(5), Policy.longestStop))
    }

    /// Waits until all units satisfy a condition. The caller watches the units.
    ///
    /// - Returns: those that do not when the time is over.
    private func until(
        _ units: [String], _ timeout: Duration, _ active: ActiveDeployment, _ holds: (UnitStatus) -> Bool
    ) async throws -> [String] {
        var others = Set(try await ports.units.status(of: units).filter { !holds($0) }.map(\.unit))
        let end = ports.scheduler.now + timeout
        let timer = ports.scheduler.schedule(after: timeout) { active.events.push(.tick) }
        defer { timer.cancel() }
        while !others.isEmpty, ports.scheduler.now < end {
            switch await active.events.next() {
            case .unit(let status) where holds(status): others.remove(status.unit)
            case .unit(let status) where units.contains(status.unit): others.insert(status.unit)
            case .suspend: throw Suspended()
            case .unit, .tick, .health: continue
            }
        }
        // A signal may have been missed: ask systemd.
        return others.isEmpty ? [] : try await ports.units.status(of: units).filter { !holds($0) }.map(\.unit)
    }

    /// Makes the links of the units that are to be enabled. systemd reads them when it reloads, before units are started: a
    /// unit may be started by another name.
    private func enable(_ active: ActiveDeployment) async throws {
        guard active.record.enables, !active.hasEnabled else { return }
        let release = try await releaseRecord(active.record.package, active.record.newRelease)
        let (store, record) = (self.store, active.record)
        let names = release.units.map(\.name)
        let before: [EnablementLink]
        do {
            before = try await Worker.shared.run {
                try HostCheck(store: store, record: release, token: nil).checkAliases()
                return try EnablementLink.find(for: names, store.paths)
            }
        } catch let error as DeploymentError {
            throw Failure(error.reason)
        }
        if !record.enabled.isEmpty { try await ports.units.enable(record.enabled) }
        let isChanged = try await Worker.shared.run {
            // Also= of another unit may have enabled them.
            let off = Set(record.off)
            for link in try EnablementLink.find(for: names, store.paths)
            where off.contains(link.file) || off.contains(link.unit) {
                try EnablementLink.remove(link, store.paths)
            }
            try EnablementLink.make(record.byHand, store.paths)
            return try Set(EnablementLink.find(for: names, store.paths)) != Set(before)
        }
        active.hasEnabled = true
        // The switch reloads afterwards in any case.
        if isChanged, active.machine.phase != .switching { try await ports.units.reload() }
    }

    private func start(_ active: ActiveDeployment) async throws {
        let release = try await releaseRecord(active.record.package, active.record.newRelease)
        let (units, dependents) = (active.record.started, active.record.dependents)
        if !active.record.migrations.isEmpty { try await makeFiles(of: release, active, excluding: []) }
        guard active.record.starts else { return }
        try await ports.units.resetFailed(try await loadedUnits(of: release) + dependents)
        active.before = Dictionary(
            try await ports.units.status(of: units + dependents).map { ($0.unit, $0.conditionTimestamp) },
            uniquingKeysWith: { $1 })
        do {
            let triggers = active.record.effectiveActivation == .no ? [] : active.record.triggers
            try await ports.units.start(UnitSelection.inOrder(triggers + units) + UnitSelection.inOrder(dependents))
        } catch {
            throw Failure(.startFailed("\(error)"))
        }
    }

    private func probe(_ active: ActiveDeployment) async throws {
        let release = try await releaseRecord(active.record.package, active.record.newRelease)
        let limits = Probation.Limits(
            startTimeout: await startTimeout(of: release, active),
            time: release.probationTime ?? policy.probationTime,
            allowedRestarts: release.allowedRestarts ?? policy.allowedRestarts)
        // A package that is off has nothing to check.
        let health = (active.record.started + active.record.triggers).isEmpty ? nil : release.health
        try await prove(active, release, active.record.started + active.record.dependents, limits, health: health)
    }

    /// How long the units may take to start, those of others too.
    private func startTimeout(of release: ReleaseRecord, _ active: ActiveDeployment) async -> Duration {
        let own = release.startTimeout ?? policy.startTimeout
        guard !active.record.dependents.isEmpty else { return own }
        // Which of them asks for more is a convenience: the units run already.
        let others = try? await dependents(of: active.record.package, with: active.record.newRelease)
        return max(own, others?.startTimeout ?? policy.startTimeout)
    }

    /// Starts the previous release again. It only has to become active.
    private func startOld(_ active: ActiveDeployment) async throws {
        let record = active.record
        guard !(record.oldActive + record.triggers + record.dependents).isEmpty else { return }
        guard record.hasOld else { return try await startDependents(active) }
        let release = try await releaseRecord(record.package, record.oldRelease)
        try await ports.units.resetFailed(try await loadedUnits(of: release) + record.dependents)
        active.before = [:]
        try await ports.units.start(
            UnitSelection.inOrder(record.triggers + record.oldActive) + UnitSelection.inOrder(record.dependents))
        let limits = Probation.Limits(
            startTimeout: await startTimeout(of: release, active), time: .zero, allowedRestarts: .max)
        // Oneshot services and services that other units start may have been running too: only what Activate starts counts.
        let required = record.oldActive.filter { name in
            release.hasTemplate(of: name) || release.units.contains { $0.name == name && $0.isStarted }
        }
        try await prove(active, release, required + record.dependents, limits, health: nil)
    }

    /// Of a first install that failed, the units of others run again as before.
    private func startDependents(_ active: ActiveDeployment) async throws {
        try await ports.units.resetFailed(active.record.dependents)
        try await ports.units.start(UnitSelection.inOrder(active.record.dependents))
    }

    /// Runs the probation; throws the reason if the release does not pass it.
    private func prove(
        _ active: ActiveDeployment, _ release: ReleaseRecord, _ required: [String], _ limits: Probation.Limits,
        health: HealthCommand?
    ) async throws {
        guard !required.isEmpty else { return }
        let watched = Array(Set(required + release.units.filter { !$0.isTemplate }.map(\.name))).sorted()
        try beginWaiting(active)
        let watch = ports.units.watch(watched) { active.events.push(.unit($0)) }
        defer { watch.cancel() }
        var timers: [any Scheduled] = []
        defer {
            for timer in timers { timer.cancel() }
            active.until = nil
        }
        let scheduler = ports.scheduler
        var probation = Probation(
            required: required, running: Set(active.record.oldActive + active.record.dependents), limits: limits,
            hasHealthCheck: health != nil,
            before: active.before, now: scheduler.now)
        var actions = probation.begin()
        for status in try await ports.units.status(of: watched) {
            actions += probation.handle(.status(status), now: scheduler.now)
        }
        while true {
            for action in actions {
                switch action {
                case .wake(let delay):
                    timers.append(scheduler.schedule(after: delay) { active.events.push(.tick) })
                    active.until = scheduler.now + delay
                    report(active)
                case .becameActive: noteDowntime(active)
                case .checkHealth:
                    if let health { timers.append(try await runHealth(health, release, active)) }
                case .pass:
                    active.record.note(
                        problems: probation.skipped.map {
                            "\($0) was not started: a condition in its unit file does not hold"
                        })
                    return
                case .fail(let reason): throw Failure(reason)
                }
            }
            let event = await active.events.next()
            switch event {
            case .unit(let told):
                // The signal may be stale, from a stop before this start: ask systemd before failing the release.
                let status = told.isDown ? try await ports.units.status(of: [told.unit]).first ?? told : told
                actions = probation.handle(.status(status), now: scheduler.now)
            case .health(let result): actions = probation.handle(.health(result), now: scheduler.now)
            case .tick: actions = probation.handle(.tick, now: scheduler.now)
            case .suspend: throw Suspended()
            }
        }
    }

    private func noteDowntime(_ active: ActiveDeployment) {
        guard let stoppedAt = active.stoppedAt, active.record.downtime == nil, !active.record.oldActive.isEmpty else {
            return
        }
        active.record.downtime = ports.scheduler.now - stoppedAt
        report(active)
    }

    /// - Returns: the timer after which a check without a result counts as failed.
    private func runHealth(
        _ health: HealthCommand, _ release: ReleaseRecord, _ active: ActiveDeployment
    ) async throws -> any Scheduled {
        let (store, folder) = (self.store, active.record.newRelease)
        let releases = try await Worker.shared.run {
            try store.overlay(of: release, release: folder)
        }
        let check = HealthCheck(
            unit: healthUnit(release), command: health.command, user: health.user, timeout: health.timeout,
            releases: releases)
        let (runner, events) = (ports.health, active.events)
        LoopActor.spawn { events.push(.health(await runner.run(check))) }
        return ports.scheduler.schedule(after: health.timeout + .seconds(5)) {
            events.push(.health(.failed("gave no result within \(health.timeout.text)")))
        }
    }

    private func healthUnit(_ release: ReleaseRecord) -> String { UnitName.ofHealthCheck(of: release.name) }

    // MARK: The end

    /// The single write that commits a release.
    private func commit(_ active: ActiveDeployment) async throws {
        let (store, record, packages) = (self.store, active.record, ports.packages)
        let now = ports.wallClock()
        try await Worker.shared.run {
            var state = try store.state(of: record.package).state
            state.reason = nil
            switch record.operation {
            case .activate: state.isActivated = true
            case .deactivate: state.isActivated = false
            case .install, .update, .rollback, .remove:
                let release = try store.record(of: record.package, release: record.newRelease)
                if state.highest.isEmpty || packages.isVersion(state.highest, lowerThan: release.version) {
                    state.highest = release.version
                }
                state.installedAt = now
                state.add(
                    release, made: try ConffileTransaction(store: store, deployment: record).made(),
                    folders: record.folders, found: record.found)
                state.settle(record.migrations, of: release)
                state.removedVersion = ""
                let added = try ProvisionTransaction(store: store, deployment: record).additions()
                state.add(lines: added.items.map(\.line), asked: release.provision.lines)
                state.accounts.formUnion(added.accounts)
                if record.activation != .restore { state.isActivated = record.activation == .yes }
            }
            if record.effectiveActivation == .no { state.keepDecisions(of: record) }
            // They are in the links now, but for units that this release does not have.
            if record.enables {
                let release = try store.record(of: record.package, release: record.newRelease)
                let known = Set(release.units.compactMap(\.enabledName))
                (state.off, state.on, state.byHand) = (record.off.filter { !known.contains($0) }, [], [])
            }
            try store.save(state, of: record.package)
        }
    }

    private func clean(_ active: ActiveDeployment) async throws {
        let (store, record) = (self.store, active.record)
        try await Worker.shared.run(limit: Worker.long) {
            if record.result == .done {
                if !record.token.isEmpty { try store.discard(staged: record.token) }
            } else {
                // Folders that an early failure may have left.
                ConffileTransaction(store: store, deployment: record).removeEmptyFolders()
                try Self.settle(record, store)
            }
            try Files.removeTree(store.work(of: record.id))
            try StoreCleanUp(store: store, deployment: nil).clean(package: record.package)
        }
    }

    /// Records why a deployment failed, and takes back what it may have committed: a failed commit may have reached the
    /// disk all the same.
    private nonisolated static func settle(_ record: DeploymentRecord, _ store: Store) throws {
        let isFresh = record.operation == .install || record.operation == .update
        if try store.release(.current, of: record.package) == nil, isFresh, record.oldHighest.isEmpty {
            return try store.discardTree(store.folder(of: record.package))
        }
        guard try Files.exists(store.folder(of: record.package)) else { return }
        var state = try store.state(of: record.package).state
        state.reason = record.reason
        if isFresh { state.highest = record.oldHighest }
        state.accounts.subtract(try ProvisionTransaction(store: store, deployment: record).undone().accounts)
        // Its enablement has been restored.
        if record.operation == .deactivate {
            state.isActivated = state.isActivated || !record.oldLinks.isEmpty || !record.oldActive.isEmpty
        }
        try store.save(state, of: record.package)
    }
}

extension ReleaseRecord {
    /// `foo@bar.service`, when `foo@.service` is of the release.
    func hasTemplate(of unit: String) -> Bool {
        guard let template = UnitName(unit)?.template else { return false }
        return units.contains { $0.name == template.description }
    }
}
