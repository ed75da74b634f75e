import CSDJournal
import Glibc
import Linux
import Synchronization

/// The structured log: `sd_journal_sendv(3)` under systemd, lines for people on a terminal or elsewhere.
///
/// Never give it a secret: no key, no user information or query of a URI.
public enum Log {
    /// The log level: messages of this level and of more severe ones are logged.
    public static var level: Level {
        get { Level(rawValue: threshold.load(ordering: .relaxed)) ?? .info }
        set { threshold.store(newValue.rawValue, ordering: .relaxed) }
    }

    private static let threshold = Atomic<Int>(Level.info.rawValue)

    public static func debug(
        _ message: @autoclosure () -> LogMessage, file: StaticString = #fileID, line: UInt = #line
    ) { log(.debug, message, nil, file, line) }

    public static func info(
        _ message: @autoclosure () -> LogMessage, file: StaticString = #fileID, line: UInt = #line
    ) { log(.info, message, nil, file, line) }

    public static func notice(
        _ message: @autoclosure () -> LogMessage, file: StaticString = #fileID, line: UInt = #line
    ) { log(.notice, message, nil, file, line) }

    public static func warning(
        _ message: @autoclosure () -> LogMessage, file: StaticString = #fileID, line: UInt = #line
    ) { log(.warning, message, nil, file, line) }

    public static func error(
        _ message: @autoclosure () -> LogMessage, file: StaticString = #fileID, line: UInt = #line
    ) { log(.error, message, nil, file, line) }

    /// Logs an event that has a `MESSAGE_ID`, at the event's level.
    public static func event(
        _ event: Event, _ message: @autoclosure () -> LogMessage, file: StaticString = #fileID, line: UInt = #line
    ) { log(event.level, message, event, file, line) }

    private static func log(
        _ level: Level, _ message: () -> LogMessage, _ event: Event?, _ file: StaticString, _ line: UInt
    ) {
        guard level <= self.level else { return }
        let message = message()
        guard level != .debug, isHeldBack(level, message, event, file, line) else {
            return sink(level, message, event)
        }
    }

    // MARK: Messages that repeat

    private struct Limiting: Sendable {
        var limiter = LogLimiter()
        let later: @Sendable (Duration) -> Void
    }

    private static let limiting = Locked<Limiting?>(nil)

    /// From now on messages of one kind are limited (`LogLimiter`), but for debug messages. For daemons.
    ///
    /// - Parameter later: calls `writeSummaries` after the given time; it is called on whatever thread logs.
    public static func limitRepetition(later: @escaping @Sendable (Duration) -> Void) {
        limiting.withLock { $0 = Limiting(later: later) }
    }

    /// Writes how many messages were held back in the windows that are over.
    ///
    /// - Parameter all: also in those that are not over: for the end of a daemon.
    public static func writeSummaries(all: Bool = false) {
        let summaries = limiting.withLock { $0?.limiter.ended(at: all ? nil : now()) ?? [] }
        for summary in summaries { sink(summary.level, "\(summary.text)", nil) }
    }

    private static func isHeldBack(
        _ level: Level, _ message: LogMessage, _ event: Event?, _ file: StaticString, _ line: UInt
    ) -> Bool {
        let (isHeldBack, wake) = limiting.withLock { limiting -> (Bool, (@Sendable () -> Void)?) in
            let verdict = limiting?.limiter.judge(
                event?.messageID ?? "\(file):\(line)", about: message.object, of: message.server, level, message.text,
                at: now())
            guard case .suppress(let delay)? = verdict else { return (false, nil) }
            guard let delay, let later = limiting?.later else { return (true, nil) }
            return (true, { later(delay) })
        }
        wake?()
        return isHeldBack
    }

    /// `CLOCK_BOOTTIME`, as the loop's timers count.
    private static func now() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// Where messages go, decided once: to the journal when stderr is its stream, otherwise as lines to stderr.
    private static let sink: @Sendable (Level, LogMessage, Event?) -> Void =
        stderrIsJournal() ? sendToJournal : writeLine
}

/// Whether stderr is the journal's stream: `$JOURNAL_STREAM` names its device and inode (systemd.exec(5)).
private func stderrIsJournal() -> Bool {
    guard let stream = getenv("JOURNAL_STREAM") else { return false }
    var status = stat()
    guard fstat(STDERR_FILENO, &status) == 0 else { return false }
    return String(cString: stream) == "\(status.st_dev):\(status.st_ino)"
}

@Sendable
private func sendToJournal(_ level: Level, _ message: LogMessage, _ event: Event?) {
    withJournalFields(level, message, event) { fields in
        var vectors: [iovec] = []
        vectors.reserveCapacity(fields.count)
        // One buffer for all fields keeps their addresses valid during the call.
        var bytes = Array(fields.joined())
        let lengths = fields.map(\.count)
        bytes.withUnsafeMutableBytes { buffer in
            var offset = 0
            for length in lengths {
                vectors.append(iovec(iov_base: buffer.baseAddress.map { $0 + offset }, iov_len: length))
                offset += length
            }
            sd_journal_sendv(vectors, Int32(vectors.count))
        }
    }
}

/// Gives the message as fields of the journal, each `NAME=value`.
func withJournalFields(_ level: Level, _ message: LogMessage, _ event: Event?, _ body: ([[UInt8]]) -> Void) {
    var fields = ["MESSAGE=\(message.text)", "PRIORITY=\(level.rawValue)"]
    if let event { fields.append("MESSAGE_ID=\(event.messageID)") }
    for (field, value) in message.fields { fields.append("\(field.rawValue)=\(value)") }
    body(fields.map { Array($0.utf8) })
}

@Sendable
private func writeLine(_ level: Level, _ message: LogMessage, _ event: Event?) {
    let line = peopleLine(level, message.text, colour: isatty(STDERR_FILENO) != 0)
    line.withCString { _ = write(STDERR_FILENO, $0, strlen($0)) }
}

/// One line for people; a warning or an error says so, in colour on a terminal.
func peopleLine(_ level: Level, _ text: String, colour: Bool) -> String {
    let label =
        switch level {
        case .error: "error: "
        case .warning: "warning: "
        default: ""
        }
    guard colour, !label.isEmpty else { return "\(label)\(text)\n" }
    return "\u{1B}[\(level == .error ? 31 : 33)m\(label)\u{1B}[0m\(text)\n"
}
