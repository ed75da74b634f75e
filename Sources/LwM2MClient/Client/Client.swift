import EventLoop
import LwM2M

/// An LwM2M client: its objects, its accounts, and a connection for each account.
///
/// It does no input and output of its own: the transport does, and the scheduler has the time.
@LoopActor
public final class Client: ObjectChanges {
    public let accounts: ServerAccounts

    private let registry: ObjectRegistry
    private let management: DeviceManagement
    private let sending: Sending
    private let lists: AccessLists?
    private let clock: StableClock
    private let endpoint: String
    private let transport: any Transport
    private let store: NotificationStore?
    private let scheduler: any Scheduler
    private let random: @LoopActor () -> Double
    private let report: @LoopActor (ClientReport) -> Void
    private var connections: [ServerConnection] = []
    private var coordinator = RegistrationCoordinator()
    private var coordinatorTimer: (any Scheduled)?
    /// Of accounts that went or changed, until they have de-registered.
    private var ending: [ServerConnection] = []
    private var running = false
    private var hasStopped = false

    /// - Parameters:
    ///   - endpoint: the endpoint client name (`ep=`).
    ///   - objects: those that are there from the start; see `add(_:)`.
    ///   - lists: what several servers may do; nil: everything (tests).
    ///   - store: where what servers are to be told outlasts a restart; nil: it does not (tests).
    ///   - clock: the time of day, for the times of values that are sent; the host's when nil.
    ///   - random: from 0 to 1, for jitter.
    ///   - report: is told what an operator may want to know.
    public init(
        endpoint: String, objects: [any Object] = [], accounts: ServerAccounts,
        lists: AccessLists? = nil, store: NotificationStore? = nil,
        transport: any Transport, scheduler: any Scheduler, clock: StableClock? = nil,
        random: @escaping @LoopActor () -> Double = { Double.random(in: 0...1) },
        report: @escaping @LoopActor (ClientReport) -> Void = { _ in }
    ) {
        self.endpoint = endpoint
        self.accounts = accounts
        self.transport = transport
        self.store = store
        self.scheduler = scheduler
        self.random = random
        self.report = report
        registry = ObjectRegistry()
        self.lists = lists
        management = DeviceManagement(registry: registry, accounts: accounts, lists: lists)
        let clock = clock ?? StableClock(scheduler)
        self.clock = clock
        sending = Sending(management, scheduler: scheduler, clock: clock, random: random, report: report)
        management.changes = self
        management.attributesChanged = { [weak self] account in
            self?.connection(account)?.observations.rulesChanged()
        }
        accounts.changed = { [weak self] in self?.accountChanged($0) }
        accounts.triggered = { [weak self] in self?.connection($0)?.trigger() }
        accounts.disabled = { [weak self] in self?.connection($0)?.disable(for: $1) }
        lists?.rightsChanged = { [weak self] path, lost in
            guard let self else { return }
            for account in accounts.all where lost.contains(account.shortServerID) {
                let isSendCut = sending.rightsLost(account)
                connection(account.instance)?.rightsLost(isSendCut: isSendCut)
            }
            for path in path.map({ [$0] }) ?? registry.identifiers.map({ Path($0) }) { changed(path) }
        }
        for object in objects { add(object) }
    }

    // MARK: Life

    /// Registers with every account's server, in the order that `RegistrationCoordinator` decides.
    public func start() {
        guard !running else { return }
        running = true
        hasStopped = false
        join(accounts.all)
        sending.start()
    }

    /// De-registers everywhere at once and ends the sessions; takes at most a second and a half.
    public func stop() async {
        running = false
        hasStopped = true
        sending.stop()
        let leaving = connections + ending
        connections = []
        coordinator = RegistrationCoordinator()
        coordinatorTimer?.cancel()
        coordinatorTimer = nil
        await end(leaving)
    }

    /// Waits until what was queued for the servers is acknowledged or given up: before a reboot.
    public func flush(within limit: Duration) async {
        await inParallel(connections) { await $0.flush(within: limit) }
    }

    /// Links, addresses or routes of the host may have changed: sessions whose own path changed are made anew.
    public func networkChanged() {
        for connection in connections { connection.networkChanged() }
    }

    /// Contacts all servers at once, over new sessions, also those that wait for their next attempt or disabled themselves.
    public func reconnect() {
        for connection in connections { connection.reconnect() }
    }

    /// Takes over accounts that came, went or changed by `accounts.reload`.
    public func reload() async {
        guard running else { return }
        let stale = connections.filter { connection in
            accounts[connection.account].map { connection.seed != $0.seed } ?? true
        }
        connections.removeAll { connection in stale.contains { $0 === connection } }
        ending += stale
        await end(stale)
        ending.removeAll { connection in stale.contains { $0 === connection } }
        // It may have been stopped meanwhile.
        guard running else { return }
        sending.accountsChanged()
        // It may also have been started again: with the accounts as they are now.
        let isCurrent = { (account: UInt16) in self.connection(account) != nil }
        join(
            accounts.all.filter { !isCurrent($0.instance) },
            inPlaceOf: stale.map(\.account).filter { !isCurrent($0) && coordinator.phase(of: $0) != nil })
    }

    // MARK: The order of registration

    private func join(_ accounts: [ServerAccount], inPlaceOf left: [UInt16] = []) {
        connections += accounts.map { connect($0) }
        coordinate(.change(leaving: left, joining: accounts.map { RegistrationCoordinator.Member($0) }))
    }

    /// Tells the coordinator and lets those begin whose turn it is.
    private func coordinate(_ event: RegistrationCoordinator.Event) {
        let begun = coordinator.handle(event, at: scheduler.now)
        assert(begun != nil, "\(event) cannot happen in \(coordinator)")
        coordinatorTimer?.cancel()
        coordinatorTimer = coordinator.nextWake.map { due in
            scheduler.schedule(after: max(.zero, due - scheduler.now)) { [weak self] in
                self?.coordinatorTimer = nil
                self?.coordinate(.wake)
            }
        }
        for account in begun ?? [] { connection(account)?.start() }
    }

    private func progress(_ account: UInt16, _ progress: ServerConnection.Progress) {
        // One that is ending is not in the order any more.
        guard coordinator.phase(of: account) != nil, connection(account) != nil else { return }
        switch progress {
        case .registered:
            // Its delay is for the first registration alone.
            if accounts[account]?.settings.initialRegistrationDelay != nil {
                let accounts = accounts
                LoopActor.spawn { await accounts.noteRegistered(account) }
            }
            coordinate(.settled(account))
        case .leftAlone: coordinate(.settled(account))
        case .failed: coordinate(.failed(account))
        }
    }

    private func connect(_ account: ServerAccount) -> ServerConnection {
        let registry = registry
        return ServerConnection(
            account, sending.sender(account),
            ServerConnection.Environment(
                endpoint: endpoint, transport: transport, scheduler: scheduler, clock: clock,
                management: management, random: random, report: report,
                progress: { [weak self] in self?.progress(account.instance, $0) },
                objects: { version in
                    LinkFormat.encode(
                        LinkFormat.registration(registry.registered(version), formats: version.offeredFormats))
                },
                isWorking: { registry.isWorking }, store: store))
    }

    private func end(_ connections: [ServerConnection]) async {
        await inParallel(connections) { await $0.stop() }
    }

    /// Each in a task of its own, so that one server that does not answer keeps no other waiting.
    private func inParallel(
        _ connections: [ServerConnection], _ body: @escaping @Sendable @LoopActor (ServerConnection) async -> Void
    ) async {
        let tasks = connections.map { connection in LoopActor.spawn { await body(connection) } }
        for task in tasks { await task.value }
    }

    // MARK: Objects

    /// Serves an object from now on; the client becomes its `changes`. Servers that are registered with are told by an
    /// Update, one for a burst of such changes.
    ///
    /// - Precondition: no object with this identifier is served.
    public func add(_ object: any Object) {
        registry.add(object)
        object.changes = self
        instancesChanged(object.definition.id)
    }

    /// Stops serving an object. Observations of it and below it end with 4.04; attributes that servers attached to it
    /// are kept for when it comes back.
    public func remove(_ id: UInt16) {
        guard let object = registry.remove(id) else { return }
        object.changes = nil
        instancesChanged(id)
    }

    /// Several servers came to be: what is there gets its access control lists. Otherwise the client follows its objects itself.
    public func followAccessLists() {
        for id in registry.identifiers { followAccessLists(of: id) }
    }

    private func followAccessLists(of object: UInt16) {
        guard let entry = registry[object, .newest] else { return }
        lists?.follow(entry.definition, instances: entry.object.instances, isComplete: entry.object.isComplete)
    }

    // MARK: Changes

    public func changed(_ path: Path) {
        for connection in connections { connection.observations.changed(path) }
        sending.changed(path)
    }

    public func instancesChanged(_ object: UInt16) {
        // Also before the client starts: what an object has loaded is to be told from what comes after it.
        followAccessLists(of: object)
        detachFromGoneInstances(of: object)
        for connection in connections {
            connection.observations.instancesChanged(object)
            connection.objectsChanged()
        }
        sending.instancesChanged(object)
    }

    /// Another instance that gets the number must not inherit attributes.
    private func detachFromGoneInstances(of object: UInt16) {
        guard let served = registry[object, .newest]?.object, served.isComplete else { return }
        let gone = accounts.attachedInstances(of: object).subtracting(served.instances)
        guard !gone.isEmpty else { return }
        LoopActor.spawn { [weak self, accounts] in
            // What cannot be stored stays attached: the medium and what holds must not differ.
            for instance in gone.sorted() { try? await accounts.detach(below: Path(object, instance)) }
            for connection in self?.connections ?? [] { connection.observations.rulesChanged() }
        }
    }

    private func accountChanged(_ instance: UInt16) {
        guard let account = accounts[instance] else { return }
        connection(instance)?.settingsChanged(account)
        sending.settingsChanged(account)
    }

    private func connection(_ account: UInt16) -> ServerConnection? { connections.first { $0.account == account } }

    // MARK: Send

    /// What is sent of the client's own accord, and when.
    public var sendRules: [SendRule] {
        get { sending.rules }
        set { sending.rules = newValue }
    }

    /// Sends what paths hold now to servers, confirmed (Send, LwM2M Core 6.4.6). A server that is not in contact gets it, with its
    /// time, when it is again.
    ///
    /// - Parameters:
    ///   - name: of the account; nil: to all.
    ///   - limit: so long the servers' answers are waited for.
    /// - Returns: by account; empty if there is none of this name.
    /// - Throws: 4.01 for object 0, 4.04 for a path that is not there, 4.05 for one that is not readable.
    public func send(
        _ paths: [Path], to name: String? = nil, within limit: Duration = .seconds(10)
    ) async throws(OperationError) -> [SendResult] {
        for path in paths { _ = try read(path) }
        return await sending.send(paths, to: name, within: limit)
    }

    // MARK: For people

    /// By account; also of those that are not connected yet, or not any more.
    public var status: [ConnectionStatus] {
        accounts.all.map { account in
            let values = sending.values(account)
            switch coordinator.phase(of: account.instance) {
            case .held?:
                return ConnectionStatus(
                    of: account, .held, waitingValues: values,
                    lastError: "it is not its turn: a server before it is not registered with yet")
            case .delayed(let until)?:
                return ConnectionStatus(
                    of: account, .held, waitingValues: values, lastError: "its first registration is delayed",
                    nextAttempt: until)
            case .begun?, .settled?, .failed?, nil:
                return connection(account.instance)?.status(of: account)
                    ?? ConnectionStatus(of: account, hasStopped ? .stopped : .registering, waitingValues: values)
            }
        }
    }

    /// The objects and their instances, Security (0) included.
    public var objects: [RegisteredObject] { registry.registered(.newest) }

    /// Reads as a server would, but for Security (0), which nobody reads.
    public func read(_ path: Path) throws(OperationError) -> [InstanceContent] {
        try AccessControl.checkObject(path.object)
        guard let entry = registry[path.object, .newest] else {
            throw OperationError(.notFound, "no object \(path.object)")
        }
        switch try management.content(of: path, entry, for: .host) {
        case .instances(let instances): return instances
        case .value(let value):
            guard let resource = path.resource else { return [] }
            let content: ResourceContent = path.resourceInstance.map { .multiple([$0: value]) } ?? .single(value)
            return [InstanceContent(path.instance, [resource: content])]
        }
    }
}
