import EventLoop
import LwM2M
import RuntimeObjects
import TestSupport
import Testing

@testable import LwM2MClient

/// Objects whose definitions are loaded from OMA's XML at runtime: served, and gone again.
@Suite struct DefinedObjectTests {
    private static let formats: [ContentFormat] = [.tlv, .lwm2mJSON, .senMLJSON, .senMLCBOR, .lwm2mCBOR]

    @LoopActor private static func rig(_ instances: [UInt16] = [0]) async throws -> (Rig, DefinedObject) {
        let rig = Rig(ServerSettings(lifetime: 86400))
        let object = DefinedObject(try .everyType(32000), instances: instances)
        rig.client.add(object)
        try await rig.register()
        return (rig, object)
    }

    @LoopActor private static func links(_ rig: Rig) throws -> [String] {
        let request = try #require(try rig.session.requests.last { $0.path.first == "rd" })
        return try LinkFormat.decode(request.payload).map(\.target).filter { $0.hasPrefix("/32000") }
    }

    /// What was read is written back as it is: each type, single and multiple, in each format.
    @Test(arguments: formats) func everyTypeIsReadAndWritten(format: ContentFormat) async throws {
        try await onLoop {
            let (rig, object) = try await Self.rig()
            let session = try rig.session
            let read = Request(.get, path: ["32000", "0"], accept: format.rawValue)
            let answer = try #require(await session.request(read))
            #expect(answer.code == .content && answer.contentFormat == format.rawValue)
            let decoded = try Codec.decode(answer.payload, format.rawValue, at: Path(32000, 0), object.definition)
            #expect(decoded.instances.first?.resources == object.contents[0])
            #expect(decoded.instances.first?.resources.count == 18)
            let before = object.contents
            for resource in object.definition.resources where resource.type != .none {
                object.set(0, resource.id, nil)
            }
            #expect(object.contents[0]?.isEmpty == true)
            let write = Request(
                .put, path: ["32000", "0"], contentFormat: format.rawValue, payload: answer.payload)
            #expect(await session.request(write)?.code == .changed)
            #expect(object.contents == before)
        }
    }

    @Test func eachValueIsReadAlone() async throws {
        try await onLoop {
            let (rig, object) = try await Self.rig()
            for resource in object.definition.resources where resource.type != .none {
                let path = ["32000", "0", "\(resource.id)"]
                let answer = try await rig.session.request(Request(.get, path: path))
                let wanted: ContentFormat = resource.multiple ? .senMLCBOR : resource.type == .opaque ? .opaque : .text
                #expect(answer?.contentFormat == wanted.rawValue, "\(resource.name)")
                let one = try await rig.session.request(Request(.get, path: path + ["1"]))
                #expect((one?.code == .content) == resource.multiple, "\(resource.name)")
            }
            let run = Request(.post, path: ["32000", "0", "40"], contentFormat: 0, payload: Array("0='a'".utf8))
            #expect(try await rig.session.request(run)?.code == .changed)
            #expect(object.executed.map(\.path) == [Path(32000, 0, 40)])
        }
    }

    @Test func aBurstOfChangesIsOneUpdate() async throws {
        try await onLoop {
            let (rig, object) = try await Self.rig([])
            let session = try rig.session
            #expect(try Self.links(rig) == ["/32000"])
            for instance in 0..<50 as Range<UInt16> { object.appear(instance) }
            object.disappear(7)
            rig.client.add(DefinedObject(try .everyType(32001)))
            rig.client.remove(32001)
            await rig.advance(.seconds(1))
            #expect(session.requests.count == 2)
            #expect(try Self.links(rig).count == 49)
            await session.answer(Response(.changed))
            // While one is on the way, what comes is the next one, again one.
            object.appear(7)
            await rig.advance(.seconds(1))
            for instance in 60..<70 as Range<UInt16> { object.appear(instance) }
            #expect(session.requests.count == 3)
            await session.answer(Response(.changed))
            await rig.advance(.seconds(1))
            #expect(session.requests.count == 4)
            #expect(try Self.links(rig).count == 60)
            await session.answer(Response(.changed))
            await rig.advance(.seconds(60))
            #expect(session.requests.count == 4)
        }
    }

    @Test func serversCreateAndDeleteInstances() async throws {
        try await onLoop {
            let (rig, object) = try await Self.rig()
            let session = try rig.session
            let payload = try Codec.encode(
                [InstanceContent(5, [1: .single(.integer(9)), 21: .multiple([3: .integer(4)])])], .senMLCBOR,
                at: Path(32000), object.definition)
            let create = Request(
                .post, path: ["32000"], contentFormat: ContentFormat.senMLCBOR.rawValue, payload: payload)
            #expect(await session.request(create)?.code == .created)
            #expect(object.contents[5] == [1: .single(.integer(9)), 21: .multiple([3: .integer(4)])])
            #expect(await session.request(Request(.delete, path: ["32000", "5"]))?.code == .deleted)
            #expect(object.instances == [0])
        }
    }

    @Test func whatDisappearsEndsItsObservation() async throws {
        try await onLoop {
            let (rig, object) = try await Self.rig()
            let session = try rig.session
            _ = await session.request(Request(.get, path: ["32000", "0", "4"], observe: 0, token: [1]))
            object.set(0, 4, .single(.boolean(false)))
            try #require(session.notified.count == 1)
            session.notified[0].completion(nil)
            object.disappear(0)
            #expect(session.notified.last?.response.code == .notFound)
        }
    }
}
