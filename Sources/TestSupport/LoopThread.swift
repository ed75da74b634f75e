import EventLoop
import Glibc

/// Runs the event loop on a thread of the test process, once.
public enum LoopThread {
    private static let started: Void = {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { _ in
                _ = EventLoop.shared.run()
                return nil
            }, nil)
    }()

    /// Starts the loop if it does not run yet. Call it first in every test that touches `LoopActor`.
    public static func start() { _ = started }
}

/// Runs a test's body on the loop, which is started first.
///
/// The body's task prefers the loop's executor, as a daemon's tasks do: without that every call of an async function
/// would leave the loop and come back a turn later, and what other sources do in between would be seen by no daemon.
public func onLoop<Value: Sendable>(
    _ body: @escaping @Sendable @LoopActor () async throws -> Value
) async rethrows -> Value {
    LoopThread.start()
    return try await withTaskExecutorPreference(EventLoop.shared) { try await body() }
}
