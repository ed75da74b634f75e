/// Decides whether a release works. It is pure: the engine feeds it statuses and time, and performs its actions.
///
///     starting ──all active──▶ steady ──time over──▶ checking ──health passed──▶ passed
///        │ failed, restarted, or late │ failed, stopped, restarted │ not healthy, or as in steady
///        └────────────────────────────┴────────────────────────────┴──▶ failed(reason)
struct Probation: Hashable, Sendable {
    struct Limits: Hashable, Sendable {
        /// From the start until all units are active.
        var startTimeout: Duration
        /// How long they must stay so.
        var time: Duration
        /// Automatic restarts of each unit that are tolerated.
        var allowedRestarts: Int
    }

    enum Event: Hashable, Sendable {
        case status(UnitStatus)
        /// Time has passed.
        case tick
        case health(HealthResult)
    }

    enum Action: Hashable, Sendable {
        /// Send `.tick` after this.
        case wake(Duration)
        /// All units are active for the first time.
        case becameActive
        case checkHealth
        case pass
        case fail(Reason)
    }

    private enum State: Hashable, Sendable {
        case starting(until: Duration)
        case steady(until: Duration)
        case checking
        case over
    }

    /// Units that must be active, or skipped by systemd for a condition in their files.
    let required: [String]
    /// Those of them that ran before, and must not be skipped now.
    let running: Set<String>
    let limits: Limits
    let hasHealthCheck: Bool
    /// `conditionTimestamp` before the start. A status with one that is not newer is about an earlier start.
    private let before: [String: UInt64]
    private var statuses: [String: UnitStatus] = [:]
    private var state: State

    /// - Parameter now: the scheduler's time at which the units were started.
    init(
        required: [String], running: Set<String> = [], limits: Limits, hasHealthCheck: Bool,
        before: [String: UInt64] = [:], now: Duration
    ) {
        self.required = required
        self.running = running
        self.limits = limits
        self.hasHealthCheck = hasHealthCheck
        self.before = before
        state = .starting(until: now + limits.startTimeout)
    }

    /// Required units that systemd has skipped: a condition in their files did not hold.
    var skipped: [String] {
        required.filter { unit in
            statuses[unit].map { $0.wasSkipped && $0.conditionTimestamp > before[unit] ?? 0 } ?? false
        }
    }

    /// The first actions.
    func begin() -> [Action] { [.wake(limits.startTimeout)] }

    mutating func handle(_ event: Event, now: Duration) -> [Action] {
        if state == .over { return [] }
        switch event {
        case .status(let status): statuses[status.unit] = status
        case .tick: break
        case .health(let result):
            guard state == .checking else { return [] }
            switch result {
            case .passed: return conclude(.pass)
            case .failed(let text): return conclude(.fail(.health(text)))
            }
        }
        if let reason = failure() { return conclude(.fail(reason)) }
        return advance(event, now)
    }

    /// A tick that came too early: there must be another one, or nothing would ever end this state.
    private func early(_ event: Event, _ left: Duration) -> [Action] { event == .tick ? [.wake(left)] : [] }

    private mutating func conclude(_ action: Action) -> [Action] {
        state = .over
        return [action]
    }

    private mutating func advance(_ event: Event, _ now: Duration) -> [Action] {
        let late = required.first { !isUp($0) }
        switch state {
        case .starting(let end):
            if let late {
                if now < end { return early(event, end - now) }
                return conclude(.fail(.startFailed("\(late) is \(stateText(late)) after \(limits.startTimeout.text)")))
            }
            state = .steady(until: now + limits.time)
            return [.becameActive] + (limits.time > .zero ? [.wake(limits.time)] : advance(event, now))
        case .steady(let end):
            if now < end { return early(event, end - now) }
            if let late { return conclude(.fail(.probation("\(late) is \(stateText(late)) at its end"))) }
            guard hasHealthCheck else { return conclude(.pass) }
            state = .checking
            return [.checkHealth]
        case .checking, .over: return []
        }
    }

    /// Why the release has failed by now; nil when it has not.
    private func failure() -> Reason? {
        var isStarting = false
        if case .starting = state { isStarting = true }
        func reason(_ text: String) -> Reason { isStarting ? .startFailed(text) : .probation(text) }
        for status in statuses.values.sorted(by: { $0.unit < $1.unit }) {
            let unit = status.unit
            if status.activeState == .failed { return reason("\(unit) \(status.fate)") }
            if status.restarts > limits.allowedRestarts {
                let times = status.restarts == 1 ? "was restarted" : "was restarted \(status.restarts) times"
                let fate = status.exitCode == 0 ? "" : ": it \(status.fate)"
                return reason("\(unit) \(times)\(fate)")
            }
            guard required.contains(unit), status.activeState == .inactive, isNew(status) else { continue }
            if status.wasSkipped, running.contains(unit) {
                return reason("\(unit) ran before, and systemd skipped it now: a condition in its file does not hold")
            }
            if status.conditionsHold, !status.assertsHold {
                return reason("\(unit): systemd refused to start it, for an assertion in its file does not hold")
            }
            if !isUp(unit), !isStarting { return reason("\(unit) \(status.fate)") }
            // A simple service that ended at once without a failure is not active and will not become active.
            if !isUp(unit), status.exitCode != 0 { return reason("\(unit) \(status.fate)") }
        }
        return nil
    }

    /// Whether the status is about the start under observation.
    private func isNew(_ status: UnitStatus) -> Bool {
        if case .starting = state { status.conditionTimestamp > before[status.unit] ?? 0 } else { true }
    }

    private func isUp(_ unit: String) -> Bool {
        guard let status = statuses[unit] else { return false }
        switch status.activeState {
        case .active, .reloading, .refreshing: return true
        case .inactive:
            guard status.conditionTimestamp > before[unit] ?? 0 else { return false }
            // What systemd skips does not fail. A oneshot service without RemainAfterExit= is inactive after it succeeded.
            return status.wasSkipped
                || status.isOneshot && status.assertsHold && (status.result == "success" || status.result.isEmpty)
        case .failed, .activating, .deactivating, .maintenance: return false
        }
    }

    private func stateText(_ unit: String) -> String {
        guard let status = statuses[unit] else { return "not known to systemd" }
        return status.subState.isEmpty
            ? status.activeState.rawValue : "\(status.activeState.rawValue) (\(status.subState))"
    }
}

extension Duration {
    /// Whole milliseconds.
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }

    /// `30 s`, `500 ms`.
    var text: String {
        let milliseconds = milliseconds
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    }
}
