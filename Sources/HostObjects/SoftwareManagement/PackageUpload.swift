import EventLoop
import LwM2MClient

/// The body of a pushed Package (9/x/2), block by block into a file.
///
/// Blocks are collected and written on `Worker.transfers`. At most two chunks are kept in memory: a server is not answered
/// before there is room for its next block.
@LoopActor
final class PackageUpload: UploadSink {
    /// How a transfer ended.
    enum End {
        case complete(respond: @LoopActor (Response) -> Void)
        case failed(UpdateResult, String)
    }

    /// Bytes that are written at once.
    private static let chunk = 1 << 16

    private let path: String
    private let limit: Int
    private let reserve: DiskReserve
    /// Bytes that the server says it sends; 0 when it does not.
    let total: Int
    let since: Duration
    /// Bytes that arrived.
    private(set) var length = 0
    /// How fast, and when the last of them came.
    private var pace = TransferPace()
    private var seenAt: Duration
    private let scheduler: any Scheduler
    /// Bytes a second; a reload of the configuration may change it.
    private let minimumRate: @LoopActor () -> Int
    /// Ended by the transport: the peer went away, or began anew.
    private(set) var isInterrupted = false
    /// All is stored, and the end was told.
    private(set) var isComplete = false

    private let excess: @LoopActor () -> FetchFailure?
    private var file: PackageFile?
    private var buffer: [UInt8] = []
    private var isWriting = false
    /// Why no more is taken.
    private var refusal: Response?
    /// Wait until there is room for more: a block, and its repetitions.
    private var ready: [@LoopActor (Response?) -> Void] = []
    /// The answer to the last block.
    private var respond: (@LoopActor (Response) -> Void)?
    private var ended: (@LoopActor (PackageUpload, End) -> Void)?

    /// - Parameters:
    ///   - limit: the most bytes that are taken.
    ///   - minimumRate: bytes a second that have to arrive over ten minutes; 0 for no minimum.
    ///   - excess: why no more may be stored; nil if it may.
    ///   - ended: called once.
    init(
        path: String, limit: Int, reserve: DiskReserve, total: Int, scheduler: any Scheduler,
        minimumRate: @escaping @LoopActor () -> Int, excess: @escaping @LoopActor () -> FetchFailure? = { nil },
        ended: @escaping @LoopActor (PackageUpload, End) -> Void
    ) {
        self.path = path
        self.limit = limit
        self.reserve = reserve
        self.total = total
        self.scheduler = scheduler
        self.minimumRate = minimumRate
        self.excess = excess
        since = scheduler.now
        seenAt = scheduler.now
        self.ended = ended
    }

    /// Whether it trickles, for an operator; empty when it does not.
    var warning: String { pace.warning(minimumRate()) }

    // MARK: The transport

    func append(_ bytes: [UInt8]) -> Response? {
        if let refusal { return refusal }
        guard length + bytes.count <= limit else {
            fail(
                .noStorage, "too-large: the package has more than the \(limit) bytes that are allowed",
                .failure(.requestEntityTooLarge, "at most \(limit) bytes are taken (MaxPackageSize=)"))
            return refusal
        }
        let now = scheduler.now
        pace.note(bytes.count, in: now - seenAt)
        seenAt = now
        let minimum = minimumRate()
        guard !pace.isTooSlow(minimum) else {
            let reason = TransferPace.reason(minimum)
            fail(.connectionLost, reason, .failure(.requestEntityIncomplete, reason))
            return refusal
        }
        length += bytes.count
        buffer += bytes
        if buffer.count >= Self.chunk { write() }
        return nil
    }

    func whenReady(_ body: @escaping @LoopActor (Response?) -> Void) {
        if let refusal { return body(refusal) }
        guard buffer.count >= Self.chunk else { return body(nil) }
        ready.append(body)
    }

    func finish(respond: @escaping @LoopActor (Response) -> Void) {
        if let refusal { return respond(refusal) }
        self.respond = respond
        write()
    }

    func abort(_ reason: TransportError) {
        guard !isComplete else { return }
        isInterrupted = true
        fail(
            .connectionLost, "interrupted: the transfer ended early after \(length) bytes",
            .failure(.requestEntityIncomplete, "the transfer ended early"))
    }

    /// Takes nothing more, and does not tell its end.
    func cancel(_ reason: String) {
        ended = nil
        refuse(.failure(.requestEntityIncomplete, reason))
    }

    // MARK: Writing

    private func write() {
        guard !isWriting, refusal == nil else { return }
        if let failure = excess() {
            return fail(failure.result, failure.reason, .failure(.requestEntityTooLarge, failure.reason))
        }
        isWriting = true
        let bytes = buffer
        buffer = []
        LoopActor.spawn { await self.store(bytes) }
    }

    private func store(_ bytes: [UInt8]) async {
        let (file, path, reserve) = (file, path, reserve)
        do {
            self.file = try await Worker.transfers.run {
                let file = try file ?? PackageFile(path, keeping: false, reserve: reserve)
                try file.append(bytes)
                return file
            }
        } catch {
            let failure = error as? StorageFailure ?? StorageFailure(isFull: false, "\(error)")
            fail(
                failure.result, failure.reason,
                failure.isFull
                    ? .failure(.requestEntityTooLarge, failure.reason)
                    : .failure(.internalServerError, "the package could not be stored"))
        }
        isWriting = false
        stored()
    }

    private func stored() {
        guard refusal == nil else { return }
        if buffer.count >= Self.chunk || (respond != nil && !buffer.isEmpty) { return write() }
        let ready = ready
        self.ready = []
        ready.forEach { $0(nil) }
        if let respond {
            self.respond = nil
            isComplete = true
            end(.complete(respond: respond))
        }
    }

    private func fail(_ result: UpdateResult, _ reason: String, _ response: Response) {
        guard refusal == nil, !isComplete else { return }
        refuse(response)
        end(.failed(result, reason))
    }

    /// Answers what waits, and takes nothing more.
    private func refuse(_ response: Response) {
        refusal = response
        buffer = []
        let (ready, respond) = (ready, respond)
        self.ready = []
        self.respond = nil
        ready.forEach { $0(response) }
        respond?(response)
    }

    private func end(_ end: End) {
        guard let ended else { return }
        self.ended = nil
        ended(self, end)
    }
}
