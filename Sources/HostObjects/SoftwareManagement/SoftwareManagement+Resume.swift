import EventLoop
import Glibc
import LwM2M
import LwM2MClient
import Linux
import State

extension SoftwareManagement {
    /// Loads the records and goes on with what was interrupted. Returns when instances can be registered.
    public func start() async {
        let store = store
        let loaded: [(instance: UInt16, record: SoftwareRecord, origin: CheckedFile.Origin)]
        do {
            loaded = try await Worker.shared.run { try store.load() }
        } catch {
            report?(.unreadable((error as? Errno) ?? Errno(EIO, "load the state of object 9")))
            // The records are there all the same: until they can be read, nothing is written over them.
            LoopActor.spawn { [weak self, scheduler] in
                await scheduler.sleep(for: Self.loadPause)
                await self?.start()
            }
            return
        }
        // A kill between the write of a record and the removal of its package leaves the package's bytes. They go before a
        // new transfer can begin.
        let transferring = loaded.filter { [.downloadStarted, .downloaded].contains($0.record.state) }.map(\.instance)
        do {
            try await Worker.transfers.run { try store.removePackages(but: Set(transferring)) }
        } catch {
            report?(.notStored((error as? Errno) ?? Errno(EIO, "remove what is left of transfers")))
        }
        take(loaded)
        self.loaded?()
        await reconcile()
    }

    /// Takes the records over. When they could not be read at first, the client has registered without them.
    private func take(_ loaded: [(instance: UInt16, record: SoftwareRecord, origin: CheckedFile.Origin)]) {
        let before = software
        isLoaded = true
        for (instance, record, origin) in loaded {
            if origin == .previous || origin == .lost {
                report?(.damaged(instance: instance, lost: origin == .lost))
            }
            software[instance] = SoftwareInstance(record: record, isInterrupted: true)
            boots[instance] = record.boot
        }
        for (instance, now) in software { announce(instance, now, since: before[instance] ?? SoftwareInstance()) }
        // Also if there is none more: they are complete now. Before the installer's packages become instances.
        changes?.instancesChanged(9)
    }

    /// The pause before records that could not be read are read again.
    static let loadPause: Duration = .seconds(30)

    /// The installer came or returned: takes over what it has, and goes on with what its absence interrupted.
    public func installerAppeared() async {
        guard isLoaded else { return }
        await reconcile()
    }

    private func reconcile() async {
        let snapshot: InstallerSnapshot
        do throws(InstallerRefusal) {
            snapshot = try await takeSnapshot()
        } catch {
            report?(.installerUnavailable(error.reason))
            return
        }
        for instance in instances {
            if software[instance]?.isInterrupted == true {
                await resume(instance, snapshot)
            } else {
                await checkDelivered(instance, snapshot)
            }
        }
    }

    /// Follows the table for what was interrupted by a kill or a reboot.
    private func resume(_ instance: UInt16, _ snapshot: InstallerSnapshot) async {
        guard let record = software[instance]?.record else { return }
        software[instance]?.isInterrupted = false
        switch record.state {
        case .downloadStarted:
            if let uri = record.uri {
                await resumeDownload(instance, uri)
            } else {
                software[instance]?.job = .clearing
                await transferFailed(
                    instance, FetchFailure(.connectionLost, "interrupted: the agent was restarted during the transfer"))
            }
        case .downloaded:
            // Back to the state that the stored bytes were in: the same steps follow once more.
            software[instance]?.record.state = .downloadStarted
            verifies(instance)
            LoopActor.spawn { _ = await self.verify(instance) }
        case .delivered:
            await resumeDelivered(instance, record, snapshot)
        case .initial where boots[instance].map { $0 != options.boot } ?? false:
            await update(instance) { $0.apply(.rebooted) }
        case .initial, .installed: break
        }
    }

    private func resumeDelivered(
        _ instance: UInt16, _ record: SoftwareRecord, _ snapshot: InstallerSnapshot
    ) async {
        guard let staged = record.staged else {
            await update(instance) { $0.apply(.uninstalled, reason: "lost: the delivered package is gone") }
            return
        }
        let isThere = snapshot.staged.contains { $0.token == staged.token }
        let deployment: String?
        do throws(InstallerRefusal) {
            // What is gone may have been installed on the host itself.
            deployment = record.installing || !isThere ? try await installer.deployment(of: staged.token) : nil
        } catch {
            // No answer is not "no such deployment": it is asked again when the installer is back.
            report?(.installerUnavailable(error.reason))
            return
        }
        // The server may have gone on meanwhile.
        guard waiting(instance) == staged.token else { return }
        if let deployment {
            software[instance]?.job = .installing
            LoopActor.spawn { _ = await self.installEnded(instance, await self.installer.end(of: deployment)) }
        } else if isThere {
            await update(instance) { $0.record.installing = false }
        } else {
            await update(instance) {
                $0.record.staged = nil
                $0.record.installing = false
                $0.apply(.uninstalled, reason: "lost: the delivered package is gone; deliver it again")
            }
        }
    }

    /// A delivered package may have been lost, or installed by somebody else.
    private func checkDelivered(_ instance: UInt16, _ snapshot: InstallerSnapshot) async {
        guard let token = waiting(instance), !snapshot.staged.contains(where: { $0.token == token }),
            // It may have been delivered after that snapshot.
            let present = try? await installer.snapshot(), waiting(instance) == token,
            let record = software[instance]?.record
        else { return }
        await resumeDelivered(instance, record, present)
    }

    /// The delivered package of an instance without a job.
    private func waiting(_ instance: UInt16) -> String? {
        guard let software = software[instance], software.job == nil, software.record.state == .delivered else {
            return nil
        }
        return software.record.staged?.token
    }

    // MARK: What the installer tells

    /// A package was installed, updated, or its units became active or inactive.
    public func packageChanged(_ package: InstalledPackage) async {
        guard isLoaded else { return }
        for question in questions { question.told.insert(package.name) }
        await isInPlace(package)
    }

    /// A deployment of a staged package ended: somebody else may have installed what was delivered.
    public func deploymentEnded(of token: String) async {
        guard isLoaded, let instance = instances.first(where: { waiting($0) == token }),
            let snapshot = try? await installer.snapshot()
        else { return }
        await checkDelivered(instance, snapshot)
    }

    /// A package was removed.
    public func packageRemoved(_ name: String) async {
        guard isLoaded else { return }
        for question in questions { question.told.insert(name) }
        if let instance = owner(of: name) { await isGone(instance) }
    }

    private func isInPlace(_ package: InstalledPackage) async {
        if let instance = owner(of: package.name) {
            await update(instance) {
                $0.record.package = package.name
                let appeared = $0.inPlace == nil && !$0.record.present
                $0.inPlace = package
                // While an update is prepared (Uninstall with 1) the release in place is not a new one.
                if $0.job == nil, appeared || $0.record.state == .installed { $0.apply(.appeared) }
            }
        } else if let instance = lowestFree(from: 1) {
            software[instance] = SoftwareInstance()
            await update(instance) {
                $0.record.package = package.name
                $0.inPlace = package
                $0.apply(.appeared)
            }
            changes?.instancesChanged(9)
        }
    }

    private func isGone(_ instance: UInt16) async {
        await update(instance) {
            $0.inPlace = nil
            if $0.job == nil { $0.apply(.vanished, reason: "") }
        }
    }

    func refreshPackages() async { _ = try? await takeSnapshot() }

    /// Asks for a snapshot and takes it over, but for packages that the installer told of after the question: of those the
    /// snapshot may know less.
    private func takeSnapshot() async throws(InstallerRefusal) -> InstallerSnapshot {
        let question = SnapshotQuestion()
        questions.append(question)
        defer { questions.removeAll { $0 === question } }
        let snapshot = try await installer.snapshot()
        known = true
        for (instance, software) in software {
            guard let name = software.inPlace?.name ?? software.record.package, !question.told.contains(name),
                !snapshot.packages.contains(where: { $0.name == name })
            else { continue }
            await isGone(instance)
        }
        for package in snapshot.packages where !question.told.contains(package.name) { await isInPlace(package) }
        return snapshot
    }
}

/// A snapshot that is asked for.
@LoopActor
final class SnapshotQuestion {
    /// The packages that the installer told of since the question.
    var told: Set<String> = []
}
