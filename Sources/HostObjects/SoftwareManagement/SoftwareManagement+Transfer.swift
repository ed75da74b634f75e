import EventLoop
import FaultPoints
import Glibc
import LwM2M
import LwM2MClient
import Linux

extension SoftwareManagement {
    public func sink(_ instance: UInt16, _ resource: UInt16, size: Int?) throws(OperationError) -> (any UploadSink)? {
        guard resource == 2, let software = software[instance] else { return nil }
        // RFC 7959, 2.5: a first block takes the place of the transfer that its sender had under way.
        if uploads[instance]?.isInterrupted != true { try software.admitDelivery() }
        if let size, size > options.maximumPackageSize {
            throw OperationError(
                .requestEntityTooLarge, "a package may have at most \(options.maximumPackageSize) bytes")
        }
        return try startPush(instance)
    }

    public func write(
        _ instance: UInt16, _ values: [UInt16: ResourceContent], mode: WriteMode
    ) async throws(OperationError) {
        if values[2] != nil, values[3] != nil {
            throw OperationError(.badRequest, "write Package or Package URI, not both")
        }
        if case .single(.string(let uri))? = values[3] { try await startPull(instance, uri) }
        if case .single(.opaque(let bytes))? = values[2] { try await push(instance, bytes) }
        // Last, for a package or URI that is refused leaves nothing written.
        let named: Bool? = if case .single(.boolean(let flag))? = values[8] { flag } else { nil }
        if let updates = named ?? (mode == .replace ? false : nil), updates != software[instance]?.record.updatesObjects
        {
            let before = software[instance]?.record.updatesObjects ?? false
            guard await update(instance, { $0.record.updatesObjects = updates }) else {
                _ = mutate(instance) { $0.record.updatesObjects = before }
                throw OperationError(.internalServerError, "the state could not be stored")
            }
        }
    }

    /// A package that came in one message.
    func push(_ instance: UInt16, _ bytes: [UInt8]) async throws(OperationError) {
        guard let sink = try sink(instance, 2, size: bytes.count) else { return }
        let response = await withCheckedContinuation { continuation in
            if let refusal = sink.append(bytes) {
                continuation.resume(returning: refusal)
            } else {
                sink.finish { continuation.resume(returning: $0) }
            }
        }
        guard response.code.isSuccess else {
            throw OperationError(response.code, String(decoding: response.payload, as: UTF8.self))
        }
    }

    func startPush(_ instance: UInt16) throws(OperationError) -> any UploadSink {
        let upload: PackageUpload
        do throws(Errno) {
            upload = try PackageUpload(path: store.package(instance), limit: options.maximumPackageSize) {
                [weak self] in self?.pushEnded(instance, $0, $1)
            }
        } catch {
            throw OperationError(.internalServerError, "the package cannot be stored: \(error.message)")
        }
        uploads[instance] = upload
        // At once: a second transfer must be refused already, and a Read see the state.
        let before = mutate(instance) {
            $0.apply(.pushStarted, reason: "")
            $0.job = .transferring
        }
        if let before { LoopActor.spawn { await self.settle(instance, since: before) } }
        return upload
    }

    func pushEnded(_ instance: UInt16, _ upload: PackageUpload, _ end: PackageUpload.End) {
        LoopActor.spawn {
            // Begun anew meanwhile: the transfer goes on, and the file is the new one's.
            guard self.uploads[instance] === upload else { return }
            self.uploads[instance] = nil
            switch end {
            case .failed(let result, let reason):
                await self.transferFailed(instance, FetchFailure(result, reason))
            case .complete(let respond):
                let timeout = self.options.answerTimeout
                let refusal = await bounded(timeout, self.scheduler) { await self.verify(instance) }
                // Still at work after so long: it goes on, and its end is notified.
                respond(refusal.flatMap { $0 }.map { Response.failure($0.code, $0.message) } ?? Response(.changed))
            }
        }
    }

    // MARK: Pulling

    func startPull(_ instance: UInt16, _ uri: String) async throws(OperationError) {
        try software[instance]?.admitDelivery()
        guard uri.utf8.count <= 255, Self.isFetchable(uri) else {
            let reason = "invalid-uri: a Package URI is http://… or https://…, at most 255 bytes"
            await update(instance) { $0.apply(.uriRefused, reason: reason) }
            throw OperationError(.badRequest, reason)
        }
        let stored = await update(instance) {
            $0.apply(.uriAccepted, reason: "")
            $0.record.uri = uri
            $0.job = .transferring
        }
        guard stored else {
            await transferFailed(instance, FetchFailure(.noStorage, "storage: the state could not be stored"))
            throw OperationError(.internalServerError, "the state could not be stored")
        }
        LoopActor.spawn { await self.pull(instance, uri) }
    }

    static func isFetchable(_ uri: String) -> Bool {
        let lower = uri.lowercased()
        return (lower.hasPrefix("http://") && uri.utf8.count > 7) || (lower.hasPrefix("https://") && uri.utf8.count > 8)
    }

    func pull(_ instance: UInt16, _ uri: String) async {
        do throws(FetchFailure) {
            try await fetcher.fetch(uri, to: store.package(instance))
        } catch {
            await transferFailed(instance, error)
            return
        }
        _ = await verify(instance)
    }

    func transferFailed(_ instance: UInt16, _ failure: FetchFailure) async {
        report?(.refused(instance: instance, failure.result, failure.reason))
        await removePackage(instance)
        await update(instance) {
            $0.apply(.transferFailed(failure.result), reason: $0.explained(failure.reason))
            $0.record.uri = nil
            $0.job = nil
        }
    }

    // MARK: Verifying

    /// All bytes are stored: has the installer take and check them. Returns the refusal.
    func verify(_ instance: UInt16) async -> OperationError? {
        let path = store.package(instance)
        do {
            try await Worker.shared.run {
                try faultPoint("software.downloaded.before")
                try FileDescriptor.open(path).synchronize()
            }
        } catch {
            let isGone = (error as? Errno)?.code == ENOENT
            let failure =
                isGone
                ? FetchFailure(.connectionLost, "interrupted: the agent was restarted while it dropped the package")
                : FetchFailure(.noStorage, "storage: \(error)")
            await transferFailed(instance, failure)
            return OperationError(.internalServerError, "the package could not be stored")
        }
        await update(instance) {
            $0.apply(.transferCompleted)
            $0.record.uri = nil
            $0.job = .verifying
        }
        do throws(InstallerRefusal) {
            let staged = try await stage(path)
            if let reason = conflict(of: staged.name, with: instance) {
                try await installer.discard(token: staged.token)
                await refuse(instance, .installFailure, reason)
                return OperationError(.badRequest, reason)
            }
            report?(.delivered(instance: instance, staged))
            await update(instance) {
                $0.record.staged = staged
                $0.apply(.verified, reason: "")
                $0.job = nil
            }
            await removePackage(instance)
            return nil
        } catch {
            await refuse(instance, error.result, error.reason)
            return OperationError(error.kind == .failed ? .internalServerError : .badRequest, error.reason)
        }
    }

    /// Stages, once more when the installer died meanwhile: what was pushed is still here.
    private func stage(_ path: String) async throws(InstallerRefusal) -> DeliveredPackage {
        let known = try? await installer.snapshot()
        do throws(InstallerRefusal) {
            return try await installer.stage(path: path)
        } catch {
            guard error.kind == .unavailable, await installerReturned() else { throw error }
        }
        await discardStrays(since: known)
        do throws(InstallerRefusal) {
            return try await installer.stage(path: path)
        } catch {
            if error.kind == .unavailable, await installerReturned() { await discardStrays(since: known) }
            throw error
        }
    }

    /// Drops what the installer took in and could not tell of any more: nobody would ever install or discard it.
    ///
    /// - Parameter known: what it had before.
    private func discardStrays(since known: InstallerSnapshot?) async {
        guard let known, let now = try? await installer.snapshot() else { return }
        let owned = Set(known.staged.map(\.token) + software.values.compactMap { $0.record.staged?.token })
        for package in now.staged where !owned.contains(package.token) {
            try? await installer.discard(token: package.token)
        }
    }

    /// Why a package of this name may not be delivered to this instance.
    func conflict(of name: String, with instance: UInt16) -> String? {
        if let other = owner(of: name), other != instance {
            return "name-conflict: the package \(name) is that of instance \(other)"
        }
        if let inPlace = software[instance]?.inPlace, inPlace.name != name {
            return "name-conflict: instance \(instance) holds the package \(inPlace.name); \(name) needs another one"
        }
        return nil
    }

    func owner(of name: String) -> UInt16? {
        software.first { $0.value.record.package == name || $0.value.record.staged?.name == name }?.key
    }

    func refuse(_ instance: UInt16, _ result: UpdateResult, _ reason: String) async {
        report?(.refused(instance: instance, result, reason))
        // Before the slot is free: a server that pushes again at once must not lose its new file to this.
        await removePackage(instance)
        await update(instance) {
            $0.apply(.refused(result), reason: $0.explained(reason))
            $0.job = nil
        }
    }
}
