import Glibc
import Linux

/// Times for people, in the local time zone.
enum Moments {
    /// `2026-11-21 14:05:24`; empty for 0.
    static func text(_ seconds: Int64) -> String {
        seconds > 0 ? timeText(seconds, "%Y-%m-%d %H:%M:%S", isLocal: true) : ""
    }

    static var now: Int64 { Int64(time(nil)) }

    /// Whole days from now; negative when past.
    static func days(until seconds: Int64, now: Int64 = now) -> Int64 {
        let difference = seconds - now
        return difference >= 0 ? difference / 86400 : -((-difference + 86399) / 86400)
    }
}
