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
        /// The time since 1970, if the moment was in an earlier boot; nil: the clock tells it, also when it is set later.
        let time: Duration?
        /// About what it takes in a message, in bytes.
        let size: Int

        init(_ observation: Observation, _ contents: [PathContent], at moment: Duration, time: Duration? = nil) {
            self.observation = observation
            self.contents = contents
            self.moment = moment
            self.time = time
            size = contents.reduce(0) { $0 + $1.size }
        }
    }

    /// What all records together may take, in bytes.
    static let limit = 256 * 1024
    /// Records of one observation that says nothing else (`hqmax`). One more takes the place of the oldest of them.
    static let recordLimit = 100
    /// The most that `hqmax` gets.
    static let longest = 1000

    private(set) var records: [Record] = []
    private var size = 0

    /// Adds a record; what is oldest makes room.
    ///
    /// - Parameter most: how many records the observation may have, at most `longest`; 0: none, and it owes nothing then.
    /// - Returns: the observations that have no record now although they were to have one: of this record if it is larger than
    ///   all the room, and those whose last one made room. What they tell is owed by its content of then.
    mutating func add(_ record: Record, most: Int = recordLimit) -> [Observation] {
        guard record.size <= Self.limit else { return [record.observation] }
        guard most > 0 else { return [] }
        let most = min(most, Self.longest)
        let same = records.indices.filter { records[$0].observation === record.observation }
        for index in same.prefix(max(0, same.count + 1 - most)).reversed() { _ = remove(at: index) }
        var removed: [Observation] = []
        while size + record.size > Self.limit { removed.append(remove(at: 0)) }
        records.append(record)
        size += record.size
        return removed.filter { one in !records.contains { $0.observation === one } }
    }

    private mutating func remove(at index: Int) -> Observation {
        let record = records.remove(at: index)
        size -= record.size
        return record.observation
    }

    /// - Returns: what was removed, oldest first.
    @discardableResult
    mutating func remove(_ which: (Record) -> Bool) -> [Record] {
        let removed = records.filter(which)
        records.removeAll(where: which)
        size = records.reduce(0) { $0 + $1.size }
        return removed
    }

    /// Takes all records, oldest first.
    mutating func takeAll() -> [Record] {
        defer {
            records = []
            size = 0
        }
        return records
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
