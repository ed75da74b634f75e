import Linux
import LwM2MClient

/// Slices responses that do not fit one message (RFC 7959, 2.4), and keeps their bodies, so that all blocks of a body
/// show the same state of the resource.
///
/// Several bodies of one resource may be read at a time: two Reads, or a Read and a notification. Nothing in a request for a later block
/// says which one is meant, so that it is found out by the token and by the block that is due.
struct Downloads {
    struct Limits {
        var bodies = 8
        var bytes = 1 << 20
        /// A body is dropped when no block of it was asked for during this time.
        var idle = Duration.seconds(120)
        /// The next block of a body that is being read is asked for during this time, also when the request got lost once.
        var prompt = Duration.seconds(5)
    }

    /// What a body answers.
    struct Key: Equatable {
        let method: Code
        let path: [String]
        let query: [String]
        let accept: UInt16?
        /// FETCH: two requests to the same path may differ only in their payload.
        let payload: [UInt8]

        init(_ message: WireMessage) {
            method = message.code
            path = message.options.path
            query = message.options.query
            accept = message.options.accept
            // With Block1 the last request carries only a part of the body; path and query have to be enough then.
            payload = message.code == .fetch && message.options.block1 == nil ? message.payload : []
        }

        /// Of an observe request, whose notifications are sliced.
        init(_ request: Request) {
            method = request.method
            path = request.path
            query = request.query
            accept = request.accept
            payload = request.method == .fetch ? request.payload : []
        }

        /// Whether a later block that is asked for like this may be one of mine: some peers repeat the payload of a FETCH with each
        /// block, some do not.
        func answers(_ asked: Key) -> Bool {
            method == asked.method && path == asked.path && query == asked.query && accept == asked.accept
                && (payload == asked.payload || asked.payload.isEmpty)
        }
    }

    private struct Body {
        let key: Key
        let message: WireMessage
        let eTag: [UInt8]
        /// Of the request that was answered last, or of the observation. Some peers use one token for all blocks of a body.
        var token: [UInt8]
        /// What was sent last: it may be asked for again, and its end is where the next block starts.
        var sent: Range<Int>
        var lastSeen: Duration
        /// Which body was used when.
        var order: UInt64
    }

    private let limits: Limits
    private var bodies: [Body] = []
    private var order: UInt64 = 0
    /// How the last later block was asked for, when it could have been one of several bodies.
    private var guessed: Key?

    init(limits: Limits = Limits()) { self.limits = limits }

    /// The first message of a response: all of it, or its first block with ETag and Size2.
    ///
    /// - Parameters:
    ///   - token: of the request, or of the observation.
    ///   - requested: the Block2 of the request: the peer wants no larger blocks.
    mutating func first(
        _ message: WireMessage, for key: Key, token: [UInt8], requested: Block?, now: Duration
    ) -> WireMessage {
        let block = Block(
            number: requested?.number ?? 0, more: false,
            exponent: min(requested?.exponent ?? Block.largest, Block.largest))
        if block.number == 0, message.options.observe == nil, message.code.isSuccess { startsAgain(key) }
        guard message.payload.count > block.size else {
            // The body became shorter since its first block was read. The whole of it must not pass for that block.
            guard block.number > 0, message.code.isSuccess else { return message }
            return Downloads.outOfRange(block)
        }
        let body = Body(
            key: key, message: message, eTag: Downloads.eTag(message.payload), token: token, sent: 0..<0,
            lastSeen: now, order: 0)
        bodies.append(body)
        return send(block, of: bodies.count - 1, token: token, now: now)
    }

    /// A later block of a body that was sliced before; nil when the body was dropped.
    mutating func later(_ block: Block, for asked: Key, token: [UInt8], now: Duration) -> WireMessage? {
        guard block.number > 0, let index = meant(block.offset, asked, token, now) else { return nil }
        var slice = send(block, of: index, token: token, now: now)
        // Only the first block carries Observe (RFC 7959, 2.6).
        slice.options.observe = nil
        return slice
    }

    /// The body that a later block is asked of: one that was read with this token, if there is one, and that has sent all before.
    private mutating func meant(_ offset: Int, _ asked: Key, _ token: [UInt8], _ now: Duration) -> Int? {
        let known = bodies.indices.filter {
            bodies[$0].key.answers(asked) && now - bodies[$0].lastSeen < limits.idle
        }
        let own = known.filter { !token.isEmpty && bodies[$0].token == token && offset <= bodies[$0].sent.upperBound }
        let candidates = own.isEmpty ? known : own
        let due = candidates.filter { bodies[$0].sent.upperBound == offset }
        let isDueElsewhere = due.isEmpty && known.contains { bodies[$0].sent.upperBound == offset }
        guessed = due.count > 1 || isDueElsewhere ? asked : nil
        guard due.isEmpty else {
            // Of several whose turn it is, the one that waits for the longest time; but not one that nobody reads, as a notification
            // that was lost.
            return longestUnused(due.filter { now - bodies[$0].lastSeen < limits.prompt }) ?? latest(due)
        }
        return latest(candidates.filter { bodies[$0].sent.lowerBound == offset })
            ?? latest(candidates.filter { offset < bodies[$0].sent.upperBound }) ?? latest(candidates)
    }

    private func longestUnused(_ which: [Int]) -> Int? { which.min { bodies[$0].order < bodies[$1].order } }

    private func latest(_ which: [Int]) -> Int? { which.max { bodies[$0].order < bodies[$1].order } }

    /// A body is read from its first block. When a guess came before, it was wrong, and what else there is of the resource would stand in
    /// the way again.
    private mutating func startsAgain(_ key: Key) {
        guard let asked = guessed, key.answers(asked) else { return }
        guessed = nil
        bodies.removeAll { $0.key == key }
    }

    /// One block of a body, which is dropped with its last one. A block that is out of turn changes nothing: the body may not be the one
    /// that was meant, and who reads it goes on.
    private mutating func send(_ block: Block, of index: Int, token: [UInt8], now: Duration) -> WireMessage {
        bodies[index].lastSeen = now
        let slice = Downloads.slice(bodies[index], block)
        let isNew = bodies[index].sent.isEmpty
        if let slice, isNew || block.offset <= bodies[index].sent.upperBound {
            order += 1
            bodies[index].order = order
            bodies[index].token = token
            bodies[index].sent = block.offset..<block.offset + slice.payload.count
            if slice.options.block2?.more == false { bodies.remove(at: index) }
        } else if isNew {
            bodies.remove(at: index)
        }
        tidy(now)
        return slice ?? Downloads.outOfRange(block)
    }

    private static func outOfRange(_ block: Block) -> WireMessage {
        .failure(.badOption, "the body has no block \(block.number)")
    }

    /// Drops what is idle, and what is too much: first what was not used for the longest time.
    private mutating func tidy(_ now: Duration) {
        bodies.removeAll { now - $0.lastSeen >= limits.idle }
        while bodies.count > 1,
            bodies.count > limits.bodies || bodies.reduce(0, { $0 + $1.message.payload.count }) > limits.bytes,
            let oldest = longestUnused(Array(bodies.indices))
        {
            bodies.remove(at: oldest)
        }
    }

    private static func slice(_ body: Body, _ block: Block) -> WireMessage? {
        let whole = body.message.payload
        guard block.offset < whole.count else { return nil }
        let end = min(block.offset + block.size, whole.count)
        var slice = WireMessage(body.message.code, options: body.message.options)
        slice.payload = Array(whole[block.offset..<end])
        slice.options.eTag = body.eTag
        slice.options.size2 = UInt32(clamping: whole.count)
        slice.options.block2 = Block(number: block.number, more: end < whole.count, exponent: block.exponent)
        return slice
    }

    /// Tells two states of one resource apart.
    private static func eTag(_ bytes: [UInt8]) -> [UInt8] {
        withUnsafeBytes(of: fnv1a(bytes)) { Array($0) }
    }
}
