import EventLoop
import LwM2M

/// The shell of one account: performs what the registration machine decides, and serves the server's requests.
@LoopActor
final class ServerConnection: SessionHandler {
    /// What all connections of a client share.
    struct Environment {
        let endpoint: String
        let transport: any Transport
        let scheduler: any Scheduler
        let clock: StableClock
        let management: DeviceManagement
        let random: @LoopActor () -> Double
        let report: @LoopActor (ClientReport) -> Void
        /// Is told how the registration went, for the order of the servers.
        let progress: @LoopActor (Progress) -> Void
        /// The payload of Register for a server of a version, made when asked for.
        let objects: @LoopActor (EnablerVersion) -> [UInt8]
        /// Whether an object does something that servers began.
        let isWorking: @LoopActor () -> Bool
        /// Where what servers are to be told outlasts a restart; nil: it does not (tests).
        let store: NotificationStore?
    }

    /// How the registration of an account went.
    enum Progress: Hashable {
        case registered
        /// The server disabled itself, also before a restart.
        case leftAlone
        case failed
    }

    let account: UInt16
    let observations: Observations
    /// Of the account: it outlives this connection.
    private let sender: Sender
    /// The section that this connection was made from.
    let seed: ServerAccount.Seed
    private let environment: Environment
    private var machine: ConnectionMachine
    private var session: (any Session)?
    /// The latest session: over which way the server was spoken to last.
    private var lastSession: (any Session)?
    /// There was no route to the server since its path was last looked at.
    private var wasCutOff = false
    private var timer: (any Scheduled)?
    private var timerDue: Duration?
    /// Counts requests and sessions: an answer to an earlier one is of no interest.
    private var serial = 0
    /// What the server was told last; nil before it acknowledged anything.
    private var told: (settings: ServerSettings, objects: [UInt8])?
    private var whenStopped: [@LoopActor () -> Void] = []
    private let keeper: NotificationKeeper?

    init(_ account: ServerAccount, _ sender: Sender, _ environment: Environment) {
        self.account = account.instance
        self.environment = environment
        self.sender = sender
        seed = account.seed
        machine = ConnectionMachine(
            lifetime: account.settings.lifetime, retry: account.retry, keepAlive: account.keepAlive,
            awakeTime: account.queueModeAwakeTime)
        keeper = environment.store.map {
            NotificationKeeper(path: $0.path(account.instance), scheduler: environment.scheduler)
        }
        observations = Observations(
            account: account.instance, management: environment.management, scheduler: environment.scheduler,
            clock: environment.clock)
        observations.deliveryFailed = { [weak self] in self?.handle(.deliveryFailed($0, observationGivenUp: $1)) }
        sender.deliveryFailed = { [weak self] in self?.handle(.deliveryFailed($0, observationGivenUp: false)) }
        // In queue mode the server counts from what it gets, also if it acknowledges nothing.
        observations.spoke = { [weak self] in
            if let self, self.machine.awakeTime != nil { self.handle(.heard) }
        }
        observations.wanted = { [weak self] in self?.handle(.updateNeeded(after: .zero)) }
        sender.wanted = { [weak self] in self?.handle(.updateNeeded(after: .zero)) }
    }

    // MARK: Over a restart

    /// Whose notifications are kept: those of another server under the same name are not this one's.
    private var identity: String { "\(seed.shortServerID) \(seed.version) \(seed.endpoint.uri)" }

    private func restoreObservations() {
        guard let keeper, let boot = environment.store?.boot else { return }
        if let kept = keeper.load(), kept.server == identity, observations.restore(kept, boot: boot) {
            machine.keepObservations()
        }
        keeper.content = { [weak self] in self.flatMap { $0.observations.kept(for: $0.identity, boot: boot) } }
        keeper.notStored = { [weak self] reason in
            if let self { self.environment.report(.notificationsNotStored(server: self.seed.name, reason: reason)) }
        }
        observations.keptChanged = { [weak keeper] in keeper?.changed(isThere: $0) }
    }

    // MARK: Input

    func start() {
        restoreObservations()
        let accounts = environment.management.accounts
        let silence = accounts.remainingSilence(account)
        // One that ran out meanwhile must not begin again with a clock that is set back.
        if silence == nil { LoopActor.spawn { [account] in await accounts.enable(account) } }
        handle(.start(disabledUntil: silence.map { environment.scheduler.now + $0 }))
    }

    /// De-registers and ends the session, within `RegistrationMachine.stopLimit`.
    func stop() async {
        isStopping = true
        observations.keptUntil = machine.registration.observedUntil
        await withCheckedContinuation { continuation in
            whenStopped.append { continuation.resume() }
            handle(.stop)
        }
        await keeper?.save()
    }

    private var isStopping = false

    /// Links, addresses or routes of the host may have changed. A new session is made when the path of this one changed;
    /// while the server is out of contact, also when its path is back.
    func networkChanged() {
        switch lastSession?.path {
        case .gone?: return wasCutOff = true
        case .same?:
            guard wasCutOff, machine.isWaiting else { return wasCutOff = false }
        case .unopened?:
            // The name is looked up: the session will be opened over the path of then. Another one would wait for the same
            // look-up, and a network that changes all the time would let none come to its end.
            guard machine.isWaiting else { return wasCutOff = false }
        case .moved?, nil: break
        }
        wasCutOff = false
        // An attempt that is due anyway must not be put off by every further event.
        if let due = machine.nextAttempt, due - environment.scheduler.now <= Self.soon { return }
        handle(.pathChanged)
    }

    /// The latest that the machine makes its next attempt after `pathChanged`.
    private static let soon = ContactMachine.pathDebounce + .seconds(1)

    /// Contacts the server at once, over a new session, whatever the network looks like.
    func reconnect() {
        handle(.reconnect)
        let accounts = environment.management.accounts
        LoopActor.spawn { [account] in await accounts.enable(account) }
    }

    /// Objects or instances came or went.
    func objectsChanged() { handle(.updateNeeded(after: .seconds(1))) }

    /// Registration Update Trigger: the answer to the Execute leaves first.
    func trigger() { handle(.updateNeeded(after: Self.answerTime)) }

    /// Disable (1/x/4): the answer to the Execute leaves first.
    func disable(for timeout: Duration) {
        environment.scheduler.schedule(after: Self.answerTime) { [weak self] in self?.handle(.disable(for: timeout)) }
    }

    /// So long the answer to an Execute has to leave.
    private static let answerTime = Duration.milliseconds(200)

    func settingsChanged(_ account: ServerAccount) {
        observations.rulesChanged()
        handle(
            .settingsChanged(
                lifetime: account.settings.lifetime, retry: account.retry, awakeTime: account.queueModeAwakeTime))
        // 1.0 has queue mode in its binding, which the server is told.
        if let told, told.settings.binding(in: seed.version) != account.settings.binding(in: seed.version) {
            handle(.updateNeeded(after: RegistrationMachine.shortestUpdateInterval))
        }
    }

    /// The server may read less than before. What it is not to be told any more and is on its way goes with the session: libcoap cannot take
    /// a message back.
    ///
    /// - Parameter isSendCut: whether a Send is among that.
    func rightsLost(isSendCut: Bool) {
        let isNotificationCut = observations.rightsLost()
        if isSendCut || isNotificationCut { handle(.reconnect) }
    }

    func flush(within limit: Duration) async { await session?.flush(within: limit) }

    func status(of account: ServerAccount) -> ConnectionStatus {
        let registration = machine.registration.registration
        return ConnectionStatus(
            name: account.name, shortServerID: account.shortServerID, uri: account.uri, state: machine.state,
            registeredSince: registration?.since, lastError: machine.lastError, nextAttempt: machine.nextAttempt,
            location: registration.map { $0.location.map { "/\($0)" }.joined() },
            lifetime: account.settings.lifetime, observations: observations.count, waitingValues: sender.values,
            peer: lastSession?.peer)
    }

    // MARK: The machine

    private func handle(_ event: ConnectionMachine.Event) {
        let actions = machine.handle(event, at: environment.scheduler.now, jitter: environment.random())
        assert(actions != nil, "\(event) cannot happen in \(machine)")
        for action in actions ?? [] { perform(action) }
    }

    private func perform(_ action: ConnectionMachine.Action) {
        switch action {
        case .openSession:
            close()
            session = environment.transport.open(seed.endpoint, handler: self)
            lastSession = session
        case .closeSession: close()
        case .sendRegister:
            observations.begin()
            sendRegister()
        case .sendUpdate(let location): sendUpdate(location)
        case .sendDeregister(let location): send(RegistrationRequest.deregister(location)) { _ in }
        case .ping: ping()
        case .forgetObservations:
            if isStopping { keeper?.seal() }
            observations.removeAll()
        case .suspendNotifications:
            let isAsleep = machine.registration.isAsleep
            observations.suspend(until: machine.registration.observedUntil, isAsleep: isAsleep)
            sender.suspend(isAsleep: isAsleep)
        case .resumeNotifications:
            guard let session else { return }
            observations.resume(session)
            sender.resume(session)
        // What was done before it may have changed it.
        case .wake: wake(at: machine.nextWake)
        case .report(let report): tell(report)
        case .registrationFailed: environment.progress(.failed)
        case .disabled:
            // What it observes is kept for the registration after that, whenever it comes.
            observations.keptUntil = nil
            if !settings.notificationStoring { observations.removeAll() }
            environment.progress(.leftAlone)
        case .enabled:
            let accounts = environment.management.accounts
            LoopActor.spawn { [account] in await accounts.enable(account) }
        case .stopped:
            let callbacks = whenStopped
            whenStopped = []
            for callback in callbacks { callback() }
        }
    }

    private func close() {
        serial += 1
        session?.close()
        session = nil
    }

    private func wake(at due: Duration?) {
        guard due != timerDue else { return }
        timer?.cancel()
        timer = nil
        timerDue = due
        guard let due else { return }
        timer = environment.scheduler.schedule(after: max(.zero, due - environment.scheduler.now)) { [weak self] in
            self?.timer = nil
            self?.timerDue = nil
            self?.handle(.wake(isBusy: self?.isBusy ?? false))
        }
    }

    /// Whether something keeps the client awake, in queue mode.
    private var isBusy: Bool {
        machine.awakeTime != nil && (session?.isBusy ?? false || environment.isWorking())
    }

    private func tell(_ report: ConnectionMachine.Report) {
        switch report {
        case .registered(let location):
            environment.report(.registered(server: seed.name, location: location.map { "/\($0)" }.joined()))
            environment.progress(.registered)
        case .reachedAgain: environment.report(.reachedAgain(server: seed.name))
        case .lost(let reason): environment.report(.lost(server: seed.name, reason: reason))
        case .refused(let code, let text):
            environment.report(.refused(server: seed.name, code: code, diagnostic: text))
        case .deregistered:
            // It knows of no observation any more; one that disabled itself is told afterwards.
            if isStopping { observations.removeAll() }
            environment.report(.deregistered(server: seed.name))
        case .disabled(let until):
            let left = max(.zero, until - environment.scheduler.now)
            environment.report(.disabled(server: seed.name, seconds: left.components.seconds))
        case .asleep: environment.report(.asleep(server: seed.name))
        case .awake: environment.report(.awake(server: seed.name))
        }
    }

    // MARK: Requests of ours

    private var settings: ServerSettings {
        environment.management.accounts[account]?.settings ?? ServerSettings()
    }

    private func sendRegister() {
        let settings = settings
        let objects = environment.objects(seed.version)
        let request = RegistrationRequest.register(
            endpoint: environment.endpoint, version: seed.version, settings, objects: objects)
        told = nil
        send(request) { [weak self] code in if code == .created { self?.told = (settings, objects) } }
    }

    private func sendUpdate(_ location: [String]) {
        let settings = settings
        let objects = environment.objects(seed.version)
        let request = RegistrationRequest.update(
            location, version: seed.version, settings, told: told?.settings,
            objects: objects == told?.objects ? nil : objects)
        send(request) { [weak self] code in if code == .changed { self?.told = (settings, objects) } }
    }

    private func send(_ request: Request, _ answered: @escaping @LoopActor (Code) -> Void) {
        guard let session else { return }
        serial += 1
        let mine = serial
        LoopActor.spawn { [weak self] in
            do throws(TransportError) {
                let response = try await session.send(request)
                guard let self, mine == self.serial else { return }
                answered(response.code)
                self.handle(.answered(response))
            } catch {
                guard let self, mine == self.serial else { return }
                self.handle(.failed(error))
            }
        }
    }

    private func ping() {
        guard let session else { return }
        // It is of its session, whatever is asked over it meanwhile: an Update waits behind it.
        let ended: @LoopActor (TransportError?) -> Void = { [weak self] failure in
            guard let self, self.session === session else { return }
            self.handle(.pinged(failure))
        }
        // CoAP itself would retransmit for a minute and a half before it gave the mapping of a NAT up.
        let timer = environment.scheduler.schedule(after: Self.pingTimeout) { ended(.timeout) }
        LoopActor.spawn {
            var failure: TransportError?
            do throws(TransportError) { try await session.ping() } catch { failure = error }
            timer.cancel()
            ended(failure)
        }
    }

    /// Time for a ping and two retransmissions; after it a new session is cheaper than patience.
    private static let pingTimeout = Duration.seconds(15)

    // MARK: SessionHandler

    func handle(_ request: Request, on session: any Session, respond: @escaping @LoopActor (Response) -> Void) {
        let management = environment.management
        do throws(OperationError) {
            if let call = try management.composite(request, from: .server(account: account)) {
                switch call.operation {
                case .read: respond(try management.readComposite(call, request))
                case .observe: respond(try observations.observe(call, request))
                case .cancelObservation: respond(try observations.cancel(call, request))
                case .write: management.change(call, request, respond: respond)
                }
                return
            }
            let call = try management.call(request, from: .server(account: account))
            switch call.operation {
            case .read: respond(try management.read(call, accept: request.accept))
            case .observe: respond(try observations.observe(call, request))
            case .cancelObservation: respond(try observations.cancel(call, request))
            case .discover: respond(try management.discover(call))
            default: management.change(call, request, respond: respond)
            }
        } catch {
            respond(error.response)
        }
    }

    func upload(_ request: Request, size: Int?, on session: any Session) -> UploadDecision {
        environment.management.upload(request, size: size, from: .server(account: account))
    }

    func heard(on session: any Session) {
        if machine.contact.keepAlive != nil || machine.awakeTime != nil { handle(.heard) }
    }

    func forgot(_ token: [UInt8], on session: any Session) { observations.forgot(token) }

    func sessionEnded(_ session: any Session, _ reason: TransportError) {
        guard session === self.session else { return }
        serial += 1
        self.session = nil
        handle(.sessionEnded(reason))
    }
}

extension ConnectionMachine {
    /// The state in an operator's words.
    fileprivate var state: ConnectionStatus.State {
        switch (registration.state, contact.state) {
        case (.stopped, _): .stopped
        case (.deregistering, _): .deregistering
        case (.disabled, _): .disabled
        case (.asleep, _): .asleep
        case (_, .waiting(_, let trouble)): trouble?.kind == .refused ? .refused : .waiting
        case (.registered, _): .registered
        case (.updating, _): .updating
        // Out of contact is told by waiting; what is left is an attempt.
        case (.unregistered, _), (.registering, _), (.outOfContact, _): .registering
        }
    }
}
