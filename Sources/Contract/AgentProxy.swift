import Bus
import EventLoop

/// `org.gatekeel.Agent1` over the bus.
@LoopActor
public final class AgentProxy {
    private let remote: RemoteObject

    public init(_ connection: BusConnection) {
        remote = RemoteObject(
            connection: connection, name: Agent1.busName, path: Agent1.path, interface: Agent1.interface.name)
    }

    public func status() async throws(ContractError) -> AgentStatus {
        try await remote.value(AgentStatus.self, "Status")
    }

    public func objects() async throws(ContractError) -> [AgentObject] {
        try await remote.values(AgentObject.self, "Objects")
    }

    /// - Parameter path: `/3`, `/3/0`, `/3/0/9`, `/3/0/11/0`.
    public func read(_ path: String) async throws(ContractError) -> [AgentValue] {
        try await remote.values(AgentValue.self, "Read", [.string(path)])
    }

    /// Sends what paths hold to servers, and waits for their answers.
    ///
    /// - Parameter server: the account's name; empty: all.
    public func send(_ paths: [String], to server: String) async throws(ContractError) -> [SendInfo] {
        try await remote.values(
            SendInfo.self, "Send", [.array(of: "s", paths.map { .string($0) }), .string(server)])
    }

    /// Ends the transfer of a package and drops its bytes.
    ///
    /// - Parameter instance: of object 9.
    /// - Throws: `NotFound` when no transfer is under way.
    public func cancel(_ instance: Int) async throws(ContractError) {
        _ = try await remote.call("Cancel", [.uint32(UInt32(clamping: instance))])
    }

    /// Reads the configuration again.
    ///
    /// - Throws: `.refused` with every problem, one a line, when the files have an error and nothing changed.
    public func reload() async throws(ContractError) {
        _ = try await remote.call("Reload", deadline: .seconds(60))
    }

    /// Contacts the servers at once; returns before they answer.
    public func reconnect() async throws(ContractError) { _ = try await remote.call("Reconnect") }
}
