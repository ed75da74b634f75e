import EventLoop
import Glibc

/// Runs the event loop on one thread of the test process.
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

    /// Starts the loop if it does not run yet. Call it first in every test that uses `LoopActor`.
    public static func start() { _ = started }
}

/// Starts the loop and runs a test's body on it.
///
/// The body's task prefers the loop's executor, as a daemon's tasks do. Otherwise every call of an async function would leave
/// the loop and return a turn later, and other sources could run in between, which does not happen in a daemon.
public func onLoop<Value: Sendable>(
    _ body: @escaping @Sendable @LoopActor () async throws -> Value
) async rethrows -> Value {
    LoopThread.start()
    return try await withTaskExecutorPreference(EventLoop.shared) { try await body() }
}
