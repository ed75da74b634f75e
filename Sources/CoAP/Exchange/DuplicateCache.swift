import LwM2MClient

/// An answer that is sent and kept: shared, for it is large.
final class Answer: Equatable, Sendable {
    let message: WireMessage

    init(_ message: WireMessage) { self.message = message }

    static func == (left: Answer, right: Answer) -> Bool { left.message == right.message }
}

/// What was answered to which message ID, so that a retransmitted request is answered again and never runs twice
/// (RFC 7252, 4.5).
///
/// Bounded in entries, bytes and time. Requests that change something are kept apart from those that only look, and from
/// the blocks amid a body: a peer that reads all day, or pushes a package meanwhile, does not push the answer to its
/// Execute out.
struct DuplicateCache {
    /// `EXCHANGE_LIFETIME` (RFC 7252, 4.8.2): a message ID may stand for a new request after so long.
    static let lifetime = Duration.seconds(247)

    struct Limits {
        /// Answers that are kept, of each kind.
        var entries = 256
        /// Bytes of answers that are kept, of each kind.
        var bytes = 96 * 1024
        /// Requests that may be without an answer at a time.
        var underWay = 64
    }

    /// What a request does, which says with which others it competes for a place.
    enum Kind {
        /// It only looks; running twice it does no harm.
        case look
        /// A block amid a body (RFC 7959, 2.5): a second one is told by its offset.
        case block
        case change

        init(_ message: WireMessage) {
            switch message.code {
            case .get, .fetch: self = .look
            // The first block begins a transfer, the last one carries the request out.
            default: self = message.options.block1.map { $0.more && $0.number > 0 } ?? false ? .block : .change
            }
        }
    }

    enum Verdict: Equatable {
        /// Not seen: it is to be served, and `answered` to be called.
        case fresh
        /// Being served; the answer will be a separate one.
        case underWay
        /// To be answered in the same way again.
        case answered(Answer)
        /// Was answered by a separate response, which is retransmitted by itself.
        case answeredSeparately
        /// New, but too many are being served.
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
        var order: [(id: UInt16, serial: UInt64)] = []
        var head = 0
        var bytes = 0
        var count: Int { order.count - head }

        mutating func removeFirst() -> (id: UInt16, serial: UInt64) {
            defer {
                head += 1
                // Compacted now and then: a queue without a shift per element.
                if head == 256 {
                    order.removeFirst(head)
                    head = 0
                }
            }
            return order[head]
        }
    }

    private let limits: Limits
    private var entries: [UInt16: Entry] = [:]
    private var looking = Line()
    private var blocks = Line()
    private var changing = Line()
    private var serial: UInt64 = 0
    private var underWay = 0

    init(limits: Limits = Limits()) { self.limits = limits }

    /// How many answers are kept; for tests.
    var count: Int { entries.count }

    /// What to do with a request; a fresh one is under way from now on.
    ///
    /// Code and token are compared as well: a peer that starts anew may use a message ID again at once.
    mutating func verdict(id: UInt16, _ kind: Kind, code: Code, token: [UInt8], now: Duration) -> Verdict {
        if let entry = entries[id], entry.code == code, entry.token == token,
            now - entry.since < DuplicateCache.lifetime
        {
            switch entry.state {
            case .underWay: return .underWay
            case .answered(let answer): return .answered(answer)
            case .separate: return .answeredSeparately
            }
        }
        guard underWay < limits.underWay else { return .overloaded }
        forget(id)
        serial += 1
        underWay += 1
        entries[id] = Entry(
            code: code, kind: kind, token: token, since: now, serial: serial, state: .underWay, size: 0)
        let place = (id: id, serial: serial)
        with(kind) { $0.order.append(place) }
        trim(kind)
        return .fresh
    }

    /// The answer to a fresh request.
    ///
    /// - Parameter separately: it left as a message of its own, not with the acknowledgement.
    mutating func answered(id: UInt16, token: [UInt8], _ answer: Answer, separately: Bool) {
        guard var entry = entries[id], entry.token == token, case .underWay = entry.state else { return }
        underWay -= 1
        entry.state = separately ? .separate : .answered(answer)
        entry.size = separately ? 0 : answer.message.footprint
        entries[id] = entry
        with(entry.kind) { $0.bytes += entry.size }
        trim(entry.kind)
    }

    private mutating func forget(_ id: UInt16) {
        guard let entry = entries.removeValue(forKey: id) else { return }
        if case .underWay = entry.state { underWay -= 1 }
        with(entry.kind) { $0.bytes -= entry.size }
    }

    private mutating func trim(_ kind: Kind) {
        var waiting: [(id: UInt16, serial: UInt64)] = []
        let limits = limits
        while with(kind, { $0.count + waiting.count > limits.entries || $0.bytes > limits.bytes }) {
            guard with(kind, { $0.count > 0 }) else { break }
            let oldest = with(kind) { $0.removeFirst() }
            // A later request with the same ID took its place.
            guard let entry = entries[oldest.id], entry.serial == oldest.serial else { continue }
            if case .underWay = entry.state {
                waiting.append(oldest)
            } else {
                forget(oldest.id)
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
