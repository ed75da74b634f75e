import Glibc

/// A thread for blocking work (libarchive, OpenSSL over files, `fsync`), which runs jobs in the order of submission.
///
/// The thread ends when no job is left, so that an idle daemon has one thread.
public final class Worker: @unchecked Sendable {
    // Sendable: `queue` and `running` are used only under `lock`.

    public static let shared = Worker()

    /// For the intake of packages: copying and decompressing a large one must not delay the writes of a deployment, during
    /// which units are stopped.
    public static let intake = Worker()

    /// For name resolution only: a name server that does not answer must not delay a durable write.
    public static let names = Worker()

    /// For the bytes of packages while they are transferred: a slow disk must not delay a durable write.
    public static let transfers = Worker()

    private let lock = Lock()
    private var queue: [@Sendable () -> Void] = []
    private var running = false

    private init() {}

    /// Runs `body` on the worker's thread and resumes on the loop.
    @LoopActor
    public func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            submit { continuation.resume(with: Swift.Result { try body() }) }
        }
    }

    private func submit(_ job: @escaping @Sendable () -> Void) {
        let start = lock.withLock {
            queue.append(job)
            defer { running = true }
            return !running
        }
        guard start else { return }
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let result = pthread_create(&thread, &attributes, workerMain, Unmanaged.passRetained(self).toOpaque())
        pthread_attr_destroy(&attributes)
        guard result == 0 else { preconditionFailure("pthread_create: \(String(cString: strerror(result)))") }
    }

    fileprivate func drain() {
        while let job = next() { job() }
    }

    private func next() -> (@Sendable () -> Void)? {
        lock.withLock {
            guard queue.isEmpty else { return queue.removeFirst() }
            running = false
            return nil
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
