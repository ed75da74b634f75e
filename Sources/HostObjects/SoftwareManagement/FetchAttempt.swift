import EventLoop

/// What one attempt of a download is to fetch.
public struct FetchOrder: Hashable, Sendable {
    /// May hold secrets.
    public let uri: String
    /// The file; an attempt goes on where an earlier one for the same file stopped.
    public let path: String
    /// The most bytes of the whole package.
    public let limit: Int
    public let reserve: DiskReserve
    /// Whether loopback and link-local addresses are allowed.
    public let allowsLocal: Bool

    public init(uri: String, path: String, limit: Int, reserve: DiskReserve, allowsLocal: Bool) {
        self.uri = uri
        self.path = path
        self.limit = limit
        self.reserve = reserve
        self.allowsLocal = allowsLocal
    }
}

/// One attempt of a download: how far it is, and the way to end it early.
@LoopActor
public final class FetchAttempt {
    public let order: FetchOrder
    /// Bytes that this attempt added.
    public private(set) var received = 0
    /// Bytes of the package that are stored.
    public private(set) var stored = 0
    /// Bytes of the whole package; 0 when unknown.
    public private(set) var total = 0

    private var isCancelled = false
    private var onCancel: (@LoopActor () -> Void)?
    private let progressed: @LoopActor (FetchAttempt) -> Void

    public init(_ order: FetchOrder, progressed: @escaping @LoopActor (FetchAttempt) -> Void = { _ in }) {
        self.order = order
        self.progressed = progressed
    }

    // MARK: The fetcher's side

    /// The whole package has so many bytes.
    public func expects(_ total: Int) { self.total = total }

    /// So many bytes are stored already.
    public func begins(at offset: Int) { stored = offset }

    /// More bytes were stored.
    public func took(_ count: Int) {
        received += count
        stored += count
        progressed(self)
    }

    /// - Parameter body: called once when the attempt is cancelled; at once if it is already.
    public func whenCancelled(_ body: @escaping @LoopActor () -> Void) {
        if isCancelled { body() } else { onCancel = body }
    }

    // MARK: The owner's side

    /// Ends the attempt early: `fetch` returns soon. What is stored stays.
    public func cancel() {
        isCancelled = true
        let cancelled = onCancel
        onCancel = nil
        cancelled?()
    }
}

/// How an attempt ended.
public struct FetchEnd: Hashable, Sendable {
    /// nil: the package is stored.
    public let failure: FetchFailure?
    /// Bytes that the attempt added.
    public let received: Int

    public init(_ failure: FetchFailure?, received: Int) {
        self.failure = failure
        self.received = received
    }
}

/// Why a download, or one attempt of it, ended without a package.
public struct FetchFailure: Error, Hashable, Sendable {
    /// Whether the same request may succeed later.
    public enum Chance: Hashable, Sendable {
        case retry
        /// Hardly: it ends the download when it occurs a few times in a row.
        case unlikely
        case final
    }

    public let result: UpdateResult
    /// For people: a short token, a colon, a text; without user information and query of the URI.
    public let reason: String
    public let chance: Chance

    public init(_ result: UpdateResult, _ reason: String, _ chance: Chance = .final) {
        self.result = result
        self.reason = reason
        self.chance = chance
    }

    public init(_ failure: StorageFailure) { self.init(failure.result, failure.reason) }
}

/// Fetches packages: `gatekeel-fetch` in the daemon, a fake in tests.
@LoopActor
public protocol SoftwareFetcher: AnyObject {
    /// Makes one attempt. Returns when nothing of it is at work any more, also after `FetchAttempt.cancel`.
    func fetch(_ attempt: FetchAttempt) async -> FetchEnd
}
