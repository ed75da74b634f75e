import Bus
import Configuration
import Contract
import EventLoop
import Linux
import TestSupport
import Testing

@testable import Agent

/// Object 9 of a whole agent beside an installer that a test plays.
@Suite(.enabled(if: PrivateBus.missing == nil, "SKIPPED: dbus-daemon is not installed"), .timeLimit(.minutes(patience)))
struct SoftwareFeatureTests {
    /// `org.gatekeel.Installer1` as far as a test says.
    @LoopActor
    private final class PlayedInstaller {
        let object = BusObject(path: Installer1.path)
        var packages: [PackageInfo] = []
        var isConfigurationRefused = false {
            didSet { object.changed(Installer1.interface, ["ConfigurationRefused"]) }
        }

        var storeProblem = "" { didSet { object.changed(Installer1.interface, ["StoreProblem"]) } }

        init() {
            // Handlers that are made in a subscript crash the compiler (Swift 6.3.1).
            let refuse: BusObject.Handler = { _ throws(BusError) in
                throw ContractError(.failed, "not in this test").busError
            }
            let list: BusObject.Handler = { [unowned self] _ throws(BusError) in
                guard storeProblem.isEmpty else { throw ContractError(.unavailable, storeProblem).busError }
                return [.list(packages.map(\.properties))]
            }
            let nothing: BusObject.Handler = { _ throws(BusError) in [.list([[String: BusValue]]())] }
            var methods: [String: BusObject.Handler] = [:]
            for method in Installer1.interface.methods { methods[method.name] = refuse }
            methods["ListPackages"] = list
            methods["ListStaged"] = nothing
            object.add(
                Installer1.interface, methods: methods,
                properties: [
                    "Version": { .string("1") }, "Busy": { .bool(false) }, "Progress": { .properties([:]) },
                    "ConfigurationRefused": { [unowned self] in .bool(isConfigurationRefused) },
                    "StoreProblem": { [unowned self] in .string(storeProblem) },
                ])
        }

        func tell(_ info: PackageInfo) {
            object.emit(Installer1.interface, "PackageChanged", [.string(info.name), .properties(info.properties)])
        }
    }

    /// Waits until a resource has a value; false when it does not get it. It may not be there yet: the agent learns of packages from
    /// the installer.
    @LoopActor
    private static func reads(_ proxy: AgentProxy, _ path: String, _ value: BusValue) async throws -> Bool {
        let end = LoopScheduler.shared.now + .seconds(20)
        while LoopScheduler.shared.now < end {
            if (try? await proxy.read(path))?.map(\.value) == [value] { return true }
            await LoopScheduler.shared.sleep(for: .milliseconds(5))
        }
        return try await proxy.read(path).map(\.value) == [value]
    }

    /// The played installer, a whole agent beside it, and a client of the agent.
    @LoopActor
    private static func playing(
        _ installer: PlayedInstaller, _ body: @LoopActor (AgentProxy) async throws -> Void
    ) async throws {
        let folder = try TemporaryDirectory("agent")
        let bus = try PrivateBus()
        let server = try BusConnection.open(address: bus.address)
        let client = try BusConnection.open(address: bus.address)
        defer {
            server.close()
            client.close()
        }
        _ = try client.export(installer.object)
        try await client.requestName(Installer1.busName)
        try Files.replace("\(folder.path)/gatekeeld.conf", with: Array("[Agent]\nEndpoint=gw\n".utf8))
        let store = ConfigurationStore<AgentConfiguration>(
            ConfigurationFiles("gatekeeld.conf", roots: [folder.path]), keptIn: "\(folder.path)/kept")
        let loaded = try store.readOrKept()
        let agent = try Agent(loaded, store, folder: folder.path, bus: server)
        try await agent.start(loaded)
        try await body(AgentProxy(client))
        await agent.stop()
    }

    /// `gatekeel remove` without `--purge` leaves configuration files: the installer tells of an absent package.
    @Test func aPackageThatIsRemovedOnTheHostIsGone() async throws {
        try await onLoop {
            let installer = PlayedInstaller()
            installer.packages = [PackageInfo(name: "keel", version: "1.0", isActive: true)]
            try await Self.playing(installer) { (proxy: AgentProxy) async throws in
                #expect(try await Self.reads(proxy, "/9/1/7", .int64(4)))
                installer.tell(PackageInfo(name: "keel", state: .absent))
                #expect(try await Self.reads(proxy, "/9/1/7", .int64(0)))
                #expect(try await proxy.read("/9/1/1").map(\.value) == [.string("")])
                // And it comes back to its instance.
                installer.tell(PackageInfo(name: "keel", version: "2.0"))
                #expect(try await Self.reads(proxy, "/9/1/7", .int64(4)))
                #expect(try await proxy.read("/9/1/1").map(\.value) == [.string("2.0")])
            }
        }
    }

    /// The installer is there and cannot read its store: that is not "no packages", and a server learns of it.
    @Test func anInstallerWithoutItsStoreIsWaitedFor() async throws {
        try await onLoop {
            let installer = PlayedInstaller()
            installer.packages = [PackageInfo(name: "keel", version: "1.0")]
            installer.storeProblem = "Input/output error"
            try await Self.playing(installer) { (proxy: AgentProxy) async throws in
                #expect(try await Self.reads(proxy, "/3/0/11", .int64(19)))
                await #expect(throws: ContractError.self) { _ = try await proxy.read("/9/1/1") }
                installer.storeProblem = ""
                #expect(try await Self.reads(proxy, "/3/0/11", .int64(0)))
                #expect(try await Self.reads(proxy, "/9/1/1", .string("1.0")))
                // It goes away again: what is known stays.
                installer.storeProblem = "Input/output error"
                #expect(try await Self.reads(proxy, "/3/0/11", .int64(19)))
                #expect(try await proxy.read("/9/1/1").map(\.value) == [.string("1.0")])
            }
        }
    }

    /// A server learns that gatekeel-installd cannot use its configuration files: at its start, and at each change.
    @Test func anInstallerOnItsEarlierConfigurationIsAnErrorCode() async throws {
        try await onLoop {
            let installer = PlayedInstaller()
            installer.isConfigurationRefused = true
            try await Self.playing(installer) { (proxy: AgentProxy) async throws in
                #expect(try await Self.reads(proxy, "/3/0/11", .int64(18)))
                installer.isConfigurationRefused = false
                #expect(try await Self.reads(proxy, "/3/0/11", .int64(0)))
                installer.isConfigurationRefused = true
                #expect(try await Self.reads(proxy, "/3/0/11", .int64(18)))
            }
        }
    }
}
