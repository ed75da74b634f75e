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
/// `stopped` is before `start` and after `stop`, `disabled` after `disable` until its time is over; both are reached by way
/// of `deregistering` where the server knows this client. `asleep` follows `registered` by `sleep` (queue mode, 6.5) and ends
/// with the next step that is due. In `disabled` and `asleep` there is no contact, on purpose.
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

    /// What follows the answer to Register.
    enum Sequel: Hashable, Sendable {
        case nothing
        /// Something that Register tells has changed since.
        case update
        /// The server disabled itself meanwhile.
        case disable(until: Duration)
    }

    /// What follows a De-register.
    enum Ending: Hashable, Sendable {
        case stopped
        case disabled(until: Duration)
    }

    enum State: Hashable, Sendable {
        /// Not wanted.
        case stopped
        /// The server does not know this client, as far as the client can tell.
        case unregistered
        /// Register was sent.
        case registering(then: Sequel)
        /// The server knows this client; the next step is due at a time.
        case registered(Registration, due: Duration, Step)
        /// Update was sent. What follows its answer at once; nil: nothing.
        case updating(Registration, next: Step?)
        /// The server knows this client until the registration expires, but there is no contact.
        case outOfContact(Registration)
        /// The server knows this client, which is not to be reached before it says something itself: the next step, which is due at
        /// a time.
        case asleep(Registration, due: Duration, Step)
        /// De-register was sent, or waits for contact; it is waited for until a time.
        case deregistering(Registration, until: Duration, then: Ending)
        /// The server wants to be left alone until a time (1/x/4).
        case disabled(until: Duration)
    }

    enum Event: Hashable, Sendable {
        case start
        /// De-register and end.
        case stop
        /// The server disabled itself: de-register, and leave it alone until a time.
        case disable(until: Duration)
        /// A server that disabled itself, or was not to reach this client, is contacted now.
        case enable
        /// No contact is needed before the next step is due.
        case sleep
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
        /// `disabled` was reached.
        case disabled
        /// `disabled` was left: contact is wanted again.
        case enabled
        /// `asleep` was reached: contact is not wanted.
        case asleep
        /// `asleep` is to be left: contact is wanted, and then comes what is due.
        case awake
    }

    /// The longest that a De-register is waited for: the daemon has 2 s to end.
    static let stopLimit = Duration.milliseconds(1500)
    /// The same for a server that disabled itself, which is told more patiently: CoAP's first retransmissions fit in.
    static let disableLimit = Duration.seconds(15)
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
            .asleep(let registration, _, _), .deregistering(let registration, _, _):
            registration
        case .stopped, .unregistered, .registering, .disabled: nil
        }
    }

    /// Until when what the server observes counts, without contact: while it knows this client, or wants to be left alone. nil: it
    /// does not.
    var observedUntil: Duration? {
        switch state {
        case .disabled(let until), .deregistering(_, _, .disabled(let until)): until
        default: registration?.expires
        }
    }

    /// Whether a request is under way.
    var isAsking: Bool {
        switch state {
        case .registering, .updating, .deregistering: true
        case .stopped, .unregistered, .registered, .outOfContact, .asleep, .disabled: false
        }
    }

    var isAsleep: Bool { if case .asleep = state { true } else { false } }

    var nextWake: Duration? {
        switch state {
        case .registered(_, let due, _), .asleep(_, let due, _), .deregistering(_, let due, _), .disabled(let due): due
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
        case .disable(let until): return disable(until, now)
        case .enable: return enable(now)
        case .sleep:
            guard case .registered(let registration, let due, let step) = state else { return nil }
            state = .asleep(registration, due: due, step)
            return [.asleep]
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

    // MARK: Stopping and leaving alone

    private mutating func stop(_ now: Duration) -> [Action] {
        switch state {
        case .registered(let registration, _, _), .updating(let registration, _):
            state = .deregistering(registration, until: now + Self.stopLimit, then: .stopped)
            return [.deregister(location: registration.location)]
        case .asleep(let registration, _, _):
            state = .deregistering(registration, until: now + Self.stopLimit, then: .stopped)
            return [.awake]
        case .deregistering(let registration, let until, _):
            state = .deregistering(registration, until: min(until, now + Self.stopLimit), then: .stopped)
            return []
        // Out of contact, or not known there: the lifetime ends it.
        case .stopped, .unregistered, .registering, .outOfContact, .disabled: return end(.stopped)
        }
    }

    private mutating func end(_ ending: Ending) -> [Action] {
        switch ending {
        case .stopped:
            state = .stopped
            return [.ended]
        case .disabled(let until):
            state = .disabled(until: until)
            return [.disabled]
        }
    }

    private mutating func disable(_ until: Duration, _ now: Duration) -> [Action] {
        switch state {
        case .registered(let registration, _, _), .updating(let registration, _):
            state = .deregistering(registration, until: now + Self.disableLimit, then: .disabled(until: until))
            return [.deregister(location: registration.location)]
        case .asleep(let registration, _, _):
            state = .deregistering(registration, until: now + Self.disableLimit, then: .disabled(until: until))
            return [.awake]
        // Only the answer tells where to de-register.
        case .registering:
            state = .registering(then: .disable(until: until))
            return []
        case .unregistered, .outOfContact: return end(.disabled(until: until))
        case .disabled:
            state = .disabled(until: until)
            return []
        case .stopped, .deregistering: return []
        }
    }

    private mutating func enable(_ now: Duration) -> [Action] {
        switch state {
        case .disabled:
            state = .unregistered
            return [.enabled]
        case .deregistering(let registration, let until, .disabled):
            state = .deregistering(registration, until: until, then: .disabled(until: now))
            return []
        case .registering(.disable):
            state = .registering(then: .nothing)
            return []
        case .asleep: return [.awake]
        case .stopped, .unregistered, .registering, .registered, .updating, .outOfContact, .deregistering: return []
        }
    }

    // MARK: Contact

    private mutating func contact(_ now: Duration) -> [Action]? {
        switch state {
        case .unregistered, .registering, .registered(_, _, .register), .asleep(_, _, .register): return register()
        case .registered(let registration, _, .update), .asleep(let registration, _, .update),
            .outOfContact(let registration):
            return update(registration, now)
        case .updating(let registration, let next): return next == .register ? register() : update(registration, now)
        // It was asleep before.
        case .deregistering(let registration, _, _): return [.deregister(location: registration.location)]
        case .stopped, .disabled: return nil
        }
    }

    private mutating func contactLost() -> [Action]? {
        switch state {
        case .stopped: return nil
        case .unregistered, .outOfContact, .asleep, .disabled: return []
        case .registering(.disable(let until)): return end(.disabled(until: until))
        case .registering, .registered(_, _, .register), .updating(_, .register?):
            state = .unregistered
            return []
        case .registered(let registration, _, .update), .updating(let registration, _):
            state = .outOfContact(registration)
            return []
        case .deregistering(_, _, let ending): return end(ending)
        }
    }

    private mutating func register() -> [Action] {
        state = .registering(then: sequel)
        return [.register]
    }

    /// A new session for the Register under way does not undo a Disable.
    private var sequel: Sequel {
        if case .registering(let sequel) = state, case .disable = sequel { sequel } else { .nothing }
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
        case .stopped, .unregistered, .registered, .outOfContact, .asleep, .disabled: return nil
        case .deregistering(_, _, let ending): return [.deregistered] + end(ending)
        case .registering(let sequel): return registerAnswered(response, sequel, now, jitter)
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

    private mutating func registerAnswered(
        _ response: Response, _ sequel: Sequel, _ now: Duration, _ jitter: Double
    ) -> [Action] {
        guard response.code == .created, Self.isLocation(response.locationPath) else {
            if case .disable(let until) = sequel { return end(.disabled(until: until)) }
            state = .unregistered
            return refusal(response)
        }
        let registration = Registration(
            location: response.locationPath, since: now, expires: now + .seconds(lifetime))
        let actions = registered(registration, next: sequel == .update ? .update : nil, now, jitter, isNew: true)
        guard case .disable(let until) = sequel else { return actions }
        return actions + disable(until, now)
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
        // What LwM2M Core 6.2.1 and 6.2.2 have for a client that is not wanted, and CoAP for one that is not known. Others may pass: a
        // server that is being restarted has no /rd yet, or has lost the first blocks.
        if [.badRequest, .unauthorized, .forbidden, .preconditionFailed].contains(response.code) {
            return [.refused(response.code, response.diagnostic)]
        }
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
        case .asleep(let registration, let due, let step):
            state = .asleep(registration, due: min(due, moment), step)
        case .registering(.nothing): state = .registering(then: .update)
        case .updating(let registration, nil): state = .updating(registration, next: .update)
        // The next request tells the present state, or the next step does already.
        case .stopped, .unregistered, .registering, .updating(_, _?), .outOfContact, .deregistering, .disabled: break
        }
    }

    private mutating func observationGivenUp(_ now: Duration) {
        switch state {
        case .registered(let registration, _, _): state = .registered(registration, due: now, .register)
        case .asleep(let registration, _, _): state = .asleep(registration, due: now, .register)
        case .updating(let registration, _): state = .updating(registration, next: .register)
        case .outOfContact: state = .unregistered
        // A Register voids all observations anyway.
        case .stopped, .unregistered, .registering, .deregistering, .disabled: break
        }
    }

    private mutating func wake(_ now: Duration) -> [Action] {
        switch state {
        case .registered(let registration, let due, let step) where now >= due:
            return step == .register ? register() : update(registration, now)
        case .asleep(_, let due, _) where now >= due: return [.awake]
        case .deregistering(_, let until, let ending) where now >= until: return end(ending)
        case .disabled(let until) where now >= until: return enable(now)
        default: return []
        }
    }
}
