/// How much a message matters: the priorities of `syslog(3)` that Gatekeel uses.
public enum Level: Int, Sendable, Comparable, CaseIterable {
    /// Something failed and an operator has to act.
    case error = 3
    /// Something failed and is retried, or is about to fail.
    case warning = 4
    /// Milestones: registered, installed, rolled back.
    case notice = 5
    /// Steps between milestones.
    case info = 6
    /// For developers; off by default.
    case debug = 7

    /// Less severe is greater, as syslog counts.
    public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }

    /// As `LogLevel=` of the configuration files names it: `warning`.
    public var name: String {
        // Not by reflection: the runtime's takes longer than all the rest of reading a configuration.
        switch self {
        case .error: "error"
        case .warning: "warning"
        case .notice: "notice"
        case .info: "info"
        case .debug: "debug"
        }
    }
}
