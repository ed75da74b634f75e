import LwM2MClient

/// An answer that is sent and kept for repetitions; a class, so that it is not copied.
final class Answer: Equatable, Sendable {
    let message: WireMessage

    init(_ message: consuming WireMessage) { self.message = message }

    static func == (left: Answer, right: Answer) -> Bool { left.message == right.message }
}

/// The answers by message ID, so that a retransmitted request is answered again and never runs twice (RFC 7252, 4.5).
///
/// Bounded in entries, bytes and time. Requests that change something, requests that only read, and the blocks within a
/// body are kept apart: the answer to an Execute is not evicted by Reads or by the blocks of a package.
struct DuplicateCache {
    /// `EXCHANGE_LIFETIME` (RFC 7252, 4.8.2): after this time a message ID may be used for a new request.
    static let lifetime = Duration.seconds(247)

    /// How many separate responses may be outstanding: all of them may be under way to the peer together.
    static let underWay = 64

    struct Limits {
        /// Answers that are kept, of each kind.
        var entries = 256
        /// Bytes of answers that are kept, of each kind.
        var bytes = 96 * 1024
        /// Requests that change something and may be without an acknowledged answer at a time. For others it is twice as
        /// many: they are answered at once, and a flood of writes must not shut them out.
        var underWay = DuplicateCache.underWay
    }

    /// Requests of one kind compete for the same entries.
    enum Kind {
        /// It only reads: running it twice does no harm.
        case look
        /// A block within a body (RFC 7959, 2.5): a repetition is recognized by its offset.
        case block
        case change

        /// - Parameter block1: the request's option.
        init(_ code: Code, block1: Block?) {
            switch code {
            case .get, .fetch: self = .look
            // The first block begins a transfer, and the last one carries out the request.
            default: self = block1.map { $0.more && $0.number > 0 } ?? false ? .block : .change
            }
        }
    }

    enum Verdict: Equatable {
        /// A new request: serve it, then call `answered`.
        case fresh
        /// Being served; the answer will be a separate one.
        case underWay
        /// Send this answer again.
        case answered(Answer)
        /// It was answered by a separate response, which has its own retransmissions.
        case answeredSeparately
        /// A new request, but too many are being served.
        case overloaded
    }

    private enum State {
        case underWay
        case answered(Answer)
        case separate
    }

    private struct Entry {
        let code: Code
        let kind: Kind
        let token: [UInt8]
        let since: Duration
        let serial: UInt64
        var state: State
        var size: Int
    }

    private struct Line {
        var order: [(slot: Int, serial: UInt64)] = []
        var head = 0
        var bytes = 0
        var count: Int { order.count - head }

        mutating func removeFirst() -> (slot: Int, serial: UInt64) {
            defer {
                head += 1
                // Compacted now and then, rather than shifted for each element.
                if head == 256 {
                    order.removeFirst(head)
                    head = 0
                }
            }
            return order[head]
        }
    }

    private let limits: Limits
    private var entries = MessageIDTable<Entry>()
    private var looking = Line()
    private var blocks = Line()
    private var changing = Line()
    private var serial: UInt64 = 0
    private var underWay = 0

    init(limits: Limits = Limits()) { self.limits = limits }

    /// Whether a request has no answer yet.
    var isServing: Bool { underWay > 0 }

    /// How many answers are kept; for tests.
    var count: Int { entries.count }

    /// Says what to do with a request; a fresh one counts as under way from now on.
    ///
    /// - Parameter unacknowledged: separate responses that the peer has not acknowledged. What they leave no room for is
    ///   refused: a request that is acknowledged must get its response without waiting for those of others.
    ///
    /// Code and token are compared as well: a peer that was restarted may reuse a message ID at once.
    mutating func verdict(
        id: UInt16, _ kind: Kind, code: Code, token: [UInt8], unacknowledged: Int = 0, now: Duration
    ) -> Verdict {
        let slot = entries.slot(of: id)
        if let slot, let earlier = entries[slot], earlier.code == code, earlier.token == token,
            now - earlier.since < DuplicateCache.lifetime
        {
            switch earlier.state {
            case .underWay: return .underWay
            case .answered(let answer): return .answered(answer)
            case .separate: return .answeredSeparately
            }
        }
        guard kind == .change ? underWay + unacknowledged < limits.underWay : underWay < 2 * limits.underWay else {
            return .overloaded
        }
        if let slot { forget(slot) }
        serial += 1
        underWay += 1
        let entry = Entry(
            code: code, kind: kind, token: token, since: now, serial: serial, state: .underWay, size: 0)
        let place = (slot: entries.insert(entry, for: id), serial: serial)
        with(kind) { $0.order.append(place) }
        trim(kind)
        return .fresh
    }

    /// The answer to a fresh request.
    ///
    /// - Parameter separately: it left as a message of its own, not with the acknowledgement.
    mutating func answered(id: UInt16, token: [UInt8], _ answer: Answer, separately: Bool) {
        guard let slot = entries.slot(of: id), var entry = entries[slot], entry.token == token,
            case .underWay = entry.state
        else { return }
        underWay -= 1
        entry.state = separately ? .separate : .answered(answer)
        entry.size = separately ? 0 : answer.message.footprint
        entries[slot] = entry
        with(entry.kind) { $0.bytes += entry.size }
        trim(entry.kind)
    }

    private mutating func forget(_ slot: Int) {
        let entry = entries.remove(at: slot)
        if case .underWay = entry.state { underWay -= 1 }
        with(entry.kind) { $0.bytes -= entry.size }
    }

    private mutating func trim(_ kind: Kind) {
        var waiting: [(slot: Int, serial: UInt64)] = []
        let limits = limits
        while with(kind, { $0.count > 0 && ($0.count + waiting.count > limits.entries || $0.bytes > limits.bytes) }) {
            let oldest = with(kind) { $0.removeFirst() }
            // A later request with the same ID took its place.
            guard let entry = entries[oldest.slot], entry.serial == oldest.serial else { continue }
            if case .underWay = entry.state {
                waiting.append(oldest)
            } else {
                forget(oldest.slot)
            }
        }
        if !waiting.isEmpty { with(kind) { $0.order.append(contentsOf: waiting) } }
    }

    @discardableResult
    private mutating func with<Result>(_ kind: Kind, _ body: (inout Line) -> Result) -> Result {
        switch kind {
        case .look: body(&looking)
        case .block: body(&blocks)
        case .change: body(&changing)
        }
    }
}
