import Glibc

/// A `pthread_mutex_t` at a stable address.
///
/// Not `Synchronization.Mutex`: the thread sanitizer does not see its futex, and reports races where there are none.
public final class Lock: @unchecked Sendable {
    // Sendable: any thread may use the mutex, and its address never changes.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>

    public init() {
        mutex = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    public func withLock<Result>(_ body: () throws -> Result) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body()
    }
}

/// A value that is used only under a lock of its own.
public final class Locked<Value: Sendable>: @unchecked Sendable {
    // Sendable: `value` is used only under `lock`.
    private let lock = Lock()
    private var value: Value

    public init(_ value: Value) { self.value = value }

    public func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        try lock.withLock { try body(&value) }
    }
}
