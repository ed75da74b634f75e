/// Registration with one server (LwM2M Core 6.2), pure: events and the time in, actions out.
///
///                    start                       2.01
///     stopped ------------------> attempting ------------> registered
///                                 (register)                 |    ^
///                                     ^  |                   |    | 2.04
///                                     |  | no answer,   due, |    |
///                          4.04, any  |  | 5.xx    lost,     v    |
///                          other 4.xx |  |         pinged  attempting
///                                     |  |         in vain (update)
///                                     |  v                   |
///                                   waiting <----------------+ no answer, 5.xx
///
/// A new session (a DTLS handshake) is made whenever the one that is there did not bring an answer.
struct RegistrationMachine {
    /// What is tried.
    enum Attempt: Hashable, Sendable { case register, update }

    enum Phase: Hashable, Sendable {
        case stopped
        /// A request is under way.
        case attempting(Attempt)
        case registered
        /// Until the time of `waitsUntil`.
        case waiting(Attempt)
        case deregistering
    }

    enum Event: Hashable, Sendable {
        case start
        /// De-register and end; `stopped` follows within `RegistrationMachine.stopLimit`.
        case stop
        /// The time that `wake` asked for has come; one that comes early is no harm.
        case wake
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
        /// The server said something.
        case heard
        /// Something that the registration tells changed: objects, lifetime; or the server asked for an Update.
        case updateNeeded(after: Duration)
        /// Addresses or routes of the host changed, or the network came back.
        case networkChanged
        /// What holds for the account changed.
        case settingsChanged(lifetime: UInt32)
    }

    enum Action: Hashable, Sendable {
        /// A new session in place of the one that may be there.
        case openSession
        case closeSession
        case send(Attempt, location: [String])
        case sendDeregister(location: [String])
        case ping
        /// All that this server observed is void.
        case forgetObservations
        case suspendNotifications
        case resumeNotifications
        /// Give the event `wake` at this time, and at no earlier asked one; nil: not at all.
        case wake(at: Duration?)
        case report(Report)
        case stopped
    }

    /// What an operator may want to know.
    enum Report: Hashable, Sendable {
        case registered(location: [String])
        /// An Update was answered after the server had been out of reach.
        case reachedAgain
        /// The server is out of reach, or answers with an error that may pass.
        case lost(String)
        /// The server refuses this client.
        case refused(Code, String)
        case deregistered
    }

    /// The longest that a De-register is waited for: the daemon has 2 s to leave.
    static let stopLimit = Duration.milliseconds(1500)
    /// Address changes come in bursts.
    static let networkDebounce = Duration.milliseconds(500)
    /// What a server's Max-Age is held to.
    static let longestMaxAge: UInt32 = 86400
    /// An Update soon after another waits so long.
    static let shortestUpdateInterval = Duration.seconds(1)

    let retry: RetryPolicy
    let keepAlive: Duration?
    private(set) var phase = Phase.stopped
    /// Since when the phase holds.
    private(set) var since = Duration.zero
    private(set) var location: [String] = []
    private(set) var lastError: String?
    /// The next attempt, while waiting.
    private(set) var waitsUntil: Duration?
    private var lifetime: UInt32
    /// When the server forgets this client.
    private var expires: Duration?
    private var updateDue: Duration?
    private var failures = 0
    /// The last word of the server was a refusal.
    private(set) var isRefused = false
    private var outOfReach = false
    /// Something to tell came up while a request was under way.
    private var again = false
    /// An observation was given up: only a new registration tells the server so.
    private var mustRegister = false
    private var lastHeard = Duration.zero
    private var pinging = false

    init(lifetime: UInt32, retry: RetryPolicy, keepAlive: Duration?) {
        self.lifetime = lifetime
        self.retry = retry
        self.keepAlive = keepAlive
    }

    /// - Parameter jitter: from 0 to 1, drawn anew for each event.
    mutating func handle(_ event: Event, at now: Duration, jitter: Double) -> [Action] {
        var actions = act(event, now, jitter)
        if event != .heard || !actions.isEmpty { actions.append(.wake(at: nextWake)) }
        return actions
    }

    private mutating func act(_ event: Event, _ now: Duration, _ jitter: Double) -> [Action] {
        switch event {
        case .start: return start(now)
        case .stop: return stop(now)
        case .wake: return wake(now, jitter)
        case .answered(let response): return answered(response, now, jitter)
        case .failed(let error): return failed(error, now, jitter)
        case .sessionEnded(let error): return sessionEnded(error, now, jitter)
        case .deliveryFailed(let error, let givenUp):
            if givenUp { mustRegister = true }
            guard phase == .registered else { return [] }
            return contactAgain("a notification was not acknowledged: \(error)", now)
        case .pinged(let error): return pinged(error, now)
        case .heard:
            lastHeard = now
            return []
        case .updateNeeded(let delay): return updateNeeded(after: delay, now)
        case .networkChanged: return networkChanged(now, jitter)
        case .settingsChanged(let lifetime):
            guard lifetime != self.lifetime else { return [] }
            self.lifetime = lifetime
            return updateNeeded(after: Self.shortestUpdateInterval, now)
        }
    }

    private mutating func enter(_ phase: Phase, _ now: Duration) {
        guard phase != self.phase else { return }
        // A routine Update does not end the time of being registered.
        let routine = !outOfReach && (self.phase == .registered || phase == .registered)
        if !routine || (phase != .attempting(.update) && self.phase != .attempting(.update)) { since = now }
        self.phase = phase
    }

    private var nextWake: Duration? {
        switch phase {
        case .stopped, .attempting: return nil
        case .waiting, .deregistering: return waitsUntil
        case .registered:
            let ping = pinging ? nil : keepAlive.map { lastHeard + $0 }
            return [updateDue, ping].compactMap(\.self).min()
        }
    }

    // MARK: Start and stop

    private mutating func start(_ now: Duration) -> [Action] {
        guard phase == .stopped else { return [] }
        failures = 0
        isRefused = false
        return [.openSession] + attempt(.register, now)
    }

    private mutating func stop(_ now: Duration) -> [Action] {
        switch phase {
        case .stopped, .deregistering: return phase == .stopped ? [.stopped] : []
        case .registered, .attempting(.update):
            waitsUntil = now + Self.stopLimit
            enter(.deregistering, now)
            return [.suspendNotifications, .sendDeregister(location: location)]
        case .attempting(.register), .waiting:
            // Out of reach, or not known there: the lifetime ends it.
            return stopped(now)
        }
    }

    private mutating func stopped(_ now: Duration) -> [Action] {
        waitsUntil = nil
        updateDue = nil
        expires = nil
        location = []
        enter(.stopped, now)
        return [.suspendNotifications, .forgetObservations, .closeSession, .stopped]
    }

    // MARK: Attempts

    private mutating func attempt(_ attempt: Attempt, _ now: Duration) -> [Action] {
        waitsUntil = nil
        updateDue = nil
        again = false
        pinging = false
        enter(.attempting(attempt), now)
        guard attempt == .register else { return [.send(.update, location: location)] }
        expires = nil
        location = []
        return [.suspendNotifications, .forgetObservations, .send(.register, location: [])]
    }

    /// Update where the server may still know this client, else Register.
    private func attemptThatFits(_ now: Duration) -> Attempt {
        guard !mustRegister, !location.isEmpty, let expires, now < expires else { return .register }
        return .update
    }

    private mutating func wake(_ now: Duration, _ jitter: Double) -> [Action] {
        switch phase {
        case .stopped, .attempting: return []
        case .deregistering:
            guard let waitsUntil, now >= waitsUntil else { return [] }
            return stopped(now)
        case .waiting:
            guard let waitsUntil, now >= waitsUntil else { return [] }
            return [.suspendNotifications, .openSession] + attempt(attemptThatFits(now), now)
        case .registered:
            if let updateDue, now >= updateDue { return attempt(attemptThatFits(now), now) }
            if let keepAlive, !pinging, now >= lastHeard + keepAlive {
                pinging = true
                return [.ping]
            }
            return []
        }
    }

    // MARK: Answers

    private mutating func answered(_ response: Response, _ now: Duration, _ jitter: Double) -> [Action] {
        lastHeard = now
        switch phase {
        case .deregistering: return [.report(.deregistered)] + stopped(now)
        case .attempting(let attempt):
            switch (attempt, response.code) {
            case (.register, .created) where Self.isLocation(response.locationPath):
                location = response.locationPath
                mustRegister = false
                return registered(now, jitter, .registered(location: location))
            case (.update, .changed): return registered(now, jitter, outOfReach ? .reachedAgain : nil)
            case (_, .serviceUnavailable), (_, Self.tooManyRequests):
                return busy(response, now, jitter)
            case (.update, let code) where code.codeClass == 4:
                // 4.04: the server forgot this client. Any other refusal of an Update makes it as good as forgotten.
                lastError = "Update was answered with \(code)"
                return self.attempt(.register, now)
            case (.register, let code) where code.codeClass == 4: return refused(response, now, jitter)
            default: return unusable(response, now, jitter)
            }
        case .stopped, .registered, .waiting: return []
        }
    }

    private static let tooManyRequests = Code(rawValue: 4 << 5 | 29)

    /// A location is kept and sent back: its size is bounded.
    private static func isLocation(_ path: [String]) -> Bool {
        !path.isEmpty && path.count <= 16 && path.reduce(0) { $0 + $1.utf8.count } <= 512
    }

    private mutating func registered(_ now: Duration, _ jitter: Double, _ report: Report?) -> [Action] {
        failures = 0
        isRefused = false
        lastError = nil
        expires = now + .seconds(lifetime)
        // Before half of the lifetime, spread over a tenth of it.
        updateDue = now + max(Self.shortestUpdateInterval, .seconds(lifetime) * (0.4 + 0.1 * min(max(jitter, 0), 1)))
        if again || mustRegister { updateDue = now + Self.shortestUpdateInterval }
        again = false
        enter(.registered, now)
        outOfReach = false
        return (report.map { [.report($0)] } ?? []) + [.resumeNotifications]
    }

    /// 5.03 and 4.29: the server says when to come again.
    private mutating func busy(_ response: Response, _ now: Duration, _ jitter: Double) -> [Action] {
        let seconds = min(max(1, response.maxAge ?? 60), Self.longestMaxAge)
        lastError = "the server is busy (\(response.code))"
        // Never before, up to a quarter later.
        return wait(.seconds(seconds) * (1 + 0.25 * min(max(jitter, 0), 1)), now)
            + lostReport()
    }

    private mutating func refused(_ response: Response, _ now: Duration, _ jitter: Double) -> [Action] {
        let diagnostic = String(decoding: response.payload.prefix(128), as: UTF8.self)
        lastError = "the server refuses this client (\(response.code))\(diagnostic.isEmpty ? "" : ": \(diagnostic)")"
        let first = !isRefused
        isRefused = true
        outOfReach = true
        failures = 0
        let report: [Action] = first ? [.report(.refused(response.code, diagnostic))] : []
        return [.closeSession] + wait(retry.sequenceDelay.jittered(jitter), now) + report
    }

    private mutating func unusable(_ response: Response, _ now: Duration, _ jitter: Double) -> [Action] {
        lastError =
            response.code == .created
            ? "the server answered without a usable location" : "the server answered with \(response.code)"
        failures += 1
        return wait(retry.delay(afterFailures: failures, jitter: jitter), now) + lostReport()
    }

    private mutating func failed(_ error: TransportError, _ now: Duration, _ jitter: Double) -> [Action] {
        switch phase {
        case .deregistering: return stopped(now)
        case .attempting:
            lastError = "\(error)"
            failures += 1
            return [.suspendNotifications, .closeSession]
                + wait(retry.delay(afterFailures: failures, jitter: jitter), now) + lostReport()
        case .stopped, .registered, .waiting: return []
        }
    }

    private mutating func wait(_ delay: Duration, _ now: Duration) -> [Action] {
        waitsUntil = now + delay
        enter(.waiting(attemptThatFits(now + delay)), now)
        return []
    }

    /// Told once an outage.
    private mutating func lostReport() -> [Action] {
        guard !outOfReach else { return [] }
        outOfReach = true
        return [.report(.lost(lastError ?? ""))]
    }

    // MARK: What happens between

    private mutating func sessionEnded(_ error: TransportError, _ now: Duration, _ jitter: Double) -> [Action] {
        switch phase {
        case .attempting, .deregistering: return failed(error, now, jitter)
        case .registered:
            lastError = "\(error)"
            return [.suspendNotifications, .closeSession] + wait(retry.first.jittered(jitter), now) + lostReport()
        case .stopped, .waiting: return []
        }
    }

    private mutating func pinged(_ error: TransportError?, _ now: Duration) -> [Action] {
        pinging = false
        // An Update that waits behind the ping would be retransmitted into the same void for a minute and a half.
        guard phase == .registered || phase == .attempting(.update) else { return [] }
        guard let error else {
            lastHeard = now
            return []
        }
        return contactAgain("a ping was not answered: \(error)", now)
    }

    /// The session is in doubt: an Update over a new one tells.
    private mutating func contactAgain(_ why: String, _ now: Duration) -> [Action] {
        lastError = why
        return [.suspendNotifications, .openSession] + attempt(attemptThatFits(now), now) + lostReport()
    }

    private mutating func updateNeeded(after delay: Duration, _ now: Duration) -> [Action] {
        switch phase {
        case .registered: updateDue = min(updateDue ?? now + delay, now + delay)
        case .attempting: again = true
        case .stopped, .waiting, .deregistering: break
        }
        return []
    }

    private mutating func networkChanged(_ now: Duration, _ jitter: Double) -> [Action] {
        switch phase {
        case .stopped, .deregistering: return []
        case .waiting where isRefused: return []
        case .attempting, .registered, .waiting:
            failures = 0
            return [.suspendNotifications, .closeSession]
                + wait(Self.networkDebounce + .seconds(1) * min(max(jitter, 0), 1), now)
        }
    }
}
