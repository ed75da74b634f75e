import EventLoop
import LwM2M
import TestSupport
import Testing

@testable import LwM2MClient

/// A client, a fake server, and time that passes when told.
@LoopActor
final class Rig {
    let scheduler: ManualScheduler
    let transport = FakeTransport()
    let object = TestObject()
    let device = TestObject(
        ObjectDefinition(
            id: 3, name: "Device", version: "1.1", multiple: false, mandatory: true,
            resources: TestObject.table.resources))
    let accounts: ServerAccounts
    let client: Client
    let reports: Reports

    @LoopActor final class Reports { var all: [ClientReport] = [] }

    /// The time of day, which may be set.
    @LoopActor final class TimeOfDay {
        /// In seconds since 1970, when the scheduler began.
        var epoch: Double
        private let scheduler: ManualScheduler
        private let start: Duration

        init(_ epoch: Double, _ scheduler: ManualScheduler) {
            self.epoch = epoch
            self.scheduler = scheduler
            start = scheduler.now
        }

        var now: Duration { .seconds(epoch) + scheduler.now - start }
    }

    let time: TimeOfDay

    /// 2026-01-01T00:00:00Z, in seconds since 1970.
    nonisolated static let epoch = 1_767_225_600.0

    /// A value's time since the rig was made, in seconds.
    nonisolated static func age(_ entry: CompositeContent.Entry) -> Double? {
        entry.time.map { (($0 - epoch) * 1000).rounded() / 1000 }
    }

    /// - Parameters:
    ///   - servers: how many accounts there are: `main` with the Short Server ID 7, `main1` with 8, and so on.
    ///   - seeds: the accounts themselves, in place of those.
    ///   - epoch: the time of day when the rig is made, in seconds since 1970.
    ///   - store: where what servers are to be told outlasts a restart.
    ///   - now: the scheduler's time when the rig is made.
    ///   - isComplete: whether the object has all its instances at the start.
    init(
        _ settings: ServerSettings = ServerSettings(lifetime: 300), version: EnablerVersion = .v11,
        keepAlive: Duration? = nil, jitter: Double = 0.5, servers: Int = 1, seeds: [ServerAccount.Seed]? = nil,
        epoch: Double = Rig.epoch, path: String? = nil, store: NotificationStore? = nil,
        now: Duration = .seconds(1000), isComplete: Bool = true,
        lists: (ServerAccounts) -> AccessLists? = { _ in nil },
        more: (ServerAccounts) -> [any Object] = { _ in [] }
    ) {
        let reports = Reports()
        self.reports = reports
        object.isComplete = isComplete
        let scheduler = ManualScheduler(now: now)
        self.scheduler = scheduler
        let time = TimeOfDay(epoch, scheduler)
        self.time = time
        let clock = StableClock(scheduler) { time.now }
        accounts = ServerAccounts(
            seeds: seeds
                ?? (0..<servers).map { index in
                    ServerAccount.Seed(
                        name: index == 0 ? "main" : "main\(index)", shortServerID: UInt16(7 + index),
                        endpoint: ServerEndpoint(host: "server", port: 5683, security: .noSec), version: version,
                        settings: settings,
                        keepAlive: keepAlive)
                }, path: path, clock: { clock.seconds(at: scheduler.now) })
        client = Client(
            endpoint: "gw", objects: [object, device] + more(accounts), accounts: accounts,
            lists: lists(accounts), store: store, transport: transport,
            scheduler: scheduler, clock: clock, random: { jitter }, report: { reports.all.append($0) })
    }

    /// The session in use.
    var session: FakeSession { get throws { try #require(transport.sessions.last) } }

    func advance(_ duration: Duration) async {
        scheduler.advance(by: duration)
        await settle()
    }

    /// Starts and is registered at /rd/x.
    func register() async throws {
        client.start()
        await settle()
        for session in transport.sessions { await session.answer(Response(.created, locationPath: ["rd", "x"])) }
    }

    var state: ConnectionStatus.State? { client.status.first?.state }
}
