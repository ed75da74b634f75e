extension Scheduler {
    /// Does work in a task of its own and waits for its end, at most for `limit`; then it goes on by itself.
    ///
    /// - Returns: whether it has ended.
    public func wait(atMost limit: Duration, for work: @escaping @Sendable @LoopActor () async -> Void) async -> Bool {
        await withCheckedContinuation { continuation in
            let waiter = Waiter(continuation)
            let timer = schedule(after: limit) { waiter.resume(false) }
            LoopActor.spawn {
                await work()
                timer.cancel()
                waiter.resume(true)
            }
        }
    }
}

/// Resumes a task once, for whatever comes first.
@LoopActor
private final class Waiter {
    private var continuation: CheckedContinuation<Bool, Never>?

    init(_ continuation: CheckedContinuation<Bool, Never>) { self.continuation = continuation }

    func resume(_ isDone: Bool) {
        continuation?.resume(returning: isDone)
        continuation = nil
    }
}
