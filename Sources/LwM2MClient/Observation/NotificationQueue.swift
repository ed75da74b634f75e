import EventLoop

/// What one server is to be told, in order, one at a time: the next leaves when the one before was acknowledged.
@LoopActor
final class NotificationQueue {
    struct Entry {
        let observation: Observation
        let response: Response
        /// What it tells, oldest first; empty for a last word, which ends the observation when it is acknowledged.
        let records: [NotificationHistory.Record]
        /// Whether it is of an outage: it is bounded there.
        var isStored = false

        var isFinal: Bool { records.isEmpty }
    }

    /// Notifications of one observation that wait while the server is in contact; one more replaces the oldest of them.
    static let limit = 16

    /// The scheduler's time.
    let now: @LoopActor () -> Duration
    /// nil for an acknowledgement.
    var delivered: (@LoopActor (Entry, TransportError?) -> Void)?
    private(set) var session: (any Session)?

    private var waiting: [Entry] = []
    private var inFlight: Entry?
    private var isPumping = false
    /// Counts what was sent, withdrawn or given up: what an earlier one still reports is of no interest.
    private var flight = 0
    /// RFC 7641 4.4: 24 bits that only grow; shared by all observations of this server.
    private var sequence: UInt32 = 1

    init(now: @escaping @LoopActor () -> Duration) { self.now = now }

    /// What an outage left and was not acknowledged yet, oldest first.
    var storedRecords: [NotificationHistory.Record] {
        ((inFlight.map { [$0] } ?? []) + waiting).filter(\.isStored).flatMap(\.records)
    }

    var holdsStored: Bool { inFlight?.isStored == true || waiting.contains(where: \.isStored) }

    func nextSequence() -> UInt32 {
        sequence = (sequence + 1) & 0xFF_FFFF
        return sequence
    }

    func open(_ session: any Session) {
        self.session = session
        flight += 1
        pump()
    }

    /// Gives the session up, and returns what did not arrive, oldest first.
    func close() -> [Entry] {
        session = nil
        flight += 1
        defer {
            inFlight = nil
            waiting = []
        }
        return (inFlight.map { [$0] } ?? []) + waiting
    }

    /// Adds what an outage left. It is bounded already.
    func add(stored entry: Entry) {
        var stored = entry
        stored.isStored = true
        waiting.append(stored)
        pump()
    }

    func add(_ entry: Entry) {
        let same = waiting.indices.filter { waiting[$0].observation === entry.observation && !waiting[$0].isStored }
        // Of those that nobody acknowledges only the newest waits: they would leave all at once.
        let limit = isConfirmable(entry) ? Self.limit : 1
        if same.count >= limit, let oldest = same.first { waiting.remove(at: oldest) }
        waiting.append(entry)
        pump()
    }

    /// Takes out what is not to be told any more.
    ///
    /// - Returns: what that was, oldest first, and whether one of it is on its way: then only the end of the session keeps it from being
    ///   sent again.
    func withdraw(_ which: (Entry) -> Bool) -> (entries: [Entry], isUnderWay: Bool) {
        var entries = waiting.filter(which)
        waiting.removeAll(where: which)
        guard let sent = inFlight, which(sent) else { return (entries, false) }
        flight += 1
        inFlight = nil
        entries.insert(sent, at: 0)
        return (entries, true)
    }

    func remove(_ which: (Observation) -> Bool) { waiting.removeAll { which($0.observation) } }

    /// A last word and what an outage left are told for good; so is the first one of a session and one an hour, for a server that does
    /// not care any more can only then say so. (RFC 7641, 4.5, wants one a day.)
    private func isConfirmable(_ entry: Entry) -> Bool {
        if entry.isFinal || entry.isStored || entry.observation.isConfirmable { return true }
        guard let last = entry.observation.lastConfirmed else { return true }
        return now() - last >= Self.longestUnconfirmed
    }

    /// So long notifications that are not acknowledged may follow each other.
    static let longestUnconfirmed = Duration.seconds(3600)

    private func pump() {
        // What is not acknowledged is delivered at once: one after the other, not one within the other.
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        while inFlight == nil, let session, !waiting.isEmpty { send(waiting.removeFirst(), over: session) }
    }

    private func send(_ entry: Entry, over session: any Session) {
        inFlight = entry
        var response = entry.response
        // RFC 7641 3.2: an error carries no Observe, which ends the observation.
        if response.code.isSuccess { response.observe = nextSequence() }
        flight += 1
        let mine = flight
        let isConfirmable = isConfirmable(entry)
        if isConfirmable { entry.observation.lastConfirmed = now() }
        session.notify(of: entry.observation.request, response, confirmable: isConfirmable) { [weak self] error in
            guard let self, self.flight == mine else { return }
            self.inFlight = nil
            self.delivered?(entry, error)
            if self.flight == mine { self.pump() }
        }
    }
}
