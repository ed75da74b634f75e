/// The attributes of the NOTIFICATION class that one server attached to one path (LwM2M Core 5.1.2, Table
/// "NOTIFICATION class Attributes").
public struct Attributes: Hashable, Sendable {
    /// `pmin`: the shortest time between two notifications, in seconds.
    public var minimumPeriod: UInt32?
    /// `pmax`: the longest time between two notifications, in seconds; 0 means no limit.
    public var maximumPeriod: UInt32?
    /// `gt`: a threshold. Crossing it in either direction causes a notification.
    public var greaterThan: Double?
    /// `lt`: like `gt`.
    public var lessThan: Double?
    /// `st`: the smallest change since the last notification that causes another.
    public var step: Double?
    /// `epmin`: the shortest time between two evaluations of the conditions, in seconds.
    public var minimumEvaluationPeriod: UInt32?
    /// `epmax`: the longest time between two evaluations, in seconds.
    public var maximumEvaluationPeriod: UInt32?
    /// `edge` (1.2): which transition of a boolean causes a notification: true for the rising edge (1), from false to true; false for
    /// the falling one (0).
    public var risingEdge: Bool?
    /// `con` (1.2): whether notifications are confirmable. nil: as the client does it.
    public var confirmable: Bool?
    /// `hqmax` (1.2): how many notifications are kept while the server is not in contact, the newest ones; with 0 none.
    public var maximumHistoricalQueue: UInt32?

    public init(
        minimumPeriod: UInt32? = nil, maximumPeriod: UInt32? = nil, greaterThan: Double? = nil, lessThan: Double? = nil,
        step: Double? = nil, minimumEvaluationPeriod: UInt32? = nil, maximumEvaluationPeriod: UInt32? = nil,
        risingEdge: Bool? = nil, confirmable: Bool? = nil, maximumHistoricalQueue: UInt32? = nil
    ) {
        self.minimumPeriod = minimumPeriod
        self.maximumPeriod = maximumPeriod
        self.greaterThan = greaterThan
        self.lessThan = lessThan
        self.step = step
        self.minimumEvaluationPeriod = minimumEvaluationPeriod
        self.maximumEvaluationPeriod = maximumEvaluationPeriod
        self.risingEdge = risingEdge
        self.confirmable = confirmable
        self.maximumHistoricalQueue = maximumHistoricalQueue
    }

    public var isEmpty: Bool { self == Attributes() }

    /// Whether a change of the value must meet a condition before it is notified.
    public var hasChangeConditions: Bool {
        greaterThan != nil || lessThan != nil || step != nil || risingEdge != nil
    }

    /// Whether `lt < gt` and `lt + 2 * st < gt`. Conditions that violate this rule are ignored.
    public var changeConditionsAreValid: Bool {
        guard let greaterThan, let lessThan else { return true }
        return lessThan + 2 * (step ?? 0) < greaterThan && lessThan < greaterThan
    }

    /// Whether `epmin < epmax`. Periods that violate this rule are ignored.
    public var evaluationPeriodsAreValid: Bool {
        guard let minimumEvaluationPeriod, let maximumEvaluationPeriod else { return true }
        return minimumEvaluationPeriod < maximumEvaluationPeriod
    }

    /// `pmax` as it applies: nil if it is 0 or smaller than `pmin`, because then it is ignored.
    public var effectiveMaximumPeriod: UInt32? {
        guard let maximumPeriod, maximumPeriod > 0, maximumPeriod >= minimumPeriod ?? 0 else { return nil }
        return maximumPeriod
    }

    /// These attributes, and for each that is not set the one of the level above.
    public func inheriting(_ above: Attributes) -> Attributes {
        Attributes(
            minimumPeriod: minimumPeriod ?? above.minimumPeriod, maximumPeriod: maximumPeriod ?? above.maximumPeriod,
            greaterThan: greaterThan ?? above.greaterThan, lessThan: lessThan ?? above.lessThan,
            step: step ?? above.step,
            minimumEvaluationPeriod: minimumEvaluationPeriod ?? above.minimumEvaluationPeriod,
            maximumEvaluationPeriod: maximumEvaluationPeriod ?? above.maximumEvaluationPeriod,
            risingEdge: risingEdge ?? above.risingEdge, confirmable: confirmable ?? above.confirmable,
            maximumHistoricalQueue: maximumHistoricalQueue ?? above.maximumHistoricalQueue)
    }

    /// The attributes but for the conditions of a change.
    var withoutChangeConditions: Attributes {
        var attributes = self
        attributes.greaterThan = nil
        attributes.lessThan = nil
        attributes.step = nil
        attributes.risingEdge = nil
        return attributes
    }

    /// The conditions of a change, which belong to a resource alone.
    public var ofResources: Attributes {
        Attributes(greaterThan: greaterThan, lessThan: lessThan, step: step, risingEdge: risingEdge)
    }

    /// The attributes as parameters of a link, in the specification's order: `pmin=10`, `gt=42.5`.
    public var linkParameters: [Link.Parameter] {
        var parameters: [Link.Parameter] = []
        if let minimumPeriod { parameters.append(.init("pmin", "\(minimumPeriod)")) }
        if let maximumPeriod { parameters.append(.init("pmax", "\(maximumPeriod)")) }
        if let greaterThan { parameters.append(.init("gt", Decimal.text(greaterThan))) }
        if let lessThan { parameters.append(.init("lt", Decimal.text(lessThan))) }
        if let step { parameters.append(.init("st", Decimal.text(step))) }
        if let minimumEvaluationPeriod { parameters.append(.init("epmin", "\(minimumEvaluationPeriod)")) }
        if let maximumEvaluationPeriod { parameters.append(.init("epmax", "\(maximumEvaluationPeriod)")) }
        if let risingEdge { parameters.append(.init("edge", risingEdge ? "1" : "0")) }
        if let confirmable { parameters.append(.init("con", confirmable ? "1" : "0")) }
        if let maximumHistoricalQueue { parameters.append(.init("hqmax", "\(maximumHistoricalQueue)")) }
        return parameters
    }
}
