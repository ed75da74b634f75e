import EventLoop
import LwM2M

/// The observations of one server (LwM2M Core 6.4, RFC 7641).
///
/// Notifications are confirmable and leave in the order in which things changed. While the server is not in contact, what
/// would have been told is kept and told afterwards (1/x/6): with its times in one notification where the format has times, else
/// one by one. Without storing, the content of then is taken as told.
@LoopActor
final class Observations {
    /// Observations of one server; one more is answered as a plain Read, as RFC 7641 4.1 allows.
    static let limit = 1024

    /// Paths that all of them watch together: an Observe-Composite has several.
    static let partLimit = 1024

    /// So many may be of whole objects, whatever these hold.
    static let largeLimit = 64

    /// With more of them: values that all of them hold together, for the last content of each is kept.
    static let valueLimit = 4096

    /// Is told when a notification was not delivered and the server is to be looked after.
    var deliveryFailed: (@LoopActor (TransportError, _ givenUp: Bool) -> Void)?
    /// Is told when a notification has left or was acknowledged.
    var spoke: (@LoopActor () -> Void)?
    /// Is told when something is to be told while the client is asleep: it is to wake up.
    var wanted: (@LoopActor () -> Void)?
    /// Is told when what is to be kept over a restart may have changed, and whether there is something.
    var keptChanged: (@LoopActor (_ isThere: Bool) -> Void)?

    /// Also those whose last word is not acknowledged yet.
    var all: [Observation] = []
    /// Those that are to tell something yet.
    var count: Int { all.count { !$0.isEnding } }
    let account: UInt16
    let management: DeviceManagement
    let scheduler: any Scheduler
    let clock: StableClock
    let queue: NotificationQueue
    /// What was not told yet because of an outage.
    var history = NotificationHistory()
    /// What observations that the server has forgotten since left of an outage, for those that it makes in their place.
    var left: [NotificationHistory.Record] = []
    /// When the server forgets the registration, while there is no session.
    var expires: Duration?
    /// Until when observations count while there is no registration: at the start those of before it, and at the end.
    var keptUntil: Duration?
    var absence = Absence.none
    private var stamps = 0
    private var timer: (any Scheduled)?
    private var timerDue: Duration?

    init(account: UInt16, management: DeviceManagement, scheduler: any Scheduler, clock: StableClock) {
        self.account = account
        self.management = management
        self.scheduler = scheduler
        self.clock = clock
        queue = NotificationQueue(now: { scheduler.now })
        queue.delivered = { [weak self] in self?.delivered($0, $1) }
    }

    var version: EnablerVersion { management.accounts.version(of: account) }

    // MARK: Requests

    /// Observe: the response of a Read, with Observe when the observation was accepted.
    func observe(_ call: DeviceManagement.Call, _ request: Request) throws(OperationError) -> Response {
        let own = try attributes(request, call)
        let content = try management.content(of: call.path, call.entry, for: call.requester)
        var response = try management.response(content, call.path, call.entry, accept: request.accept)
        add(request, .path(accept: request.accept), own, [(call.path, content)], &response)
        return response
    }

    /// Observe-Composite: the response of a Read-Composite, with Observe when the observation was accepted.
    func observe(_ call: DeviceManagement.CompositeCall, _ request: Request) throws(OperationError) -> Response {
        let own = try attributes(request, call)
        let selection = try management.selection(call, request)
        let contents = management.paths(of: selection).map { path in
            (path: path, content: management.readableContent(of: path, for: call.requester))
        }
        var response = try management.response(contents, call.accept, version)
        add(request, .composite(selection, call.accept), own, contents, &response)
        return response
    }

    func attributes(_ request: Request, _ call: DeviceManagement.Call) throws(OperationError) -> Attributes? {
        try attributes(request.query) { (queries) throws(AttributeUpdate.Refused) in
            try AttributeUpdate(queries, at: call.path, call.entry.definition, call.entry.version)
        }
    }

    func attributes(_ request: Request, _ call: DeviceManagement.CompositeCall) throws(OperationError) -> Attributes? {
        try attributes(request.query) { [version] (queries) throws(AttributeUpdate.Refused) in
            try AttributeUpdate(composite: queries, version)
        }
    }

    /// The attributes of one observation (LwM2M Core 1.2, 6.4.1), in the query of its request.
    private func attributes(
        _ queries: [String], _ parse: ([String]) throws(AttributeUpdate.Refused) -> AttributeUpdate
    ) throws(OperationError) -> Attributes? {
        guard !queries.isEmpty else { return nil }
        guard version >= .v12 else {
            throw OperationError(.badRequest, "attributes in an Observe are of LwM2M 1.2; use Write-Attributes")
        }
        do throws(AttributeUpdate.Refused) {
            return try parse(queries).applied(to: Attributes())
        } catch {
            throw OperationError(.badRequest, error.message)
        }
    }

    private func add(
        _ request: Request, _ subject: Observation.Subject, _ own: Attributes?,
        _ contents: [(path: Path, content: PathContent)], _ response: inout Response
    ) {
        // RFC 7641 4.1: the same token again replaces what it stood for. What a server observes anew in another registration
        // replaces what it observed in the one before, which it may have forgotten.
        for former in all where former.isOfEarlierRegistration && former.asksTheSame(as: request) { leave(former, []) }
        remove { $0.token == request.token || $0.isOfEarlierRegistration && $0.asksTheSame(as: request) }
        while all.count >= Self.limit, let earlier = all.first(where: \.isOfEarlierRegistration) {
            remove { $0 === earlier }
        }
        if hasRoom(for: contents.map(\.content)) {
            let observation = Observation(request, subject, own: own, parts: [])
            observation.parts = contents.map { part($0.path, $0.content, observation) }
            observation.lastConfirmed = scheduler.now
            all.append(observation)
            response.observe = queue.nextSequence()
            inherit(observation)
        }
        rearm()
    }

    private func hasRoom(for contents: [PathContent]) -> Bool {
        guard all.count < Self.limit, all.reduce(contents.count, { $0 + $1.parts.count }) <= Self.partLimit else {
            return false
        }
        guard all.count >= Self.largeLimit else { return true }
        let held = all.flatMap(\.parts).reduce(0) { $0 + $1.state.told.valueCount }
        return contents.reduce(held) { $0 + $1.valueCount } <= Self.valueLimit
    }

    func part(_ path: Path, _ content: PathContent, _ observation: Observation) -> WatchedPath {
        let rule = rule(for: path, observation)
        return WatchedPath(
            path: path, state: NotificationState(content, at: scheduler.now), rule: rule,
            sampling: management.samplingInterval(of: path, rule)
        )
    }

    /// Cancel by Observe = 1: the response of a Read, without Observe.
    func cancel(_ call: DeviceManagement.Call, _ request: Request) throws(OperationError) -> Response {
        remove { $0.token == request.token }
        rearm()
        return try management.read(call, accept: request.accept)
    }

    /// Cancel-Composite by Observe = 1: the response of a Read-Composite, without Observe.
    func cancel(_ call: DeviceManagement.CompositeCall, _ request: Request) throws(OperationError) -> Response {
        remove { $0.token == request.token }
        rearm()
        return try management.readComposite(call, request)
    }

    // MARK: The session

    /// The server is registered with over this session. What it missed is told, unless it wants none of that (1/x/6).
    func resume(_ session: any Session) {
        let isNew = queue.session !== session
        if isNew { queue.open(session) }
        expires = nil
        keptUntil = nil
        let isStoring = isStoring
        absence = .none
        let stored = history.takeAll()
        for observation in all {
            observation.waitsForSession = false
            // Who does not care any more says so to what is to be acknowledged.
            if isNew { observation.lastConfirmed = nil }
        }
        guard isNew || !stored.isEmpty else { return }
        for observation in all {
            if isStoring { changed(observation) } else { drop(observation) }
        }
        if isStoring { tell(stored) }
        advance()
        tellKept()
    }

    /// The session is gone, or not to be used for now. What waited is told in the next one.
    ///
    /// - Parameters:
    ///   - expires: when the server forgets the registration, and with it all that it observes; nil: it has.
    ///   - isAsleep: nothing is in the way of a session, and the server does not need one.
    func suspend(until expires: Duration?, isAsleep: Bool = false) {
        self.expires = expires ?? keptUntil
        absence.suspend(isAsleep: isAsleep)
        for entry in queue.close() { keep(entry) }
        rearm()
        tellKept()
    }

    /// The server is registered with anew.
    func begin() {
        left = []
        // What was kept for the registration of before the start, which has expired by now.
        if let keptUntil, keptUntil <= scheduler.now { removeAll() }
        for observation in all { observation.isOfEarlierRegistration = true }
    }

    /// Whether what an outage hides is to be told afterwards (1/x/6).
    var isStoring: Bool {
        if absence == .asleep || absence == .waking { return true }
        return management.accounts[account]?.settings.notificationStoring ?? true
    }

    /// Whether observations go on: in contact, and else while the server knows the registration and wants to hear what it misses.
    private var isFollowing: Bool {
        if queue.session != nil { return true }
        guard isStoring, let expires else { return false }
        return scheduler.now < expires
    }

    /// A new registration: the server observes anew what it still wants (LwM2M Core 6.4.1).
    func removeAll() {
        guard !all.isEmpty else { return }
        remove { _ in true }
        rearm()
        tellKept()
    }

    // MARK: Changes

    /// The content of a resource changed.
    func changed(_ path: Path) {
        guard !all.isEmpty else { return }
        for observation in all where observation.parts.contains(where: { $0.overlaps(path) }) {
            changed(observation, path)
            advance(observation)
        }
        rearm()
    }

    /// Instances of an object came or went.
    func instancesChanged(_ object: UInt16) {
        for observation in all {
            watchNewObjects(observation)
            for index in observation.parts.indices where observation.parts[index].path.object == object {
                applyRule(observation, index)
            }
        }
        changed(Path(object))
    }

    /// The attributes or the account's defaults changed.
    func rulesChanged() {
        for observation in all {
            for index in observation.parts.indices { applyRule(observation, index) }
        }
        advance()
    }

    private func applyRule(_ observation: Observation, _ index: Int) {
        let path = observation.parts[index].path
        let rule = rule(for: path, observation)
        observation.parts[index].rule = rule
        observation.parts[index].sampling = management.samplingInterval(of: path, rule)
    }

    /// Who observes the root path observes each object, also one that came later. One that went is a part without content.
    private func watchNewObjects(_ observation: Observation) {
        guard case .composite(let selection, _) = observation.subject, selection.includesRoot else { return }
        for path in management.paths(of: selection) where !observation.parts.contains(where: { $0.path == path }) {
            observation.parts.append(part(path, .nothing, observation))
        }
    }

    private func rule(for path: Path, _ observation: Observation) -> NotificationState.Rule {
        let table = management.accounts.attributes(account)
        let attached = table.effective(at: path)
        let effective: Attributes =
            switch (observation.own, observation.subject) {
            case (nil, _): attached
            case (let own?, .path): own
            // What only a resource has cannot be in the request.
            case (let own?, .composite): own.inheriting(attached.ofResources)
            }
        var rule = NotificationState.Rule(
            effective, at: path, management.accounts[account]?.settings ?? ServerSettings(),
            passing: management.passingResources(of: path))
        if observation.own == nil, table.wantsConfirmation(below: path) { rule.isConfirmable = true }
        return rule
    }

    // MARK: Time

    /// Does what is due, in the order in which it came to be owed.
    func advance() {
        for observation in all.sorted(by: { $0.stamp < $1.stamp }) { advance(observation) }
        rearm()
    }

    private func advance(_ observation: Observation) {
        guard isFollowing else { return }
        if observation.step(at: scheduler.now) == .look { look(observation) }
        if observation.step(at: scheduler.now) == .notify { notify(observation) }
    }

    /// One timer for all: sets it to the earliest moment at which something is due.
    private func rearm() {
        var due: Duration?
        let now = scheduler.now
        for observation in isFollowing ? all : [] {
            switch observation.step(at: now) {
            case .wait(nil): continue
            case .wait(let until?): due = min(due ?? until, until)
            // A timer may be late: what has come meanwhile must not take its place.
            case .notify, .look: if !observation.waitsForSession { due = now }
            }
        }
        guard due != timerDue else { return }
        timer?.cancel()
        timer = nil
        timerDue = due
        guard let due else { return }
        timer = scheduler.schedule(after: max(.zero, due - scheduler.now)) { [weak self] in
            self?.timer = nil
            self?.timerDue = nil
            self?.advance()
        }
    }

    // MARK: Telling

    /// - Parameter path: what is said to have changed; nil: anything may have.
    func changed(_ observation: Observation, _ path: Path? = nil) {
        guard !observation.isEnding else { return }
        let now = scheduler.now
        for index in observation.parts.indices {
            if let path, !observation.parts[index].overlaps(path) { continue }
            let rule = observation.parts[index].rule
            guard observation.parts[index].state.mayLook(at: now, rule, announced: path?.resource) else { continue }
            look(observation, index, announced: path?.resource)
        }
    }

    /// Looks at the parts that are due for it.
    private func look(_ observation: Observation) {
        for index in observation.parts.indices {
            guard observation.parts[index].step(at: scheduler.now) == .look else { continue }
            look(observation, index)
        }
    }

    private func look(_ observation: Observation, _ index: Int, announced: UInt16? = nil) {
        guard let content = try? content(of: observation.parts[index].path, observation) else {
            // It disappeared: the notification that says so is made when it is due.
            owe(observation)
            return
        }
        let owed = observation.owes
        let rule = observation.parts[index].rule
        observation.parts[index].state.saw(content, at: scheduler.now, rule, announced: announced)
        if observation.owes && !owed { stamp(observation) }
    }

    /// The contents of the parts.
    ///
    /// - Throws: 4.04 when the path of a plain observation disappeared: the object, the instance or the resource.
    private func contents(of observation: Observation) throws(OperationError) -> [PathContent] {
        var contents: [PathContent] = []
        for part in observation.parts { contents.append(try content(of: part.path, observation)) }
        return contents
    }

    func content(of path: Path, _ observation: Observation) throws(OperationError) -> PathContent {
        switch observation.subject {
        case .composite: return management.readableContent(of: path, for: .server(account: account))
        case .path:
            // The right may have been taken away since.
            try management.access.check(.observe, at: path, by: .server(account: account))
            return try management.content(of: path, try entry(path), for: .server(account: account))
        }
    }

    private func entry(_ path: Path) throws(OperationError) -> ObjectRegistry.Entry {
        guard let entry = management.registry[path.object, version] else {
            throw OperationError(.notFound, "object \(path.object) is not there any more")
        }
        return entry
    }

    func response(
        _ observation: Observation, _ contents: [PathContent]
    ) throws(OperationError) -> Response {
        switch observation.subject {
        case .composite(_, let format):
            return try management.response(
                zip(observation.parts, contents).map { (path: $0.path, content: $1) }, format, version)
        case .path(let accept):
            // Such an observation has one part.
            let path = observation.parts[0].path
            return try management.response(contents[0], path, try entry(path), accept: accept)
        }
    }

    func owe(_ observation: Observation) {
        if !observation.owes { stamp(observation) }
        for index in observation.parts.indices { observation.parts[index].state.owe() }
    }

    /// Takes the content of now as told; an observation of something that disappeared still ends.
    private func drop(_ observation: Observation) {
        guard let contents = try? contents(of: observation) else { return owe(observation) }
        tell(observation, contents)
    }

    private func tell(_ observation: Observation, _ contents: [PathContent]) {
        for (index, content) in contents.enumerated() {
            observation.parts[index].state.tell(content, at: scheduler.now)
        }
    }

    private func stamp(_ observation: Observation) {
        stamps += 1
        observation.stamp = stamps
    }

    private func notify(_ observation: Observation) {
        do throws(OperationError) {
            let contents = try contents(of: observation)
            observation.waitsForSession = false
            let response = try response(observation, contents)
            tell(observation, contents)
            guard queue.session != nil else {
                keep(NotificationHistory.Record(observation, stored(observation, contents), at: scheduler.now))
                if absence == .asleep { wanted?() }
                return
            }
            let record = NotificationHistory.Record(observation, contents, at: scheduler.now)
            queue.add(NotificationQueue.Entry(observation: observation, response: response, records: [record]))
        } catch {
            // It disappeared; that is told when the server is in contact.
            guard queue.session != nil else {
                observation.waitsForSession = true
                if absence == .asleep { wanted?() }
                return
            }
            // RFC 7641 4.2: a notification with an error code ends the observation, once it has arrived.
            observation.isEnding = true
            queue.add(NotificationQueue.Entry(observation: observation, response: error.response, records: []))
        }
    }

    /// The server does not know an observation any more, and said so to a notification that it need not acknowledge.
    func forgot(_ token: [UInt8]) {
        remove { $0.token == token }
        rearm()
    }

    private func delivered(_ entry: NotificationQueue.Entry, _ error: TransportError?) {
        let observation = entry.observation
        guard let error else {
            spoke?()
            observation.failures = 0
            if entry.isFinal { remove { $0 === observation } }
            if entry.isStored { tellKept() }
            return
        }
        guard error != .reset else {
            // RFC 7641 3.6: the server does not know this token any more.
            if observation.isOfEarlierRegistration { leave(observation, entry.isStored ? entry.records : []) }
            remove { $0 === observation }
            rearm()
            return
        }
        // RFC 7641 4.5 would give the observation up now; a server that is out of reach for a while still wants it
        // (1/x/6). When it was in reach in between and this is not taken again, it is given up.
        observation.failures += 1
        let givenUp = observation.failures > 1
        if givenUp {
            remove { $0 === observation }
        } else {
            keep(entry)
        }
        deliveryFailed?(error, givenUp)
    }

    private func remove(_ which: (Observation) -> Bool) {
        all.removeAll(where: which)
        queue.remove(which)
        history.remove { which($0.observation) }
    }
}
