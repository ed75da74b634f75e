import EventLoop
import LwM2M
import LwM2MClient
import Linux
import Netlink
import State

/// Object 7, Connectivity Statistics: what went over the server's link while a server collects.
///
/// The link counts by itself: nothing is done for it but at the start, at the end, and when another link becomes the server's.
@LoopActor
public final class ConnectivityStatistics: Object {
    /// What an operator should hear of after loading.
    public enum Note: Hashable, Sendable {
        /// The file was damaged, and the state before it was taken.
        case previousStateTaken
        /// The file was damaged and so was its copy: nothing is collected any more.
        case stateLost
        /// The file cannot be read, for this reason. It is kept, and what servers ask for is refused until the next start.
        case stateKept(String)
    }

    public let definition = ObjectDefinition.connectivityStatistics
    public let instances: [UInt16] = [0]
    public weak var changes: (any ObjectChanges)?
    /// What happened while loading.
    public private(set) var note: Note?

    private let network: any NetworkView
    private let store: CheckedFile
    private let boot: String
    private let scheduler: any Scheduler
    private let clock: any WallClock
    private let turn = Turn()
    private var collection = TrafficCollection()
    /// Why nothing may be written over the file; nil when it may.
    private var unreadable: String?
    private var timer: (any Scheduled)?

    /// Loads the state; blocks.
    ///
    /// - Parameters:
    ///   - path: of the state file; its folder exists.
    ///   - boot: identifies this boot, with which counters begin at 0.
    public init(
        network: any NetworkView, path: String, boot: String, scheduler: any Scheduler,
        clock: any WallClock = SystemWallClock()
    ) {
        self.network = network
        store = CheckedFile(path: path, limit: 65536)
        self.boot = boot
        self.scheduler = scheduler
        self.clock = clock
        do throws(Errno) {
            try load()
        } catch {
            keep(error.description)
        }
    }

    private func load() throws(Errno) {
        let (loaded, origin) = try store.load { (bytes) throws(NewerFormat) in try TrafficCollection(bytes: bytes) }
        collection = loaded ?? TrafficCollection()
        switch origin {
        case .file, .absent: break
        case .previous: note = .previousStateTaken
        case .lost: note = .stateLost
        case .newer: keep("\(store.path) was written by a newer release of Gatekeel")
        }
    }

    private func keep(_ reason: String) {
        unreadable = reason
        note = .stateKept(reason)
    }

    // MARK: Life

    /// Goes on with what was collected before the start.
    public func start() async {
        await follow()
        await armTimer()
    }

    /// The process is about to end; the next boot may begin the counters anew.
    public func stop() async {
        timer?.cancel()
        guard collection.isRunning, unreadable == nil else { return }
        await turn.take()
        defer { turn.give() }
        collection.settle(link, boot: boot)
        // What cannot be stored is counted from the base before, if the next start is in this boot.
        try? await save(collection)
    }

    /// The server may be reached by another link now: links, addresses or routes of the host changed, or it was contacted anew.
    public func networkChanged() {
        guard collection.isRunning else { return }
        LoopActor.spawn { await self.follow() }
    }

    func follow() async {
        await turn.take()
        defer { turn.give() }
        guard collection.isRunning, unreadable == nil else { return }
        guard collection.moved(from: link, to: serverLink, boot: boot) else { return }
        // If there is no space, it is only in memory until the next change.
        try? await save(collection)
    }

    // MARK: The period

    private func armTimer() async {
        timer?.cancel()
        timer = nil
        guard let rest = collection.rest(at: clock.now) else { return }
        let end = collection.end
        guard rest > 0 else { return await endPeriod(end) }
        timer = scheduler.schedule(after: .seconds(rest)) { [weak self] in
            LoopActor.spawn { await self?.endPeriod(end) }
        }
    }

    private func endPeriod(_ end: TrafficCollection.End?) async {
        await turn.take()
        defer { turn.give() }
        // A server may have begun another one meanwhile.
        guard end != nil, collection.end == end else { return }
        timer = nil
        collection.stop(link, boot: boot)
        // If it cannot be stored, the next start finds that the period is over.
        try? await save(collection)
        announce([2, 3])
    }

    // MARK: Reading

    public func resources(of instance: UInt16) -> [UInt16] { definition.resources.map(\.id) }

    public func has(_ resource: UInt16, in instance: UInt16) -> Bool { definition[resource] != nil }

    public func read(_ instance: UInt16, _ resource: UInt16) throws(OperationError) -> ResourceContent {
        switch resource {
        case 2: return kilobytes(collection.traffic(link, boot: boot).sent)
        case 3: return kilobytes(collection.traffic(link, boot: boot).received)
        case 8: return .single(.integer(collection.period))
        default: throw OperationError(.notFound, "no resource \(resource)")
        }
    }

    /// The link that counts, as it is.
    private var link: NetworkLink? { collection.base.flatMap { network.link(named: $0.name) } }

    /// The server's link; nil while the way to it is not known, as after a start.
    private var serverLink: NetworkLink? { network.pathToServer().flatMap { network.link($0.interface) } }

    private func kilobytes(_ bytes: UInt64) -> ResourceContent { .single(.integer(Int64(clamping: bytes / 1000))) }

    public func samplingInterval(_ instance: UInt16, _ resource: UInt16) -> Duration? {
        resource == 2 || resource == 3 ? .seconds(60) : nil
    }

    // MARK: Changing

    public func check(_ instance: UInt16, _ values: [UInt16: ResourceContent]) throws(OperationError) {
        _ = try period(values)
    }

    /// - Returns: nil when it is not among the values.
    private func period(_ values: [UInt16: ResourceContent]) throws(OperationError) -> Int64? {
        guard let content = values[8] else { return nil }
        guard case .single(.integer(let period)) = content, (0...TrafficCollection.longestPeriod).contains(period)
        else {
            throw OperationError(
                .badRequest, "Collection Period is 0 to \(TrafficCollection.longestPeriod) seconds")
        }
        return period
    }

    /// Collection Period (8), for the next Start.
    public func write(
        _ instance: UInt16, _ values: [UInt16: ResourceContent], mode: WriteMode
    ) async throws(OperationError) {
        let period = try period(values) ?? (mode == .replace ? 0 : nil)
        guard let period else { return }
        try await change { $0.period = period }
        announce([8])
    }

    /// Start (6) and Stop (7).
    public func execute(
        _ instance: UInt16, _ resource: UInt16, _ arguments: [ExecuteArgument]
    ) async throws(OperationError) {
        switch resource {
        case 6:
            let server = serverLink
            try await change { $0.start(server, boot: self.boot, at: self.clock.now) }
        case 7: try await change { $0.stop(self.link, boot: self.boot) }
        default: throw OperationError(.methodNotAllowed, "resource \(resource) is not executed")
        }
        announce([2, 3])
        await armTimer()
    }

    /// Makes a change durable, then takes it over.
    private func change(_ edit: (inout TrafficCollection) -> Void) async throws(OperationError) {
        await turn.take()
        defer { turn.give() }
        if let unreadable {
            throw OperationError(.internalServerError, "the statistics cannot be changed: \(unreadable)")
        }
        var next = collection
        edit(&next)
        do {
            try await save(next)
        } catch {
            throw OperationError(.internalServerError, "the statistics cannot be stored: \(error)")
        }
        collection = next
    }

    private func save(_ collection: TrafficCollection) async throws {
        let (store, bytes) = (store, collection.bytes)
        try await Worker.shared.run { try store.save(bytes) }
    }

    private func announce(_ resources: [UInt16]) {
        for resource in resources { changes?.changed(Path(7, 0, resource)) }
    }
}
