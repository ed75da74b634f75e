/// Registration with one server (LwM2M Core 6.2), pure: what the server knows of this client, and what it is told next.
/// Whether the server can be asked at all is the contact's business.
///
///                   contact                 2.01
///     unregistered ---------> registering ----------> registered <------+
///        ^   ^                 |       ^                |    |          | 2.04
///        |   +-----------------+       | 4.xx       due |    | contact  |
///        |     contact lost, 4.xx, 5.xx|                v    | lost     |
///        |                             +------------- updating ---------+
///        |  expired                                     |    |
///        +-------------------- outOfContact <-----------+----+
///
/// `stopped` is before `start` and after `stop`, the latter by way of `deregistering` where the server knows this client.
/// A server that is disabled (1/x/4) and queue mode add a state each: registered, but not in contact, on purpose.
struct RegistrationMachine: Hashable {
    /// What the server knows.
    struct Registration: Hashable, Sendable {
        /// The path that the server gave, segment by segment.
        var location: [String]
        /// When the server answered the Register.
        var since: Duration
        /// When the server forgets this client.
        var expires: Duration
    }

    enum Step: Hashable, Sendable { case register, update }

    enum State: Hashable, Sendable {
        /// Not wanted.
        case stopped
        /// The server does not know this client, as far as the client can tell.
        case unregistered
        /// Register was sent. `again`: something that it tells has changed since.
        case registering(again: Bool)
        /// The server knows this client; the next step is due at a time.
        case registered(Registration, due: Duration, Step)
        /// Update was sent. What follows its answer at once; nil: nothing.
        case updating(Registration, next: Step?)
        /// The server knows this client until the registration expires, but there is no contact.
        case outOfContact(Registration)
        /// De-register was sent; it is waited for until a time.
        case deregistering(Registration, until: Duration)
    }

    enum Event: Hashable, Sendable {
        case start
        /// De-register and end.
        case stop
        /// There is a new session over which the server can be asked.
        case contact
        /// There is none any more; a request under way is void.
        case contactLost
        /// The response to the request under way.
        case answered(Response)
        /// Something that the registration tells changed, or the server asked for an Update.
        case changed(after: Duration)
        /// An observation was given up: only a new registration tells the server so.
        case observationGivenUp
        /// The lifetime that holds for the account.
        case lifetime(UInt32)
        /// The time of `nextWake` may have come.
        case wake
    }

    enum Action: Hashable, Sendable {
        case register
        case update(location: [String])
        case deregister(location: [String])
        /// The server answered as it should; the session is good.
        case confirmed
        /// The server answered with an error that may pass.
        case unusable(String)
        case busy(String, seconds: UInt32)
        case refused(Code, String)
        /// What the registration is after an answer, for people. `isNew`: by a Register.
        case registered(location: [String], isNew: Bool)
        case deregistered
        /// `stopped` was reached.
        case ended
    }

    /// The longest that a De-register is waited for: the daemon has 2 s to end.
    static let stopLimit = Duration.milliseconds(1500)
    /// An Update soon after another one waits so long.
    static let shortestUpdateInterval = Duration.seconds(1)

    private(set) var state = State.stopped
    /// The lifetime that the account has, in seconds.
    private(set) var lifetime: UInt32

    init(lifetime: UInt32) { self.lifetime = lifetime }

    /// What the server knows; nil when it knows nothing.
    var registration: Registration? {
        switch state {
        case .registered(let registration, _, _), .updating(let registration, _), .outOfContact(let registration),
            .deregistering(let registration, _):
            registration
        case .stopped, .unregistered, .registering: nil
        }
    }

    /// Whether a request is under way.
    var isAsking: Bool {
        switch state {
        case .registering, .updating, .deregistering: true
        case .stopped, .unregistered, .registered, .outOfContact: false
        }
    }

    var nextWake: Duration? {
        switch state {
        case .registered(_, let due, _), .deregistering(_, let due): due
        case .stopped, .unregistered, .registering, .updating, .outOfContact: nil
        }
    }

    /// Takes an event.
    ///
    /// - Parameter jitter: from 0 to 1, drawn anew for each event.
    /// - Returns: what is to be done, in this order; nil for an event that cannot happen in this state, which changes
    ///   nothing.
    mutating func handle(_ event: Event, at now: Duration, jitter: Double) -> [Action]? {
        switch event {
        case .start:
            guard state == .stopped else { return nil }
            state = .unregistered
            return []
        case .stop: return stop(now)
        case .contact: return contact(now)
        case .contactLost: return contactLost()
        case .answered(let response): return answered(response, now, jitter)
        case .changed(let delay):
            changed(now + delay)
            return []
        case .observationGivenUp:
            observationGivenUp(now)
            return []
        case .lifetime(let lifetime):
            guard lifetime != self.lifetime else { return [] }
            self.lifetime = lifetime
            changed(now + Self.shortestUpdateInterval)
            return []
        case .wake: return wake(now)
        }
    }

    // MARK: Stopping

    private mutating func stop(_ now: Duration) -> [Action] {
        switch state {
        case .registered(let registration, _, _), .updating(let registration, _):
            state = .deregistering(registration, until: now + Self.stopLimit)
            return [.deregister(location: registration.location)]
        case .deregistering: return []
        // Out of contact, or not known there: the lifetime ends it.
        case .stopped, .unregistered, .registering, .outOfContact: return end()
        }
    }

    private mutating func end() -> [Action] {
        state = .stopped
        return [.ended]
    }

    // MARK: Contact

    private mutating func contact(_ now: Duration) -> [Action]? {
        switch state {
        case .unregistered, .registering, .registered(_, _, .register): return register()
        case .registered(let registration, _, .update), .outOfContact(let registration):
            return update(registration, now)
        case .updating(let registration, let next): return next == .register ? register() : update(registration, now)
        case .stopped, .deregistering: return nil
        }
    }

    private mutating func contactLost() -> [Action]? {
        switch state {
        case .stopped: return nil
        case .unregistered, .outOfContact: return []
        case .registering, .registered(_, _, .register), .updating(_, .register?):
            state = .unregistered
            return []
        case .registered(let registration, _, .update), .updating(let registration, _):
            state = .outOfContact(registration)
            return []
        case .deregistering: return end()
        }
    }

    private mutating func register() -> [Action] {
        state = .registering(again: false)
        return [.register]
    }

    /// Update while the server still knows this client, else Register.
    private mutating func update(_ registration: Registration, _ now: Duration) -> [Action] {
        guard now < registration.expires else { return register() }
        state = .updating(registration, next: nil)
        return [.update(location: registration.location)]
    }

    // MARK: Answers

    private mutating func answered(_ response: Response, _ now: Duration, _ jitter: Double) -> [Action]? {
        switch state {
        case .stopped, .unregistered, .registered, .outOfContact: return nil
        case .deregistering: return [.deregistered] + end()
        case .registering(let again):
            if response.code == .created, Self.isLocation(response.locationPath) {
                let registration = Registration(
                    location: response.locationPath, since: now, expires: now + .seconds(lifetime))
                return registered(registration, next: again ? .update : nil, now, jitter, isNew: true)
            }
            state = .unregistered
            return refusal(response)
        case .updating(var registration, let next):
            if response.code == .changed {
                registration.expires = now + .seconds(lifetime)
                return registered(registration, next: next, now, jitter, isNew: false)
            }
            // 4.04: the server forgot this client. Any other refusal of an Update makes it as good as forgotten.
            if response.code.codeClass == 4, response.code != .tooManyRequests { return register() }
            state = next == .register ? .unregistered : .outOfContact(registration)
            return refusal(response)
        }
    }

    /// A location is kept and sent back: its size is bounded.
    private static func isLocation(_ path: [String]) -> Bool {
        !path.isEmpty && path.count <= 16 && path.reduce(0) { $0 + $1.utf8.count } <= 512
    }

    private mutating func registered(
        _ registration: Registration, next: Step?, _ now: Duration, _ jitter: Double, isNew: Bool
    ) -> [Action] {
        // Before half of the lifetime, spread over a tenth of it.
        let routine = Duration.seconds(lifetime) * (0.4 + 0.1 * min(max(jitter, 0), 1))
        let pause = next == nil ? max(Self.shortestUpdateInterval, routine) : Self.shortestUpdateInterval
        state = .registered(registration, due: now + pause, next ?? .update)
        return [.confirmed, .registered(location: registration.location, isNew: isNew)]
    }

    private func refusal(_ response: Response) -> [Action] {
        if response.code == .serviceUnavailable || response.code == .tooManyRequests {
            // The server says when to come again (5.03, 4.29).
            return [.busy("the server is busy (\(response.code))", seconds: response.maxAge ?? 60)]
        }
        if response.code.codeClass == 4 { return [.refused(response.code, response.diagnostic)] }
        return [
            .unusable(
                response.code == .created
                    ? "the server answered without a usable location" : "the server answered with \(response.code)")
        ]
    }

    // MARK: What happens between

    private mutating func changed(_ moment: Duration) {
        switch state {
        case .registered(let registration, let due, let step):
            state = .registered(registration, due: min(due, moment), step)
        case .registering: state = .registering(again: true)
        case .updating(let registration, nil): state = .updating(registration, next: .update)
        // The next request tells the present state, or the next step does already.
        case .stopped, .unregistered, .updating(_, _?), .outOfContact, .deregistering: break
        }
    }

    private mutating func observationGivenUp(_ now: Duration) {
        switch state {
        case .registered(let registration, _, _): state = .registered(registration, due: now, .register)
        case .updating(let registration, _): state = .updating(registration, next: .register)
        case .outOfContact: state = .unregistered
        // A Register voids all observations anyway.
        case .stopped, .unregistered, .registering, .deregistering: break
        }
    }

    private mutating func wake(_ now: Duration) -> [Action] {
        switch state {
        case .registered(let registration, let due, let step) where now >= due:
            return step == .register ? register() : update(registration, now)
        case .deregistering(_, let until) where now >= until: return end()
        default: return []
        }
    }
}
