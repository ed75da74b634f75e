/// A Write-Attributes, parsed and checked: what is set, and what is unset (LwM2M Core 6.3.4).
public struct AttributeUpdate: Hashable, Sendable {
    /// Why a Write-Attributes is refused with 4.00; the text is for people.
    public struct Refused: Error, Hashable, Sendable {
        public let message: String
    }

    private enum Name: String, CaseIterable {
        case pmin, pmax, gt, lt, st, epmin, epmax

        /// Whether it is about numbers alone.
        var isThreshold: Bool { [.gt, .lt, .st].contains(self) }
    }

    private var set = Attributes()
    private var unset: [String] = []

    /// Parses the queries of the request: `pmin=10` sets, `pmin` and `pmin=` unset.
    ///
    /// - Parameter path: the target; `gt`, `lt` and `st` are for numeric resources and their instances alone, and nothing
    ///   is for a resource that cannot be read.
    /// - Throws: for an unknown or repeated attribute, a value that is no number, a level where an attribute has no
    ///   meaning, and for values of one request that break `lt < gt`, `lt + 2 * st < gt` or `epmin < epmax`.
    public init(_ queries: [String], at path: Path, _ definition: ObjectDefinition) throws(Refused) {
        guard !queries.isEmpty else { throw Refused(message: "no attribute is named") }
        var seen: Set<Name> = []
        let resource = path.resource.flatMap { definition[$0] }
        if let resource, !resource.operations.readable {
            throw Refused(message: "\(path) cannot be read, attributes have no meaning there")
        }
        for query in queries {
            let parts = query.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Name(rawValue: String(parts[0])) else {
                let known = Name.allCases.map(\.rawValue).joined(separator: ", ")
                throw Refused(message: "unknown attribute \(parts[0].prefix(32)); known are \(known)")
            }
            guard seen.insert(name).inserted else { throw Refused(message: "\(name) is named twice") }
            if name.isThreshold {
                guard let resource, resource.type.isNumeric else {
                    throw Refused(message: "\(name) is for numeric resources, \(path) is none")
                }
            }
            try apply(name, parts.count == 2 ? String(parts[1]) : "")
        }
        guard set.changeConditionsAreValid else {
            throw Refused(message: "lt + 2 * st must be less than gt")
        }
        guard set.evaluationPeriodsAreValid else { throw Refused(message: "epmin must be less than epmax") }
    }

    private mutating func apply(_ name: Name, _ text: String) throws(Refused) {
        guard !text.isEmpty else {
            unset.append(name.rawValue)
            return
        }
        switch name {
        case .pmin: set.minimumPeriod = try seconds(name, text)
        case .pmax: set.maximumPeriod = try seconds(name, text)
        case .epmin: set.minimumEvaluationPeriod = try seconds(name, text)
        case .epmax: set.maximumEvaluationPeriod = try seconds(name, text)
        case .gt: set.greaterThan = try number(name, text)
        case .lt: set.lessThan = try number(name, text)
        case .st:
            let step = try number(name, text)
            guard step >= 0 else { throw Refused(message: "st is a distance, it cannot be negative") }
            set.step = step
        }
    }

    private func seconds(_ name: Name, _ text: String) throws(Refused) -> UInt32 {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let seconds = UInt32(text) else {
            throw Refused(message: "\(name) is a number of seconds, 0 to 4294967295")
        }
        return seconds
    }

    private func number(_ name: Name, _ text: String) throws(Refused) -> Double {
        guard let number = Decimal.double(text) else { throw Refused(message: "\(name) is a decimal number") }
        return number
    }

    /// The attributes of the target after this update.
    public func applied(to attributes: Attributes) -> Attributes {
        var result = set.inheriting(attributes)
        for name in unset {
            switch Name(rawValue: name) {
            case .pmin: result.minimumPeriod = nil
            case .pmax: result.maximumPeriod = nil
            case .gt: result.greaterThan = nil
            case .lt: result.lessThan = nil
            case .st: result.step = nil
            case .epmin: result.minimumEvaluationPeriod = nil
            case .epmax: result.maximumEvaluationPeriod = nil
            case nil: break
            }
        }
        return result
    }
}

extension DataType {
    /// Integer, unsigned integer, float and time: what can cross a threshold.
    public var isNumeric: Bool {
        switch self {
        case .integer, .unsignedInteger, .float, .time: true
        default: false
        }
    }
}

extension Value {
    /// The value as a number, for thresholds and steps; nil when it is none.
    public var number: Double? {
        switch self {
        case .integer(let number), .time(let number): Double(number)
        case .unsignedInteger(let number): Double(number)
        case .float(let number): number
        default: nil
        }
    }
}
