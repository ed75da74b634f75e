import EventLoop

/// Opens the store when the daemon starts. A store that cannot be opened is no reason to end: the next process would find the
/// same. So it is tried again and again, and whoever asks hears why.
@LoopActor
final class StoreOpening {
    /// Opens the store; returns why that failed, nil when the store is open.
    private let open: @LoopActor () async -> String?
    /// Is told each failure, before the pause that follows it.
    private let failed: @LoopActor (_ problem: String) async throws -> Void
    private let pause: Pause
    private var pauses = RetryPauses()

    init(
        scheduler: any Scheduler, open: @escaping @LoopActor () async -> String?,
        failed: @escaping @LoopActor (_ problem: String) async throws -> Void
    ) {
        self.open = open
        self.failed = failed
        pause = Pause(scheduler: scheduler)
    }

    /// Returns when the store is open.
    ///
    /// - Throws: what `failed` throws.
    func run() async throws {
        while let problem = await open() {
            let delay = pauses.next()
            try await failed(problem)
            await pause.sleep(for: delay)
        }
    }

    /// Tries at once; does nothing when the store is open.
    func retry() {
        pauses = RetryPauses()
        pause.end()
    }
}
