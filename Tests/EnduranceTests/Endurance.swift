import EventLoop
import HostObjects
import JSON
import LwM2M
import LwM2MClient
import TestSupport

@testable import CoAP
@testable import DevServer

/// A gateway and its server for hours, under the manual clock or the loop's and over real sockets, while the network and the server come
/// and go.
///
/// Under the manual clock only libcoap's own timers are the loop's: a datagram without an answer takes its real time.
@LoopActor
final class Endurance {
    private let clock: EnduranceClock
    private let pace: Pace
    private var scheduler: any Scheduler { clock.scheduler }
    private(set) var asked = 0
    /// What got no answer although the server and the gateway were in contact.
    private(set) var unanswered: [String] = []
    /// What has happened, by kind.
    private(set) var happened: [String: Int] = [:]

    private let meter = Meter()
    private let network: Network
    private let transport: WatchedTransport
    private let client: Client
    private var server: DevServer
    private var dice: Dice
    private let outages: [Network.State]
    private var outageEnds: Duration?
    /// Whether the server has heard of the gateway since the last disturbance.
    private var isInContact = false
    /// Send and operations under way.
    private var underWay = 0

    static let endpoint = "gw"
    private static let lifetime: UInt32 = 300

    /// - Parameter outages: how the network may go, if it may: libcoap's timers take real time then.
    init(seed: UInt64, outages: [Network.State], clock: EnduranceClock, pace: Pace) throws {
        self.clock = clock
        self.pace = pace
        dice = Dice(state: seed)
        self.outages = outages
        var losses = Dice(state: ~seed)
        network = try Network { Int.random(in: 0..<5, using: &losses) == 0 }
        let scheduler = clock.scheduler
        transport = WatchedTransport(CoAPTransport(parameters: .quick, scheduler: scheduler, route: { _ in nil }))
        let accounts = ServerAccounts(
            seeds: [
                ServerAccount.Seed(
                    name: "main", shortServerID: 1,
                    endpoint: ServerEndpoint(host: "127.0.0.1", port: network.port, security: .noSec),
                    settings: ServerSettings(lifetime: Self.lifetime), keepAlive: .seconds(90))
            ], path: nil, clock: { scheduler.now.components.seconds })
        var jitter = Dice(state: seed &+ 1)
        client = Client(
            endpoint: Self.endpoint, objects: [meter, ServerObject(accounts: accounts)], accounts: accounts,
            transport: transport, scheduler: scheduler, clock: StableClock(scheduler) { scheduler.now },
            random: { Double.random(in: 0...1, using: &jitter) })
        server = DevServer(scheduler: scheduler, parameters: .quick)
        try startServer()
    }

    /// Another server takes the place of the one before, and knows nothing.
    private func startServer() throws {
        server.close()
        server = DevServer(scheduler: scheduler, parameters: .quick)
        server.report = { [weak self] event in
            let name = event["event"]?.string ?? ""
            self?.happened[name, default: 0] += 1
            if name == "registered" || name == "updated" { self?.isInContact = true }
        }
        guard let port = server.listen("127.0.0.1", port: 0, secure: false) else { throw Trouble("no port is left") }
        network.lead(to: port)
    }

    struct Trouble: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    // MARK: Time

    func start() async throws {
        client.start()
        try await calm()
    }

    /// Lets time pass while things happen.
    func live(for duration: Duration) async throws {
        let end = scheduler.now + duration
        while scheduler.now < end {
            try await pass(.milliseconds(Int64.random(in: pace.events, using: &dice)))
            try await happen()
        }
    }

    /// The network and the server stay, and all that was begun ends: the gateway is registered, and the server knows what is.
    func calm() async throws {
        try disturb(.up)
        outageEnds = nil
        let end = scheduler.now + pace.patience
        while client.status.first?.state != .registered || server.registrations.isEmpty || !isInContact || underWay > 0
        {
            guard scheduler.now < end else {
                throw Trouble(
                    "not registered after \(pace.patience): \(client.status), in contact: \(isInContact), \(underWay)")
            }
            try await pass(pace.look)
        }
        let observed = [Path(3, 0, 1), Path(3, 0, 2), Path(3, 0), Path(3)]
        forgetEnded()
        for path in server.registrations.first.map({ Array($0.observers.keys) }) ?? [] {
            await ask("cancel \(path)") { server, gateway in try await server.cancel(path, byReset: false, gateway) }
        }
        for path in observed {
            await ask("observe \(path)") { server, gateway in try await server.observe(path, nil, gateway) }
            await ask("attributes of \(path)") { server, gateway in
                try await server.attributes(path, "pmin=0&pmax=0", gateway)
            }
        }
        // Notifications of observations that the server forgot are answered by a Reset.
        for _ in 0..<3 {
            meter.measure()
            try await pass(pace.settling)
        }
        guard let gateway = server.registrations.first else { throw Trouble("the registration is lost") }
        guard Set(gateway.observers.keys) == Set(observed), client.status.first?.observations == observed.count else {
            throw Trouble("the server observes \(gateway.observers.keys), the gateway tells \(client.status)")
        }
        guard gateway.notified[Path(3, 0, 1)]?.plain == "\(meter.count)" else {
            throw Trouble("the count is \(meter.count), the server knows \(gateway.notified)")
        }
    }

    /// De-registers and ends.
    func stop() async throws {
        let client = client
        var stopped = false
        LoopActor.spawn {
            await client.stop()
            stopped = true
        }
        for _ in 0..<10 where !stopped { try await pass(.seconds(1)) }
        guard stopped else { throw Trouble("the client does not stop") }
        guard server.registrations.isEmpty else { throw Trouble("the server was not told") }
        server.close()
        network.close()
        try await quiet()
    }

    func usage() throws -> Usage {
        Usage(
            timers: clock.timers ?? 0, sessions: transport.sessions.count,
            observations: client.status.first?.observations ?? 0, descriptors: try Usage.descriptors(),
            memory: try Usage.memory())
    }

    /// Advances timer by timer, and lets each do what it does; or waits.
    private func pass(_ duration: Duration) async throws {
        guard case .manual(let clock) = clock else { return await LoopScheduler.shared.sleep(for: duration) }
        let end = clock.now + duration
        try await quiet()
        while clock.now < end {
            clock.advance(by: min(end - clock.now, clock.nextDelay ?? duration))
            try await quiet()
        }
    }

    /// Waits until nothing is on its way any more.
    private func quiet() async throws {
        var turns = 0
        var calm = 0
        while calm < 24 {
            calm = transport.isQuiet ? calm + 1 : 0
            turns += 1
            // A datagram that is lost takes a second, and some are queued behind each other.
            guard turns < 60_000 else {
                throw Trouble("two minutes without an end: \(transport.state), \(client.status)")
            }
            if turns > 500 { await LoopScheduler.shared.sleep(for: .milliseconds(2)) } else { await Task.yield() }
        }
    }

    // MARK: What happens

    private func happen() async throws {
        if let end = outageEnds, scheduler.now >= end {
            outageEnds = nil
            try disturb(.up)
        }
        switch Int.random(in: 0..<100, using: &dice) {
        case 0..<45: meter.measure()
        case 45..<57: await operate()
        case 57..<69: await observe()
        case 69..<73: meter.toggle(UInt16.random(in: 1...3, using: &dice))
        // Rarely: each attempt of the gateway's takes some seconds of real time then.
        case 73..<74:
            guard outageEnds == nil, let state = outages.randomElement(using: &dice) else { return }
            outageEnds = scheduler.now + .milliseconds(Int64.random(in: pace.outages, using: &dice))
            try disturb(state)
        case 79..<81:
            note("server restarted")
            isInContact = false
            try startServer()
        case 81..<83:
            note("registration forgotten")
            isInContact = false
            for registration in server.registrations { server.forget(registration) }
        case 83..<85:
            note("reconnect")
            isInContact = false
            client.reconnect()
        case 85..<87:
            note("network changed")
            client.networkChanged()
        case 87..<89: await trigger()
        case 89..<94: send()
        default: break
        }
    }

    private func disturb(_ state: Network.State) throws {
        guard state != network.state else { return }
        note("network \(state)")
        isInContact = false
        try network.become(state)
    }

    private func note(_ what: String) { happened[what, default: 0] += 1 }

    private func operate() async {
        let instance = meter.instances.randomElement(using: &dice) ?? 0
        switch Int.random(in: 0..<6, using: &dice) {
        case 0: await ask("read") { server, gateway in try await server.read(Path(3, instance, 1), nil, gateway) }
        case 1: await ask("read all") { server, gateway in try await server.read(Path(3), 112, gateway) }
        case 2: await ask("discover") { server, gateway in try await server.discover(Path(3), gateway) }
        case 3:
            await ask("write") { server, gateway in
                try await server.write(Path(3, instance, 0), 0, Array("name".utf8), gateway)
            }
        case 4: await ask("execute") { server, gateway in try await server.execute(Path(3, instance, 4), "", gateway) }
        default: await ask("read nothing") { server, gateway in try await server.read(Path(3, 99, 1), nil, gateway) }
        }
    }

    private func observe() async {
        let instance = meter.instances.randomElement(using: &dice) ?? 0
        let path =
            [Path(3), Path(3, instance), Path(3, instance, 1), Path(3, instance, 6)].randomElement(using: &dice)
            ?? Path(3)
        forgetEnded()
        let isObserved = server.registrations.first?.observers[path] != nil
        switch Int.random(in: 0..<6, using: &dice) {
        case 0 where isObserved:
            await ask("cancel") { server, gateway in try await server.cancel(path, byReset: false, gateway) }
        case 1 where isObserved:
            guard isInContact, let gateway = server.registrations.first else { return }
            _ = try? await server.cancel(path, byReset: true, gateway)
        case 2:
            let period = Int.random(in: 0...30, using: &dice)
            await ask("attributes") { server, gateway in
                try await server.attributes(path, "pmin=\(period)&pmax=\(period * 10)", gateway)
            }
        default: await ask("observe") { server, gateway in try await server.observe(path, nil, gateway) }
        }
    }

    /// Observations of instances that went, and those of former sessions, have ended: there is nothing to cancel.
    private func forgetEnded() {
        for registration in server.registrations {
            registration.observers = registration.observers.filter { $0.value.token != nil }
        }
    }

    private func trigger() async {
        let lifetime = Int.random(in: pace.lifetimes, using: &dice)
        await ask("write a lifetime") { server, gateway in
            try await server.write(Path(1, 0, 1), 0, Array("\(lifetime)".utf8), gateway)
        }
        await ask("trigger") { server, gateway in try await server.execute(Path(1, 0, 8), "", gateway) }
    }

    private func send() {
        note("send")
        underWay += 1
        let client = client
        LoopActor.spawn { [weak self] in
            _ = try? await client.send([Path(3, 0, 1)], within: .seconds(5))
            self?.underWay -= 1
        }
    }

    /// The server asks for something: while the two are in contact there is an answer.
    private func ask(
        _ what: String, _ body: @escaping @LoopActor (DevServer, Registration) async throws -> Response?
    ) async {
        guard isInContact, network.state == .up, client.status.first?.state == .registered,
            let gateway = server.registrations.first
        else { return }
        asked += 1
        do {
            _ = try await body(server, gateway)
        } catch {
            // Whoever lost contact meanwhile has no answer to expect.
            if isInContact { unanswered.append("\(what): \(error)") }
        }
    }
}

/// Chance that can be repeated (splitmix64).
struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

extension CoAPParameters {
    /// As short as libcoap allows: given up after some three seconds.
    static let quick = CoAPParameters(
        ackTimeout: .seconds(1), ackRandomFactor: 1000, maxRetransmit: 1, responseTimeout: .seconds(4),
        transferTimeout: .seconds(5))
}
