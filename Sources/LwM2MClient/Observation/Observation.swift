import EventLoop
import LwM2M

/// One observation of a server: what it watches, how it wants it told, and what it was told.
@LoopActor
final class Observation {
    /// What a notification tells.
    enum Subject {
        /// The only part, in the format of the observe request's Accept. When it disappears, the observation ends.
        case path(accept: UInt16?)
        /// All parts together, in one format. Those that are not there are left out until they are.
        case composite(PathSelection, ContentFormat)
    }

    /// The observe request: by its token the server knows notifications, by the rest it asks for their later blocks.
    let request: Request
    let subject: Subject
    /// Attributes of this observation alone (LwM2M Core 1.2, 6.4.1): those that are attached to its paths do not count. nil: they do.
    let own: Attributes?
    /// The paths that it watches. Each has its own attributes: a notification is due when it is for one of them.
    var parts: [WatchedPath]
    /// A last word is on its way, and the observation ends when it is acknowledged.
    var isEnding = false
    /// Of a registration that has ended: the server may have forgotten it. It was kept for what changed meanwhile (1/x/6).
    var isOfEarlierRegistration = false
    /// Notifications in a row that were not delivered.
    var failures = 0
    /// When a notification was sent last that is to be acknowledged; at first, when it was asked for. nil: not in this session.
    var lastConfirmed: Duration?
    /// What it watches disappeared, which is told when there is a session.
    var waitsForSession = false
    /// When it came to owe something: what changed first is told first.
    var stamp = 0

    var token: [UInt8] { request.token }

    init(_ request: Request, _ subject: Subject, own: Attributes? = nil, parts: [WatchedPath]) {
        self.request = request
        self.subject = subject
        self.own = own
        self.parts = parts
    }

    /// Whether what it tells is to be acknowledged: when one of its parts wants it.
    var isConfirmable: Bool { parts.isEmpty || parts.contains { $0.rule.isConfirmable } }

    /// How many notifications an outage leaves; nil: as many as there is room for.
    var historyLimit: Int? {
        var limit = 0
        for part in parts {
            guard let own = part.rule.historyLimit else { return nil }
            limit = max(limit, own)
        }
        return parts.isEmpty ? nil : limit
    }

    /// Whether another observe request wants the same.
    func asksTheSame(as other: Request) -> Bool {
        request.method == other.method && request.path == other.path && request.accept == other.accept
            && request.query == other.query && request.payload == other.payload
    }

    /// Whether a change that counts was seen, and is not told yet.
    var owes: Bool {
        for part in parts where part.state.owes { return true }
        return false
    }

    func step(at now: Duration) -> NotificationState.Step {
        guard !isEnding else { return .wait(until: nil) }
        var due: Duration?
        var isToLook = false
        for part in parts {
            switch part.step(at: now) {
            case .notify: return .notify
            case .look: isToLook = true
            case .wait(let until): if let until { due = min(due ?? until, until) }
            }
        }
        return isToLook ? .look : .wait(until: due)
    }
}
