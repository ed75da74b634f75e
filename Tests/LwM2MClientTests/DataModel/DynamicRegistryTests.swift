import EventLoop
import LwM2M
import TestSupport
import Testing

@testable import LwM2MClient

/// Objects, instances and resources that appear and disappear while the client is registered.
@Suite struct DynamicRegistryTests {
    private static let extra = ObjectDefinition(
        id: 30001, name: "Extra", version: "1.0", multiple: true, mandatory: false,
        resources: TestObject.table.resources)

    private static func observe(_ path: String, token: UInt8) -> Request {
        Request(.get, path: path.split(separator: "/").map { String($0) }, observe: 0, token: [token])
    }

    private static func registered(_ request: Request?) -> String {
        String(decoding: request?.payload ?? [], as: UTF8.self)
    }

    @Test func anObjectThatAppearsIsServedAndTold() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let session = try rig.session
            #expect(session.requestAtOnce(Self.observe("/30001/0/1", token: 1))?.code == .notFound)
            let object = TestObject(Self.extra)
            rig.client.add(object)
            await rig.advance(.seconds(1))
            #expect(Self.registered(session.requests.last).contains("</30001/0>"))
            await session.answer(Response(.changed))
            #expect(session.requestAtOnce(Self.observe("/30001/0/1", token: 1))?.code == .content)
            object.set(1, .integer(5))
            #expect(session.notified.map(\.token) == [[1]])
        }
    }

    @Test(arguments: ["/30001", "/30001/0", "/30001/0/1", "/30001/0/5/1"])
    func anObservationOfAnObjectThatDisappearsEndsWith404(path: String) async throws {
        try await onLoop {
            let rig = Rig()
            let object = TestObject(Self.extra)
            rig.client.add(object)
            try await rig.register()
            let session = try rig.session
            #expect(session.requestAtOnce(Self.observe(path, token: 1))?.observe != nil)
            rig.client.remove(30001)
            #expect(session.notified.map(\.response.code) == [.notFound])
            #expect(session.notified.first?.response.observe == nil)
            #expect(rig.client.status.first?.observations == 0)
            #expect(object.changes == nil)
            await rig.advance(.seconds(1))
            #expect(!Self.registered(session.requests.last).contains("30001"))
            #expect(session.requestAtOnce(Self.observe(path, token: 2))?.code == .notFound)
        }
    }

    @Test(arguments: ["/30000/3", "/30000/3/1"])
    func anObservationOfAnInstanceThatDisappearsEndsWith404(path: String) async throws {
        try await onLoop {
            let rig = Rig()
            rig.object.contents[3] = [1: .single(.integer(1))]
            try await rig.register()
            let session = try rig.session
            #expect(session.requestAtOnce(Self.observe(path, token: 1))?.observe != nil)
            rig.object.contents[3] = nil
            rig.client.instancesChanged(30000)
            #expect(session.notified.map(\.response.code) == [.notFound])
        }
    }

    @Test func anObservationOfAResourceThatDisappearsEndsWith404() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let session = try rig.session
            #expect(session.requestAtOnce(Self.observe("/30000/0/1", token: 1))?.observe != nil)
            rig.object.contents[0]?[1] = nil
            rig.client.changed(Path(30000, 0, 1))
            #expect(session.notified.map(\.response.code) == [.notFound])
        }
    }

    /// The server is out of reach when it happens, and is told once it is back.
    @Test func whatDisappearsDuringAnOutageIsToldAfterwards() async throws {
        try await onLoop {
            let rig = Rig()
            let object = TestObject(Self.extra)
            rig.client.add(object)
            try await rig.register()
            #expect(try rig.session.requestAtOnce(Self.observe("/30001/0/1", token: 1))?.observe != nil)
            try await rig.session.end(.timeout)
            rig.client.remove(30001)
            await rig.advance(.seconds(4))
            try await rig.session.answer(Response(.changed))
            #expect(try rig.session.notified.map(\.response.code) == [.notFound])
        }
    }

    @Test func aBurstOfChangesIsOneUpdate() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let session = try rig.session
            let before = session.requests.count
            let object = TestObject(Self.extra)
            for _ in 0..<5 {
                rig.client.add(object)
                rig.client.remove(30001)
            }
            rig.client.add(object)
            await rig.advance(.seconds(1))
            #expect(session.requests.count == before + 1)
            #expect(Self.registered(session.requests.last).contains("</30001/0>"))
        }
    }
}
