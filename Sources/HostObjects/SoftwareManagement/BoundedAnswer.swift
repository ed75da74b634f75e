import EventLoop

/// Starts work and waits for its end, at most for `limit`: common servers abandon a request after 5 s.
///
/// - Returns: the result of the work; nil when it goes on in the background.
@LoopActor
func bounded<Value: Sendable>(
    _ limit: Duration, _ scheduler: any Scheduler, _ work: @escaping @Sendable @LoopActor () async -> Value
) async -> Value? {
    await withCheckedContinuation { continuation in
        let answer = Answer(continuation)
        let timer = scheduler.schedule(after: limit) { answer.give(nil) }
        LoopActor.spawn {
            let value = await work()
            timer.cancel()
            answer.give(value)
        }
    }
}

/// A continuation that the first caller resumes.
@LoopActor
private final class Answer<Value: Sendable> {
    private var continuation: CheckedContinuation<Value?, Never>?

    init(_ continuation: CheckedContinuation<Value?, Never>) { self.continuation = continuation }

    func give(_ value: Value?) {
        continuation?.resume(returning: value)
        continuation = nil
    }
}
