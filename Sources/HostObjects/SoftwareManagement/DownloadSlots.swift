/// Which downloads may run and which ones wait for their turn. Each server has as many slots as the others, whatever these ask for.
/// Pure.
struct DownloadSlots: Hashable, Sendable {
    /// Whose a download is: an account; nil: it is not known any more.
    typealias Owner = UInt16?

    private struct Waiting: Hashable {
        let instance: UInt16
        let owner: Owner
    }

    /// The most of one owner that run at once.
    var limit: Int
    private var owners: [UInt16: Owner] = [:]
    /// In the order in which they came.
    private var queue: [Waiting] = []

    init(limit: Int) { self.limit = limit }

    /// The downloads that run.
    var running: Set<UInt16> { Set(owners.keys) }

    /// - Returns: whether the download may run now; otherwise it is queued.
    mutating func enter(_ instance: UInt16, for owner: Owner) -> Bool {
        guard hasRoom(owner) else {
            queue.append(Waiting(instance: instance, owner: owner))
            return false
        }
        owners[instance] = .some(owner)
        return true
    }

    /// Takes a download out, whether it runs or waits.
    mutating func leave(_ instance: UInt16) {
        owners.removeValue(forKey: instance)
        queue.removeAll { $0.instance == instance }
    }

    /// The downloads whose turn it is now; they run from here on.
    mutating func next() -> [UInt16] {
        var next: [UInt16] = []
        for waiting in queue where hasRoom(waiting.owner) {
            owners[waiting.instance] = .some(waiting.owner)
            next.append(waiting.instance)
        }
        queue.removeAll { next.contains($0.instance) }
        return next
    }

    private func hasRoom(_ owner: Owner) -> Bool { owners.values.count { $0 == owner } < limit }
}
