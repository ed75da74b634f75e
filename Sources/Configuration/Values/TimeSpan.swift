/// Time spans as `systemd.time(7)` writes them: `4s`, `1min 30s`, `1.5h`, `500ms`; a bare number is seconds.
public enum TimeSpan {
    /// Reads a span, exact to the microsecond; nil if the text is not a span or is longer than 290,000 years.
    public static func parse(_ text: String) -> Duration? {
        var rest = Substring(text.trimmed)
        guard !rest.isEmpty else { return nil }
        var total: Int64 = 0
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(number.count).drop(while: \.isWhitespace)
            let name = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(name.count).drop(while: \.isWhitespace)
            guard let unit = name.isEmpty ? 1_000_000 : units[String(name)],
                let part = FixedPoint.scaled(number, by: unit)
            else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !overflow else { return nil }
            total = sum
        }
        return .microseconds(total)
    }

    /// The shortest exact writing: `1min 30s`; nothing is `0`.
    public static func format(_ span: Duration) -> String {
        var rest = microseconds(span)
        guard rest > 0 else { return "0" }
        var parts: [String] = []
        for (name, unit) in canonical where rest >= unit {
            parts.append("\(rest / unit)\(name)")
            rest %= unit
        }
        return parts.joined(separator: " ")
    }

    /// Whole microseconds of a span.
    static func microseconds(_ span: Duration) -> Int64 {
        let (seconds, attoseconds) = span.components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        return overflow ? .max : scaled &+ attoseconds / 1_000_000_000_000
    }

    private static let canonical: [(String, Int64)] = [
        ("d", 86_400_000_000), ("h", 3_600_000_000), ("min", 60_000_000), ("s", 1_000_000),
        ("ms", 1000), ("us", 1),
    ]

    private static let units: [String: Int64] = {
        var units: [String: Int64] = [:]
        let names: [(Int64, [String])] = [
            (1, ["usec", "us", "µs", "μs"]), (1000, ["msec", "ms"]),
            (1_000_000, ["seconds", "second", "sec", "s"]), (60_000_000, ["minutes", "minute", "min", "m"]),
            (3_600_000_000, ["hours", "hour", "hr", "h"]), (86_400_000_000, ["days", "day", "d"]),
            (604_800_000_000, ["weeks", "week", "w"]),
        ]
        for (unit, all) in names { for name in all { units[name] = unit } }
        return units
    }()
}
