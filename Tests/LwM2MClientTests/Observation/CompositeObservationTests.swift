import EventLoop
import LwM2M
import TestSupport
import Testing

@testable import LwM2MClient

/// Observe-Composite and its cancellation (LwM2M Core 6.4.4 and 6.4.5).
@Suite struct CompositeObservationTests {
    private static func observe(_ paths: String..., token: UInt8 = 1, observe: UInt32 = 0) -> Request {
        let list = paths.map { #"{"n":"\#($0)"}"# }.joined(separator: ",")
        return Request(
            .fetch, path: [], contentFormat: 110, accept: 110, observe: observe, token: [token],
            payload: Array("[\(list)]".utf8))
    }

    @LoopActor private static func text(_ session: FakeSession) -> [String] {
        session.notified.map { String(decoding: $0.response.payload, as: UTF8.self) }
    }

    @LoopActor private static func acknowledge(_ session: FakeSession) {
        var index = 0
        while index < session.notified.count {
            session.notified[index].completion(nil)
            index += 1
        }
    }

    @Test func aChangeOfAnyPathTellsAll() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let session = try rig.session
            let first = session.requestAtOnce(Self.observe("/30000/0/1", "/3/0/0"))
            #expect(first?.code == .content && first?.observe != nil)
            #expect(first?.payload == Array(#"[{"n":"/30000/0/1","v":1},{"n":"/3/0/0","vs":"a"}]"#.utf8))
            rig.object.set(1, .integer(2))
            rig.device.set(0, .string("b"))
            // Not observed.
            rig.device.set(1, .integer(9))
            rig.object.set(0, .string("z"))
            Self.acknowledge(session)
            #expect(
                Self.text(session) == [
                    #"[{"n":"/30000/0/1","v":2},{"n":"/3/0/0","vs":"a"}]"#,
                    #"[{"n":"/30000/0/1","v":2},{"n":"/3/0/0","vs":"b"}]"#,
                ])
            #expect(session.notified.allSatisfy { $0.token == [1] && $0.response.contentFormat == 110 })
            let sequence = session.notified.compactMap(\.response.observe)
            #expect(sequence.count == 2 && sequence[0] < sequence[1])
            #expect(rig.client.status[0].observations == 1)
        }
    }

    @Test func itIsCancelledByARequestAndByAReset() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let session = try rig.session
            _ = session.requestAtOnce(Self.observe("/30000/0/1", "/3/0/0"))
            let answer = session.requestAtOnce(Self.observe("/30000/0/1", "/3/0/0", observe: 1))
            #expect(answer?.code == .content && answer?.observe == nil)
            #expect(answer?.payload == Array(#"[{"n":"/30000/0/1","v":1},{"n":"/3/0/0","vs":"a"}]"#.utf8))
            rig.object.set(1, .integer(2))
            #expect(session.notified.isEmpty && rig.client.status[0].observations == 0)

            _ = session.requestAtOnce(Self.observe("/30000/0/1", token: 2))
            rig.object.set(1, .integer(3))
            session.notified[0].completion(.reset)
            rig.object.set(1, .integer(4))
            #expect(session.notified.count == 1 && rig.client.status[0].observations == 0)
        }
    }

    @Test func instancesAppearAndDisappear() async throws {
        try await onLoop {
            let rig = Rig()
            rig.object.keepsFirst = false
            rig.object.contents[0] = [1: .single(.integer(1))]
            try await rig.register()
            let session = try rig.session
            let first = session.requestAtOnce(Self.observe("/30000", "/30000/7/1", "/3/0/1"))
            #expect(first?.payload == Array(#"[{"n":"/30000/0/1","v":1},{"n":"/3/0/1","v":1}]"#.utf8))
            rig.object.contents[7] = [1: .single(.integer(70))]
            rig.client.instancesChanged(30000)
            rig.object.contents[0] = nil
            rig.client.instancesChanged(30000)
            rig.object.contents[7] = nil
            rig.client.instancesChanged(30000)
            Self.acknowledge(session)
            #expect(
                Self.text(session) == [
                    #"[{"n":"/30000/0/1","v":1},{"n":"/30000/7/1","v":70},{"n":"/3/0/1","v":1}]"#,
                    #"[{"n":"/30000/7/1","v":70},{"n":"/3/0/1","v":1}]"#, #"[{"n":"/3/0/1","v":1}]"#,
                ])
            // Nothing of it ended the observation.
            #expect(session.notified.allSatisfy { $0.response.code == .content })
            #expect(rig.client.status[0].observations == 1)
        }
    }

    @Test func objectsThatComeAndGoAreBelowTheRoot() async throws {
        try await onLoop {
            let rig = Rig()
            rig.object.contents = [0: [1: .single(.integer(1))]]
            rig.device.contents = [0: [1: .single(.integer(1))]]
            try await rig.register()
            let session = try rig.session
            #expect(session.requestAtOnce(Self.observe("/"))?.observe != nil)
            let late = TestObject(
                ObjectDefinition(
                    id: 40000, name: "Late", version: "1.0", multiple: true, mandatory: false,
                    resources: TestObject.table.resources))
            late.contents = [0: [1: .single(.integer(4))]]
            rig.client.add(late)
            late.set(1, .integer(5))
            rig.client.remove(40000)
            Self.acknowledge(session)
            let rest = #"{"n":"/3/0/1","v":1},{"n":"/30000/0/1","v":1}"#
            #expect(
                Self.text(session) == [
                    "[\(rest),{\"n\":\"/40000/0/1\",\"v\":4}]", "[\(rest),{\"n\":\"/40000/0/1\",\"v\":5}]", "[\(rest)]",
                ])
        }
    }

    @Test func eachPathHasItsOwnAttributes() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let session = try rig.session
            for (path, query) in [(["30000", "0", "1"], "gt=10"), (["3", "0", "1"], "pmin=5")] {
                let response = await session.request(Request(.put, path: path, query: [query]))
                #expect(response?.code == .changed)
            }
            _ = session.requestAtOnce(Self.observe("/30000/0/1", "/3/0/1"))
            // Below the threshold.
            rig.object.set(1, .integer(2))
            #expect(session.notified.isEmpty)
            // Too early: it is told with the next notification, or when the minimum period has passed.
            rig.device.set(1, .integer(3))
            #expect(session.notified.isEmpty)
            await rig.advance(.seconds(5))
            Self.acknowledge(session)
            rig.object.set(1, .integer(11))
            Self.acknowledge(session)
            #expect(
                Self.text(session) == [
                    #"[{"n":"/30000/0/1","v":2},{"n":"/3/0/1","v":3}]"#,
                    #"[{"n":"/30000/0/1","v":11},{"n":"/3/0/1","v":3}]"#,
                ])
            // The maximum period of one path is that of the notification.
            _ = await session.request(Request(.put, path: ["3", "0", "0"], query: ["pmax=60"]))
            _ = session.requestAtOnce(Self.observe("/30000/0/0", "/3/0/0", token: 2))
            await rig.advance(.seconds(61))
            #expect(session.notified.last?.token == [2])
        }
    }

    @Test func whatIsSampledIsLookedAt() async throws {
        try await onLoop {
            let rig = Rig()
            rig.object.sampling = .seconds(10)
            try await rig.register()
            let session = try rig.session
            _ = session.requestAtOnce(Self.observe("/3/0/1", "/30000/0/8"))
            rig.object.set(8, .integer(5), silently: true)
            #expect(session.notified.isEmpty)
            await rig.advance(.seconds(11))
            #expect(Self.text(session) == [#"[{"n":"/3/0/1","v":1},{"n":"/30000/0/8","v":5}]"#])
        }
    }

    @Test func whatChangedWhileTheServerIsAwayIsToldAfterwards() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            _ = try rig.session.requestAtOnce(Self.observe("/30000/0/1", "/3/0/0"))
            rig.object.set(1, .integer(2))
            let lost = try rig.session
            #expect(lost.notified.count == 1)
            lost.notified[0].completion(.timeout)
            await rig.advance(.seconds(60))
            let session = try rig.session
            await session.answer(Response(.changed))
            rig.device.set(0, .string("b"))
            Self.acknowledge(session)
            #expect(Self.text(session).last == #"[{"n":"/30000/0/1","v":2},{"n":"/3/0/0","vs":"b"}]"#)
        }
    }

    @Test func observationsAreBounded() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let session = try rig.session
            let many = PathSelection((0..<UInt16(Observations.partLimit)).map { Path(3, 0, 5, $0) })
            func request(_ token: UInt8) throws -> Request {
                Request(
                    .fetch, path: [], contentFormat: 112, accept: 110, observe: 0, token: [token],
                    payload: try Codec.encodePaths(many, .senMLCBOR))
            }
            let first = session.requestAtOnce(try request(1))
            #expect(first?.code == .content && first?.observe != nil)
            // One more is answered as a Read, as RFC 7641 4.1 allows.
            let second = session.requestAtOnce(Self.observe("/3/0/0", token: 2))
            #expect(second?.code == .content && second?.observe == nil)
            #expect(session.requestAtOnce(try request(1))?.observe != nil)
            #expect(rig.client.status[0].observations == 1)
        }
    }

    @Test func refusalsAreNoObservations() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let session = try rig.session
            #expect(session.requestAtOnce(Self.observe())?.code == .badRequest)
            var request = Self.observe("/3/0/0")
            request.accept = 0
            #expect(session.requestAtOnce(request)?.code == .notAcceptable)
            #expect(rig.client.status[0].observations == 0)
        }
    }
}
