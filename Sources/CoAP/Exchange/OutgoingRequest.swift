import LwM2MClient

/// A request of ours with its blocks: Block1 for a large body, Block2 for a large response.
struct OutgoingRequest {
    /// A response's body is collected up to here.
    static let limit = 1 << 20

    enum Step: Equatable {
        /// Send this, under a new token.
        case send(WireMessage)
        case finish(Response)
        /// The peer's blocks do not fit together: there is no response.
        case fail(TransportError)
    }

    private let head: WireMessage
    private let body: [UInt8]
    private let limit: Int
    private var exponent = Block.largest
    /// Bytes of `body` that the peer has.
    private var sent = 0
    private var uploading: Bool
    private var first: WireMessage?
    private var collected: [UInt8] = []
    /// Once, each way: what changed amid the transfer changes rarely.
    private var restarted = false
    private var uploadedAgain = false

    init(_ request: Request, limit: Int = OutgoingRequest.limit) {
        head = WireMessage(optionsOf: request)
        body = request.payload
        self.limit = limit
        uploading = body.count > Block.size(exponent)
    }

    /// The first message.
    func start() -> WireMessage { uploading ? block(0) : whole() }

    /// What follows from a response.
    mutating func received(_ message: WireMessage) -> Step {
        uploading ? uploaded(message) : downloaded(message)
    }

    // MARK: Block1

    private mutating func uploaded(_ message: WireMessage) -> Step {
        let answered = message.options.block1
        if message.code == .requestEntityTooLarge, sent == 0, let smaller = answered?.exponent, smaller < exponent {
            exponent = smaller
            return .send(block(0))
        }
        // The peer forgot the first blocks, perhaps because it was restarted.
        if message.code == .requestEntityIncomplete, sent > 0, !uploadedAgain {
            uploadedAgain = true
            sent = 0
            return .send(block(0))
        }
        guard message.code == .continue else {
            uploading = false
            return downloaded(message)
        }
        // 2.31 makes no sense for the last block or without the option.
        let end = min(sent + Block.size(exponent), body.count)
        guard let answered, end < body.count, answered.offset == sent else {
            return .fail(.malformed("a block was answered with 2.31 out of turn"))
        }
        // The peer may ask for smaller blocks, once it has the first (RFC 7959, 2.5).
        sent = end
        exponent = min(exponent, answered.exponent)
        return .send(block(sent))
    }

    private func whole() -> WireMessage {
        var message = head
        message.payload = body
        return message
    }

    private func block(_ offset: Int) -> WireMessage {
        let end = min(offset + Block.size(exponent), body.count)
        var message = head
        message.options.block1 = Block(
            number: UInt32(offset / Block.size(exponent)), more: end < body.count, exponent: exponent)
        if offset == 0 { message.options.size1 = UInt32(clamping: body.count) }
        message.payload = Array(body[offset..<end])
        return message
    }

    // MARK: Block2

    private mutating func downloaded(_ message: WireMessage) -> Step {
        guard let block = message.options.block2, message.code.isSuccess, first != nil || block.more else {
            return .finish(message.response(body: message.payload))
        }
        if let first, first.options.eTag != message.options.eTag || block.offset != collected.count {
            // The resource changed, or this is not the block that was asked for: start again, once.
            guard !restarted else {
                return .fail(.malformed("the response changed while it was read"))
            }
            restarted = true
            self.first = nil
            collected = []
            return .send(ask(Block(number: 0, more: false, exponent: block.exponent)))
        }
        guard block.offset == collected.count, !block.more || message.payload.count == block.size else {
            return .fail(.malformed("a block has another length than its option says"))
        }
        if first == nil { first = message }
        collected += message.payload
        guard collected.count <= limit else {
            return .fail(.malformed("the response is longer than \(limit) bytes"))
        }
        guard block.more else { return .finish((first ?? message).response(body: collected)) }
        return .send(ask(Block(number: block.number + 1, more: false, exponent: block.exponent)))
    }

    private func ask(_ block: Block) -> WireMessage {
        var message = head
        // Later blocks are no observation of their own (RFC 7959, 3.4).
        message.options.observe = nil
        message.options.block2 = block
        return message
    }
}
