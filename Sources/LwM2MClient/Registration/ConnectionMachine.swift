/// One server: contact with it and registration there, put together; pure. The shell (`ServerConnection`) performs the
/// actions.
struct ConnectionMachine: Hashable {
    enum Event: Hashable, Sendable {
        /// A server that disabled itself before is left alone until a time.
        case start(disabledUntil: Duration?)
        /// The server disabled itself (1/x/4): de-register and leave it alone for so long. `reconnect` ends that.
        case disable(for: Duration)
        /// De-register and end; `stopped` follows within `RegistrationMachine.stopLimit`.
        case stop
        /// The time that `wake` asked for has come; one that comes early does no harm.
        ///
        /// - Parameter isBusy: something that this client does keeps it from falling asleep. Only in queue mode.
        case wake(isBusy: Bool = false)
        /// The response to the request under way.
        case answered(Response)
        /// The request under way got no response.
        case failed(TransportError)
        /// The session ended by itself.
        case sessionEnded(TransportError)
        /// A notification was not acknowledged; when its observation was given up, the server has to observe anew.
        case deliveryFailed(TransportError, observationGivenUp: Bool)
        /// A ping came back, or not.
        case pinged(TransportError?)
        /// The server said something: a message of its own, an answer or an acknowledgement.
        case heard
        /// Something that the registration tells changed, or the server asked for an Update.
        case updateNeeded(after: Duration)
        /// The path of the session changed, or there is one again.
        case pathChanged
        /// An operator wants the server to be contacted at once, over a new session.
        case reconnect
        /// What holds for the account changed.
        case settingsChanged(lifetime: UInt32, retry: RetryPolicy, awakeTime: Duration?)
    }

    enum Action: Hashable, Sendable {
        /// A new session in place of the one that may be there.
        case openSession
        case closeSession
        case sendRegister
        case sendUpdate(location: [String])
        case sendDeregister(location: [String])
        case ping
        /// All that this server observed is void.
        case forgetObservations
        case suspendNotifications
        case resumeNotifications
        /// Give the event `wake` at this time, in place of any asked for earlier; nil: not at all.
        case wake(at: Duration?)
        case report(Report)
        /// The server refused the registration, or could not be reached as often as the account allows. The attempts go on.
        case registrationFailed
        /// The server is left alone from now on. What it observes is kept or forgotten as 1/x/6 says.
        case disabled
        /// It is not any more.
        case enabled
        case stopped
    }

    /// What an operator may want to know.
    enum Report: Hashable, Sendable {
        case registered(location: [String])
        /// An Update was answered after the server had been out of reach.
        case reachedAgain
        /// The server is out of reach, or answers with an error that may pass. Told once an outage.
        case lost(String)
        /// The server refuses this client. Told once.
        case refused(Code, String)
        case deregistered
        /// The server disabled itself until a time.
        case disabled(until: Duration)
        /// Queue mode: the client is not to be reached from now on.
        case asleep
        /// It is again, as soon as the server has answered.
        case awake
    }

    private(set) var contact: ContactMachine
    private(set) var registration: RegistrationMachine
    /// Queue mode (LwM2M Core 6.5): so long after the server's last word the client is to be reached; nil: always.
    private(set) var awakeTime: Duration?
    /// Without queue mode: a ping would keep the client awake for ever.
    private let keepAlive: Duration?
    /// The registration that comes next is the one after a Disable or a start: what the server observed may have been kept for it.
    private var keepsObservations = false

    init(lifetime: UInt32, retry: RetryPolicy, keepAlive: Duration?, awakeTime: Duration? = nil) {
        self.awakeTime = awakeTime
        self.keepAlive = keepAlive
        contact = ContactMachine(retry: retry, keepAlive: awakeTime == nil ? keepAlive : nil)
        registration = RegistrationMachine(lifetime: lifetime)
    }

    /// What the server observed before the start was kept for the registration that follows.
    mutating func keepObservations() { keepsObservations = true }

    /// Why the server is not in contact; nil while all is well. For people.
    var lastError: String? { contact.trouble?.text }

    /// Whether the server is out of contact until a time, or until something happens.
    var isWaiting: Bool { if case .waiting = contact.state { true } else { false } }

    /// When the next attempt is made; nil unless one is waited for.
    var nextAttempt: Duration? {
        switch (registration.state, contact.state) {
        case (.disabled(let until), _), (.asleep(_, let until, _), _): until
        case (_, .waiting(let until, _)): until
        default: nil
        }
    }

    /// Takes an event.
    ///
    /// - Parameter jitter: from 0 to 1, drawn anew for each event.
    /// - Returns: what is to be done, in this order; nil for an event that cannot happen now.
    mutating func handle(_ event: Event, at now: Duration, jitter: Double) -> [Action]? {
        let moment = Moment(now: now, jitter: jitter)
        guard var actions = act(event, moment) else { return nil }
        // What the server says often changes nothing but the time of the next ping, which the timer finds out by itself.
        if event != .heard { actions.append(.wake(at: nextWake)) }
        return actions
    }

    private struct Moment {
        let now: Duration
        let jitter: Double
    }

    /// When the event `wake` is to be given. Pings wait while a request is under way: its own answer tells.
    var nextWake: Duration? {
        let ping = registration.isAsking ? nil : contact.nextWake
        return [registration.nextWake, ping, bedtime].compactMap(\.self).min()
    }

    /// When the client falls asleep unless something happens before; nil: it does not, or sleeps.
    private var bedtime: Duration? {
        guard let awakeTime, case .registered = registration.state, case .open(let heard, _) = contact.state else {
            return nil
        }
        return heard + awakeTime
    }

    private mutating func act(_ event: Event, _ moment: Moment) -> [Action]? {
        switch event {
        case .start(let disabledUntil):
            guard let actions = tell(.start, moment) else { return nil }
            if let disabledUntil { return tell(.disable(until: disabledUntil), moment).map { actions + $0 } }
            return tell(.open, moment).map { actions + $0 }
        case .disable(let timeout): return tell(.disable(until: moment.now + timeout), moment)
        case .stop: return tell(.stop, moment)
        case .wake(let isBusy): return wake(isBusy: isBusy, moment)
        case .answered(let response): return tell(.answered(response), moment)
        case .failed(let error), .sessionEnded(let error): return lost("\(error)", moment)
        case .deliveryFailed(let error, let givenUp): return deliveryFailed(error, givenUp, moment)
        case .pinged(let error): return isEnding ? [] : tell(.pinged(error), moment)
        case .heard: return contact.state == .closed ? [] : tell(.heard, moment)
        case .updateNeeded(let delay): return tell(.changed(after: delay), moment)
        case .pathChanged: return contact.state == .closed || isEnding ? [] : tell(.pathChanged, moment)
        case .reconnect: return reconnect(moment)
        case .settingsChanged(let lifetime, let retry, let awakeTime):
            // What it heard before was not noted for that: it is awake from now on.
            let isNew = self.awakeTime == nil && awakeTime != nil
            self.awakeTime = awakeTime
            if isNew, contact.state != .closed { _ = possible(tell(ContactMachine.Event.heard, moment)) }
            let policy = ContactMachine.Event.policy(retry, keepAlive: awakeTime == nil ? keepAlive : nil)
            return possible(tell(policy, moment)) + possible(tell(.lifetime(lifetime), moment))
        }
    }

    private mutating func wake(isBusy: Bool, _ moment: Moment) -> [Action] {
        var actions = possible(tell(RegistrationMachine.Event.wake, moment))
        if let bedtime, moment.now >= bedtime {
            if isBusy {
                // What it does ends with a message, or with nothing: it is asked again.
                actions += possible(tell(ContactMachine.Event.heard, moment))
            } else {
                return actions + possible(tell(RegistrationMachine.Event.sleep, moment))
            }
        }
        if !registration.isAsking, contact.state != .closed {
            actions += possible(tell(ContactMachine.Event.wake, moment))
        }
        return actions
    }

    private mutating func lost(_ text: String, _ moment: Moment) -> [Action]? {
        // A De-register that fails ends it all the same.
        isEnding ? tell(.contactLost, moment) : tell(.failed(text), moment)
    }

    private var isEnding: Bool {
        if case .deregistering = registration.state { true } else { false }
    }

    /// An operator's wish is stronger than a Disable.
    private mutating func reconnect(_ moment: Moment) -> [Action] {
        let actions = possible(tell(.enable, moment))
        guard actions.isEmpty, contact.state != .closed, !isEnding else { return actions }
        return possible(tell(.reconnect, moment))
    }

    private mutating func deliveryFailed(_ error: TransportError, _ givenUp: Bool, _ moment: Moment) -> [Action]? {
        if givenUp { guard tell(.observationGivenUp, moment) != nil else { return nil } }
        // While a request is under way its own answer tells how it stands with the session.
        guard case .registered = registration.state else { return [] }
        return tell(.renew("a notification was not acknowledged: \(error)"), moment)
    }

    // MARK: Each machine's events and actions

    /// Tells the contact, and the registration what comes of it.
    ///
    /// - Parameter refusal: what the server said, for the report of a refusal.
    private mutating func tell(
        _ event: ContactMachine.Event, _ moment: Moment, refusal: (code: Code, text: String)? = nil
    ) -> [Action]? {
        guard let consequences = contact.handle(event, at: moment.now, jitter: moment.jitter) else { return nil }
        var actions: [Action] = []
        for consequence in consequences {
            switch consequence {
            case .open:
                actions += [.suspendNotifications, .openSession]
                actions += possible(tell(RegistrationMachine.Event.contact, moment))
            case .close:
                actions += [.suspendNotifications, .closeSession]
                if registration.state != .stopped {
                    actions += possible(tell(RegistrationMachine.Event.contactLost, moment))
                }
            case .ping: actions.append(.ping)
            case .lost(let text): actions.append(.report(.lost(text)))
            case .refused:
                if let refusal { actions.append(.report(.refused(refusal.code, refusal.text))) }
                actions.append(.registrationFailed)
            case .exhausted:
                // A server that is registered with and out of reach is something else.
                if registration.registration == nil { actions.append(.registrationFailed) }
            }
        }
        return actions
    }

    /// Tells the registration, and the contact what comes of it.
    private mutating func tell(_ event: RegistrationMachine.Event, _ moment: Moment) -> [Action]? {
        guard let consequences = registration.handle(event, at: moment.now, jitter: moment.jitter) else { return nil }
        var actions: [Action] = []
        let wasInTrouble = contact.trouble != nil
        for consequence in consequences {
            switch consequence {
            case .register:
                actions.append(.suspendNotifications)
                if !keepsObservations { actions.append(.forgetObservations) }
                actions.append(.sendRegister)
            case .update(let location): actions.append(.sendUpdate(location: location))
            case .deregister(let location):
                actions += [.suspendNotifications, .sendDeregister(location: location)]
            case .confirmed: actions += possible(tell(.answered, moment))
            case .unusable(let text): actions += possible(tell(.unusable(text), moment))
            case .busy(let text, let seconds): actions += possible(tell(.busy(text, seconds: seconds), moment))
            case .refused(let code, let text):
                let words = "the server refuses this client (\(code))\(text.isEmpty ? "" : ": \(text)")"
                actions += possible(tell(.refused(words), moment, refusal: (code, text)))
            case .disabled:
                keepsObservations = true
                actions.append(.suspendNotifications)
                actions += possible(tell(.close, moment))
                actions.append(.disabled)
                if case .disabled(let until) = registration.state { actions.append(.report(.disabled(until: until))) }
            case .enabled:
                actions.append(.enabled)
                actions += possible(tell(.open, moment))
            case .asleep:
                actions += possible(tell(.close, moment))
                actions.append(.report(.asleep))
            case .awake:
                actions.append(.report(.awake))
                actions += possible(tell(.open, moment))
            case .registered(let location, let isNew):
                keepsObservations = false
                if isNew {
                    actions.append(.report(.registered(location: location)))
                } else if wasInTrouble {
                    actions.append(.report(.reachedAgain))
                }
                actions.append(.resumeNotifications)
            case .deregistered: actions.append(.report(.deregistered))
            case .ended:
                actions += [.suspendNotifications, .forgetObservations]
                actions += possible(tell(.close, moment))
                actions.append(.stopped)
            }
        }
        return actions
    }

    /// What one machine makes of the other's action; that it takes it in every state is what the tests show.
    private func possible(_ actions: [Action]?) -> [Action] {
        assert(actions != nil, "\(contact.state), \(registration.state)")
        return actions ?? []
    }
}
