import Glibc

/// Times for people, in the local time zone.
enum Moments {
    /// `2026-11-21 14:05:24`; empty for 0.
    static func text(_ seconds: Int64) -> String {
        guard seconds > 0 else { return "" }
        var time = time_t(seconds)
        var parts = tm()
        localtime_r(&time, &parts)
        var buffer = [CChar](repeating: 0, count: 32)
        let length = strftime(&buffer, buffer.count, "%Y-%m-%d %H:%M:%S", &parts)
        return String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static var now: Int64 { Int64(time(nil)) }

    /// Whole days from now; negative when past.
    static func days(until seconds: Int64, now: Int64 = now) -> Int64 {
        let difference = seconds - now
        return difference >= 0 ? difference / 86400 : -((-difference + 86399) / 86400)
    }
}
