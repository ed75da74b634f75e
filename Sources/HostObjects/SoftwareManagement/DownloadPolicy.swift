/// How long one download goes on, and when it is tried again. Pure: time is given to it.
struct DownloadPolicy: Sendable {
    /// What follows the end of an attempt.
    enum Decision: Hashable, Sendable {
        case complete
        case failed(FetchFailure)
        case retry(after: Duration)
    }

    /// Failures that will hardly go away end a download when they occur so often in a row: well within a minute.
    static let unlikelyAttempts = 5

    private var began: Duration
    private var lastProgress: Duration
    /// Since when it waits for its turn: that time counts for no limit.
    private var queuedAt: Duration?
    /// Why the last attempt failed; nil as soon as bytes arrive.
    private var failure: FetchFailure?
    /// Attempts in a row without a byte; the pauses grow with it.
    private var idle = 0
    /// Attempts in a row whose failure will hardly go away.
    private var unlikely = 0

    // The attempt under way, and what of it the pace has seen.
    private var attemptBegan: Duration
    private var received = 0
    private var pace = TransferPace()
    private var seen = 0
    private var seenAt: Duration

    /// - Parameter stalled: for how long no byte had arrived when the download was interrupted.
    init(now: Duration, stalled: Duration = .zero) {
        began = now
        lastProgress = now - stalled
        attemptBegan = now
        seenAt = now
    }

    /// How long no byte has arrived, without the time in the queue.
    func stalled(_ now: Duration) -> Duration { (queuedAt ?? now) - lastProgress }

    /// Other downloads run first, until `attemptStarts`.
    mutating func waitsForTurn(_ now: Duration) { queuedAt = queuedAt ?? now }

    mutating func attemptStarts(_ now: Duration) {
        if let queuedAt {
            let queued = now - queuedAt
            began += queued
            lastProgress += queued
            seenAt += queued
            self.queuedAt = nil
        }
        attemptBegan = now
        // The pause after an attempt that brought bytes counts as time of the transfer; any other belongs to the patience.
        if received == 0 { seenAt = now }
        received = 0
        seen = 0
    }

    /// Bytes arrived.
    ///
    /// - Parameter count: of this attempt, all together.
    mutating func progress(_ count: Int, _ now: Duration) {
        guard count > received else { return }
        received = count
        lastProgress = now
        failure = nil
        idle = 0
        unlikely = 0
    }

    /// Whether it trickles, for an operator; empty when it does not.
    func warning(_ settings: DownloadSettings) -> String { pace.warning(settings.minimumRate) }

    /// How long until `verdict` is to be asked for again.
    func nextCheck(_ settings: DownloadSettings, _ now: Duration) -> Duration {
        max(.seconds(1), min(.seconds(60), stallEnd(settings) - now, began + settings.timeout - now))
    }

    /// Why the attempt under way is to be ended; nil when it is not.
    mutating func verdict(_ settings: DownloadSettings, _ now: Duration) -> FetchFailure? {
        if received > 0 { pace.note(received - seen, in: now - seenAt) }
        seen = received
        seenAt = now
        if now >= began + settings.timeout { return overdue(settings) }
        if pace.isTooSlow(settings.minimumRate) {
            return FetchFailure(.connectionLost, TransferPace.reason(settings.minimumRate))
        }
        return now >= stallEnd(settings) ? stalled(settings) : nil
    }

    /// - Parameter random: from 0 to 1.
    mutating func attemptEnded(
        _ end: FetchEnd, _ settings: DownloadSettings, _ now: Duration, random: Double
    ) -> Decision {
        progress(end.received, now)
        guard let last = end.failure else { return .complete }
        failure = last
        if received == 0 { idle += 1 }
        switch last.chance {
        case .final: return .failed(last)
        case .unlikely:
            unlikely += 1
            if unlikely >= Self.unlikelyAttempts { return .failed(last) }
        case .retry: unlikely = 0
        }
        if let verdict = verdict(settings, now) { return .failed(verdict) }
        let patience = lastProgress + settings.patience
        guard now < patience else { return .failed(stalled(settings)) }
        // Half to one and a half of it: many gateways must not come back at the same moment.
        let pause = Duration.seconds(min(30, 1 << min(idle, 5))) * (0.5 + random)
        guard now + pause < began + settings.timeout else { return .failed(overdue(settings)) }
        // The last attempt comes when the patience ends.
        return .retry(after: max(.seconds(1), min(pause, patience - now)))
    }

    /// Each attempt gets a minute, however little patience is left.
    private func stallEnd(_ settings: DownloadSettings) -> Duration {
        max(lastProgress + settings.patience, attemptBegan + min(settings.patience, .seconds(60)))
    }

    private func stalled(_ settings: DownloadSettings) -> FetchFailure {
        let reason = failure?.reason ?? "connection-lost: the server sends nothing"
        return FetchFailure(
            failure?.result ?? .connectionLost,
            "\(reason); no byte arrived for \(settings.patience.components.seconds) s (DownloadPatience=)")
    }

    private func overdue(_ settings: DownloadSettings) -> FetchFailure {
        FetchFailure(
            .connectionLost,
            "too-slow: the download was not complete after \(settings.timeout.components.seconds) s (DownloadTimeout=)")
    }
}
