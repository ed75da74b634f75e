import LwM2M

/// What waits to be sent to one server (Send, LwM2M Core 6.4.6), oldest first; pure, bounded in bytes.
struct SendQueue {
    /// Values that were taken at one moment. They are sent together.
    struct Sample {
        /// Grows by one for each sample.
        let number: UInt64
        /// Without times: `taken` is theirs.
        let entries: [CompositeContent.Entry]
        /// The scheduler's time.
        let taken: Duration
        /// About what they take in a message, in bytes.
        let size: Int
    }

    /// What all samples together may take, in bytes.
    static let limit = 256 * 1024
    /// What one message holds, in bytes, unless a single sample is larger.
    static let messageLimit = 4096

    private(set) var samples: [Sample] = []
    /// Samples that had to make room since `takeDropped`.
    private(set) var dropped = 0
    private var size = 0
    private var count: UInt64 = 0

    /// How many values wait.
    var values: Int { samples.reduce(0) { $0 + $1.entries.count } }

    /// Adds values; what is oldest goes if there is no room. Values that are larger than all the room are not taken.
    ///
    /// - Returns: the number of their sample; nil if they were not taken.
    mutating func add(_ entries: [CompositeContent.Entry], taken: Duration) -> UInt64? {
        let size = entries.reduce(0) { $0 + $1.value.encodedSize }
        guard size <= Self.limit else {
            dropped += 1
            return nil
        }
        while self.size + size > Self.limit { dropFirst() }
        count += 1
        samples.append(Sample(number: count, entries: entries, taken: taken, size: size))
        self.size += size
        return count
    }

    private mutating func dropFirst() {
        size -= samples.removeFirst().size
        dropped += 1
    }

    /// The oldest samples, as many as fit into one message.
    ///
    /// - Parameter last: no sample after this one; nil: all.
    func batch(through last: UInt64?) -> [Sample] {
        var size = 0
        return Array(
            samples.prefix { sample in
                if let last, sample.number > last { return false }
                size += sample.size
                return size <= Self.messageLimit || sample.number == samples[0].number
            })
    }

    /// Removes what has a number up to this one.
    mutating func remove(through number: UInt64) {
        while let first = samples.first, first.number <= number {
            size -= first.size
            samples.removeFirst()
        }
    }

    mutating func removeAll() {
        samples = []
        size = 0
    }

    /// Keeps only values that pass.
    mutating func filter(_ isKept: (CompositeContent.Entry) -> Bool) {
        samples = samples.compactMap { sample in
            let entries = sample.entries.filter(isKept)
            guard !entries.isEmpty else { return nil }
            return entries.count == sample.entries.count
                ? sample
                : Sample(
                    number: sample.number, entries: entries, taken: sample.taken,
                    size: entries.reduce(0) { $0 + $1.value.encodedSize })
        }
        size = samples.reduce(0) { $0 + $1.size }
    }

    /// How many samples had to make room since the last call.
    mutating func takeDropped() -> Int {
        defer { dropped = 0 }
        return dropped
    }
}

extension Value {
    /// About what it takes in SenML with its name and its time, in bytes.
    var encodedSize: Int {
        switch self {
        case .string(let text), .coreLink(let text): 32 + text.utf8.count
        case .opaque(let bytes): 32 + bytes.count
        case .integer, .unsignedInteger, .float, .boolean, .time, .objectLink: 40
        }
    }
}
