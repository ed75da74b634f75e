/// Decimal numbers with a fraction, without floating point: `1.5` of a unit of 1024 is exactly 1536.
enum FixedPoint {
    /// The number times `unit`, rounded down; nil if the text is not a number or the result does not fit.
    static func scaled(_ text: some StringProtocol, by unit: Int64) -> Int64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, !first.isEmpty, let whole = Int64(first), whole >= 0 else { return nil }
        let (scaled, overflow) = whole.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        guard parts.count == 2 else { return scaled }
        guard !parts[1].isEmpty, parts[1].count <= 6, let digits = Int64(parts[1]), digits >= 0,
            parts[1].first != "+"
        else { return nil }
        let power = (0..<parts[1].count).reduce(Int64(1)) { power, _ in power * 10 }
        // Units are below 2^40 and digits below 10^6: the product fits.
        let (sum, carried) = scaled.addingReportingOverflow(digits * unit / power)
        return carried ? nil : sum
    }
}
