/// How much a message matters: the priorities of `syslog(3)` that Gatekeel uses.
public enum Level: Int, Sendable, Comparable, CaseIterable {
    /// Something failed and somebody has to act.
    case error = 3
    /// Something failed that heals by itself, or will fail.
    case warning = 4
    /// Something an operator looks for in the story: registered, installed, rolled back.
    case notice = 5
    /// The steps between.
    case info = 6
    /// For those who build it; off by default.
    case debug = 7

    /// Less severe is greater, as syslog counts.
    public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }

    /// As `LogLevel=` of the configuration files names it: `warning`.
    public var name: String { "\(self)" }
}
