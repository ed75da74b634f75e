import CSDJournal
import Glibc
import Synchronization

/// The structured log: onto `sd_journal_sendv(3)` under systemd, as lines for people on a terminal or elsewhere.
///
/// Never give it a secret: no key, no user information or query of a URI.
public enum Log {
    /// The log level: messages of this level and of more severe ones are logged.
    public static var level: Level {
        get { Level(rawValue: threshold.load(ordering: .relaxed)) ?? .info }
        set { threshold.store(newValue.rawValue, ordering: .relaxed) }
    }

    private static let threshold = Atomic<Int>(Level.info.rawValue)

    public static func debug(_ message: @autoclosure () -> LogMessage) { log(.debug, message, nil) }
    public static func info(_ message: @autoclosure () -> LogMessage) { log(.info, message, nil) }
    public static func notice(_ message: @autoclosure () -> LogMessage) { log(.notice, message, nil) }
    public static func warning(_ message: @autoclosure () -> LogMessage) { log(.warning, message, nil) }
    public static func error(_ message: @autoclosure () -> LogMessage) { log(.error, message, nil) }

    /// Logs an event that has a `MESSAGE_ID`, at the event's level.
    public static func event(_ event: Event, _ message: @autoclosure () -> LogMessage) {
        log(event.level, message, event)
    }

    private static func log(_ level: Level, _ message: () -> LogMessage, _ event: Event?) {
        guard level <= self.level else { return }
        sink(level, message(), event)
    }

    /// Where messages go, found out once: the journal when stderr is its stream, lines on stderr otherwise.
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
        // Each entry of `fields` is stored for the whole call; one buffer keeps the addresses stable.
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

/// The message as the journal's fields, `NAME=value` each.
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
