import Bus
import Configuration
import Contract
import EventLoop
import Linux
import TestSupport
import Testing

@testable import Agent

/// The agent on a bus of its own, with configuration files that have errors.
@Suite(.enabled(if: PrivateBus.missing == nil, "SKIPPED: dbus-daemon is not installed"), .timeLimit(.minutes(patience)))
struct AgentReloadTests {
    @Test func anAccountWhoseKeyFileIsRefusedIsListedWithTheReason() async throws {
        try await onLoop {
            let rig = try AgentRig()
            defer { rig.close() }
            let key = "\(rig.folder.path)/main.psk"
            try rig.write(
                "[Agent]\nEndpoint=gw\n[Server main]\nURI=coaps://a.example\nPSKIdentity=gw\nPSKKeyFile=\(key)\n"
                    + "ShortServerID=7\n")
            let agent = try await rig.startedAgent()
            let status = try await rig.proxy.status()
            #expect(status.servers.map(\.name) == ["main"])
            #expect(status.servers.first?.state == .unusable)
            #expect(status.servers.first?.uri == "coaps://a.example:5684")
            #expect(status.servers.first?.shortServerID == 7)
            #expect(status.servers.first?.reason.contains(key) == true)
            #expect(try await rig.proxy.read("/3/0/11").map(\.value) == [.int64(17)])
            #expect(agent.statusLine.contains(key))
            await agent.stop()
        }
    }

    @Test func aRefusedReloadIsAnErrorAndChangesNothing() async throws {
        try await onLoop {
            let rig = try AgentRig()
            defer { rig.close() }
            try rig.write("[Agent]\nEndpoint=gw\n[Device]\nManufacturer=One\n")
            let agent = try await rig.startedAgent()
            #expect(try await rig.proxy.read("/3/0/11").map(\.value) == [.int64(0)])
            try rig.write("[Device]\nManufacturer=Two\n[Server main]\nURI=coap://a.example\nLifetime=never\n")
            let error = await #expect(throws: ContractError.self) { try await rig.proxy.reload() }
            #expect(error?.code == .refused)
            #expect(error?.text.contains("gatekeeld.conf:5") == true, "\(error?.text ?? "")")
            let status = try await rig.proxy.status()
            #expect(status.configurationProblems.count == 1)
            #expect(try await rig.proxy.read("/3/0/0").map(\.value) == [.string("One")])
            #expect(try await rig.proxy.read("/3/0/11").map(\.value) == [.int64(16)])
            #expect(agent.statusLine.contains("errors"))

            try rig.write("[Device]\nManufacturer=Two\n")
            try await rig.proxy.reload()
            #expect(try await rig.proxy.status().configurationProblems.isEmpty)
            #expect(try await rig.proxy.read("/3/0/0").map(\.value) == [.string("Two")])
            #expect(try await rig.proxy.read("/3/0/11").map(\.value) == [.int64(0)])
            await agent.stop()
        }
    }

    @Test func aReloadThatCannotBeStoredIsAnErrorAndTheConfigurationIsNotKept() async throws {
        try await onLoop {
            let rig = try AgentRig()
            defer { rig.close() }
            let before = "[Agent]\nEndpoint=gw\n[Server main]\nURI=coap://127.0.0.1\n"
            try rig.write(before)
            let agent = try await rig.startedAgent()
            // A folder in the place of the file cannot be replaced.
            let accounts = "\(rig.folder.path)/accounts"
            try Files.remove(accounts)
            try Files.makeDirectories(accounts)
            try rig.write(
                "[Agent]\nEndpoint=gw\n[Server main]\nURI=coap://127.0.0.2\n[Server lost]\nURI=coaps://a.example\n"
                    + "ShortServerID=2\nPSKIdentity=gw\nPSKKeyFile=\(rig.folder.path)/none.psk\n")
            let error = await #expect(throws: ContractError.self) { try await rig.proxy.reload() }
            #expect(error?.code == .failed)
            #expect(error?.text.contains("free space in \(rig.folder.path)") == true, "\(error?.text ?? "")")
            // What is shown is what is used: neither the new address nor the new account.
            #expect(try await rig.proxy.status().servers.map(\.uri) == ["coap://127.0.0.1:5683"])
            // A start with errors in the files would use the configuration that is in use now.
            try rig.write("[Nonsense]\n")
            #expect(try rig.store.readOrKept().configuration.servers.map(\.uri.host) == ["127.0.0.1"])
            await agent.stop()
        }
    }

    @Test func aStartWithABrokenConfigurationUsesTheLastOneThatWorked() async throws {
        try await onLoop {
            let rig = try AgentRig()
            defer { rig.close() }
            try rig.write("[Device]\nManufacturer=One\n")
            try await rig.startedAgent().stop()
            try rig.write("[Device]\nManufacturer=Two\nNonsense=1\n")
            let agent = try await rig.startedAgent()
            #expect(try await rig.proxy.read("/3/0/0").map(\.value) == [.string("One")])
            #expect(try await rig.proxy.read("/3/0/11").map(\.value) == [.int64(16)])
            #expect(try await rig.proxy.status().configurationProblems.count == 1)
            await agent.stop()
        }
    }

    @Test func aReloadAfterTheStopDoesNothing() async throws {
        try await onLoop {
            let rig = try AgentRig()
            defer { rig.close() }
            try rig.write("[Device]\nManufacturer=One\n")
            let agent = try await rig.startedAgent()
            await agent.stop()
            try rig.write("[Nonsense]\n")
            try await agent.reload()
        }
    }
}
