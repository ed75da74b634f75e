/// The header Content-Range (RFC 9110, 14.4): `bytes 100-199/200`, `bytes */200`.
struct ContentRange: Equatable {
    /// The first byte; nil when the range cannot be satisfied.
    var first: Int?
    /// The whole size; nil when the server does not know it.
    var total: Int?

    init?(_ value: String?) {
        guard let value, value.lowercased().hasPrefix("bytes ") else { return nil }
        let parts = value.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        if parts[1] != "*" {
            guard let total = Int(parts[1]), total >= 0 else { return nil }
            self.total = total
        }
        if parts[0] == "*" { return }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Int(ends[0]), let last = Int(ends[1]), first >= 0, last >= first else {
            return nil
        }
        if let total, last >= total { return nil }
        self.first = first
    }
}
