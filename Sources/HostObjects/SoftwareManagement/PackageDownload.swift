import EventLoop

/// One download while it is under way: its attempts, its pauses, and the way to end it early.
@LoopActor
final class PackageDownload {
    let uri: String
    let since: Duration
    var phase: PackageTransfer.Phase = .queued
    var policy: DownloadPolicy
    var attempt: FetchAttempt?
    /// Looks at the attempt from time to time.
    var watch: (any Scheduled)?
    /// Bytes that are stored, and those of the whole package, as of the last attempt.
    var received = 0
    var total = 0
    /// Why the attempt under way was ended by its owner.
    var verdict: FetchFailure?
    /// Why the download is to end early; the first reason counts.
    private(set) var cancellation: FetchFailure?

    /// Why it waits, as it is now and as Status Reason says.
    var reason = ""
    var told = ""
    var gate: StatusGate
    var isAnnouncing = false

    private var sleeper: CheckedContinuation<Void, Never>?
    private var timer: (any Scheduled)?
    private var isAwake = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var hasEnded = false
    private let scheduler: any Scheduler

    /// - Parameter stalled: for how long no byte had arrived when it was interrupted.
    init(_ uri: String, stalled: Duration, scheduler: any Scheduler) {
        self.uri = uri
        self.scheduler = scheduler
        since = scheduler.now
        policy = DownloadPolicy(now: scheduler.now, stalled: stalled)
        gate = StatusGate(now: scheduler.now)
    }

    /// The host of the URI: without user information, path and query.
    var host: String { Self.host(of: uri) }

    nonisolated static func host(of uri: String) -> String {
        guard let scheme = uri.firstIndex(of: ":") else { return "" }
        let rest = uri[scheme...].dropFirst().drop { $0 == "/" }
        let authority = rest.prefix { !"/?#\\".contains($0) }
        return String(authority.split(separator: "@", omittingEmptySubsequences: false).last ?? "")
    }

    // MARK: Pauses

    /// Suspends until `wake`, or for so long.
    func sleep(for delay: Duration? = nil) async {
        guard !isAwake else {
            isAwake = false
            return
        }
        if let delay { timer = scheduler.schedule(after: delay) { [weak self] in self?.wake() } }
        await withCheckedContinuation { sleeper = $0 }
        isAwake = false
    }

    func wake() {
        isAwake = true
        timer?.cancel()
        timer = nil
        sleeper?.resume()
        sleeper = nil
    }

    // MARK: Its end

    func cancel(_ why: FetchFailure) {
        cancellation = cancellation ?? why
        attempt?.cancel()
        wake()
    }

    /// Nothing of it is at work any more, and its instance says so.
    func end() {
        hasEnded = true
        waiting.forEach { $0.resume() }
        waiting = []
    }

    func waitForEnd() async {
        guard !hasEnded else { return }
        await withCheckedContinuation { waiting.append($0) }
    }
}
