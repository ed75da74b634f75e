/// Contact with one server, pure: when a session is opened, watched and given up, and how long is waited after failures.
/// What is asked over the session is the registration's business.
///
///                open                     answered
///     closed ----------> opening -----------------------> open ---+
///                         ^   |                            | ^    | ping, heard
///                    due  |   | failed, backOff            | +----+
///                         |   v                            | failed, backOff
///                        waiting <-------------------------+
///                                      renew: from open to opening at once
struct ContactMachine: Hashable {
    enum State: Hashable, Sendable {
        /// No session is wanted.
        case closed
        /// A session was opened (a DTLS handshake may be under way); the server has not answered over it. The trouble is
        /// what went wrong before; nil at the first attempt and after a change of the host's network.
        case opening(Trouble?)
        /// The server answered over the session.
        case open(heard: Duration, ping: Ping)
        /// No attempt is made before that moment; nil: until something else happens.
        case waiting(until: Duration?, Trouble?)
    }

    enum Ping: Hashable, Sendable { case idle, pending }

    /// What has gone wrong since the server was in contact last.
    struct Trouble: Hashable, Sendable {
        enum Kind: Hashable, Sendable {
            /// No answer, or none that can be used.
            case unreachable
            /// The server said when to come again.
            case busy
            /// The server refuses this client.
            case refused
        }

        var kind: Kind
        /// For people; holds no secret.
        var text: String
        /// Failed attempts in a row, as the back-off counts them.
        var failures: Int
    }

    enum Event: Hashable, Sendable {
        /// Contact is wanted.
        case open
        /// Contact is not wanted any more.
        case close
        /// The request under way was answered as it should be.
        case answered
        /// The server said something.
        case heard
        /// There was no answer, or the session ended.
        case failed(String)
        /// The server answered with an error that may pass.
        case unusable(String)
        /// The server is busy, and said for how long.
        case busy(String, seconds: UInt32)
        /// The server refuses this client.
        case refused(String)
        /// The session is in doubt: a new one tells.
        case renew(String)
        /// A ping came back, or not.
        case pinged(TransportError?)
        /// The path of the session changed, or there is a path again.
        case pathChanged
        /// An operator wants a new session at once.
        case reconnect
        /// How it is tried again from the next failure on, and after how much silence a ping is sent.
        case policy(RetryPolicy, keepAlive: Duration?)
        /// The time of `nextWake` may have come.
        case wake
    }

    enum Action: Hashable, Sendable {
        /// Opens a session in place of the one that may be there; a request may be sent over it.
        case open
        case close
        case ping
        /// An outage began: told once for each.
        case lost(String)
        /// The server began to refuse this client: told once.
        case refused
        /// As many sequences of attempts failed as the policy has.
        case exhausted
    }

    /// Changes of the network come in bursts: after one so much is waited, and up to a second more.
    static let pathDebounce = Duration.milliseconds(500)
    /// What a server's Max-Age is limited to, in seconds.
    static let longestMaxAge: UInt32 = 86400

    private(set) var retry: RetryPolicy
    /// After so long without a word from the server a ping is sent; nil: never.
    private(set) var keepAlive: Duration?
    private(set) var state = State.closed

    init(retry: RetryPolicy, keepAlive: Duration?) {
        self.retry = retry
        self.keepAlive = keepAlive
    }

    /// What has gone wrong since the server was in contact last; nil while all is well.
    var trouble: Trouble? {
        switch state {
        case .opening(let trouble), .waiting(_, let trouble): trouble
        case .closed, .open: nil
        }
    }

    /// When the next attempt or ping is due; nil when only an event can bring something.
    var nextWake: Duration? {
        switch state {
        case .closed, .opening, .open(_, .pending): nil
        case .open(let heard, .idle): keepAlive.map { heard + $0 }
        case .waiting(let until, _): until
        }
    }

    /// Takes an event.
    ///
    /// - Parameter jitter: from 0 to 1, drawn anew for each event.
    /// - Returns: what is to be done, in this order; nil for an event that cannot happen in this state, which changes
    ///   nothing.
    mutating func handle(_ event: Event, at now: Duration, jitter: Double) -> [Action]? {
        switch (state, event) {
        case (_, .policy(let policy, let keepAlive)):
            retry = policy
            self.keepAlive = keepAlive
            return []
        case (.closed, .open):
            state = .opening(nil)
            return [.open]
        case (.closed, .close): return []
        case (.closed, _), (_, .open): return nil
        case (_, .close):
            state = .closed
            return [.close]

        case (.opening, .answered), (.open, .answered):
            state = .open(heard: now, ping: .idle)
            return []
        case (.open(_, let ping), .heard):
            state = .open(heard: now, ping: ping)
            return []
        // A server may ask before it answers, and over a session that is kept while it is busy.
        case (.opening, .heard), (.waiting, .heard): return []

        case (.opening, .failed(let text)), (.open, .failed(let text)):
            return attemptFailed(text, now, jitter)
        case (.opening, .unusable(let text)), (.open, .unusable(let text)):
            return attemptFailed(text, now, jitter, keepsSession: true)
        case (.opening, .busy(let text, let seconds)), (.open, .busy(let text, let seconds)):
            // Never earlier, up to a quarter later.
            let pause = Duration.seconds(min(max(1, seconds), Self.longestMaxAge)) * (1 + 0.25 * min(max(jitter, 0), 1))
            let wasBusy = trouble?.kind == .busy
            // In the order of the servers it has had its turn: others must not wait for as long as it likes.
            return wait(pause, now, .busy, text, trouble?.failures ?? 0, keepsSession: true)
                + (wasBusy ? [] : [.exhausted])
        case (.opening, .refused(let text)), (.open, .refused(let text)):
            return wait(retry.delayAfterRefusal(jitter: jitter), now, .refused, text, 0)
        // A session that is kept while the server is busy may end meanwhile.
        case (.waiting, .failed): return [.close]

        case (.open, .renew(let text)), (.opening, .renew(let text)): return renew(text)
        case (.open(_, .pending), .pinged(let error)):
            guard let error else {
                state = .open(heard: now, ping: .idle)
                return []
            }
            return renew("a ping was not answered: \(error)")

        case (.waiting(_, let trouble?), .pathChanged) where trouble.kind == .refused:
            // A server that refuses this client does so over any path.
            return []
        case (.waiting(_, let trouble?), .pathChanged) where trouble.kind == .busy:
            // It said when to come again, whatever the path; the session that was kept meanwhile is of the old one.
            return [.close]
        case (.opening, .pathChanged), (.open, .pathChanged), (.waiting, .pathChanged):
            var trouble = trouble
            trouble?.failures = 0
            state = .waiting(until: now + Self.pathDebounce + .seconds(1) * min(max(jitter, 0), 1), trouble)
            return [.close]

        case (.opening, .reconnect), (.open, .reconnect), (.waiting, .reconnect):
            var trouble = trouble
            trouble?.failures = 0
            state = .opening(trouble)
            return [.open]

        case (.waiting(let until, let trouble), .wake):
            guard let until, now >= until else { return [] }
            state = .opening(trouble)
            return [.open]
        case (.open(let heard, .idle), .wake):
            guard let keepAlive, now >= heard + keepAlive else { return [] }
            state = .open(heard: heard, ping: .pending)
            return [.ping]
        case (.opening, .wake), (.open, .wake): return []

        // Something else told meanwhile how it stands with the server.
        case (.opening, .pinged), (.waiting, .pinged), (.open(_, .idle), .pinged): return []

        case (.waiting, .answered), (.waiting, .unusable), (.waiting, .busy), (.waiting, .refused), (.waiting, .renew):
            return nil
        }
    }

    private mutating func renew(_ text: String) -> [Action] {
        let isFirst = trouble == nil
        state = .opening(Trouble(kind: .unreachable, text: text, failures: trouble?.failures ?? 0))
        return [.open] + (isFirst ? [.lost(text)] : [])
    }

    private mutating func attemptFailed(
        _ text: String, _ now: Duration, _ jitter: Double, keepsSession: Bool = false
    ) -> [Action] {
        let failures = (trouble?.failures ?? 0) + 1
        let pause = retry.delay(afterFailures: failures, jitter: jitter)
        return wait(pause, now, .unreachable, text, failures, keepsSession: keepsSession)
            + (pause == nil || retry.fails(afterFailures: failures) ? [.exhausted] : [])
    }

    private mutating func wait(
        _ pause: Duration?, _ now: Duration, _ kind: Trouble.Kind, _ text: String, _ failures: Int,
        keepsSession: Bool = false
    ) -> [Action] {
        let before = trouble
        state = .waiting(until: pause.map { now + $0 }, Trouble(kind: kind, text: text, failures: failures))
        var actions: [Action] = keepsSession ? [] : [.close]
        if kind == .refused {
            if before?.kind != .refused { actions.append(.refused) }
        } else if before == nil {
            actions.append(.lost(text))
        }
        return actions
    }
}
