import Linux
import LwM2MClient

/// Slices responses that do not fit one message (RFC 7959, 2.4), and keeps their bodies, so that all blocks of a body
/// show the same state of the resource.
struct Downloads {
    struct Limits {
        var bodies = 8
        var bytes = 1 << 20
        /// A body is dropped when no block of it was asked for during this time.
        var idle = Duration.seconds(120)
    }

    /// Identifies a body.
    struct Key: Hashable {
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
    }

    private struct Body {
        let message: WireMessage
        let eTag: [UInt8]
        var lastSeen: Duration
        var order: UInt64
    }

    private let limits: Limits
    private var bodies: [Key: Body] = [:]
    private var order: UInt64 = 0

    init(limits: Limits = Limits()) { self.limits = limits }

    /// The first message of a response: all of it, or its first block with ETag and Size2.
    ///
    /// - Parameter requested: the Block2 of the request: the peer wants no larger blocks.
    mutating func first(_ message: WireMessage, for key: Key?, requested: Block?, now: Duration) -> WireMessage {
        let exponent = min(requested?.exponent ?? Block.largest, Block.largest)
        guard message.payload.count > Block.size(exponent) else {
            // The body became shorter since its first block was read. The whole of it must not pass for that block.
            guard let requested, requested.number > 0, message.code.isSuccess else { return message }
            return Downloads.outOfRange(requested)
        }
        let body = Body(message: message, eTag: Downloads.eTag(message.payload), lastSeen: now, order: next())
        if let key { keep(body, key, now) }
        return Downloads.slice(body, Block(number: requested?.number ?? 0, more: false, exponent: exponent))
            ?? Downloads.outOfRange(requested)
    }

    /// A later block of a body that was sliced before; nil when the body was dropped.
    mutating func later(_ block: Block, for asked: Key, now: Duration) -> WireMessage? {
        let key = kept(asked)
        guard block.number > 0, var body = bodies[key], now - body.lastSeen < limits.idle else { return nil }
        body.lastSeen = now
        body.order = next()
        bodies[key] = body
        guard var slice = Downloads.slice(body, block) else {
            return Downloads.outOfRange(block)
        }
        // Only the first block carries Observe (RFC 7959, 2.6).
        slice.options.observe = nil
        if slice.options.block2?.more == false { bodies[key] = nil }
        return slice
    }

    /// The key of the body that later blocks are asked for with: some peers repeat the payload of a FETCH with each block, some
    /// do not, and mean the latest body then.
    private func kept(_ asked: Key) -> Key {
        guard bodies[asked] == nil, asked.method == .fetch, asked.payload.isEmpty else { return asked }
        let latest = bodies.filter {
            $0.key.method == .fetch && $0.key.path == asked.path && $0.key.query == asked.query
                && $0.key.accept == asked.accept
        }.max { $0.value.order < $1.value.order }
        return latest?.key ?? asked
    }

    private static func outOfRange(_ block: Block?) -> WireMessage {
        .failure(.badOption, "the body has no block \(block?.number ?? 0)")
    }

    private mutating func keep(_ body: Body, _ key: Key, _ now: Duration) {
        bodies[key] = body
        bodies = bodies.filter { now - $0.value.lastSeen < limits.idle }
        while bodies.count > 1,
            bodies.count > limits.bodies || bodies.values.reduce(0, { $0 + $1.message.payload.count }) > limits.bytes,
            let oldest = bodies.min(by: { $0.value.order < $1.value.order })
        {
            bodies[oldest.key] = nil
        }
    }

    private mutating func next() -> UInt64 {
        order += 1
        return order
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
