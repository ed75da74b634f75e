import Bus
import Configuration
import Contract
import EventLoop
import Glibc
import Linux
import TestSupport
import Testing

@testable import Agent

@Suite(.enabled(if: PrivateBus.missing == nil, "SKIPPED: dbus-daemon is not installed"), .timeLimit(.minutes(patience)))
struct AgentStartTests {
    /// An installer that has its name and answers nothing.
    @LoopActor
    private final class HangingInstaller {
        let connection: BusConnection
        private(set) var calls = 0
        private var held: [CheckedContinuation<Void, Never>] = []
        private var waiting: CheckedContinuation<Void, Never>?

        init(_ bus: PrivateBus) async throws {
            connection = try BusConnection.open(address: bus.address)
            let packages = BusObject(path: Installer1.path)
            packages.add(
                BusInterface(
                    Installer1.busName, "", methods: [.init("ListPackages", "", outputs: [.init("packages", "aa{sv}")])]
                ),
                methods: ["ListPackages": { _ in [.list([])] }])
            let host = BusObject(path: Host1.path)
            host.add(
                BusInterface(Host1.name, "", properties: [.init("HardwareSerial", "s", "")]),
                properties: ["HardwareSerial": { .string("") }])
            for object in [packages, host] {
                object.authorize = { [unowned self] _, _ in await hold() }
                try connection.export(object)
            }
            try await connection.requestName(Installer1.busName)
        }

        private func hold() async {
            calls += 1
            if calls == 2 { waiting?.resume() }
            await withCheckedContinuation { held.append($0) }
        }

        /// Waits until the agent asked for the serial number and for the packages.
        func wasAsked() async { if calls < 2 { await withCheckedContinuation { waiting = $0 } } }

        func end() {
            for continuation in held { continuation.resume() }
            connection.close()
        }
    }

    @Test func anInstallerThatHangsDoesNotHoldTheRegistrationUp() async throws {
        try await onLoop {
            let folder = try TemporaryDirectory("agent")
            let bus = try PrivateBus()
            let installer = try await HangingInstaller(bus)
            let server = try BusConnection.open(address: bus.address)
            let client = try BusConnection.open(address: bus.address)
            try Files.replace(
                "\(folder.path)/gatekeeld.conf",
                with: Array("[Agent]\nEndpoint=gw\n[Server main]\nURI=coap://127.0.0.1\n".utf8))
            let store = ConfigurationStore<AgentConfiguration>(
                ConfigurationFiles("gatekeeld.conf", roots: [folder.path]), keptIn: "\(folder.path)/kept")
            let scheduler = ManualScheduler()
            let loaded = try store.readOrKept()
            let agent = try Agent(loaded, store, folder: folder.path, bus: server, scheduler: scheduler)
            let began = ContinuousClock.now
            let start = LoopActor.spawn {
                await #expect(throws: Never.self) { try await agent.start(loaded) }
            }
            await installer.wasAsked()
            // Whoever looks sees the server all the same.
            let status = try await AgentProxy(client).status()
            #expect(status.servers.map(\.name) == ["main"])
            #expect(status.servers.first?.state == .registering)
            #expect(agent.statusLine == "Registering with main")
            scheduler.advance(by: Agent.startLimit)
            await start.value
            // A call of the bus is given up after 25 s.
            #expect(ContinuousClock.now - began < .seconds(20))
            installer.end()
            await agent.stop()
            server.close()
            client.close()
        }
    }

    @Test func withoutAnEndpointNameTheUnitDoesNotTryAgain() throws {
        #expect(try EndpointName.chosen("gw", derived: .success(nil)) == "gw")
        #expect(try EndpointName.chosen(nil, derived: .success("gatekeel-1")) == "gatekeel-1")
        let error = #expect(throws: AgentStartFailure.self) { try EndpointName.chosen(nil, derived: .success(nil)) }
        #expect(error.map { AgentStartFailure.exitStatus(of: $0) } == EX_CONFIG)
        #expect(error?.description.contains("Endpoint=") == true)
        // A file that cannot be read is not a machine without an identifier.
        let unread = #expect(throws: AgentStartFailure.self) {
            try EndpointName.chosen(nil, derived: .failure(Errno(EIO, "read")))
        }
        #expect(unread?.kind == .passing)
        // What may pass is tried again.
        #expect(AgentStartFailure.exitStatus(of: AgentStartFailure("the bus does not give the name")) == EX_UNAVAILABLE)
        #expect(AgentStartFailure.exitStatus(of: BusError(BusError.noReply, "")) == EX_UNAVAILABLE)
    }
}
