/// A parsed and checked Write-Attributes: the attributes to set and to unset (LwM2M Core 6.3.4).
public struct AttributeUpdate: Hashable, Sendable {
    /// Why a Write-Attributes is refused with 4.00. The text is for people.
    public struct Refused: Error, Hashable, Sendable {
        public let message: String
    }

    private enum Name: String, CaseIterable {
        case pmin, pmax, gt, lt, st, epmin, epmax, edge, con, hqmax

        /// Whether it applies only to numbers.
        var isThreshold: Bool { [.gt, .lt, .st].contains(self) }

        /// The first version that has it.
        var version: EnablerVersion {
            switch self {
            case .pmin, .pmax, .gt, .lt, .st: .v10
            case .epmin, .epmax: .v11
            case .edge, .con, .hqmax: .v12
            }
        }
    }

    private var set = Attributes()
    private var unset: [String] = []

    /// Parses the queries of the request: `pmin=10` sets, `pmin` and `pmin=` unset.
    ///
    /// - Parameters:
    ///   - path: the target. `gt`, `lt` and `st` are allowed only for numeric resources and their instances, `edge` only for
    ///     boolean ones; a resource that cannot be read allows no attribute.
    ///   - version: that the server is spoken to in.
    /// - Throws: for an unknown or repeated attribute, one that the version does not have, a value that is not a number, a level where an attribute has no
    ///   meaning, and for values of one request that violate `lt < gt`, `lt + 2 * st < gt` or `epmin < epmax`.
    public init(
        _ queries: [String], at path: Path, _ definition: ObjectDefinition, _ version: EnablerVersion = .v11
    ) throws(Refused) {
        let resource = path.resource.flatMap { definition[$0] }
        if let resource, !resource.operations.readable {
            throw Refused(message: "\(path) cannot be read, so it has no attributes")
        }
        try self.init(queries, of: resource, named: "\(path)", version)
    }

    /// The attributes of an Observe-Composite (LwM2M Core 1.2, 6.4.4), which are those that an object may have.
    ///
    /// - Throws: as the other one does.
    public init(composite queries: [String], _ version: EnablerVersion) throws(Refused) {
        try self.init(queries, of: nil, named: "an Observe-Composite", version)
    }

    private init(
        _ queries: [String], of resource: ResourceDefinition?, named target: String, _ version: EnablerVersion
    ) throws(Refused) {
        guard !queries.isEmpty else { throw Refused(message: "the request names no attribute") }
        var seen: Set<Name> = []
        for query in queries {
            let parts = query.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Name(rawValue: String(parts[0])), name.version <= version else {
                let known = Name.allCases.filter { $0.version <= version }.map(\.rawValue).joined(separator: ", ")
                throw Refused(message: "unknown attribute '\(parts[0].prefix(32))'; use one of \(known)")
            }
            guard seen.insert(name).inserted else { throw Refused(message: "\(name) occurs twice") }
            if name.isThreshold {
                guard let resource, resource.type.isNumeric else {
                    throw Refused(message: "\(name) is only for numeric resources, and \(target) is not numeric")
                }
            }
            if name == .edge, resource?.type != .boolean {
                throw Refused(message: "\(name) is only for boolean resources, and \(target) is not boolean")
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
        case .edge: set.risingEdge = try flag(name, text)
        case .con: set.confirmable = try flag(name, text)
        case .hqmax: set.maximumHistoricalQueue = try count(name, text, "a number")
        }
    }

    private func flag(_ name: Name, _ text: String) throws(Refused) -> Bool {
        guard text == "0" || text == "1" else { throw Refused(message: "\(name) must be 0 or 1") }
        return text == "1"
    }

    private func seconds(_ name: Name, _ text: String) throws(Refused) -> UInt32 {
        try count(name, text, "a number of seconds")
    }

    private func count(_ name: Name, _ text: String, _ what: String) throws(Refused) -> UInt32 {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = UInt32(text) else {
            throw Refused(message: "\(name) must be \(what) from 0 to 4294967295")
        }
        return count
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
            case .edge: result.risingEdge = nil
            case .con: result.confirmable = nil
            case .hqmax: result.maximumHistoricalQueue = nil
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
