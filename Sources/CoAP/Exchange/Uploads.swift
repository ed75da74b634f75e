import EventLoop
import LwM2M
import LwM2MClient

/// Block1 transfers of one session (RFC 7959, 2.5): collects bodies, or streams them block by block.
@LoopActor
final class Uploads {
    struct Limits {
        /// Transfers of one session at a time, each to a resource of its own.
        var transfers = 4
        /// A transfer fails when no new block came during this time. It is longer than a message and all of its
        /// retransmissions take (`MAX_TRANSMIT_WAIT`, 93 s).
        var idle = Duration.seconds(120)
    }

    /// What is to be done with a request that carries Block1.
    enum Outcome {
        /// Send this answer.
        case respond(WireMessage)
        /// Send this answer once the sink has room for the next block.
        case accept(any UploadSink, WireMessage)
        /// The request is complete: serve it.
        case deliver(Request)
        /// The sink has the last block, and will answer.
        case finish(any UploadSink)
    }

    private struct Key: Hashable {
        let method: Code
        let path: [String]
        let query: [String]
        let tag: [UInt8]?
    }

    private enum Target {
        case memory([UInt8], limit: Int)
        case sink(any UploadSink)
    }

    private struct Transfer {
        let contentFormat: UInt16?
        var target: Target
        var received = 0
        var lastSeen: Duration
    }

    private let limits: Limits
    private let scheduler: any Scheduler
    private var transfers: [Key: Transfer] = [:]
    private var timer: (any Scheduled)?

    var isIdle: Bool { transfers.isEmpty }

    init(scheduler: any Scheduler, limits: Limits = Limits()) {
        self.scheduler = scheduler
        self.limits = limits
    }

    /// Takes one block.
    ///
    /// - Parameter decide: asked at the first block of several.
    func receive(
        _ message: WireMessage, token: [UInt8], block: Block, decide: (Request, Int?) -> UploadDecision
    ) -> Outcome {
        guard !block.more || message.payload.count == block.size, message.payload.count <= block.size else {
            return .respond(.failure(.badRequest, "a block of another length than its option says"))
        }
        let options = message.options
        let key = Key(method: message.code, path: options.path, query: options.query, tag: options.requestTag)
        if block.number == 0 {
            abort(key, .closed)
            if !block.more { return .deliver(message.request(token: token)) }
            if let refused = begin(message, token: token, key, decide) { return .respond(refused) }
        }
        guard var transfer = transfers.removeValue(forKey: key) else {
            return .respond(.failure(.requestEntityIncomplete, "no transfer to this resource is under way"))
        }
        transfer.lastSeen = scheduler.now
        guard transfer.contentFormat == options.contentFormat, block.offset <= transfer.received else {
            transfers[key] = transfer
            return .respond(.failure(.requestEntityIncomplete, "block \(block.number) is not the next one"))
        }
        guard block.offset == transfer.received else {
            // The peer sent a block again under a new message ID.
            transfers[key] = transfer
            guard block.more, block.offset + message.payload.count <= transfer.received else {
                return .respond(.failure(.requestEntityIncomplete, "block \(block.number) overlaps what is here"))
            }
            return accept(block, transfer)
        }
        transfer.received += message.payload.count
        return append(message, token: token, block, transfer, key)
    }

    private func append(
        _ message: WireMessage, token: [UInt8], _ block: Block, _ transfer: Transfer, _ key: Key
    ) -> Outcome {
        var transfer = transfer
        switch transfer.target {
        case .sink(let sink):
            if let refused = sink.append(message.payload) { return .respond(WireMessage(refused)) }
            guard block.more else { return .finish(sink) }
        case .memory(var body, let limit):
            guard transfer.received <= limit else { return .respond(Uploads.tooLarge(limit)) }
            transfer.target = .memory([], limit: limit)
            body += message.payload
            guard block.more else {
                var request = message.request(token: token)
                request.payload = body
                return .deliver(request)
            }
            transfer.target = .memory(body, limit: limit)
        }
        transfers[key] = transfer
        watch()
        return accept(block, transfer)
    }

    /// The answer to a block, also to one that is here already: a repetition waits for room as the block itself does.
    private func accept(_ block: Block, _ transfer: Transfer) -> Outcome {
        if case .sink(let sink) = transfer.target { return .accept(sink, accepted(block)) }
        return .respond(accepted(block))
    }

    /// Ends all transfers: the session is lost.
    func abortAll(_ reason: TransportError) {
        for key in transfers.keys { abort(key, reason) }
        timer?.cancel()
        timer = nil
    }

    // MARK: Parts

    private func begin(
        _ message: WireMessage, token: [UInt8], _ key: Key, _ decide: (Request, Int?) -> UploadDecision
    ) -> WireMessage? {
        guard transfers.count < limits.transfers else {
            return .failure(
                .internalServerError, "too many block-wise transfers are under way; try again when one has ended")
        }
        var request = message.request(token: token)
        request.payload = []
        let size = message.options.size1.map(Int.init)
        let target: Target
        switch decide(request, size) {
        case .refuse(let response): return WireMessage(response)
        case .stream(let sink): target = .sink(sink)
        case .collect(let limit):
            if let size, size > limit { return Uploads.tooLarge(limit) }
            target = .memory([], limit: limit)
        }
        transfers[key] = Transfer(
            contentFormat: message.options.contentFormat, target: target, lastSeen: scheduler.now)
        return nil
    }

    private func accepted(_ block: Block) -> WireMessage {
        var message = WireMessage(.continue)
        message.options.block1 = block
        return message
    }

    private static func tooLarge(_ limit: Int) -> WireMessage {
        var message = WireMessage.failure(.requestEntityTooLarge, "at most \(limit) bytes")
        message.options.size1 = UInt32(clamping: limit)
        return message
    }

    private func abort(_ key: Key, _ reason: TransportError) {
        guard case .sink(let sink) = transfers.removeValue(forKey: key)?.target else { return }
        sink.abort(reason)
    }

    /// One timer for all transfers, set again when it fires: a block costs no timer.
    private func watch() {
        guard timer == nil, let oldest = transfers.values.map(\.lastSeen).min() else { return }
        timer = scheduler.schedule(after: limits.idle - (scheduler.now - oldest)) { [weak self] in self?.expire() }
    }

    private func expire() {
        timer = nil
        let now = scheduler.now
        for (key, transfer) in transfers where now - transfer.lastSeen >= limits.idle { abort(key, .timeout) }
        watch()
    }
}
