import EventLoop
import LwM2M
import LwM2MClient

/// Downloads: their attempts, their queue, and what is said while they wait.
extension SoftwareManagement {
    /// - Parameter stalled: for how long no byte had arrived when it was interrupted.
    func makeDownload(_ instance: UInt16, _ uri: String, stalled: Duration = .zero) -> PackageDownload {
        let download = PackageDownload(uri, stalled: stalled, scheduler: scheduler)
        downloads[instance] = download
        transfersChanged?()
        return download
    }

    /// Goes on with a download that a restart interrupted.
    func resumeDownload(_ instance: UInt16, _ uri: String) async {
        guard let record = software[instance]?.record else { return }
        let sameBoot = boots[instance] == options.boot
        let stalled = record.stall?.elapsed(scheduler.now, sameBoot: sameBoot) ?? .zero
        software[instance]?.job = .transferring
        let download = makeDownload(instance, uri, stalled: stalled)
        // Before the first attempt: a daemon that is restarted again and again must not begin to count anew each time.
        await update(instance) {
            $0.record.stall = stall(stalled)
            $0.record.reason = ""
        }
        LoopActor.spawn { await self.run(instance, download) }
    }

    /// Ends a transfer that is under way, drops its bytes and returns to state 0.
    ///
    /// - Parameter why: its result is `initial` when the server itself wanted it.
    /// - Throws: 4.05 when no transfer is under way, or all of it has arrived.
    func cancelTransfer(_ instance: UInt16, _ why: FetchFailure) async throws(OperationError) {
        guard software[instance]?.isCancellable == true, uploads[instance]?.isComplete != true else {
            throw OperationError(.methodNotAllowed, "no transfer to instance \(instance) is under way")
        }
        if let download = downloads[instance] {
            download.cancel(why)
            await download.waitForEnd()
        } else {
            uploads.removeValue(forKey: instance)?.cancel(why.reason)
            _ = mutate(instance) { $0.job = .clearing }
            await transferFailed(instance, why, cancelled: true)
        }
    }

    /// Starts downloads whose turn it is.
    func startQueued() {
        for instance in slots.next() { downloads[instance]?.wake() }
    }

    // MARK: One download

    func run(_ instance: UInt16, _ download: PackageDownload) async {
        let failure = await attempts(instance, download)
        // All of this at once: from here on there is nothing to cancel.
        slots.leave(instance)
        startQueued()
        if failure == nil { verifies(instance) } else { _ = mutate(instance) { $0.job = .clearing } }
        downloads[instance] = nil
        if let failure {
            await transferFailed(instance, failure, cancelled: download.cancellation != nil)
        } else {
            _ = await verify(instance)
        }
        download.end()
    }

    /// - Returns: why there is no package; nil when it is stored.
    private func attempts(_ instance: UInt16, _ download: PackageDownload) async -> FetchFailure? {
        while true {
            await takeSlot(instance, download)
            if let cancellation = download.cancellation { return cancellation }
            let end = await attempt(instance, download)
            slots.leave(instance)
            startQueued()
            if let cancellation = download.cancellation { return cancellation }
            let random = Double.random(in: 0...1)
            switch download.policy.attemptEnded(end, options.downloads, scheduler.now, random: random) {
            case .complete: return nil
            case .failed(let failure): return failure
            case .retry(let pause):
                await say(instance, download, waiting(download, end.failure))
                await keepStall(instance, download)
                download.phase = .waiting(next: scheduler.now + pause)
                await download.sleep(for: pause)
            }
        }
    }

    /// Waits for the download's turn, or its cancellation.
    private func takeSlot(_ instance: UInt16, _ download: PackageDownload) async {
        guard !slots.enter(instance, for: software[instance]?.record.account) else { return }
        download.phase = .queued
        download.policy.waitsForTurn(scheduler.now)
        // Why the attempt before failed is told again afterwards, until bytes arrive.
        let before = download.reason
        let others = options.downloads.concurrent
        await say(
            instance, download,
            "queued: \(others) other \(others == 1 ? "download is" : "downloads are") under way (MaxDownloads=)")
        await download.sleep()
        if download.cancellation == nil { await say(instance, download, before) }
    }

    private func attempt(_ instance: UInt16, _ download: PackageDownload) async -> FetchEnd {
        download.phase = .transferring
        download.policy.attemptStarts(scheduler.now)
        let order = FetchOrder(
            uri: download.uri, path: store.package(instance), limit: options.maximumPackageSize,
            reserve: options.reserve, allowsLocal: options.downloads.allowsLocal)
        let attempt = FetchAttempt(order) { [weak self, weak download] attempt in
            guard let self, let download else { return }
            download.policy.progress(attempt.received, self.scheduler.now)
            if download.verdict == nil, let failure = self.spaceExcess(instance) {
                download.verdict = failure
                attempt.cancel()
            }
            guard !download.reason.isEmpty || self.software[instance]?.record.stall != nil else { return }
            download.reason = ""
            LoopActor.spawn { await self.goesOn(instance, download) }
        }
        download.attempt = attempt
        download.verdict = nil
        watch(download, attempt)
        let end = await fetcher.fetch(attempt)
        download.attempt = nil
        download.watch?.cancel()
        if attempt.stored > 0 || attempt.total > 0 {
            (download.received, download.total) = (attempt.stored, attempt.total)
        }
        guard end.failure != nil, let verdict = download.verdict else { return end }
        return FetchEnd(verdict, received: end.received)
    }

    /// Ends an attempt that stalls, trickles or takes too long.
    private func watch(_ download: PackageDownload, _ attempt: FetchAttempt) {
        let delay = download.policy.nextCheck(options.downloads, scheduler.now)
        download.watch = scheduler.schedule(after: delay) { [weak self, weak download, weak attempt] in
            guard let self, let download, let attempt, download.attempt === attempt else { return }
            download.verdict = download.policy.verdict(self.options.downloads, self.scheduler.now)
            if download.verdict != nil { attempt.cancel() } else { self.watch(download, attempt) }
        }
    }

    /// Bytes arrive: it stalls no more.
    private func goesOn(_ instance: UInt16, _ download: PackageDownload) async {
        guard downloads[instance] === download else { return }
        await update(instance) { $0.record.stall = nil }
        await announce(instance, download)
    }

    // MARK: What is said of it

    private func waiting(_ download: PackageDownload, _ failure: FetchFailure?) -> String {
        let size = download.total > 0 ? "\(download.received) of \(download.total)" : "\(download.received)"
        return "\(failure?.reason ?? ""); \(size) bytes are here, and it is tried again"
    }

    private func say(_ instance: UInt16, _ download: PackageDownload, _ reason: String) async {
        download.reason = reason
        await announce(instance, download)
    }

    /// Says why a download waits: in Status Reason and the journal, once for each change, and not too often.
    private func announce(_ instance: UInt16, _ download: PackageDownload) async {
        guard downloads[instance] === download, download.reason != download.told, !download.isAnnouncing else { return }
        let delay = download.gate.wait(scheduler.now)
        guard delay == .zero else {
            download.isAnnouncing = true
            scheduler.schedule(after: delay) { [weak self, weak download] in
                guard let self, let download else { return }
                download.isAnnouncing = false
                LoopActor.spawn { await self.announce(instance, download) }
            }
            return
        }
        let reason = download.reason
        download.told = reason
        if !reason.isEmpty { report?(.waiting(instance: instance, reason)) }
        transfersChanged?()
        let stalled = download.policy.stalled(scheduler.now)
        await update(instance) {
            $0.record.reason = reason
            if !reason.isEmpty { $0.record.stall = stall(stalled, queued: download.phase == .queued) }
        }
    }

    /// Keeps how long the download has waited, now and then: what passed in an earlier boot is known by that alone.
    private func keepStall(_ instance: UInt16, _ download: PackageDownload) async {
        let stalled = download.policy.stalled(scheduler.now)
        let kept = software[instance]?.record.stall.map { Duration.seconds($0.seconds) } ?? .zero
        guard stalled - kept >= max(.seconds(60), options.downloads.patience / 20) else { return }
        await update(instance) { $0.record.stall = stall(stalled) }
    }

    private func stall(_ stalled: Duration, queued: Bool = false) -> SoftwareRecord.Stall {
        SoftwareRecord.Stall(
            seconds: Int(stalled.components.seconds), at: queued ? nil : Int(scheduler.now.components.seconds))
    }
}

/// What an operator sees of transfers, and ends.
extension SoftwareManagement {
    /// Packages on their way, in the order of their instances.
    public var transfers: [PackageTransfer] { instances.compactMap(transfer) }

    /// Ends a transfer as an operator wants it: Update Result 52, which no server answers by sending the package again.
    ///
    /// - Throws: 4.05 when no transfer is under way, or all of it has arrived.
    public func cancel(_ instance: UInt16) async throws(OperationError) {
        try await cancelTransfer(
            instance, FetchFailure(.connectionLost, "cancelled: an operator of the gateway ended the transfer"))
    }

    func transfer(_ instance: UInt16) -> PackageTransfer? {
        if let arrival = arrivals[instance] { return arrival }
        if let download = downloads[instance] {
            let attempt = download.attempt.flatMap { $0.stored > 0 || $0.total > 0 ? $0 : nil }
            return PackageTransfer(
                instance: instance, kind: .pull, phase: download.phase, host: download.host,
                received: attempt?.stored ?? download.received, total: attempt?.total ?? download.total,
                reason: attempt == nil || !download.reason.isEmpty
                    ? download.reason : download.policy.warning(options.downloads),
                since: download.since)
        }
        if let upload = uploads[instance] {
            return PackageTransfer(
                instance: instance, kind: .push, phase: .transferring, received: upload.length, total: upload.total,
                reason: upload.warning, since: upload.since)
        }
        guard let record = software[instance]?.record, [.downloadStarted, .downloaded].contains(record.state) else {
            return nil
        }
        return PackageTransfer(
            instance: instance, kind: record.uri == nil ? .push : .pull, phase: .waiting(next: nil),
            host: record.uri.map(PackageDownload.host) ?? "", reason: "interrupted: gatekeel-installd is waited for",
            since: scheduler.now)
    }
}
