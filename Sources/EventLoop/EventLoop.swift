import CSDEvent
import Glibc
import Linux

/// sd-event as an executor: one loop, on one thread, that runs event sources and Swift jobs in turn.
///
/// It is serial executor (of `LoopActor`) and task executor, so that nothing wakes the cooperative pool.
public final class EventLoop: SerialExecutor, TaskExecutor, @unchecked Sendable {
    // Sendable: `jobs`, `thread` and `exitCode` are touched only under `lock`; `event` and `draining` are touched only on the
    // loop's thread (LoopActor), but for the event's creation; `wakeup` never changes.

    /// The process's loop.
    public static let shared = EventLoop()

    /// The `sd_event *`, for modules that attach C libraries to the loop.
    @LoopActor public var handle: OpaquePointer { event }

    private let event: OpaquePointer
    private let wakeup: Int32
    private let lock = Lock()
    private var jobs: [UnownedJob] = []
    private var thread: pthread_t?
    private var exitCode: Int32?
    private var draining = false

    private init() {
        var event: OpaquePointer?
        let result = sd_event_new(&event)
        guard result >= 0, let event else {
            preconditionFailure("sd_event_new: \(String(cString: strerror(-result)))")
        }
        self.event = event
        wakeup = makeWakeup()
        sd_event_add_io(
            event, nil, wakeup, UInt32(EPOLLIN.rawValue),
            { _, descriptor, _, _ in
                var count: UInt64 = 0
                _ = Glibc.read(descriptor, &count, 8)
                return 0
            }, nil)
    }

    // MARK: Running

    /// Runs the loop on the calling thread until `exit(_:)`; returns its code.
    public func run() -> Int32 {
        lock.withLock { thread = pthread_self() }
        while true {
            drain()
            let code = lock.withLock { exitCode }
            if let code { return code }
            let idle = lock.withLock { jobs.isEmpty }
            let result = sd_event_run(event, idle ? UInt64.max : 0)
            if result < 0 && result != -EINTR {
                preconditionFailure("sd_event_run: \(String(cString: strerror(-result)))")
            }
        }
    }

    /// Makes `run()` return after the present turn.
    public func exit(_ code: Int32) {
        lock.withLock { exitCode = code }
        wake()
    }

    /// Runs the jobs that wait, once, from within an event source's handler.
    ///
    /// For a C library's callback that has to have its answer before it returns (libcoap acknowledges a request without
    /// one): a task that it started and that needs no one else is done after this. Within a job it does nothing, for
    /// there the actor is taken.
    @LoopActor public func settle() {
        guard !draining else { return }
        drain()
    }

    private func drain() {
        draining = true
        defer { draining = false }
        // One batch a turn: jobs that these enqueue wait for the next turn, so that event sources have theirs.
        let batch = lock.withLock {
            let batch = jobs
            jobs.removeAll(keepingCapacity: true)
            return batch
        }
        for job in batch {
            job.runSynchronously(
                isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
        }
    }

    // MARK: Executor

    public func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        let onLoop = lock.withLock {
            jobs.append(unowned)
            return thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false
        }
        // On the loop's own thread the next turn sees the job without a system call.
        if !onLoop { wake() }
    }

    public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    public func isIsolatingCurrentContext() -> Bool? { isCurrentThread }

    public func checkIsolated() { precondition(isCurrentThread, "not on the event loop's thread") }

    private var isCurrentThread: Bool {
        lock.withLock { thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
    }

    private func wake() {
        var one: UInt64 = 1
        _ = Glibc.write(wakeup, &one, 8)
    }
}

private func makeWakeup() -> Int32 {
    do throws(Errno) {
        return try eventDescriptor().release()
    } catch {
        preconditionFailure("\(error)")
    }
}
