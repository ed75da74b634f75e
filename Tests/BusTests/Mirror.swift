import Bus
import EventLoop
import TestSupport

/// An object that answers with its arguments and with the caller's credentials.
enum Mirror {
    static let path = "/org/gatekeel/Test"
    static let interface = BusInterface(
        "org.gatekeel.Test1", "For tests.",
        methods: [
            .init("Reflect", "Gives back.", inputs: [.init("value", "v")], outputs: [.init("value", "v")]),
            .init("Late", "Answers after the next call.", outputs: [.init("order", "u")]),
            .init("Never", "Answers when released.", outputs: []),
            .init("Refuse", "Fails.", changes: true),
            .init("Who", "The caller's user.", outputs: [.init("user", "u"), .init("groups", "au")]),
            .init("Open", "A pipe's content.", inputs: [.init("file", "h")], outputs: [.init("file", "h")]),
            .init("Lie", "Answers other than declared.", outputs: [.init("text", "s")]),
        ],
        signals: [.init("Happened", "Something.", arguments: [.init("what", "s")])],
        properties: [.init("Count", "u", "Counts."), .init("Name", "s", "Fixed.", changes: .never)])
}

@LoopActor
final class MirrorService {
    let object = BusObject(path: Mirror.path)
    var count: UInt32 = 0
    var late: [CheckedContinuation<Void, Never>] = []

    init() {
        object.add(
            Mirror.interface,
            methods: [
                "Reflect": { call throws(BusError) in call.arguments },
                "Late": { [self] _ throws(BusError) in
                    count += 1
                    let order = count
                    if order == 1 { await withCheckedContinuation { late.append($0) } } else { release() }
                    return [.uint32(order)]
                },
                "Never": { [self] _ throws(BusError) in
                    await withCheckedContinuation { late.append($0) }
                    return []
                },
                "Refuse": { _ throws(BusError) in throw BusError("org.gatekeel.Error.Busy", "try again — später") },
                "Who": { call throws(BusError) in
                    let who = try await call.credentials()
                    return [.uint32(who.user), .array(of: "u", who.groups.map { .uint32($0) })]
                },
                "Open": { call throws(BusError) in call.arguments },
                "Lie": { _ throws(BusError) in [.uint32(1)] },
            ],
            properties: ["Count": { [self] in .uint32(count) }, "Name": { .string("mirror") }])
    }

    func release() {
        for waiting in late { waiting.resume() }
        late = []
    }
}

/// A private bus with a `MirrorService` on one connection and a client on another.
@LoopActor
struct MirrorBus {
    static let name = "org.gatekeel.Test1"
    let bus: PrivateBus
    let server: BusConnection
    let client: BusConnection
    let service = MirrorService()

    init() async throws {
        bus = try PrivateBus()
        server = try BusConnection.open(address: bus.address)
        client = try BusConnection.open(address: bus.address)
        try server.export(service.object)
        try await server.requestName(Self.name)
    }

    func call(_ member: String, _ arguments: [BusValue] = [], deadline: Duration = .seconds(25)) async throws(BusError)
        -> [BusValue]
    {
        try await client.call(
            Self.name, path: Mirror.path, interface: Self.name, member: member, arguments, deadline: deadline)
    }

    func end() {
        client.close()
        server.close()
        bus.stop()
    }
}

/// Runs a test's body with a `MirrorBus`, and ends the bus afterwards.
@discardableResult
func withMirror<Value: Sendable>(
    _ body: @escaping @Sendable @LoopActor (MirrorBus) async throws -> Value
) async throws -> Value {
    try await onLoop {
        let mirror = try await MirrorBus()
        defer { mirror.end() }
        return try await body(mirror)
    }
}

/// Waits at most ten seconds for values from a signal.
@LoopActor
final class Arrival<Value: Sendable> {
    private(set) var values: [Value] = []
    private var waiting: (count: Int, continuation: CheckedContinuation<Void, Never>)?

    func came(_ value: Value) {
        values.append(value)
        if let waiting, values.count >= waiting.count { finish() }
    }

    func wait(for count: Int) async -> [Value] {
        guard values.count < count else { return values }
        let deadline = LoopScheduler.shared.schedule(after: .seconds(10 * patience)) { [weak self] in self?.finish() }
        await withCheckedContinuation { waiting = (count, $0) }
        deadline.cancel()
        return values
    }

    private func finish() {
        waiting?.continuation.resume()
        waiting = nil
    }
}
