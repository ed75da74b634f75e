import LwM2M

/// What is notified when, for one observation: a pure machine over the content, the time and the attributes
/// (LwM2M Core 5.1.2, 6.4).
struct NotificationState: Hashable, Sendable {
    /// The attributes as they apply, with the account's defaults (1/x/2, 1/x/3) where none is attached.
    struct Rule: Hashable, Sendable {
        var minimum: Duration = .zero
        /// nil when there is none, or one that is to be ignored: 0, or smaller than the minimum.
        var maximum: Duration?
        /// Between two looks at the content pass at least, and at most, so long; nil: as it comes.
        var leastPause: Duration?
        var longestPause: Duration?
        /// Set when a threshold or a step narrows what counts as a change.
        var conditions: Attributes?
        /// The resource that the numbers are of; nil above a resource.
        var resource: UInt16?
        /// Above a resource: those whose change does not count, for they change with time alone.
        var passing: [UInt16] = []
        /// Whether a notification is to be acknowledged (`con`).
        var isConfirmable = true
        /// How many notifications an outage leaves, the newest ones (`hqmax`); nil: as many as there is room for.
        var historyLimit: Int?

        init(_ effective: Attributes, at path: Path, _ settings: ServerSettings, passing: [UInt16] = []) {
            var attributes = effective
            attributes.minimumPeriod = attributes.minimumPeriod ?? settings.defaultMinimumPeriod
            attributes.maximumPeriod = attributes.maximumPeriod ?? settings.defaultMaximumPeriod
            minimum = .seconds(attributes.minimumPeriod ?? 0)
            maximum = attributes.effectiveMaximumPeriod.map { .seconds($0) }
            if attributes.evaluationPeriodsAreValid {
                leastPause = attributes.minimumEvaluationPeriod.map { .seconds($0) }
                longestPause = attributes.maximumEvaluationPeriod.map { .seconds($0) }
            }
            resource = path.resource
            let valid = attributes.hasChangeConditions && attributes.changeConditionsAreValid
            conditions = resource != nil && valid ? attributes : nil
            self.passing = resource == nil ? passing : []
            isConfirmable = attributes.confirmable ?? true
            historyLimit = attributes.maximumHistoricalQueue.map { Int($0) }
        }
    }

    enum Step: Hashable, Sendable {
        /// A notification is due, with the content of now.
        case notify
        /// The content is to be looked at, for it changes without a word.
        case look
        /// Nothing before that moment; nil when only a change can bring something.
        case wait(until: Duration?)
    }

    /// What the server knows, or will when the queue is empty.
    private(set) var told: PathContent
    private(set) var lastTold: Duration
    private var lastLooked: Duration
    /// What it was at the last look: an edge is between two looks, whatever was told of them.
    private var seen: PathContent
    /// A change that counts was seen, and is not told yet.
    private(set) var owes = false
    /// The resources whose announced changes may not be looked at yet (`epmin`); nil when there was no such change.
    private var postponed: Set<UInt16>?

    /// The response to the observe request is the first telling.
    init(_ content: PathContent, at now: Duration) {
        told = content
        seen = content
        lastTold = now
        lastLooked = now
    }

    /// The content was looked at. A change that counts is owed from now on, even when the content goes back before it
    /// may be told: what happened is not hushed up.
    ///
    /// - Parameter announced: the resource that is said to have changed; one that passes counts then.
    mutating func saw(_ content: PathContent, at now: Duration, _ rule: Rule, announced: UInt16? = nil) {
        lastLooked = now
        if counts(content, rule, (postponed ?? []).union(announced.map { [$0] } ?? [])) { owes = true }
        seen = content
        postponed = nil
    }

    /// A change was announced.
    ///
    /// - Returns: whether the content may be looked at now; else `step` says when.
    mutating func mayLook(at now: Duration, _ rule: Rule, announced: UInt16? = nil) -> Bool {
        guard let pause = rule.leastPause, now < lastLooked + pause else { return true }
        postponed = (postponed ?? []).union(announced.map { [$0] } ?? [])
        return false
    }

    /// A change that must be told was lost on the way, or what is watched is gone.
    mutating func owe() { owes = true }

    mutating func tell(_ content: PathContent, at now: Duration) {
        told = content
        seen = content
        lastTold = now
        lastLooked = now
        owes = false
        postponed = nil
    }

    /// What is to be done now.
    ///
    /// - Parameter sampling: how often the content is to be looked at; nil when changes are announced.
    func step(at now: Duration, _ rule: Rule, sampling: Duration?) -> Step {
        let earliest = lastTold + rule.minimum
        if owes { return now >= earliest ? .notify : .wait(until: earliest) }
        let latest = rule.maximum.map { lastTold + $0 }
        if let latest, now >= latest { return .notify }
        var look: Duration?
        if let sampling {
            // A look before the minimum period could not be told, one at the maximum is told anyway.
            let pause = max(min(sampling, rule.longestPause ?? sampling), rule.leastPause ?? .zero)
            look = max(lastLooked + pause, earliest)
        }
        if postponed != nil {
            let allowed = lastLooked + (rule.leastPause ?? .zero)
            look = min(look ?? allowed, allowed)
        }
        guard let look else { return .wait(until: latest) }
        if let latest, latest <= look { return .wait(until: latest) }
        return now >= look ? .look : .wait(until: look)
    }

    private func counts(_ content: PathContent, _ rule: Rule, _ announced: Set<UInt16>) -> Bool {
        let passing = rule.passing.filter { !announced.contains($0) }
        guard let conditions = rule.conditions else { return content.without(passing) != told.without(passing) }
        if let isRising = conditions.risingEdge { return edges(content, rule, isRising) }
        guard content != told else { return false }
        let before = told.numbers(of: rule.resource)
        let after = content.numbers(of: rule.resource)
        guard before.keys == after.keys, !after.isEmpty else { return true }
        return after.contains { instance, number in
            guard let old = before[instance] else { return true }
            return Self.crosses(old, number, conditions)
        }
    }

    /// Whether a boolean went from one value to the other since the last look, or instances of it came or went.
    private func edges(_ content: PathContent, _ rule: Rule, _ isRising: Bool) -> Bool {
        let before = seen.booleans(of: rule.resource)
        let after = content.booleans(of: rule.resource)
        guard before.keys == after.keys, !after.isEmpty else { return content != seen }
        return after.contains { instance, value in value == isRising && before[instance] == !isRising }
    }

    private static func crosses(_ old: Double, _ new: Double, _ conditions: Attributes) -> Bool {
        if let limit = conditions.greaterThan, (old > limit) != (new > limit) { return true }
        if let limit = conditions.lessThan, (old < limit) != (new < limit) { return true }
        if let step = conditions.step, abs(new - old) >= step { return true }
        return false
    }
}
