import EventLoop
import Glibc
import LwM2M
import Linux
import TestSupport
import Testing

@testable import LwM2MClient

/// What each of two servers may do: `main` with the Short Server ID 7 and `main1` with 8.
@Suite struct AccessListTests {
    @LoopActor
    private static func rig(
        _ rights: [UInt16: AccessRights]? = nil, path: String? = nil, servers: Int = 2, members: [AccessMember]? = nil,
        isComplete: Bool = true
    ) async throws -> (rig: Rig, lists: AccessLists) {
        var made: AccessLists?
        let rig = Rig(
            servers: servers, isComplete: isComplete,
            lists: {
                made = AccessLists(
                    accounts: $0,
                    members: members ?? $0.all.map { AccessMember(name: $0.name, shortServerID: $0.shortServerID) },
                    path: path)
                return made
            })
        let lists = try #require(made)
        try await rig.register()
        if let rights {
            let id = try #require(
                lists.instances.first { lists.list($0)?.object == 30000 && lists.list($0)?.instance == 0 })
            try await lists.change(id, owner: 7, rights: rights)
        }
        return (rig, lists)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let request: Request
        let right: AccessRights
        let success: Code
    }

    static let cases: [Case] = [
        Case(testDescription: "Read", request: serverRequest(.get, "/30000/0/1"), right: .read, success: .content),
        Case(
            testDescription: "Read of the instance", request: serverRequest(.get, "/30000/0"), right: .read,
            success: .content
        ),
        Case(
            testDescription: "Observe", request: serverRequest(.get, "/30000/0/1", observe: 0), right: .read,
            success: .content),
        Case(
            testDescription: "Discover", request: serverRequest(.get, "/30000/0", accept: 40), right: .read,
            success: .content
        ),
        Case(
            testDescription: "Write-Attributes", request: serverRequest(.put, "/30000/0/1", query: ["pmin=5"]),
            right: .read,
            success: .changed),
        Case(
            testDescription: "Write", request: serverRequest(.put, "/30000/0/1", format: 0, payload: [0x35]),
            right: .write,
            success: .changed),
        Case(
            testDescription: "Write of the instance",
            request: serverRequest(.post, "/30000/0", format: 11542, payload: [0xC1, 1, 60]), right: .write,
            success: .changed
        ),
        Case(
            testDescription: "Execute", request: serverRequest(.post, "/30000/0/4"), right: .execute, success: .changed),
        Case(testDescription: "Delete", request: serverRequest(.delete, "/30000/0"), right: .delete, success: .deleted),
    ]

    /// Each operation with its right alone, and with all rights but this one.
    @Test(arguments: cases)
    func anOperationNeedsItsRight(test: Case) async throws {
        try await onLoop {
            for (rights, code) in [
                (test.right, test.success), (AccessRights.all.subtracting(test.right), .unauthorized),
            ] {
                let (rig, _) = try await Self.rig([8: rights])
                rig.object.keepsFirst = false
                let before = rig.object.contents
                let answer = await rig.transport.sessions[1].request(test.request)
                #expect(answer?.code == code, "\(rights)")
                if code == .unauthorized { #expect(rig.object.contents == before && rig.object.executed.isEmpty) }
            }
        }
    }

    @Test(
        arguments: [
            (.fetch, 112, [.read]), (.iPatch, 112, [.write]),
        ] as [(Code, UInt16, AccessRights)])
    func compositeOperationsNeedTheRightsOfEachPath(method: Code, format: UInt16, right: AccessRights) async throws {
        try await onLoop {
            let path = Path(30000, 0, 1)
            var selection = PathSelection()
            selection.add(path)
            let payload =
                method == .fetch
                ? try Codec.encodePaths(selection, .senMLCBOR)
                : try Codec.encodeComposite(CompositeContent([.init(path, .integer(5))]), .senMLCBOR)
            let request = Request(method, path: [], contentFormat: format, payload: payload)
            let (rig, _) = try await Self.rig([8: AccessRights.all.subtracting(right)])
            let refused = await rig.transport.sessions[1].request(request)
            if method == .fetch {
                // What it may not read is not there (6.3.8).
                #expect(refused?.code == .content && refused?.payload == [0x80])
            } else {
                #expect(refused?.code == .unauthorized && rig.object.writes.isEmpty)
            }
            let (other, _) = try await Self.rig([8: right])
            let taken = await other.transport.sessions[1].request(request)
            #expect(taken?.code == (method == .fetch ? .content : .changed) && taken?.payload != [0x80])
        }
    }

    @Test func withoutAWordEveryServerMayDoWhatTheConfigurationSays() async throws {
        try await onLoop {
            let (rig, lists) = try await Self.rig()
            for session in rig.transport.sessions {
                #expect(session.requestAtOnce(serverRequest(.get, "/30000/0/1"))?.code == .content)
            }
            // Device has one instance; of the other object new ones may be created.
            let subjects = lists.instances.compactMap { lists.list($0) }.map { [$0.object, $0.instance] }
            #expect(subjects.sorted { $0.lexicographicallyPrecedes($1) } == [[3, 0], [30000, 0], [30000, 65535]])
            #expect(lists.instances.allSatisfy { lists.list($0)?.owner == 7 })
            #expect(lists.instances.allSatisfy { lists.list($0)?.rights == [7: .all, 8: .all] })
        }
    }

    @Test func withOneServerNothingIsAsked() async throws {
        try await onLoop {
            let (rig, lists) = try await Self.rig(servers: 1)
            #expect(lists.instances.isEmpty)
            let made = try await rig.session.request(serverRequest(.post, "/30000"))
            #expect(made?.code == .created && lists.instances.isEmpty)
            #expect(try rig.session.requestAtOnce(serverRequest(.get, "/30000/0/1"))?.code == .content)
            #expect(!lists.areNeeded)
        }
    }

    @Test func aReadOfTheObjectShowsWhatMayBeReadAndDiscoverAll() async throws {
        try await onLoop {
            let (rig, _) = try await Self.rig([8: [.write]])
            let session = rig.transport.sessions[1]
            rig.object.contents[1] = [1: .single(.integer(77))]
            rig.object.changes?.instancesChanged(30000)
            let read = session.requestAtOnce(serverRequest(.get, "/30000", accept: 110))
            let text = String(decoding: try #require(read).payload, as: UTF8.self)
            #expect(text.contains("\"1/1\"") && !text.contains("\"0/1\""), "\(text)")
            let links = session.requestAtOnce(serverRequest(.get, "/30000", accept: 40))
            #expect(String(decoding: try #require(links).payload, as: UTF8.self).contains("</30000/0>"))
        }
    }

    @Test func whoCreatesAnInstanceOwnsItAlone() async throws {
        try await onLoop {
            let (rig, lists) = try await Self.rig()
            let creator = rig.transport.sessions[1]
            let made = await creator.request(serverRequest(.post, "/30000"))
            #expect(made?.code == .created && made?.locationPath == ["30000", "1"])
            #expect(creator.requestAtOnce(serverRequest(.get, "/30000/1"))?.code == .content)
            let other = rig.transport.sessions[0]
            #expect(other.requestAtOnce(serverRequest(.get, "/30000/1"))?.code == .unauthorized)
            let id = try #require(lists.instances.first { lists.list($0)?.instance == 1 })
            #expect(lists.list(id)?.owner == 8 && lists.list(id)?.rights == [:])
            // It goes with its instance, and the next one of this number is nobody's.
            #expect(await creator.request(serverRequest(.delete, "/30000/1"))?.code == .deleted)
            #expect(!lists.has(id))
            rig.object.contents[1] = [:]
            rig.object.changes?.instancesChanged(30000)
            #expect(other.requestAtOnce(serverRequest(.get, "/30000/1"))?.code == .content)
        }
    }

    @Test func creatingNeedsTheRightToTheObject() async throws {
        try await onLoop {
            let (rig, lists) = try await Self.rig([8: .all])
            let id = try #require(lists.instances.first { lists.list($0)?.instance == 65535 })
            try await lists.change(id, owner: 7, rights: [7: .all, 8: [.read, .write, .execute, .delete]])
            #expect(await rig.transport.sessions[1].request(serverRequest(.post, "/30000"))?.code == .unauthorized)
            #expect(await rig.transport.sessions[0].request(serverRequest(.post, "/30000"))?.code == .created)
        }
    }

    @Test func anObservationEndsWithTheRightToIt() async throws {
        try await onLoop {
            let (rig, lists) = try await Self.rig([8: [.read]])
            let session = rig.transport.sessions[1]
            #expect(session.requestAtOnce(serverRequest(.get, "/30000/0/1", observe: 0))?.observe != nil)
            rig.object.set(1, .integer(2))
            #expect(session.notified.count == 1)
            session.notified[0].completion(nil)
            let id = try #require(
                lists.instances.first { lists.list($0)?.instance == 0 && lists.list($0)?.object == 30000 })
            try await lists.change(id, owner: 7, rights: [8: [.write]])
            #expect(session.notified.last?.response.code == .unauthorized)
            session.notified.last?.completion(nil)
            rig.object.set(1, .integer(3))
            #expect(session.notified.count == 2)
        }
    }

    /// A key file that is refused makes a server one that cannot be contacted. The others get no more rights by that.
    @Test func aServerThatCannotBeContactedCounts() async throws {
        try await onLoop {
            let members = [
                AccessMember(name: "main", shortServerID: 7, rights: [.read]),
                AccessMember(name: "other", shortServerID: 9, ownsAccess: true),
            ]
            let (rig, lists) = try await Self.rig(servers: 1, members: members)
            let session = try rig.session
            #expect(lists.areNeeded)
            let write = serverRequest(.put, "/30000/0/1", format: 0, payload: [0x35])
            #expect(await session.request(write)?.code == .unauthorized)
            #expect(session.requestAtOnce(serverRequest(.get, "/30000/0/1"))?.code == .content)
            #expect(lists.instances.allSatisfy { lists.list($0)?.owner == 9 && !lists.owns(0, $0) })
            // Lists that are made meanwhile know it too.
            rig.object.contents[1] = [1: .single(.integer(5))]
            rig.object.changes?.instancesChanged(30000)
            let id = try #require(lists.instances.first { lists.list($0)?.instance == 1 })
            #expect(lists.list(id)?.rights == [7: [.read], 9: .all])
        }
    }

    /// While an instance is being created nobody else reaches it.
    @Test func anInstanceThatIsThereWithoutAListIsNobodys() async throws {
        try await onLoop {
            let (rig, _) = try await Self.rig()
            rig.object.contents[5] = [1: .single(.integer(5))]
            for session in rig.transport.sessions {
                #expect(session.requestAtOnce(serverRequest(.get, "/30000/5"))?.code == .unauthorized)
                #expect(session.requestAtOnce(serverRequest(.get, "/30000/6"))?.code == .notFound)
            }
        }
    }

    @Test func aCreateThatFailsLeavesNoList() async throws {
        try await onLoop {
            let (rig, lists) = try await Self.rig()
            let before = lists.instances
            let taken = await rig.transport.sessions[1].request(
                serverRequest(.post, "/30000", format: 110, payload: Array(#"[{"bn":"/30000/0/","n":"1","v":5}]"#.utf8))
            )
            #expect(taken?.code == .badRequest)
            #expect(lists.instances == before)
        }
    }

    @Test func whatWasStoredIsNotToldOnceTheRightIsGone() async throws {
        try await onLoop {
            let (rig, lists) = try await Self.rig([8: [.read]])
            let session = rig.transport.sessions[1]
            #expect(session.requestAtOnce(serverRequest(.get, "/30000/0/1", observe: 0))?.observe != nil)
            await session.end(.closed)
            rig.object.set(1, .integer(2))
            let id = try #require(
                lists.instances.first { lists.list($0)?.instance == 0 && lists.list($0)?.object == 30000 })
            try await lists.change(id, owner: 7, rights: [8: [.write]])
            rig.client.reconnect()
            await settle()
            let new = rig.transport.sessions[3]
            await new.answer(Response(.changed))
            #expect(new.notified.map(\.response.code) == [.unauthorized])
        }
    }

    @Test func onlyTheOwnerWritesAList() async throws {
        try await onLoop {
            let (_, lists) = try await Self.rig([8: .all])
            let id = try #require(lists.instances.first)
            #expect(lists.owns(0, id) && !lists.owns(1, id))
            try await lists.change(id, owner: 8, rights: nil)
            #expect(!lists.owns(0, id) && lists.owns(1, id))
        }
    }

    @Test func anAccountThatIsNotThereGetsNoRights() async throws {
        try await onLoop {
            let (_, lists) = try await Self.rig()
            let id = try #require(lists.instances.first)
            for change in [(9, nil), (nil, [9: .all])] as [(UInt16?, [UInt16: AccessRights]?)] {
                do throws(OperationError) {
                    try await lists.change(id, owner: change.0, rights: change.1)
                    Issue.record("it was taken")
                } catch {
                    #expect(error.code == .badRequest)
                }
            }
            try await lists.change(id, owner: nil, rights: [0: [.read], 7: .all])
            #expect(lists.list(id)?.rights == [0: [.read], 7: .all])
        }
    }

    /// A folder for the file of the lists.
    private struct Folder: Sendable {
        let path = "/tmp/gatekeel-access-\(getpid())-\(randomBytes(4).map { String($0) }.joined())"
        var file: String { "\(path)/access" }

        init() throws { try Files.makeDirectories(path) }
        func remove() { _ = system("rm -rf \(path)") }

        /// Waits until the file says what it should.
        @LoopActor
        func wait(until condition: (String) -> Bool) async throws {
            for _ in 0..<500 {
                let bytes = (try? Files.read(file, limit: 1 << 20)) ?? []
                if condition(String(decoding: bytes, as: UTF8.self)) { return }
                try await Task.sleep(for: .milliseconds(10))
            }
            Issue.record("the file did not come to say that")
        }
    }

    @LoopActor
    private static func list(_ lists: AccessLists, _ instance: UInt16) -> (
        owner: UInt16, rights: [UInt16: AccessRights]
    )? {
        lists.instances.compactMap { lists.list($0) }.first { $0.object == 30000 && $0.instance == instance }
            .map { ($0.owner, $0.rights) }
    }

    /// The host adds an instance, and it is as the configuration says.
    @LoopActor
    private static func expectTheHostsOwn(_ instance: UInt16, _ rig: Rig, _ lists: AccessLists) throws {
        rig.object.contents[instance] = [1: .single(.integer(5))]
        rig.object.changes?.instancesChanged(30000)
        let list = try #require(Self.list(lists, instance))
        #expect(list.owner == 7 && list.rights == [7: .all, 8: .all])
        let request = serverRequest(.get, "/30000/\(instance)/1")
        #expect(rig.transport.sessions[0].requestAtOnce(request)?.code == .content)
    }

    @Test func listsSurviveARestart() async throws {
        try await onLoop {
            let folder = try Folder()
            defer { folder.remove() }
            let (rig, lists) = try await Self.rig([8: [.read]], path: folder.file)
            _ = await rig.transport.sessions[1].request(serverRequest(.post, "/30000"))
            await settle()
            try await folder.wait { $0.contains(" 30000 1 8 server\n") }
            await stored { rig.object.contents[1] != nil }
            let before = lists.instances.map { lists.list($0)?.rights }
            // At the start the second instance is not there yet, and comes later.
            let (again, restored) = try await Self.rig(path: folder.file, isComplete: false)
            again.object.changes?.instancesChanged(30000)
            #expect(restored.instances.map { restored.list($0)?.rights } == before)
            again.object.contents[1] = [1: .single(.integer(5))]
            again.object.isComplete = true
            again.object.changes?.instancesChanged(30000)
            #expect(Self.list(restored, 1)?.owner == 8)
            #expect(again.transport.sessions[0].requestAtOnce(serverRequest(.get, "/30000/1"))?.code == .unauthorized)
            #expect(again.transport.sessions[1].requestAtOnce(serverRequest(.get, "/30000/1"))?.code == .content)
            #expect(again.transport.sessions[1].requestAtOnce(serverRequest(.put, "/30000/0/1"))?.code != .changed)
        }
    }

    /// The host makes an instance of the number that a server is creating.
    @Test func anInstanceThatTheHostMakesDuringACreateIsNotTheServers() async throws {
        try await onLoop {
            let (rig, lists) = try await Self.rig()
            let session = rig.transport.sessions[1]
            var codes: [Code?] = []
            rig.object.beforeCreate = { instance in
                rig.object.contents[instance] = [1: .single(.integer(5))]
                rig.object.changes?.instancesChanged(30000)
                codes.append(session.requestAtOnce(serverRequest(.get, "/30000/\(instance)/1"))?.code)
            }
            #expect(await session.request(serverRequest(.post, "/30000"))?.code == .badRequest)
            #expect(codes == [.unauthorized])
            let list = try #require(Self.list(lists, 1))
            #expect(list.owner == 7 && list.rights == [7: .all, 8: .all])
            #expect(session.requestAtOnce(serverRequest(.get, "/30000/1/1"))?.code == .content)
        }
    }

    /// A Create while instances are still to come must not take the list of one of them.
    @Test func nothingIsCreatedBeforeTheInstancesAreLoaded() async throws {
        try await onLoop {
            let (rig, lists) = try await Self.rig()
            #expect(await rig.transport.sessions[1].request(serverRequest(.post, "/30000"))?.code == .created)
            // As after a restart.
            rig.object.contents[1] = nil
            rig.object.isComplete = false
            let answer = await rig.transport.sessions[0].request(serverRequest(.post, "/30000"))
            #expect(answer?.code == .internalServerError && rig.object.contents[1] == nil)
            #expect(Self.list(lists, 1)?.owner == 8)
        }
    }

    @Test func aCreateThatALossOfPowerInterruptedLeavesNoList() async throws {
        try await onLoop {
            let folder = try Folder()
            defer { folder.remove() }
            let (_, lists) = try await Self.rig(path: folder.file)
            try await lists.reserve(30000, 5, for: 1)
            let (again, restored) = try await Self.rig(path: folder.file)
            #expect(Self.list(restored, 5) == nil)
            try Self.expectTheHostsOwn(5, again, restored)
        }
    }

    @Test func aDeleteThatALossOfPowerInterruptedLeavesNoList() async throws {
        try await onLoop {
            let folder = try Folder()
            defer { folder.remove() }
            let (rig, _) = try await Self.rig(path: folder.file)
            let session = rig.transport.sessions[1]
            _ = await session.request(serverRequest(.post, "/30000"))
            await stored { rig.object.contents[1] != nil }
            let before = try Files.read(folder.file, limit: 1 << 20)
            #expect(await session.request(serverRequest(.delete, "/30000/1"))?.code == .deleted)
            try await folder.wait { !$0.contains(" 30000 1 8 server\n") }
            // As if the instance had gone, and the list not yet.
            try Files.replace(folder.file, with: before)
            let (again, restored) = try await Self.rig(path: folder.file)
            #expect(Self.list(restored, 1) == nil)
            try Self.expectTheHostsOwn(1, again, restored)
        }
    }

    @Test func aListGoesWithItsInstanceAlsoWhileThereIsOneServer() async throws {
        try await onLoop {
            let folder = try Folder()
            defer { folder.remove() }
            let (rig, _) = try await Self.rig(path: folder.file)
            _ = await rig.transport.sessions[1].request(serverRequest(.post, "/30000"))
            await stored { rig.object.contents[1] != nil }
            let (alone, kept) = try await Self.rig(path: folder.file, servers: 1, isComplete: false)
            alone.object.contents[1] = [1: .single(.integer(5))]
            alone.object.isComplete = true
            alone.object.changes?.instancesChanged(30000)
            #expect(Self.list(kept, 1) != nil)
            alone.object.contents[1] = nil
            alone.object.changes?.instancesChanged(30000)
            #expect(Self.list(kept, 1) == nil)
            try await folder.wait { !$0.contains(" 30000 1 ") }
            let (again, restored) = try await Self.rig(path: folder.file)
            try Self.expectTheHostsOwn(1, again, restored)
        }
    }
}
