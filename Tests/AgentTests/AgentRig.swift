import Bus
import Configuration
import Contract
import EventLoop
import Linux
import TestSupport
import Testing

@testable import Agent

/// An agent on a bus of its own, with its configuration and its state in a folder of its own.
@LoopActor
final class AgentRig {
    typealias Loaded = ConfigurationStore<AgentConfiguration>.Loaded

    let folder: TemporaryDirectory
    let bus: PrivateBus
    let server: BusConnection
    let client: BusConnection
    let store: ConfigurationStore<AgentConfiguration>
    var proxy: AgentProxy { AgentProxy(client) }

    init() throws {
        folder = try TemporaryDirectory("agent")
        bus = try PrivateBus()
        server = try BusConnection.open(address: bus.address)
        client = try BusConnection.open(address: bus.address)
        store = ConfigurationStore(
            ConfigurationFiles("gatekeeld.conf", roots: [folder.path]), keptIn: "\(folder.path)/kept")
    }

    func write(_ text: String) throws {
        try Files.replace("\(folder.path)/gatekeeld.conf", with: Array(text.utf8))
    }

    /// An agent that is not started.
    func agent(_ scheduler: any Scheduler = LoopScheduler.shared) throws -> (Agent, Loaded) {
        let loaded = try store.readOrKept()
        return (try Agent(loaded, store, folder: folder.path, bus: server, scheduler: scheduler), loaded)
    }

    func startedAgent() async throws -> Agent {
        let (agent, loaded) = try agent()
        try await agent.start(loaded)
        return agent
    }

    func close() {
        server.close()
        client.close()
    }
}
