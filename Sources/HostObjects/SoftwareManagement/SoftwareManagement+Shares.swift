import EventLoop
import LwM2MClient

/// What several servers share of object 9, and how much of it each of them may have. With one server nothing is divided.
///
/// An instance counts for the server that delivered to it last, or created it (`SoftwareRecord.account`).
extension SoftwareManagement {
    /// The packages that gatekeel-installd holds ready at a time, whoever gave them (`Policy.maxStaged`).
    public nonisolated static let heldPackages = 8

    private var areSeveral: Bool { servers().count > 1 }

    private func instances(of account: UInt16) -> [SoftwareInstance] {
        software.values.filter { $0.record.account == account }
    }

    /// Checks that there is room for one more instance, and that it is not that of another server.
    ///
    /// - Throws: 4.00.
    func requireRoomForInstance() throws(OperationError) {
        guard software.count < options.maximumInstances else {
            throw OperationError(
                .badRequest, "there are \(software.count) instances, and no more are allowed (MaxInstances=)")
        }
        guard areSeveral, let account = Requester.currentAccount else { return }
        let servers = servers()
        let nobodys = software.values.count { instance in
            instance.record.account.map { !servers.contains($0) } ?? true
        }
        let share = max(1, (options.maximumInstances - nobodys) / servers.count)
        let own = instances(of: account).count
        guard own < share else {
            throw OperationError(
                .badRequest,
                "this server has \(own) instances, its share among \(servers.count) servers (MaxInstances=); "
                    + "delete one")
        }
    }

    /// Why a server may not deliver one more package before it installs some; nil if it may.
    func deliveryExcess(_ account: UInt16?) -> String? {
        guard areSeveral, let account else { return nil }
        let share = max(1, Self.heldPackages / servers().count)
        let own = instances(of: account).count { $0.record.staged != nil }
        guard own >= share else { return nil }
        return
            "no-space: \(own) packages of this server are delivered and not installed, which is its share; install one, or "
            + "take it back with Uninstall"
    }

    /// Checks that the server that asks may deliver one more package.
    ///
    /// - Throws: 4.00; then Update Result is 50.
    func requireShareOfDeliveries(_ instance: UInt16) async throws(OperationError) {
        guard let reason = deliveryExcess(Requester.currentAccount) else { return }
        await update(instance) { $0.apply(.deliveryRefused(.noStorage), reason: reason) }
        throw OperationError(.badRequest, reason)
    }

    /// Why a transfer may not take more of the disk: it is not its server's only one, and together they have more than a server's
    /// share. nil if it may.
    func spaceExcess(_ instance: UInt16) -> FetchFailure? {
        guard areSeveral, let account = software[instance]?.record.account else { return nil }
        var own: [Int] = []
        var all = 0
        let stored =
            uploads.mapValues(\.length)
            .merging(downloads.mapValues { $0.attempt?.stored ?? $0.received }) { $1 }
        for (other, bytes) in stored {
            all += bytes
            if bytes > 0, software[other]?.record.account == account { own.append(bytes) }
        }
        guard own.count > 1, let space = try? diskSpace(options.folder) else { return nil }
        let share = max(0, options.reserve.available(space) + all) / servers().count
        let taken = own.reduce(0, +)
        guard taken > share else { return nil }
        return FetchFailure(
            .noStorage,
            "no-space: the \(own.count) packages of this server that are on their way have \(taken) bytes, and its share of the "
                + "disk is \(share); deliver one after the other")
    }

    // MARK: Turns

    /// Has the installer do something when it is the turn of who asks.
    func inTurn<Value: Sendable>(
        _ turns: FairTurn<Requester>, of requester: Requester = .current,
        _ body: @LoopActor () async throws(InstallerRefusal) -> Value
    ) async throws(InstallerRefusal) -> Value {
        guard areSeveral else { return try await body() }
        await turns.take(for: requester)
        defer { turns.give() }
        return try await body()
    }

    /// Who a transfer's package is delivered for.
    func deliverer(_ instance: UInt16) -> Requester {
        software[instance]?.record.account.map { .server(account: $0) } ?? .host
    }
}
