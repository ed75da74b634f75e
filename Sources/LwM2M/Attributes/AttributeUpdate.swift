/// A parsed and checked Write-Attributes: the attributes to set and to unset (LwM2M Core 6.3.4).
public struct AttributeUpdate: Hashable, Sendable {
    /// Why a Write-Attributes is refused with 4.00. The text is for people.
    public struct Refused: Error, Hashable, Sendable {
        public let message: String
    }

    private enum Name: String, CaseIterable {
        case pmin, pmax, gt, lt, st, epmin, epmax

        /// Whether it applies only to numbers.
        var isThreshold: Bool { [.gt, .lt, .st].contains(self) }

        /// The first version that has it.
        var version: EnablerVersion {
            switch self {
            case .pmin, .pmax, .gt, .lt, .st: .v10
            case .epmin, .epmax: .v11
            }
        }
    }

    private var set = Attributes()
    private var unset: [String] = []

    /// Parses the queries of the request: `pmin=10` sets, `pmin` and `pmin=` unset.
    ///
    /// - Parameters:
    ///   - path: the target. `gt`, `lt` and `st` are allowed only for numeric resources and their instances; a resource
    ///     that cannot be read allows no attribute.
    ///   - version: that the server is spoken to in.
    /// - Throws: for an unknown or repeated attribute, one that the version does not have, a value that is not a number, a level where an attribute has no
    ///   meaning, and for values of one request that violate `lt < gt`, `lt + 2 * st < gt` or `epmin < epmax`.
    public init(
        _ queries: [String], at path: Path, _ definition: ObjectDefinition, _ version: EnablerVersion = .v11
    ) throws(Refused) {
        guard !queries.isEmpty else { throw Refused(message: "the request names no attribute") }
        var seen: Set<Name> = []
        let resource = path.resource.flatMap { definition[$0] }
        if let resource, !resource.operations.readable {
            throw Refused(message: "\(path) cannot be read, so it has no attributes")
        }
        for query in queries {
            let parts = query.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Name(rawValue: String(parts[0])), name.version <= version else {
                let known = Name.allCases.filter { $0.version <= version }.map(\.rawValue).joined(separator: ", ")
                throw Refused(message: "unknown attribute '\(parts[0].prefix(32))'; use one of \(known)")
            }
            guard seen.insert(name).inserted else { throw Refused(message: "\(name) occurs twice") }
            if name.isThreshold {
                guard let resource, resource.type.isNumeric else {
                    throw Refused(message: "\(name) is only for numeric resources, and \(path) is not numeric")
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
            guard step >= 0 else { throw Refused(message: "st must not be negative") }
            set.step = step
        }
    }

    private func seconds(_ name: Name, _ text: String) throws(Refused) -> UInt32 {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let seconds = UInt32(text) else {
            throw Refused(message: "\(name) must be a number of seconds from 0 to 4294967295")
        }
        return seconds
    }

    private func number(_ name: Name, _ text: String) throws(Refused) -> Double {
        guard let number = Decimal.double(text) else { throw Refused(message: "\(name) must be a decimal number") }
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
    /// Whether values of the type can cross a threshold: integer, unsigned integer, float and time.
    public var isNumeric: Bool {
        switch self {
        case .integer, .unsignedInteger, .float, .time: true
        default: false
        }
    }
}

extension Value {
    /// The value as a number, for thresholds and steps; nil if it is not a number.
    public var number: Double? {
        switch self {
        case .integer(let number), .time(let number): Double(number)
        case .unsignedInteger(let number): Double(number)
        case .float(let number): number
        default: nil
        }
    }
}
