/// The actor of the process's event loop. Everything that uses libcoap, sd-bus or an sd-event source is isolated to it, and
/// so runs on the loop's thread, one after the other.
@globalActor
public actor LoopActor {
    public static let shared = LoopActor()

    private init() {}

    public nonisolated var unownedExecutor: UnownedSerialExecutor { EventLoop.shared.asUnownedSerialExecutor() }

    /// Starts a task on the loop. Its continuations resume on the loop's thread, not on the cooperative pool, which would
    /// start more threads.
    @discardableResult
    public static func spawn(_ body: @escaping @Sendable @LoopActor () async -> Void) -> Task<Void, Never> {
        Task(executorPreference: EventLoop.shared) { await body() }
    }

    /// Enters the actor synchronously from a C callback on the loop. Traps on any other thread.
    ///
    /// - Parameters:
    ///   - argument: what the callback was given. It stays on this thread, and is used until `body` returns.
    ///   - body: captures nothing. So this allocates nothing, for callbacks that come with every message.
    public static func assumeIsolated<Argument, Result>(
        _ argument: Argument, _ body: @escaping @LoopActor (Argument) -> Result
    ) -> Result {
        EventLoop.shared.checkIsolated()
        typealias Plain = (Argument) -> Result
        // The check above proves that this thread is the actor's executor. Isolation is not part of a synchronous
        // function's calling convention, so the cast changes only the type. The standard library's
        // MainActor.assumeIsolated does the same.
        return unsafeBitCast(body, to: Plain.self)(argument)
    }
}
