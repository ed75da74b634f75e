import EventLoop
import TestSupport

/// Waits for something that a signal will bring, at most ten seconds, or `patience` times as long.
@LoopActor
final class Arrival<Value: Sendable> {
    private(set) var values: [Value] = []
    private var waiting: (count: Int, continuation: CheckedContinuation<Void, Never>)?

    func came(_ value: Value) {
        values.append(value)
        if let waiting, values.count >= waiting.count { finish() }
    }

    func wait(for count: Int) async -> [Value] {
        let deadline = LoopScheduler.shared.schedule(after: .seconds(10 * patience)) { [weak self] in self?.finish() }
        await withCheckedContinuation { continuation in
            if values.count >= count { return continuation.resume() }
            waiting = (count, continuation)
        }
        deadline.cancel()
        return values
    }

    private func finish() {
        waiting?.continuation.resume()
        waiting = nil
    }
}
