import EventLoop
import LwM2M
import TestSupport
import Testing

@testable import HostObjects
@testable import LwM2MClient

/// The client is made and not started: as while the features start.
@LoopActor
private final class NoTransport: Transport {
    func open(_ endpoint: ServerEndpoint, handler: any SessionHandler) -> any Session { fatalError("not started") }
}

/// A client of two servers, with the Short Server IDs 7 and 8, that serves object 9.
@LoopActor
private struct TwoServers {
    let lists: AccessLists
    let client: Client

    init(_ folder: TemporaryFolder, _ scheduler: ManualScheduler, _ object: SoftwareManagement) {
        let accounts = ServerAccounts(
            seeds: [7, 8].map { number in
                ServerAccount.Seed(
                    name: "server\(number)", shortServerID: number,
                    endpoint: ServerEndpoint(host: "127.0.0.1", port: 5683, security: .noSec), version: .v11,
                    settings: ServerSettings(lifetime: 300))
            }, path: nil)
        lists = AccessLists(
            accounts: accounts,
            members: accounts.all.map { AccessMember(name: $0.name, shortServerID: $0.shortServerID) },
            path: "\(folder.path)/access")
        client = Client(
            endpoint: "gw", objects: [object], accounts: accounts, lists: lists, transport: NoTransport(),
            scheduler: scheduler)
    }

    /// What a Create of the second server's does.
    func create(_ instance: UInt16, _ object: SoftwareManagement) async throws {
        try await lists.reserve(9, instance, for: 1)
        #expect(try await object.create(instance, [:]) == instance)
        lists.created(9, instance)
    }

    func list(_ instance: UInt16) -> (owner: UInt16, rights: [UInt16: AccessRights])? {
        lists.instances.compactMap { lists.list($0) }.first { $0.object == 9 && $0.instance == instance }
            .map { ($0.owner, $0.rights) }
    }
}

/// The access control lists of object 9's instances.
extension SoftwareManagementTests {
    @Test func whatRootInstallsIsNoServersThatWasAboutToCreateSuchAnInstance() async throws {
        try await onLoop {
            var rig = Rig()
            let (folder, scheduler) = (rig.folder, rig.scheduler)
            let servers = TwoServers(folder, scheduler, rig.object)
            await rig.object.start()
            try await servers.lists.reserve(9, 1, for: 1)
            rig.installer.packages = [InstalledPackage(name: "keel", version: "1.0", active: true)]
            var next: TwoServers?
            await rig.restart { next = TwoServers(folder, scheduler, $0) }
            #expect(rig.read(0, 1) == "keel")
            let list = try #require(next?.list(1))
            #expect(list.owner == 7 && list.rights == [7: .all, 8: .all])
        }
    }

    /// The bytes of a transfer may take a while to go.
    @Test func whatRootInstallsDuringADeleteIsNotTheServers() async throws {
        try await onLoop {
            let rig = Rig()
            let servers = TwoServers(rig.folder, rig.scheduler, rig.object)
            await rig.object.start()
            try await servers.create(1, rig.object)
            let gate = try WorkerGate(.transfers)
            let object = rig.object
            let deletion = LoopActor.spawn { try? await object.delete(1) }
            await rig.settle { object.instances == [0] }
            await object.packageChanged(InstalledPackage(name: "keel", version: "1.0", active: true))
            #expect(object.instances == [0, 1])
            gate.open()
            await deletion.value
            let list = try #require(servers.list(1))
            #expect(list.owner == 7 && list.rights == [7: .all, 8: .all])
        }
    }

    @Test func aCreatedInstanceIsItsServersAfterARestart() async throws {
        try await onLoop {
            var rig = Rig()
            let (folder, scheduler) = (rig.folder, rig.scheduler)
            let servers = TwoServers(folder, scheduler, rig.object)
            await rig.object.start()
            try await servers.create(1, rig.object)
            var next: TwoServers?
            await rig.restart {
                next = TwoServers(folder, scheduler, $0)
                // The records are not read yet.
                next?.client.instancesChanged(9)
                #expect($0.instances == [0] && next?.list(1)?.owner == 8)
            }
            #expect(rig.object.instances == [0, 1])
            let list = try #require(next?.list(1))
            #expect(list.owner == 8 && list.rights == [:])
        }
    }
}
