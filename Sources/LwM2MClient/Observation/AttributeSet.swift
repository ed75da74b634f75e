/// The notification attributes that a server attached to one path (LwM2M Core 5.1.2, Table 5.1.2-2).
public struct AttributeSet: Hashable, Sendable {
    /// `pmin`, seconds.
    public var minimumPeriod: UInt32?
    /// `pmax`, seconds.
    public var maximumPeriod: UInt32?
    /// `gt`.
    public var greaterThan: Double?
    /// `lt`.
    public var lessThan: Double?
    /// `st`, above zero.
    public var step: Double?
    /// `epmin`, seconds: not to be evaluated more often.
    public var minimumEvaluation: UInt32?
    /// `epmax`, seconds: not to be evaluated more seldom.
    public var maximumEvaluation: UInt32?

    public init() {}

    public var isEmpty: Bool { self == AttributeSet() }

    /// Whether a threshold or a step is set, which narrow what counts as a change.
    public var hasThreshold: Bool { greaterThan != nil || lessThan != nil || step != nil }

    /// The consistency that Write-Attributes demands: `lt` below `gt`, with room for two steps (5.1.2).
    public func checkConsistency() throws(OperationError) {
        if let lessThan, let greaterThan, lessThan + 2 * (step ?? 0) >= greaterThan {
            throw OperationError(.badRequest, "lt + 2 × st is to be below gt")
        }
    }

    /// These, with what they lack taken from a level above.
    public func inheriting(_ above: AttributeSet) -> AttributeSet {
        var result = self
        result.minimumPeriod = minimumPeriod ?? above.minimumPeriod
        result.maximumPeriod = maximumPeriod ?? above.maximumPeriod
        result.greaterThan = greaterThan ?? above.greaterThan
        result.lessThan = lessThan ?? above.lessThan
        result.step = step ?? above.step
        result.minimumEvaluation = minimumEvaluation ?? above.minimumEvaluation
        result.maximumEvaluation = maximumEvaluation ?? above.maximumEvaluation
        return result
    }

    // MARK: As text

    /// `pmin=5`, `gt=42.2`, …: in the specification's order, as in a query or a link.
    public var parameters: [(name: String, value: String)] {
        var result: [(String, String)] = []
        if let minimumPeriod { result.append(("pmin", "\(minimumPeriod)")) }
        if let maximumPeriod { result.append(("pmax", "\(maximumPeriod)")) }
        if let greaterThan { result.append(("gt", Self.text(greaterThan))) }
        if let lessThan { result.append(("lt", Self.text(lessThan))) }
        if let step { result.append(("st", Self.text(step))) }
        if let minimumEvaluation { result.append(("epmin", "\(minimumEvaluation)")) }
        if let maximumEvaluation { result.append(("epmax", "\(maximumEvaluation)")) }
        return result
    }

    /// Applies one query of Write-Attributes: `pmin=5` sets, `pmin` alone takes it away.
    ///
    /// - Throws: 4.00 with what is allowed.
    public mutating func apply(_ query: String) throws(OperationError) {
        let parts = query.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let value = parts.count > 1 ? parts[1] : nil
        switch parts[0] {
        case "pmin": minimumPeriod = try Self.seconds("pmin", value)
        case "pmax": maximumPeriod = try Self.seconds("pmax", value)
        case "gt": greaterThan = try Self.number("gt", value)
        case "lt": lessThan = try Self.number("lt", value)
        case "st":
            step = try Self.number("st", value)
            if let step, step <= 0 { throw OperationError(.badRequest, "st is above 0") }
        case "epmin": minimumEvaluation = try Self.seconds("epmin", value)
        case "epmax": maximumEvaluation = try Self.seconds("epmax", value)
        default: throw OperationError(.badRequest, "the attributes are pmin, pmax, gt, lt, st, epmin and epmax")
        }
    }

    private static func seconds(_ name: String, _ text: Substring?) throws(OperationError) -> UInt32? {
        guard let text else { return nil }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = UInt32(text),
            value <= ServerSettings.longest
        else { throw OperationError(.badRequest, "\(name) is a whole number of seconds, at most 2147483647") }
        return value
    }

    /// `1*DIGIT ["." 1*DIGIT]`, with a sign.
    private static func number(_ name: String, _ text: Substring?) throws(OperationError) -> Double? {
        guard let text else { return nil }
        let digits = text.first == "-" ? text.dropFirst() : text
        let parts = digits.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard text.utf8.count <= 64,
            parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let value = Double(text), value.isFinite
        else { throw OperationError(.badRequest, "\(name) is a decimal number") }
        return value
    }

    private static func text(_ value: Double) -> String {
        let text = "\(value)"
        guard let exponent = text.firstIndex(of: "e") else {
            return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
        }
        return plain(text[..<exponent], exponent: Int(text[text.index(after: exponent)...]) ?? 0)
    }

    /// The grammar has no exponent, so `1.5e+20` is written out.
    private static func plain(_ mantissa: Substring, exponent: Int) -> String {
        let negative = mantissa.first == "-"
        let parts = (negative ? mantissa.dropFirst() : mantissa).split(separator: ".")
        let whole = String(parts[0])
        let fraction = parts.count > 1 && parts[1] != "0" ? String(parts[1]) : ""
        let digits = whole + fraction
        let point = whole.count + exponent
        let result: String
        if point <= 0 {
            result = "0." + String(repeating: "0", count: -point) + digits
        } else if point >= digits.count {
            result = digits + String(repeating: "0", count: point - digits.count)
        } else {
            result = digits.prefix(point) + "." + digits.dropFirst(point)
        }
        return negative ? "-" + result : result
    }
}
