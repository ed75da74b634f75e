/// Sizes as systemd writes them: `64M`, `1.5G`; K, M, G, T to the base of 1024; a bare number is bytes.
public enum ByteSize {
    /// Reads a size; nil if the text is not a size or does not fit 63 bits.
    public static func parse(_ text: String) -> UInt64? {
        let text = text.trimmed
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        var suffix = text.dropFirst(number.count).trimmed
        if suffix.count > 1, suffix.last == "B" { suffix.removeLast() }
        guard let unit = units.first(where: { $0.0 == suffix })?.1 else {
            return suffix == "B" ? FixedPoint.scaled(number, by: 1).map(UInt64.init) : nil
        }
        return FixedPoint.scaled(number, by: unit).map(UInt64.init)
    }

    /// The shortest exact writing: `64M`.
    public static func format(_ size: UInt64) -> String {
        for (name, unit) in units.reversed() where size >= UInt64(unit) && size % UInt64(unit) == 0 {
            return "\(size / UInt64(unit))\(name)"
        }
        return "\(size)"
    }

    /// A size for people, rounded down to one digit after the point: `1.4M`.
    public static func rounded(_ size: Int64) -> String {
        guard let (name, unit) = units.last(where: { $0.1 <= size }), unit > 1 else { return "\(max(0, size))" }
        return "\(size / unit).\(size % unit * 10 / unit)\(name)"
    }

    private static let units: [(String, Int64)] = [
        ("", 1), ("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30), ("T", 1 << 40),
    ]
}
