import EventLoop
import LwM2M
import LwM2MClient

extension SoftwareManagement {
    public func execute(
        _ instance: UInt16, _ resource: UInt16, _ arguments: [ExecuteArgument]
    ) async throws(OperationError) {
        try requireLoaded()
        guard let software = software[instance] else {
            throw OperationError(.notFound, "there is no instance \(instance)")
        }
        switch resource {
        case 4:
            let staged = try software.admitInstall(arguments)
            try await answer(instance, .installing) { await self.install(instance, staged) }
        case 6:
            switch try software.admitUninstall(arguments) {
            case .prepare:
                await update(instance) {
                    // A reboot before it does not take it back.
                    $0.isInterrupted = false
                    $0.apply(.updatePrepared, reason: "")
                }
            case .discard(let token):
                // The job is taken at once: an Install that arrives while the installer discards the package is refused.
                try await answer(instance, .removing) { await self.discard(instance, token) }
            case .remove(let name): try await answer(instance, .removing) { await self.remove(instance, name) }
            }
        case 10:
            let package = try software.admitActivation("Activate", arguments)
            try await answer(instance, .activating) {
                await self.switchActivation(instance, .activate, package.name)
            }
        case 11:
            let package = try software.admitActivation("Deactivate", arguments)
            try await answer(instance, .deactivating) {
                await self.switchActivation(instance, .deactivate, package.name)
            }
        default:
            throw OperationError(.methodNotAllowed, "/9/\(instance)/\(resource) is not executable")
        }
    }

    /// Takes the job before anything awaits, and answers within the time for answers.
    func answer(
        _ instance: UInt16, _ job: SoftwareInstance.Job,
        _ work: @escaping @Sendable @LoopActor () async -> OperationError?
    ) async throws(OperationError) {
        software[instance]?.job = job
        let refusal = await bounded(options.answerTimeout, scheduler, work)
        if let refusal = refusal.flatMap({ $0 }) { throw refusal }
    }

    func install(_ instance: UInt16, _ staged: DeliveredPackage) async -> OperationError? {
        let stored = await update(instance) {
            $0.record.installing = true
            $0.record.package = staged.name
            $0.record.reason = ""
        }
        guard stored else {
            await update(instance) {
                $0.record.installing = false
                $0.job = nil
            }
            return OperationError(.internalServerError, "the state could not be stored")
        }
        do throws(InstallerRefusal) {
            let end = try await inTurn(deployments) { () async throws(InstallerRefusal) in
                await self.installer.end(of: try await self.beginInstall(staged))
            }
            return await installEnded(instance, end)
        } catch {
            return await installEnded(instance, .failed(error.reason))
        }
    }

    private func beginInstall(_ staged: DeliveredPackage) async throws(InstallerRefusal) -> String {
        do throws(InstallerRefusal) {
            return try await installer.install(token: staged.token, restoreActivation: options.restoreActivation)
        } catch {
            guard error.kind == .unavailable, await installerReturned() else { throw error }
            // It may have died after the deployment began, which then goes on. Otherwise it never received the call.
            if let deployment = try await installer.deployment(of: staged.token) { return deployment }
            return try await installer.install(token: staged.token, restoreActivation: options.restoreActivation)
        }
    }

    func installEnded(_ instance: UInt16, _ end: DeploymentEnd) async -> OperationError? {
        await refreshPackages()
        switch end {
        case .done:
            await update(instance) {
                $0.record.staged = nil
                $0.record.installing = false
                $0.apply(.installSucceeded, reason: "")
                $0.job = nil
            }
            return nil
        case .failed(let reason):
            await update(instance) {
                $0.record.installing = false
                $0.apply(.installFailed, reason: $0.explained(reason))
                $0.job = nil
            }
            return OperationError(.internalServerError, reason)
        }
    }

    func discard(_ instance: UInt16, _ token: String?) async -> OperationError? {
        if let token {
            do throws(InstallerRefusal) {
                try await drop(token)
            } catch {
                await update(instance) { $0.job = nil }
                return OperationError(.internalServerError, error.reason)
            }
        }
        await update(instance) {
            $0.record.staged = nil
            $0.apply(.uninstalled, reason: "")
            $0.job = nil
        }
        return nil
    }

    /// Has the installer discard a package; again when it died meanwhile, because the result is then unknown.
    private func drop(_ token: String) async throws(InstallerRefusal) {
        do throws(InstallerRefusal) {
            try await installer.discard(token: token)
        } catch {
            guard error.kind == .unavailable, await installerReturned() else { throw error }
            try await installer.discard(token: token)
        }
    }

    func remove(_ instance: UInt16, _ name: String) async -> OperationError? {
        let end: DeploymentEnd
        do throws(InstallerRefusal) {
            end = try await self.end(.remove, name)
        } catch {
            // The answer was lost: whether the package is still in place tells the result.
            let isGone = error.kind == .unavailable ? await isInPlace(name).map { !$0 } : nil
            end = isGone ?? false ? .done : .failed(error.reason)
        }
        await refreshPackages()
        switch end {
        case .done:
            await update(instance) {
                $0.inPlace = nil
                $0.apply(.uninstalled, reason: "")
                $0.job = nil
            }
            return nil
        case .failed(let reason):
            await update(instance) {
                $0.apply(.uninstallFailed, reason: $0.explained(reason))
                $0.job = nil
            }
            return OperationError(.internalServerError, reason)
        }
    }

    /// Has the installer do something with a package, and waits for the end. When it died meanwhile, what it began goes on, and is
    /// followed; what never reached it is asked for again. One that is away from the start is not waited for.
    private func end(_ operation: PackageOperation, _ name: String) async throws(InstallerRefusal) -> DeploymentEnd {
        try await inTurn(deployments) { () async throws(InstallerRefusal) in try await self.ended(operation, name) }
    }

    private func ended(_ operation: PackageOperation, _ name: String) async throws(InstallerRefusal) -> DeploymentEnd {
        let before = try await installer.deployment(operation, name: name)
        do throws(InstallerRefusal) {
            return await installer.end(of: try await installer.begin(operation, name: name))
        } catch {
            guard error.kind == .unavailable, await installerReturned() else { throw error }
            if let begun = try await installer.deployment(operation, name: name), begun != before {
                return await installer.end(of: begun)
            }
            return await installer.end(of: try await installer.begin(operation, name: name))
        }
    }

    func switchActivation(
        _ instance: UInt16, _ operation: PackageOperation, _ name: String
    ) async -> OperationError? {
        var failure: String?
        do throws(InstallerRefusal) {
            if case .failed(let reason) = try await end(operation, name) { failure = reason }
        } catch {
            failure = error.reason
        }
        await refreshPackages()
        await update(instance) {
            $0.record.reason = failure ?? ""
            $0.job = nil
        }
        return failure.map { OperationError(.internalServerError, $0) }
    }

    // MARK: An installer that went away

    /// Waits until systemd has restarted the installer; false when it does not return within half a minute.
    func installerReturned() async -> Bool {
        for _ in 0..<30 {
            do throws(InstallerRefusal) {
                _ = try await installer.snapshot()
                return true
            } catch {
                guard error.kind == .unavailable else { return false }
                await scheduler.sleep(for: .seconds(1))
            }
        }
        return false
    }

    /// Asks the installer, once it has returned, whether a package is in place; nil when it does not return.
    private func isInPlace(_ name: String) async -> Bool? {
        guard await installerReturned(), let snapshot = try? await installer.snapshot() else { return nil }
        return snapshot.packages.contains { $0.name == name }
    }
}
