import Glibc
import Linux

/// Times for people, in the local time zone.
enum Moments {
    /// `2026-11-21 14:05:24`; empty for 0.
    static func text(_ seconds: Int64) -> String {
        seconds > 0 ? timeText(seconds, "%Y-%m-%d %H:%M:%S", isLocal: true) : ""
    }

    /// `42 s`, `3 min 5 s`, `2 h 10 min`.
    static func span(_ seconds: Int64) -> String {
        switch seconds {
        case ..<60: "\(max(0, seconds)) s"
        case ..<3600: "\(seconds / 60) min \(seconds % 60) s"
        default: "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        }
    }

    static var now: Int64 { Int64(time(nil)) }

    /// Whole days from now; negative when past.
    static func days(until seconds: Int64, now: Int64 = now) -> Int64 {
        let difference = seconds - now
        return difference >= 0 ? difference / 86400 : -((-difference + 86399) / 86400)
    }
}
