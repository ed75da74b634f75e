import EventLoop
import LwM2M
import TestSupport
import Testing

@testable import LwM2MClient

/// One server floods, and the other one is served within bounds.
@Suite struct FairnessTests {
    /// Holds what comes to it until it is opened.
    @LoopActor
    private final class Gate {
        private(set) var held = 0
        private var waiting: [CheckedContinuation<Void, Never>] = []
        private var isOpen = false

        func pass() async {
            guard !isOpen else { return }
            held += 1
            await withCheckedContinuation { waiting.append($0) }
        }

        func open() {
            isOpen = true
            for one in waiting { one.resume() }
            waiting = []
        }
    }

    @LoopActor private final class Answers { var codes: [[Code]] = [[], []] }

    @LoopActor
    private static func rig(
        _ settings: ServerSettings = ServerSettings(lifetime: 86400), path: String? = nil
    ) async throws
        -> (rig: Rig, first: FakeSession, second: FakeSession)
    {
        let rig = Rig(settings, servers: 2, path: path)
        try await rig.register()
        return (rig, rig.transport.sessions[0], rig.transport.sessions[1])
    }

    private static func write(_ value: Int) -> Request {
        serverRequest(.put, "/30000/0/1", format: 0, payload: Array("\(value)".utf8))
    }

    /// The first server's changes fill no line but their own.
    @Test func aFloodOfChangesKeepsNoOtherServerWaiting() async throws {
        try await onLoop {
            let (rig, first, second) = try await Self.rig()
            let gate = Gate()
            let answers = Answers()
            rig.object.duringWrite = { await gate.pass() }
            for number in 0..<64 { first.begin(Self.write(number)) { answers.codes[0].append($0.code) } }
            await settle()
            #expect(gate.held == ChangeLines.limit)
            second.begin(Self.write(1000)) { answers.codes[1].append($0.code) }
            await settle()
            #expect(gate.held == ChangeLines.limit + 1)
            gate.open()
            for _ in 0..<64 { await settle() }
            #expect(answers.codes == [Array(repeating: .changed, count: 64), [.changed]])
            // In the order in which they came.
            #expect(rig.object.contents[0]?[1] == .single(.integer(63)))
        }
    }

    /// With one server nothing is divided.
    @Test func theOnlyServerHasNoLine() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let gate = Gate()
            rig.object.duringWrite = { await gate.pass() }
            for number in 0..<64 { try rig.session.begin(Self.write(number)) { _ in } }
            await settle()
            #expect(gate.held == 64)
            gate.open()
        }
    }

    /// What is durable is written one after the other; of a flood of it another server waits for a few.
    @Test func aFloodOfDurableWritesDelaysAnotherServersByAFew() async throws {
        try await onLoop {
            let folder = TemporaryFolder()
            let (rig, first, second) = try await Self.rig(path: "\(folder.path)/accounts")
            let answers = Answers()
            func attach(_ number: Int) -> Request { serverRequest(.put, "/30000/0/1", query: ["pmin=\(number)"]) }
            for number in 1...64 { first.begin(attach(number)) { answers.codes[0].append($0.code) } }
            var before: Int?
            second.begin(attach(100)) {
                answers.codes[1].append($0.code)
                before = answers.codes[0].count
            }
            await stored { answers.codes[0].count + answers.codes[1].count == 65 }
            #expect(answers.codes == [Array(repeating: .changed, count: 64), [.changed]])
            #expect(try #require(before) <= ChangeLines.limit + 1)
            #expect(
                [0, 1].map { rig.accounts.attributes($0)[Path(30000, 0, 1)].minimumPeriod } == [64, 100])
        }
    }

    @Test func observationsAreCountedByServer() async throws {
        try await onLoop {
            let (rig, first, second) = try await Self.rig()
            @LoopActor func observe(_ session: FakeSession, _ token: UInt16) -> Bool {
                let request = Request(
                    .get, path: ["30000", "0", "1"], observe: 0, token: [UInt8(token >> 8), UInt8(token & 255)])
                return session.requestAtOnce(request)?.observe != nil
            }
            let accepted = [first, second].map { session in
                (0..<1200 as Range<UInt16>).map { observe(session, $0) }.filter { $0 }.count
            }
            #expect(accepted == [Observations.limit, Observations.limit])
            #expect(rig.client.status.map(\.observations) == [Observations.limit, Observations.limit])
        }
    }

    /// One that observes all, and acknowledges nothing.
    @Test func aServerThatAcknowledgesNothingDelaysNobodysNotifications() async throws {
        try await onLoop {
            let (rig, first, second) = try await Self.rig()
            for token in 0..<16 as Range<UInt8> {
                _ = first.requestAtOnce(Request(.get, path: ["30000"], observe: 0, token: [token]))
            }
            #expect(second.requestAtOnce(serverRequest(.get, "/30000/0/1", observe: 0))?.observe != nil)
            for value in 2...100 as ClosedRange<Int64> {
                rig.object.set(1, .integer(value))
                second.notified.last?.completion(nil)
            }
            #expect(first.notified.count == 1)
            #expect(second.notified.map(\.response.payload) == (2...100).map { Array("\($0)".utf8) })
        }
    }

    /// Each has room of its own for what an outage leaves.
    @Test func whatIsStoredForOneServerTakesNoRoomOfAnothers() async throws {
        try await onLoop {
            let (rig, first, second) = try await Self.rig()
            var all = serverRequest(.get, "/30000/0/0", accept: 110, observe: 0)
            all.token = [1]
            #expect(first.requestAtOnce(all)?.observe != nil)
            let observe = serverRequest(.get, "/30000/0/1", accept: 110, observe: 0)
            #expect(second.requestAtOnce(observe)?.observe != nil)
            await first.end(.closed)
            await second.end(.closed)
            rig.object.set(1, .integer(2))
            for letter in "abcdefghij" {
                rig.object.set(0, .string(String(repeating: letter, count: 60_000)))
            }
            rig.client.reconnect()
            await settle()
            let back = try #require(rig.transport.sessions.last)
            await back.answer(Response(.changed))
            let payload = try #require(back.notified.first?.response.payload)
            let entries = try Codec.decodeComposite(payload, .senMLJSON) { _ in TestObject.table }.content.entries
            #expect(entries.map(\.value) == [.integer(2)])
        }
    }

    @Test func attributesAreCountedByServer() async throws {
        try await onLoop {
            let (rig, first, second) = try await Self.rig()
            for instance in 0..<300 as Range<UInt16> { rig.object.contents[instance] = [1: .single(.integer(1))] }
            var codes: [Code?] = []
            for instance in 0..<300 {
                codes.append(await first.request(serverRequest(.put, "/30000/\(instance)/1", query: ["pmin=1"]))?.code)
            }
            #expect(codes.count { $0 == .changed } == AccountState.attributeLimit)
            #expect(codes.last == .internalServerError)
            #expect(await second.request(serverRequest(.put, "/30000/0/1", query: ["pmin=1"]))?.code == .changed)
        }
    }

    /// Another server's list of rights may be changed as often as its owner likes: what is kept for this one stays.
    @Test func aChangeOfRightsDropsNothingOfWhatMayBeRead() async throws {
        try await onLoop {
            var made: AccessLists?
            let rig = Rig(
                ServerSettings(lifetime: 86400), servers: 2,
                lists: {
                    made = AccessLists(
                        accounts: $0,
                        members: $0.all.map { AccessMember(name: $0.name, shortServerID: $0.shortServerID) },
                        path: nil)
                    return made
                })
            let lists = try #require(made)
            try await rig.register()
            let second = rig.transport.sessions[1]
            let observe = serverRequest(.get, "/30000/0/1", accept: 110, observe: 0)
            #expect(second.requestAtOnce(observe)?.observe != nil)
            await second.end(.closed)
            for value in 2...4 as ClosedRange<Int64> {
                await rig.advance(.milliseconds(10))
                rig.object.set(1, .integer(value))
            }
            let id = try #require(
                lists.instances.first { lists.list($0)?.instance == 0 && lists.list($0)?.object == 30000 })
            try await lists.change(id, owner: 7, rights: [7: .all, 8: [.read]])
            rig.client.reconnect()
            await settle()
            let back = try #require(rig.transport.sessions.last)
            await back.answer(Response(.changed))
            let payload = try #require(back.notified.first?.response.payload)
            let entries = try Codec.decodeComposite(payload, .senMLJSON) { _ in TestObject.table }.content.entries
            #expect(entries.map(\.value) == [.integer(2), .integer(3), .integer(4)])
        }
    }
}
