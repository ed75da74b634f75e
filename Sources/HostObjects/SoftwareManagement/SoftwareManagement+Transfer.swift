import EventLoop
import FaultPoints
import Glibc
import LwM2M
import LwM2MClient
import Linux

extension SoftwareManagement {
    public func sink(_ instance: UInt16, _ resource: UInt16, size: Int?) throws(OperationError) -> (any UploadSink)? {
        guard resource == 2 else { return nil }
        try requireLoaded()
        guard let software = software[instance] else { return nil }
        // RFC 7959, 2.5: a first block replaces the transfer that its sender had under way.
        if uploads[instance]?.isInterrupted != true { try software.admitDelivery() }
        if let reason = deliveryExcess(Requester.currentAccount) { throw refusePush(instance, reason) }
        if let size, size > options.maximumPackageSize {
            throw refusePush(instance, "too-large: a package may have at most \(options.maximumPackageSize) bytes")
        }
        do throws(StorageFailure) {
            try requireSpace(size ?? 0)
        } catch {
            throw refusePush(instance, error.reason)
        }
        return startPush(instance, size: size ?? 0)
    }

    /// - Throws: when so many bytes would take from the reserve.
    private func requireSpace(_ count: Int) throws(StorageFailure) {
        let space: FileSystemSpace
        do throws(Errno) {
            space = try diskSpace(options.folder)
        } catch {
            throw StorageFailure(error)
        }
        try options.reserve.require(count, space)
    }

    /// There is no room for a package: Result 50 and 4.13.
    private func refusePush(_ instance: UInt16, _ reason: String) -> OperationError {
        report?(.refused(instance: instance, .noStorage, reason))
        LoopActor.spawn {
            await self.update(instance) { $0.apply(.deliveryRefused(.noStorage), reason: reason) }
        }
        return OperationError(.requestEntityTooLarge, reason)
    }

    /// A URI that cannot be fetched is refused by `write` alone, which records the result.
    public func check(_ instance: UInt16, _ values: [UInt16: ResourceContent]) throws(OperationError) {
        try requireLoaded()
        if values[2] != nil, values[3] != nil {
            throw OperationError(.badRequest, "write Package or Package URI, not both")
        }
    }

    public func write(
        _ instance: UInt16, _ values: [UInt16: ResourceContent], mode: WriteMode
    ) async throws(OperationError) {
        try check(instance, values)
        if case .single(.string(let uri))? = values[3] {
            if uri.isEmpty, software[instance]?.isCancellable == true {
                try await cancelTransfer(
                    instance, FetchFailure(.initial, "cancelled: the server wrote an empty Package URI"))
            } else {
                try await startPull(instance, uri)
            }
        }
        if case .single(.opaque(let bytes))? = values[2] { try await push(instance, bytes) }
        // This comes last: when a package or URI is refused, nothing is written.
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

    func startPush(_ instance: UInt16, size: Int) -> any UploadSink {
        let upload = PackageUpload(
            path: store.package(instance), limit: options.maximumPackageSize, reserve: options.reserve, total: size,
            scheduler: scheduler, minimumRate: { [weak self] in self?.options.downloads.minimumRate ?? 0 },
            excess: { [weak self] in self?.spaceExcess(instance) }
        ) { [weak self] in self?.pushEnded(instance, $0, $1) }
        let account = Requester.currentAccount
        uploads[instance] = upload
        // At once: a second transfer must be refused already, and a Read must see the state.
        let before = mutate(instance) {
            $0.apply(.pushStarted, reason: "")
            $0.record.account = account ?? $0.record.account
            $0.job = .transferring
        }
        if let before { LoopActor.spawn { await self.settle(instance, since: before) } }
        transfersChanged?()
        return upload
    }

    func pushEnded(_ instance: UInt16, _ upload: PackageUpload, _ end: PackageUpload.End) {
        LoopActor.spawn {
            // Its sender began anew meanwhile, or it was cancelled: the file is not its own any more.
            guard self.uploads[instance] === upload else { return }
            switch end {
            case .failed(let result, let reason):
                self.uploads[instance] = nil
                await self.transferFailed(instance, FetchFailure(result, reason))
            case .complete(let respond):
                self.verifies(instance)
                self.uploads[instance] = nil
                let timeout = self.options.answerTimeout
                let refusal = await bounded(timeout, self.scheduler) { await self.verify(instance) }
                // When it takes longer it goes on, and its end is notified.
                respond(refusal.flatMap { $0 }.map { Response.failure($0.code, $0.message) } ?? Response(.changed))
            }
        }
    }

    // MARK: Pulling

    func startPull(_ instance: UInt16, _ uri: String) async throws(OperationError) {
        try software[instance]?.admitDelivery()
        guard uri.utf8.count <= 255, Self.isFetchable(uri) else {
            let reason =
                "invalid-uri: a Package URI is http://… or https://…, at most 255 bytes, without spaces and control characters"
            await update(instance) { $0.apply(.deliveryRefused(.invalidURI), reason: reason) }
            throw OperationError(.badRequest, reason)
        }
        try await requireShareOfDeliveries(instance)
        try software[instance]?.admitDelivery()
        let account = Requester.currentAccount
        let before = mutate(instance) {
            $0.apply(.uriAccepted, reason: "")
            $0.record.account = account ?? $0.record.account
            $0.record.uri = uri
            $0.record.stall = nil
            $0.job = .transferring
        }
        guard let before else { return }
        // There before anything awaits: a cancellation may come before the first attempt.
        let download = makeDownload(instance, uri)
        guard await settle(instance, since: before) else {
            downloads[instance] = nil
            _ = mutate(instance) { $0.job = .clearing }
            await transferFailed(instance, FetchFailure(.noStorage, "storage: the state could not be stored"))
            download.end()
            throw OperationError(.internalServerError, "the state could not be stored")
        }
        LoopActor.spawn { await self.run(instance, download) }
    }

    /// What is accepted is shown to operators before anything is fetched: no control characters (RFC 3986, 2).
    static func isFetchable(_ uri: String) -> Bool {
        guard uri.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return false }
        let lower = uri.lowercased()
        return (lower.hasPrefix("http://") && uri.utf8.count > 7) || (lower.hasPrefix("https://") && uri.utf8.count > 8)
    }

    func transferFailed(_ instance: UInt16, _ failure: FetchFailure, cancelled: Bool = false) async {
        report?(
            cancelled
                ? .cancelled(instance: instance, failure.reason)
                : .refused(instance: instance, failure.result, failure.reason))
        await removePackage(instance)
        await update(instance) {
            $0.apply(.transferFailed(failure.result), reason: $0.explained(failure.reason))
            $0.record.uri = nil
            $0.record.stall = nil
            $0.job = nil
        }
        transfersChanged?()
    }

    // MARK: Verifying

    /// All bytes are stored: from here on the transfer cannot be cancelled.
    func verifies(_ instance: UInt16) {
        arrivals[instance] = transfer(instance)
        arrivals[instance]?.phase = .verifying
        arrivals[instance]?.reason = ""
        _ = mutate(instance) { $0.job = .verifying }
    }

    /// All bytes are stored: has the installer take and check them. Returns the refusal.
    func verify(_ instance: UInt16) async -> OperationError? {
        transfersChanged?()
        defer {
            arrivals[instance] = nil
            transfersChanged?()
        }
        let path = store.package(instance)
        do {
            try await Worker.transfers.run {
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
            // What it waited for is over.
            $0.apply(.transferCompleted, reason: "")
            $0.record.uri = nil
            $0.record.stall = nil
        }
        do throws(InstallerRefusal) {
            let staged = try await inTurn(deliveries, of: deliverer(instance)) {
                () async throws(InstallerRefusal) in
                // Others of this server may have arrived since it was admitted.
                if let reason = self.deliveryExcess(self.software[instance]?.record.account) {
                    throw InstallerRefusal(.noSpace, reason)
                }
                return try await self.stage(path)
            }
            if let reason = conflict(of: staged.name, with: instance) {
                try await installer.discard(token: staged.token)
                await refuse(instance, .installFailure, reason)
                return OperationError(.badRequest, reason)
            }
            await free(staged.name, for: instance)
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

    /// Stages the package, and once more when the installer died meanwhile: the file is still here.
    private func stage(_ path: String) async throws(InstallerRefusal) -> DeliveredPackage {
        let known = try? await installer.snapshot()
        do throws(InstallerRefusal) {
            return try await installer.stage(path: path)
        } catch {
            guard error.kind == .unavailable, await installerReturned() else { throw error }
        }
        await discardStrays(of: path, since: known)
        do throws(InstallerRefusal) {
            return try await installer.stage(path: path)
        } catch {
            if error.kind == .unavailable, await installerReturned() { await discardStrays(of: path, since: known) }
            throw error
        }
    }

    /// Discards what the installer staged of a file without being able to answer: nobody would ever install or discard it.
    ///
    /// An operator may stage packages meanwhile. The name in the file is not known here, but its size is.
    ///
    /// - Parameter known: what it had staged before.
    private func discardStrays(of path: String, since known: InstallerSnapshot?) async {
        guard let known, let now = try? await installer.snapshot(),
            let size = try? await Worker.transfers.run({ try FileDescriptor.open(path).size() })
        else { return }
        let owned = Set(known.staged.map(\.token) + software.values.compactMap { $0.record.staged?.token })
        for package in now.staged where package.size == size && !owned.contains(package.token) {
            try? await installer.discard(token: package.token)
        }
    }

    /// Why a package of this name may not be delivered to this instance.
    func conflict(of name: String, with instance: UInt16) -> String? {
        if let other = owner(of: name), other != instance, software[other]?.isInUse == true {
            return "name-conflict: the package \(name) is that of instance \(other)"
        }
        if let inPlace = software[instance]?.inPlace, inPlace.name != name {
            return "name-conflict: instance \(instance) holds the package \(inPlace.name); \(name) needs another one"
        }
        return nil
    }

    /// An instance remembers the name of a package that was removed, so that it returns there; it gives the name up to
    /// another instance that the package is delivered to.
    private func free(_ name: String, for instance: UInt16) async {
        for (other, software) in software where other != instance && software.record.package == name {
            await update(other) { $0.record.package = nil }
        }
    }

    /// - Returns: not an instance that is being deleted: what it owned would go with it.
    func owner(of name: String) -> UInt16? {
        software.first {
            $0.value.job != .deleting && ($0.value.record.package == name || $0.value.record.staged?.name == name)
        }?.key
    }

    func refuse(_ instance: UInt16, _ result: UpdateResult, _ reason: String) async {
        report?(.refused(instance: instance, result, reason))
        // Before the instance is free: a server that pushes again at once must not lose its new file.
        await removePackage(instance)
        await update(instance) {
            $0.apply(.refused(result), reason: $0.explained(reason))
            $0.job = nil
        }
    }
}
