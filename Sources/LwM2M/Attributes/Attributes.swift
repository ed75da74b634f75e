/// The attributes of the NOTIFICATION class that one server attached to one path (LwM2M Core 5.1.2, Table
/// "NOTIFICATION class Attributes").
public struct Attributes: Hashable, Sendable {
    /// `pmin`: seconds that pass at least between two notifications.
    public var minimumPeriod: UInt32?
    /// `pmax`: seconds after which there is a notification at the latest; 0 means none.
    public var maximumPeriod: UInt32?
    /// `gt`: the threshold whose crossing, in either direction, is notified.
    public var greaterThan: Double?
    /// `lt`: as `gt`.
    public var lessThan: Double?
    /// `st`: the change since the last notification from which on there is another.
    public var step: Double?
    /// `epmin`: seconds that pass at least between two looks at whether a value is to be notified.
    public var minimumEvaluationPeriod: UInt32?
    /// `epmax`: seconds that pass at most between two such looks.
    public var maximumEvaluationPeriod: UInt32?

    public init(
        minimumPeriod: UInt32? = nil, maximumPeriod: UInt32? = nil, greaterThan: Double? = nil, lessThan: Double? = nil,
        step: Double? = nil, minimumEvaluationPeriod: UInt32? = nil, maximumEvaluationPeriod: UInt32? = nil
    ) {
        self.minimumPeriod = minimumPeriod
        self.maximumPeriod = maximumPeriod
        self.greaterThan = greaterThan
        self.lessThan = lessThan
        self.step = step
        self.minimumEvaluationPeriod = minimumEvaluationPeriod
        self.maximumEvaluationPeriod = maximumEvaluationPeriod
    }

    public var isEmpty: Bool { self == Attributes() }

    /// Whether a value has to do something before it is notified.
    public var hasChangeConditions: Bool { greaterThan != nil || lessThan != nil || step != nil }

    /// `lt < gt` and `lt + 2 * st < gt`; conditions that break this rule are not valid, and count for nothing.
    public var changeConditionsAreValid: Bool {
        guard let greaterThan, let lessThan else { return true }
        return lessThan + 2 * (step ?? 0) < greaterThan && lessThan < greaterThan
    }

    /// `epmin < epmax`; periods that break this rule are not valid, and count for nothing.
    public var evaluationPeriodsAreValid: Bool {
        guard let minimumEvaluationPeriod, let maximumEvaluationPeriod else { return true }
        return minimumEvaluationPeriod < maximumEvaluationPeriod
    }

    /// `pmax` as it applies: nil when it is 0 or smaller than `pmin`, for it is ignored then.
    public var effectiveMaximumPeriod: UInt32? {
        guard let maximumPeriod, maximumPeriod > 0, maximumPeriod >= minimumPeriod ?? 0 else { return nil }
        return maximumPeriod
    }

    /// These, and for each that is not set the one of a level above.
    public func inheriting(_ above: Attributes) -> Attributes {
        Attributes(
            minimumPeriod: minimumPeriod ?? above.minimumPeriod, maximumPeriod: maximumPeriod ?? above.maximumPeriod,
            greaterThan: greaterThan ?? above.greaterThan, lessThan: lessThan ?? above.lessThan,
            step: step ?? above.step,
            minimumEvaluationPeriod: minimumEvaluationPeriod ?? above.minimumEvaluationPeriod,
            maximumEvaluationPeriod: maximumEvaluationPeriod ?? above.maximumEvaluationPeriod)
    }

    /// As parameters of a link, in the specification's order: `pmin=10`, `gt=42.5`.
    public var linkParameters: [Link.Parameter] {
        var parameters: [Link.Parameter] = []
        if let minimumPeriod { parameters.append(.init("pmin", "\(minimumPeriod)")) }
        if let maximumPeriod { parameters.append(.init("pmax", "\(maximumPeriod)")) }
        if let greaterThan { parameters.append(.init("gt", Decimal.text(greaterThan))) }
        if let lessThan { parameters.append(.init("lt", Decimal.text(lessThan))) }
        if let step { parameters.append(.init("st", Decimal.text(step))) }
        if let minimumEvaluationPeriod { parameters.append(.init("epmin", "\(minimumEvaluationPeriod)")) }
        if let maximumEvaluationPeriod { parameters.append(.init("epmax", "\(maximumEvaluationPeriod)")) }
        return parameters
    }
}
