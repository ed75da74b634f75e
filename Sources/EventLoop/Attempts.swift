/// Attempts at what may heal by itself, with growing pauses between them. For what a daemon needs at its start: the next process
/// would find the same, so it stays, whoever asks hears why, and it is tried again.
@LoopActor
public final class Attempts {
    /// Makes an attempt; returns why it failed, nil when it did not.
    private let attempt: @LoopActor () async throws -> String?
    /// Is told each failure, before the pause that follows it.
    private let failed: @LoopActor (_ problem: String) async throws -> Void
    private let pause: Pause
    private var pauses = RetryPauses()

    public init(
        scheduler: any Scheduler, attempt: @escaping @LoopActor () async throws -> String?,
        failed: @escaping @LoopActor (_ problem: String) async throws -> Void
    ) {
        self.attempt = attempt
        self.failed = failed
        pause = Pause(scheduler: scheduler)
    }

    /// Returns when an attempt has succeeded.
    ///
    /// - Throws: what `attempt` or `failed` throws: no further attempt is made.
    public func run() async throws {
        while let problem = try await attempt() {
            let delay = pauses.next()
            try await failed(problem)
            await pause.sleep(for: delay)
        }
    }

    /// Tries at once; does nothing while no attempt is waited for.
    public func retry() {
        pauses = RetryPauses()
        pause.end()
    }
}
