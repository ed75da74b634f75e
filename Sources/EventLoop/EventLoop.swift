import CSDEvent
import Glibc
import Linux
import Synchronization

/// sd-event as an executor: one loop on one thread, which runs event sources and Swift jobs by turns.
///
/// It is the serial executor of `LoopActor` and a task executor, so that nothing wakes the cooperative pool.
public final class EventLoop: SerialExecutor, TaskExecutor, @unchecked Sendable {
    // Sendable: `jobs` and `exitCode` are used only under `lock`, and `thread` is atomic. `event` and `draining` are used only on
    // the loop's thread (LoopActor), except when `event` is created. `wakeup` never changes.

    /// The process's loop.
    public static let shared = EventLoop()

    /// The `sd_event *`, for modules that attach C libraries to the loop.
    @LoopActor public var handle: OpaquePointer { event }

    private let event: OpaquePointer
    private let wakeup: Int32
    private let lock = Lock()
    private var jobs: [UnownedJob] = []
    /// The `pthread_t` of the loop's thread; 0 before it runs.
    private let thread = Atomic<UInt>(0)
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

    /// Runs the loop on the calling thread until `exit(_:)` is called, and returns its code.
    public func run() -> Int32 {
        thread.store(pthread_self(), ordering: .releasing)
        while true {
            drain()
            let (code, idle) = lock.withLock { (exitCode, jobs.isEmpty) }
            if let code { return code }
            let result = sd_event_run(event, idle ? UInt64.max : 0)
            if result < 0 && result != -EINTR {
                preconditionFailure("sd_event_run: \(String(cString: strerror(-result)))")
            }
        }
    }

    /// Makes `run()` return after the current turn.
    public func exit(_ code: Int32) {
        lock.withLock { exitCode = code }
        wake()
    }

    /// Runs the waiting jobs once, from the handler of an event source.
    ///
    /// Use it in a callback of a C library that needs its answer before it returns (libcoap acknowledges a request that has no
    /// answer yet). A task that the callback started and that waits for nothing else is finished afterwards. Inside a job this
    /// does nothing, because the actor is in use.
    @LoopActor public func settle() {
        guard !draining else { return }
        drain()
    }

    private func drain() {
        draining = true
        defer { draining = false }
        // One batch per turn: jobs that these jobs enqueue wait for the next turn, so that event sources get their turn.
        let batch = lock.withLock {
            if jobs.isEmpty { return [] as [UnownedJob] }
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
        lock.withLock { jobs.append(unowned) }
        // On the loop's own thread no wake-up is needed: the next turn runs the job.
        if !isCurrentThread { wake() }
    }

    public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    public func isIsolatingCurrentContext() -> Bool? { isCurrentThread }

    public func checkIsolated() { precondition(isCurrentThread, "not on the event loop's thread") }

    /// Asked with every callback of libcoap, so it takes no lock.
    private var isCurrentThread: Bool { thread.load(ordering: .acquiring) == pthread_self() }

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
