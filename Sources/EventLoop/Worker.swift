import Glibc
import Linux

/// A thread for blocking work (libarchive, OpenSSL over files, `fsync`), which runs jobs in the order of submission.
///
/// The thread ends when no job is left, so that an idle daemon has one thread.
public final class Worker: @unchecked Sendable {
    // Sendable: `queue`, `running`, `number` and `job` are used only under `lock`, `onRun` only on the loop.

    public static let shared = Worker("shared")

    /// For the intake of packages: copying and decompressing a large one must not delay the writes of a deployment, during
    /// which units are stopped.
    public static let intake = Worker("intake")

    /// For name resolution only: a name server that does not answer must not delay a durable write.
    public static let names = Worker("names")

    /// For the bytes of packages while they are transferred: a slow disk must not delay a durable write.
    public static let transfers = Worker("transfers")

    /// All of them.
    public static let all = [shared, intake, names, transfers]

    /// What a job may take before `WorkerWatch` looks again: longer than a full journal and a slow disk make an `fsync`.
    public static let usual = Duration.seconds(300)
    /// For a job that copies, checks or unpacks a package: 1 GiB, packed and unpacked, at a megabyte in a second.
    public static let long = Duration.seconds(3600)

    /// A job that is being run.
    struct Job: Sendable {
        let number: Int
        let limit: Duration
    }

    let name: String
    /// Called when a job is handed over.
    @LoopActor var onRun: (@LoopActor () -> Void)?

    private let lock = Lock()
    private var queue: [(limit: Duration, body: @Sendable () -> Void)] = []
    private var running = false
    private var number = 0
    private var job: Job?

    /// Starts the thread; returns an error's number, as `pthread_create(3)`. A test has one that fails.
    private let start: @Sendable (Worker) -> Int32

    init(_ name: String, start: @escaping @Sendable (Worker) -> Int32 = { startThread($0) }) {
        self.name = name
        self.start = start
    }

    /// Runs `body` on the worker's thread and resumes on the loop.
    ///
    /// - Parameter limit: what the job may take; see `WorkerWatch`.
    /// - Throws: what `body` throws; `Errno` when no thread can be started (`TasksMax=`): then the job is not run.
    @LoopActor
    public func run<Value: Sendable>(
        limit: Duration = Worker.usual, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            do throws(Errno) {
                try submit(limit) { continuation.resume(with: Swift.Result { try body() }) }
                onRun?()
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// The job that is being run; nil when there is none.
    var current: Job? { lock.withLock { job } }

    @LoopActor
    private func submit(_ limit: Duration, _ body: @escaping @Sendable () -> Void) throws(Errno) {
        let mustStart = lock.withLock {
            queue.append((limit, body))
            defer { running = true }
            return !running
        }
        guard mustStart else { return }
        let result = start(self)
        guard result != 0 else { return }
        // Jobs are submitted on the loop alone, so there is no other one.
        lock.withLock { (queue, running) = ([], false) }
        throw Errno(result, "start a thread (the service's TasksMax= or the machine's memory is used up)")
    }

    static func startThread(_ worker: Worker) -> Int32 {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        defer { pthread_attr_destroy(&attributes) }
        var thread = pthread_t()
        let retained = Unmanaged.passRetained(worker)
        let result = pthread_create(&thread, &attributes, workerMain, retained.toOpaque())
        if result != 0 { retained.release() }
        return result
    }

    fileprivate func drain() {
        while let body = next() { body() }
    }

    private func next() -> (@Sendable () -> Void)? {
        lock.withLock {
            guard !queue.isEmpty else {
                (running, job) = (false, nil)
                return nil
            }
            let (limit, body) = queue.removeFirst()
            number += 1
            job = Job(number: number, limit: limit)
            return body
        }
    }
}

private func workerMain(_ data: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let data else { return nil }
    // Block all signals: the loop handles them.
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, nil)
    Unmanaged<Worker>.fromOpaque(data).takeRetainedValue().drain()
    return nil
}
