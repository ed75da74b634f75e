import EventLoop
import LwM2M

/// Sends values to one server (Send, LwM2M Core 6.4.6): confirmed, oldest first, one message at a time. What the server has not
/// acknowledged is kept and sent again in the next session.
@LoopActor
final class Sender {
    /// What the operator should hear of.
    enum Report: Hashable {
        /// Values had to make room for newer ones; told once until the server is in contact again.
        case dropped
        /// The server did not take values, and they are gone; told once until it takes some.
        case refused(String)
    }

    /// So long a server that is busy is waited for when it does not say how long.
    static let standardPause = Duration.seconds(60)
    /// So often the same values are offered.
    static let attempts = 3
    /// After values that the server never answered, it is offered none for so long.
    static let rest = Duration.seconds(900)

    /// A message got no answer: the server is to be looked after.
    var deliveryFailed: (@LoopActor (TransportError) -> Void)?
    /// Is told when values are to be sent while the client is asleep: it is to wake up.
    var wanted: (@LoopActor () -> Void)?
    var report: (@LoopActor (Report) -> Void)?

    private let scheduler: any Scheduler
    private let clock: StableClock
    private var queue = SendQueue()
    private var session: (any Session)?
    private var absence = Absence.offline
    private var isSending: Bool { underWay != nil }
    /// The newest of the values that are on their way.
    private var underWay: UInt64?
    /// Counts sessions: what an earlier one still brings is of no interest.
    private var epoch = 0
    private var timer: (any Scheduled)?
    /// Attempts with the oldest values that brought no success.
    private var failures = 0
    /// The newest of the values that were offered without success; they are offered again without others.
    private var offered: UInt64?
    private var hasToldDropped = false
    private var hasToldRefused = false
    private var waiters: [(number: UInt64, ended: @LoopActor (SendOutcome) -> Void)] = []

    init(scheduler: any Scheduler, clock: StableClock) {
        self.scheduler = scheduler
        self.clock = clock
    }

    /// How many values wait.
    var values: Int { queue.values }

    /// Whether the server is in contact, or as soon as it is needed.
    var isOpen: Bool { session != nil || absence == .asleep || absence == .waking }

    /// Takes values, of now.
    ///
    /// - Parameter ended: is told at once or later what became of them, but not while they wait.
    func add(_ entries: [CompositeContent.Entry], ended: (@LoopActor (SendOutcome) -> Void)? = nil) {
        guard !entries.isEmpty else {
            ended?(.nothing)
            return
        }
        let number = queue.add(entries, taken: scheduler.now)
        tellDropped()
        guard let number else {
            ended?(.failed("they are too large"))
            return
        }
        if let ended { waiters.append((number, ended)) }
        pump()
    }

    /// Takes values, of now, and waits for the server's answer, at most so long, if the server is in contact.
    func send(_ entries: [CompositeContent.Entry], within limit: Duration) async -> SendOutcome {
        guard isOpen else {
            var outcome = SendOutcome.stored
            add(entries) { outcome = $0 }
            return outcome
        }
        return await withCheckedContinuation { continuation in
            var isWaiting = true
            let timer = scheduler.schedule(after: limit) {
                guard isWaiting else { return }
                isWaiting = false
                continuation.resume(returning: .stored)
            }
            add(entries) { outcome in
                guard isWaiting else { return }
                isWaiting = false
                timer.cancel()
                continuation.resume(returning: outcome)
            }
        }
    }

    /// The server is registered with over this session.
    func resume(_ session: any Session) {
        absence = .none
        if self.session !== session {
            self.session = session
            hasToldDropped = false
            begin()
        }
        pump()
    }

    /// The session is gone, or not to be used for now.
    ///
    /// - Parameter isAsleep: nothing is in the way of a session, and the server does not need one.
    func suspend(isAsleep: Bool = false) {
        session = nil
        absence.suspend(isAsleep: isAsleep)
        begin()
    }

    /// The server may not read all of it any more.
    ///
    /// - Returns: whether some of that is on its way. Only the end of the session keeps it from being sent again.
    func filter(_ isKept: (CompositeContent.Entry) -> Bool) -> Bool {
        let isCut = underWay.map { last in
            queue.samples.contains { $0.number <= last && !$0.entries.allSatisfy(isKept) }
        }
        queue.filter(isKept)
        guard isCut == true else { return false }
        begin()
        return true
    }

    /// All that waits goes: it is of another server.
    func clear() {
        queue.removeAll()
        end(through: .max, .failed("the account is another one now"))
        forgetAttempts()
        begin()
    }

    /// Send is muted: what waits is not to be sent any more.
    func mute() {
        let all = waiters
        waiters = []
        queue.removeAll()
        forgetAttempts()
        begin()
        for waiter in all { waiter.ended(.muted) }
    }

    private func begin() {
        epoch += 1
        underWay = nil
        // A pause that the server asked for, or that it needs, holds over a new session.
    }

    private func forgetAttempts() {
        failures = 0
        offered = nil
    }

    private func pump() {
        if let offered, (queue.samples.first?.number ?? .max) > offered { forgetAttempts() }
        let batch = queue.batch(through: offered)
        guard !isSending, timer == nil, let last = batch.last else { return }
        guard let session else {
            if absence == .asleep { wanted?() }
            return
        }
        let request: Request
        do throws(CodecError) {
            request = try self.request(batch)
        } catch {
            drop(through: last.number, "they cannot be encoded: \(error)")
            return pump()
        }
        underWay = last.number
        let mine = epoch
        LoopActor.spawn { [weak self] in
            do throws(TransportError) {
                let response = try await session.send(request)
                guard let self, self.epoch == mine else { return }
                self.underWay = nil
                self.answered(response, last.number)
            } catch {
                guard let self, self.epoch == mine else { return }
                self.underWay = nil
                self.failed(error, last.number)
            }
        }
    }

    private func request(_ batch: [SendQueue.Sample]) throws(CodecError) -> Request {
        var content = CompositeContent()
        var times = SenMLTimes(clock, now: scheduler.now)
        for sample in batch {
            let time = times.next(sample.taken)
            for entry in sample.entries { content.entries.append(entry.at(time)) }
        }
        let format = ContentFormat.senMLCBOR
        return Request(
            .post, path: ["dp"], contentFormat: format.rawValue, payload: try Codec.encodeComposite(content, format))
    }

    private func answered(_ response: Response, _ number: UInt64) {
        if response.code.isSuccess {
            forgetAttempts()
            hasToldRefused = false
            queue.remove(through: number)
            end(through: number, .delivered)
            return pump()
        }
        failures += 1
        offered = number
        // 5.xx and 4.29 may pass; what else the server says of these values it would say again.
        let mayPass = response.code.codeClass == 5 || response.code == .tooManyRequests
        guard mayPass, failures < Self.attempts else {
            let diagnostic = response.diagnostic
            drop(
                through: number,
                "the server answered with \(response.code)\(diagnostic.isEmpty ? "" : ": \(diagnostic)")")
            return pump()
        }
        wait(response.maxAge.map { .seconds(min(max(1, $0), ContactMachine.longestMaxAge)) } ?? Self.standardPause)
    }

    private func wait(_ pause: Duration) {
        timer?.cancel()
        timer = scheduler.schedule(after: pause) { [weak self] in
            self?.timer = nil
            self?.pump()
        }
    }

    private func failed(_ error: TransportError, _ number: UInt64) {
        guard error != .reset else {
            drop(through: number, "the server answered with a Reset")
            return pump()
        }
        // A session that was closed says so itself.
        guard error != .closed else { return }
        failures += 1
        offered = number
        if failures >= Self.attempts {
            drop(through: number, "the server does not answer them")
            // Each attempt costs a new session.
            wait(Self.rest)
        } else if error != .timeout {
            wait(Self.standardPause)
        }
        deliveryFailed?(error)
    }

    private func drop(through number: UInt64, _ reason: String) {
        forgetAttempts()
        queue.remove(through: number)
        end(through: number, .failed(reason))
        if !hasToldRefused { report?(.refused(reason)) }
        hasToldRefused = true
    }

    private func tellDropped() {
        guard queue.takeDropped() > 0 else { return }
        if let oldest = queue.samples.first { end(through: oldest.number - 1, .failed("newer values took their room")) }
        if !hasToldDropped { report?(.dropped) }
        hasToldDropped = true
    }

    private func end(through number: UInt64, _ outcome: SendOutcome) {
        let ended = waiters.filter { $0.number <= number }
        waiters.removeAll { $0.number <= number }
        for waiter in ended { waiter.ended(outcome) }
    }
}
