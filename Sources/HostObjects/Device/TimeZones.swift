import Linux

/// Time zones of the host (localtime(5), the time zone database).
struct TimeZones {
    let files: HostFiles

    /// The name that /etc/localtime points to, else /etc/timezone's; `UTC` when there is no /etc/localtime, for that is
    /// what the C library takes then. nil when the host's zone has no name.
    var current: String? {
        if let target = files.link("/etc/localtime"), let range = target.firstOccurrence(of: "zoneinfo/") {
            return String(target[range.upperBound...])
        }
        if let name = files.text("/etc/timezone"), isKnown(name) { return name }
        return files.exists("/etc/localtime") == false ? "UTC" : nil
    }

    /// Whether the database has this name, and nothing in it leads elsewhere.
    func isKnown(_ name: String) -> Bool {
        let segments = name.split(separator: "/", omittingEmptySubsequences: false)
        let isName = segments.allSatisfy { segment in
            guard let first = segment.utf8.first, (0x41...0x5A).contains(first) || (0x61...0x7A).contains(first) else {
                return false
            }
            return segment.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || "_+-".utf8.contains(byte)
            }
        }
        return isName && name.utf8.count <= 128 && (name == "UTC" || files.isFile("/usr/share/zoneinfo/\(name)"))
    }

    // MARK: Offsets

    /// `+02:00`, as ISO 8601 writes it.
    static func text(offset seconds: Int) -> String {
        let minutes = abs(seconds) / 60
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(seconds < 0 ? "-" : "+")\(two(minutes / 60)):\(two(minutes % 60))"
    }

    /// The seconds of `Z`, `+02`, `+0200` or `+02:00`; nil for other text.
    static func offset(_ text: String) -> Int? {
        if text == "Z" { return 0 }
        guard let sign = text.first, sign == "+" || sign == "-" else { return nil }
        let parts = text.dropFirst().split(separator: ":", omittingEmptySubsequences: false)
        let digits = parts.joined()
        guard parts.count == 1 || parts.count == 2 && parts[0].utf8.count == 2 && parts[1].utf8.count == 2,
            digits.utf8.count == 2 || digits.utf8.count == 4,
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let hours = Int(digits.prefix(2)), let minutes = Int("0" + digits.dropFirst(2)), hours <= 14, minutes < 60
        else { return nil }
        return (sign == "-" ? -1 : 1) * (hours * 3600 + minutes * 60)
    }

    /// The zone of the database that has this offset all year: whole hours only. Its names count west of Greenwich.
    static func zone(offset seconds: Int) -> String? {
        guard seconds % 3600 == 0, (-12...14).contains(seconds / 3600) else { return nil }
        let hours = seconds / 3600
        return hours == 0 ? "Etc/UTC" : "Etc/GMT\(hours > 0 ? "-" : "+")\(abs(hours))"
    }
}
