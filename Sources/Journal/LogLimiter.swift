/// Holds back messages that repeat, so that a flood from outside neither fills the journal nor hides what else happens.
///
/// A kind of message is an event, or a place in the source. Within a minute a kind is written so many times for each
/// object that it is about, and so many times for all of them; then it is only counted, and the count is told when the
/// minute is over. Kinds do not share their allowance: a flood of one costs no message of another. Neither do servers: what one
/// of them causes costs no message about another.
///
/// Pure: the time comes in with each message.
struct LogLimiter {
    struct Limits {
        var window = Duration.seconds(60)
        /// Messages of one kind about one object.
        var perObject = 20
        /// Messages of one kind.
        var perKind = 100
        /// Objects of one kind that are counted by themselves; the others share one count.
        var objects = 128
    }

    /// A minute of a kind is over, and messages were held back in it.
    struct Summary: Equatable {
        let level: Level
        let suppressed: Int
        /// The first message that was held back.
        let example: String

        var text: String { "\(suppressed) more messages like this were suppressed within a minute: \(example)" }
    }

    enum Verdict: Equatable {
        case write
        /// Not written.
        /// - Parameter wakeIn: set for the first of a kind: after so long `ended(at:)` has its summary.
        case suppress(wakeIn: Duration?)
    }

    private struct Window {
        let ends: Duration
        var total = 0
        var objects: [String: Int] = [:]
        var summary: Summary?
    }

    private let limits: Limits
    private struct Kind: Hashable {
        let name: String
        let server: String
    }

    /// Bounded, for there are only so many events, places in the source, and servers.
    private var windows: [Kind: Window] = [:]

    init(limits: Limits = Limits()) { self.limits = limits }

    /// Whether to write a message now.
    ///
    /// - Parameters:
    ///   - kind: the `MESSAGE_ID`, or the place in the source.
    ///   - object: what it is about: a package, a path of the data model; empty for none.
    ///   - server: the account that it is about or that caused it; empty for none.
    mutating func judge(
        _ kind: String, about object: String, of server: String = "", _ level: Level,
        _ text: @autoclosure () -> String, at now: Duration
    ) -> Verdict {
        let kind = Kind(name: kind, server: server)
        var window = windows[kind] ?? Window(ends: now + limits.window)
        // A summary that waits is told before the kind's next window begins.
        if now >= window.ends, window.summary == nil { window = Window(ends: now + limits.window) }
        defer { windows[kind] = window }
        let object = window.objects[object] != nil || window.objects.count < limits.objects ? object : ""
        let written = window.objects[object, default: 0]
        if window.total < limits.perKind, written < limits.perObject {
            window.total += 1
            window.objects[object] = written + 1
            return .write
        }
        guard let summary = window.summary else {
            window.summary = Summary(level: level, suppressed: 1, example: text())
            return .suppress(wakeIn: max(.zero, window.ends - now))
        }
        window.summary = Summary(
            level: min(level, summary.level), suppressed: summary.suppressed + 1, example: summary.example)
        return .suppress(wakeIn: nil)
    }

    /// Takes the summaries of windows that are over, by kind.
    ///
    /// - Parameter now: nil ends all windows.
    mutating func ended(at now: Duration?) -> [Summary] {
        let over = windows.filter { window in now.map { $0 >= window.value.ends } ?? true }
        for kind in over.keys { windows[kind] = nil }
        return over.sorted { ($0.key.name, $0.key.server) < ($1.key.name, $1.key.server) }.compactMap(\.value.summary)
    }
}
