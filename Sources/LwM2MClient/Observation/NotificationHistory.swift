import EventLoop
import LwM2M

/// What observations would have told a server that was out of contact, oldest first (1/x/6): pure, bounded.
@LoopActor
struct NotificationHistory {
    struct Record {
        let observation: Observation
        /// Of the observation's parts.
        let contents: [PathContent]
        /// The scheduler's time.
        let moment: Duration
        fileprivate let size: Int

        init(_ observation: Observation, _ contents: [PathContent], at moment: Duration) {
            self.observation = observation
            self.contents = contents
            self.moment = moment
            size = contents.reduce(0) { $0 + $1.size }
        }
    }

    /// What all records together may take, in bytes.
    static let limit = 256 * 1024
    /// Records of one observation. One more takes the place of the oldest of them.
    static let recordLimit = 100

    private(set) var records: [Record] = []
    private var size = 0

    /// Adds a record; what is oldest makes room. One that is larger than all the room is not kept.
    ///
    /// - Returns: whether it is kept.
    mutating func add(_ record: Record) -> Bool {
        guard record.size <= Self.limit else { return false }
        let same = records.indices.filter { records[$0].observation === record.observation }
        if same.count >= Self.recordLimit { remove(at: same[0]) }
        while size + record.size > Self.limit { remove(at: 0) }
        records.append(record)
        size += record.size
        return true
    }

    private mutating func remove(at index: Int) { size -= records.remove(at: index).size }

    mutating func remove(_ which: (Observation) -> Bool) {
        records.removeAll { which($0.observation) }
        size = records.reduce(0) { $0 + $1.size }
    }

    /// Takes all records, by observation, in the order of their first ones.
    mutating func takeAll() -> [[Record]] {
        var groups: [[Record]] = []
        for record in records {
            if let index = groups.firstIndex(where: { $0[0].observation === record.observation }) {
                groups[index].append(record)
            } else {
                groups.append([record])
            }
        }
        records = []
        size = 0
        return groups
    }
}

extension PathContent {
    /// About what it takes in a message, in bytes.
    fileprivate var size: Int {
        switch self {
        case .value(let value): value.encodedSize
        case .instances(let instances):
            instances.reduce(8) { size, instance in
                instance.resources.values.reduce(size) { size, content in
                    content.values.reduce(size) { $0 + $1.1.encodedSize }
                }
            }
        }
    }
}
