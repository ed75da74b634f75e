/// Which downloads may run and which ones wait for their turn. Pure.
struct DownloadSlots: Hashable, Sendable {
    /// The most that run at once.
    var limit: Int
    private(set) var running: Set<UInt16> = []
    /// In the order in which they came.
    private(set) var queue: [UInt16] = []

    init(limit: Int) { self.limit = limit }

    /// - Returns: whether the download may run now; otherwise it is queued.
    mutating func enter(_ instance: UInt16) -> Bool {
        if running.count < limit {
            running.insert(instance)
            return true
        }
        queue.append(instance)
        return false
    }

    /// Takes a download out, whether it runs or waits.
    mutating func leave(_ instance: UInt16) {
        running.remove(instance)
        queue.removeAll { $0 == instance }
    }

    /// The downloads whose turn it is now; they run from here on.
    mutating func next() -> [UInt16] {
        let free = max(0, limit - running.count)
        let next = Array(queue.prefix(free))
        queue.removeFirst(next.count)
        running.formUnion(next)
        return next
    }
}
