import EventLoop
import LwM2M

/// The observations of one server (LwM2M Core 6.4, RFC 7641).
///
/// Notifications are confirmable and leave in the order in which things changed. While the server is reached every
/// change is told by itself, as far as the attributes allow; while it is not, what changed is told by its last content
/// afterwards, in the order of the first changes.
@LoopActor
final class Observations {
    /// Observations of one server; one more is answered as a plain Read, as RFC 7641 4.1 allows.
    static let limit = 64

    /// Is told when a notification was not delivered and the server is to be looked after.
    var deliveryFailed: (@LoopActor (TransportError, _ givenUp: Bool) -> Void)?

    /// Also those whose last word is not acknowledged yet.
    private(set) var all: [Observation] = []
    /// Those that are to tell something yet.
    var count: Int { all.count { !$0.isEnding } }
    private let account: UInt16
    private let management: DeviceManagement
    private let scheduler: any Scheduler
    private let queue = NotificationQueue()
    private var stamps = 0
    private var timer: (any Scheduled)?
    private var timerDue: Duration?

    init(account: UInt16, management: DeviceManagement, scheduler: any Scheduler) {
        self.account = account
        self.management = management
        self.scheduler = scheduler
        queue.delivered = { [weak self] in self?.delivered($0, $1) }
    }

    // MARK: Requests

    /// Observe: the response of a Read, with Observe when the observation was accepted.
    func observe(_ call: DeviceManagement.Call, _ request: Request) throws(OperationError) -> Response {
        let content = try management.content(of: call.path, call.entry, for: call.requester)
        var response = try management.response(content, call.path, call.entry, accept: request.accept)
        // RFC 7641 4.1: the same token again replaces what it stood for.
        remove { $0.token == request.token }
        if all.count < Self.limit {
            let observation = Observation(
                token: request.token, path: call.path, accept: request.accept,
                state: NotificationState(content, at: scheduler.now), rule: rule(for: call.path))
            observation.sampling = sampling(call.path, observation.rule)
            all.append(observation)
            response.observe = queue.nextSequence()
        }
        rearm()
        return response
    }

    /// Cancel by Observe = 1: the response of a Read, without Observe.
    func cancel(_ call: DeviceManagement.Call, _ request: Request) throws(OperationError) -> Response {
        remove { $0.token == request.token }
        rearm()
        return try management.read(call, accept: request.accept)
    }

    // MARK: The session

    /// The server is registered with over this session. What it missed is told, unless it wants none of that (1/x/6).
    func resume(_ session: any Session) {
        guard queue.session !== session else { return }
        queue.open(session)
        let isStoring = management.accounts[account]?.settings.notificationStoring ?? true
        for observation in all {
            if isStoring { changed(observation, nil) } else { drop(observation) }
        }
        advance()
    }

    /// The session is gone, or not to be used for now. What waited is told by its last content in the next one.
    func suspend() {
        // A last word that did not arrive is owed as well: the server would wait for notifications for ever.
        for entry in queue.close() { reopen(entry.observation) }
        timer?.cancel()
        timer = nil
        timerDue = nil
    }

    /// A new registration: the server observes anew what it still wants (LwM2M Core 6.4.1).
    func removeAll() {
        remove { _ in true }
        rearm()
    }

    // MARK: Changes

    /// The content of a resource changed.
    func changed(_ path: Path) {
        guard !all.isEmpty else { return }
        for observation in all where observation.path.contains(path) || path.contains(observation.path) {
            changed(observation, path.resource)
            advance(observation)
        }
        rearm()
    }

    /// Instances of an object came or went.
    func instancesChanged(_ object: UInt16) {
        for observation in all where observation.path.object == object {
            observation.sampling = sampling(observation.path, observation.rule)
        }
        changed(Path(object))
    }

    /// The attributes or the account's defaults changed.
    func rulesChanged() {
        for observation in all {
            observation.rule = rule(for: observation.path)
            observation.sampling = sampling(observation.path, observation.rule)
        }
        advance()
    }

    private func rule(for path: Path) -> NotificationState.Rule {
        let table = management.accounts.attributes(account)
        return NotificationState.Rule(
            table.effective(at: path), at: path, management.accounts[account]?.settings ?? ServerSettings(),
            passing: passing(path))
    }

    /// The resources at and below a path that change with time alone.
    private func passing(_ path: Path) -> [UInt16] {
        guard path.resource == nil, let entry = management.registry[path.object] else { return [] }
        return entry.definition.resources.map(\.id).filter { entry.object.passes($0) }
    }

    // MARK: Time

    /// Does what is due, in the order in which it came to be owed.
    private func advance() {
        for observation in all.sorted(by: { $0.stamp < $1.stamp }) { advance(observation) }
        rearm()
    }

    private func advance(_ observation: Observation) {
        guard queue.session != nil else { return }
        if observation.step(at: scheduler.now) == .look { look(observation) }
        if observation.step(at: scheduler.now) == .notify { notify(observation) }
    }

    /// One timer for all: sets it to the earliest moment at which something is due.
    private func rearm() {
        guard queue.session != nil else { return }
        var due: Duration?
        for observation in all {
            guard case .wait(let until?) = observation.step(at: scheduler.now) else { continue }
            due = min(due ?? until, until)
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

    /// The shortest interval of what a path names; at most once a second, whatever an object says.
    private func sampling(_ path: Path, _ rule: NotificationState.Rule) -> Duration? {
        guard let object = management.registry[path.object]?.object else { return nil }
        // A clock is looked at when a server waits for a time, or a step of it.
        if rule.conditions != nil, let resource = path.resource, object.passes(resource) { return .seconds(1) }
        var shortest: Duration?
        for instance in path.instance.map({ [$0] }) ?? object.instances {
            for resource in path.resource.map({ [$0] }) ?? object.resources(of: instance) {
                guard let interval = object.samplingInterval(instance, resource) else { continue }
                shortest = min(shortest ?? interval, max(interval, .seconds(1)))
            }
        }
        return shortest
    }

    // MARK: Telling

    private func changed(_ observation: Observation, _ resource: UInt16?) {
        guard !observation.isEnding else { return }
        guard observation.state.mayLook(at: scheduler.now, observation.rule, announced: resource) else { return }
        look(observation, announced: resource)
    }

    private func look(_ observation: Observation, announced: UInt16? = nil) {
        guard let content = try? content(of: observation) else {
            // It disappeared: the notification that says so is made when it is due.
            owe(observation)
            return
        }
        let owed = observation.state.owes
        observation.state.saw(content, at: scheduler.now, observation.rule, announced: announced)
        if observation.state.owes && !owed { stamp(observation) }
    }

    /// - Throws: 4.04 when the object, the instance or the resource disappeared.
    private func content(of observation: Observation) throws(OperationError) -> PathContent {
        try management.content(
            of: observation.path, try entry(of: observation), for: .server(account: account))
    }

    private func entry(of observation: Observation) throws(OperationError) -> ObjectRegistry.Entry {
        guard let entry = management.registry[observation.path.object] else {
            throw OperationError(.notFound, "object \(observation.path.object) is not there any more")
        }
        return entry
    }

    private func owe(_ observation: Observation) {
        if !observation.state.owes { stamp(observation) }
        observation.state.owe()
    }

    /// What was on its way did not arrive: the observation tells its content, or its end, once more.
    private func reopen(_ observation: Observation) {
        observation.isEnding = false
        owe(observation)
    }

    /// Takes the content of now as told; an observation of something that disappeared still ends.
    private func drop(_ observation: Observation) {
        guard let content = try? content(of: observation) else { return owe(observation) }
        observation.state.tell(content, at: scheduler.now)
    }

    private func stamp(_ observation: Observation) {
        stamps += 1
        observation.stamp = stamps
    }

    private func notify(_ observation: Observation) {
        do throws(OperationError) {
            let content = try content(of: observation)
            let response = try management.response(
                content, observation.path, try entry(of: observation), accept: observation.accept)
            observation.state.tell(content, at: scheduler.now)
            queue.add(NotificationQueue.Entry(observation: observation, response: response, final: false))
        } catch {
            // RFC 7641 4.2: a notification with an error code ends the observation, once it has arrived.
            observation.isEnding = true
            queue.add(NotificationQueue.Entry(observation: observation, response: error.response, final: true))
        }
    }

    private func delivered(_ entry: NotificationQueue.Entry, _ error: TransportError?) {
        let observation = entry.observation
        guard let error else {
            observation.failures = 0
            if entry.final { remove { $0 === observation } }
            return
        }
        guard error != .reset else {
            // RFC 7641 3.6: the server does not know this token any more.
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
            reopen(observation)
        }
        deliveryFailed?(error, givenUp)
    }

    private func remove(_ which: (Observation) -> Bool) {
        all.removeAll(where: which)
        queue.remove(which)
    }
}
