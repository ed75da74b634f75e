import Bus
import Contract
import CoAP
import Configuration
import EventLoop
import Glibc
import LwM2MClient
import TestSupport
import Testing

@testable import Agent

/// Two transfers; one can be cancelled.
@LoopActor
private final class FakeTransfers: PackageTransfers {
    var transfers = [
        TransferInfo(instance: 3, kind: .pull, phase: .waiting, host: "files.example", reason: "connection-lost: no"),
        TransferInfo(instance: 4, kind: .push, phase: .verifying, received: 10, total: 10),
    ]

    func cancel(_ instance: UInt16) async throws(ContractError) {
        guard transfers.first?.instance == 3, instance == 3 else {
            throw ContractError(.notFound, "instance \(instance) cannot be cancelled")
        }
        transfers.removeFirst()
    }
}

@Suite(.enabled(if: PrivateBus.missing == nil, "SKIPPED: dbus-daemon is not installed"), .timeLimit(.minutes(patience)))
struct AgentServiceTests {
    @Test func transfersAreShownAndCancelled() async throws {
        try await onLoop {
            let bus = try PrivateBus()
            let server = try BusConnection.open(address: bus.address)
            defer { server.close() }
            let transfers = FakeTransfers()
            let accounts = ServerAccounts(seeds: [], path: nil)
            let environment = AgentEnvironment(
                AgentConfiguration(), endpoint: "gw", folder: "/nonexistent", boot: "b", bus: server,
                scheduler: LoopScheduler.shared,
                client: Client(
                    endpoint: "gw", accounts: accounts,
                    transport: CoAPTransport(scheduler: LoopScheduler.shared), scheduler: LoopScheduler.shared),
                lists: AccessLists(accounts: accounts, members: [], path: nil),
                accountSeeds: AccountSeeds(AgentConfiguration()))
            environment.transfers = transfers
            let service = AgentService(environment)
            try await service.publish(on: server)
            let connection = try BusConnection.open(address: bus.address)
            defer { connection.close() }
            let agent = AgentProxy(connection)

            #expect(try await agent.status().transfers == transfers.transfers)
            try await agent.cancel(3)
            #expect(try await agent.status().transfers.map(\.instance) == [4])
            for instance in [3, 4, 70_000] {
                do throws(ContractError) {
                    try await agent.cancel(instance)
                    Issue.record("\(instance) was cancelled")
                } catch {
                    #expect(error.code == .notFound)
                }
            }
        }
    }

    @Test func onlyRootAndTheServicesUserMayCancel() throws {
        try onlyAllowed(0)
        try onlyAllowed(geteuid())
        let stranger = BusCredentials(user: geteuid() + 1, groups: [4], process: nil)
        let error = #expect(throws: BusError.self) { try AgentService.authorize(stranger, "Cancel") }
        #expect(error.map(ContractError.init)?.code == .accessDenied)
    }

    private func onlyAllowed(_ user: UInt32) throws {
        try AgentService.authorize(BusCredentials(user: user, groups: [], process: nil), "Cancel")
    }
}
