import Bus
import Configuration
import Contract
import EventLoop
import Glibc
import Linux
import TestSupport
import Testing

@testable import Agent

/// The agent on a bus of its own, while its state folder has errors: it stays up, says why, and tries again.
@Suite(.enabled(if: PrivateBus.missing == nil, "SKIPPED: dbus-daemon is not installed"), .timeLimit(.minutes(patience)))
struct UnreadableStateTests {
    /// Time passes when the test says so.
    @LoopActor
    private final class Rig {
        let gateway: AgentRig
        let scheduler = ManualScheduler()
        var folder: TemporaryDirectory { gateway.folder }
        var server: BusConnection { gateway.server }
        var store: ConfigurationStore<AgentConfiguration> { gateway.store }
        var proxy: AgentProxy { gateway.proxy }

        init() throws { gateway = try AgentRig() }

        func write(_ text: String) throws { try gateway.write(text) }

        func agent() throws -> (Agent, AgentRig.Loaded) { try gateway.agent(scheduler) }

        /// Starts an agent; features that do not answer are not waited for.
        func start(_ agent: Agent, _ loaded: AgentRig.Loaded) async throws {
            let start = LoopActor.spawn { await #expect(throws: Never.self) { try await agent.start(loaded) } }
            await pass { scheduler.nextDelay != nil }
            scheduler.advance(by: Agent.startLimit)
            await start.value
        }

        func pass(until condition: () async -> Bool) async {
            let end = LoopScheduler.shared.now + .seconds(30)
            while !(await condition()), LoopScheduler.shared.now < end {
                await LoopScheduler.shared.sleep(for: .milliseconds(2))
            }
            #expect(await condition())
        }

        func close() { gateway.close() }
    }

    /// The files have errors, and the last configuration that worked cannot be read: that is not "none".
    @Test func aKeptConfigurationThatCannotBeReadIsWaitedFor() async throws {
        try await onLoop {
            let rig = try Rig()
            defer { rig.close() }
            let kept = "\(rig.folder.path)/kept"
            try rig.write("[Agent]\nEndpoint=gw\n")
            try rig.store.keep(try rig.store.read().snapshot)
            try rig.write("[Nonsense]\n")
            ReadFaults.set(EIO, for: kept)
            defer { ReadFaults.set(nil, for: kept) }
            let starter = AgentStarter(rig.store, folder: rig.folder.path, bus: rig.server, scheduler: rig.scheduler)
            var started: (Agent, ConfigurationStore<AgentConfiguration>.Loaded)?
            let run = LoopActor.spawn { started = try? await starter.run() }
            await rig.pass { rig.scheduler.nextDelay != nil }
            // Whoever asks hears why.
            let error = await #expect(throws: ContractError.self) { _ = try await rig.proxy.status() }
            #expect(error?.code == .unavailable && error?.text.contains("Input/output error") == true)
            // A reload is another attempt, at once.
            await #expect(throws: ContractError.self) { try await rig.proxy.reload() }
            await rig.pass { rig.scheduler.nextDelay == .seconds(1) }
            #expect(started == nil)
            ReadFaults.set(nil, for: kept)
            rig.scheduler.advance(by: .seconds(1))
            await run.value
            let (agent, loaded) = try #require(started)
            #expect(loaded.refused != nil && loaded.configuration.endpoint == "gw")
            try await rig.start(agent, loaded)
            #expect(try await rig.proxy.status().endpoint == "gw")
            await agent.stop()
        }
    }

    @Test func withoutAnyConfigurationTheStartFails() async throws {
        try await onLoop {
            let rig = try Rig()
            defer { rig.close() }
            try rig.write("[Nonsense]\n")
            let starter = AgentStarter(rig.store, folder: rig.folder.path, bus: rig.server, scheduler: rig.scheduler)
            let error = await #expect(throws: AgentStartFailure.self) { _ = try await starter.run() }
            #expect(error.map { AgentStartFailure.exitStatus(of: $0) } == EX_CONFIG)
            #expect(rig.scheduler.nextDelay == nil)
        }
    }

    @Test(arguments: ["accounts", "access"]) func aStateFileIsWaitedFor(name: String) async throws {
        try await onLoop {
            let rig = try Rig()
            defer { rig.close() }
            try rig.write("[Agent]\nEndpoint=gw\n")
            let file = "\(rig.folder.path)/\(name)"
            for path in [file, file + ".previous"] { ReadFaults.set(EIO, for: path) }
            defer { for path in [file, file + ".previous"] { ReadFaults.set(nil, for: path) } }
            let (agent, loaded) = try rig.agent()
            var restarts = 0
            agent.restart = { restarts += 1 }
            try await rig.start(agent, loaded)
            await rig.pass { (try? await rig.proxy.status().stateProblems.isEmpty) == false }
            let problems = try await rig.proxy.status().stateProblems
            #expect(problems.count == 1 && problems.first?.hasPrefix("\(file) cannot be read: ") == true)
            #expect(agent.statusLine.contains("\(name) cannot be read"))
            #expect(try await rig.proxy.read("/3/0/11").map(\.value) == [.int64(20)])
            rig.scheduler.advance(by: StateProblems.firstPause)
            await rig.pass { rig.scheduler.nextDelay != nil }
            #expect(restarts == 0)
            for path in [file, file + ".previous"] { ReadFaults.set(nil, for: path) }
            rig.scheduler.advance(by: StateProblems.firstPause * 2)
            await rig.pass { restarts == 1 }
            // Nothing was written over it.
            #expect(try !Files.exists(file))
            await agent.stop()
        }
    }

    /// Without its key the gateway cannot be reached, and nobody may be there to reload it.
    @Test func aKeyFileIsWaitedFor() async throws {
        try await onLoop {
            let rig = try Rig()
            defer { rig.close() }
            let key = "\(rig.folder.path)/main.psk"
            try Files.replace(key, with: Array("8badf00d".utf8), mode: 0o600)
            try rig.write(
                "[Agent]\nEndpoint=gw\n[Server main]\nURI=coaps://127.0.0.1:1\nPSKIdentity=gw\nPSKKeyFile=\(key)\n")
            ReadFaults.set(EIO, for: key)
            defer { ReadFaults.set(nil, for: key) }
            let (agent, loaded) = try rig.agent()
            var restarts = 0
            agent.restart = { restarts += 1 }
            try await rig.start(agent, loaded)
            await rig.pass { (try? await rig.proxy.status().stateProblems.isEmpty) == false }
            #expect(try await rig.proxy.status().servers.first?.state == .unusable)
            #expect(try await rig.proxy.status().stateProblems.first?.hasPrefix("\(key) cannot be read") == true)
            ReadFaults.set(nil, for: key)
            rig.scheduler.advance(by: StateProblems.firstPause)
            await rig.pass { restarts == 1 }
            // An operator was faster.
            try await rig.proxy.reload()
            #expect(try await rig.proxy.status().stateProblems.isEmpty)
            await agent.stop()
        }
    }

    /// A state folder that cannot be used: servers still see the gateway.
    @Test func recordsOfPackagesAreWaitedFor() async throws {
        try await onLoop {
            let rig = try Rig()
            defer { rig.close() }
            try rig.write("[Agent]\nEndpoint=gw\n")
            // A file in the place of the folder.
            let folder = "\(rig.folder.path)/software"
            try Files.replace(folder, with: [])
            let (agent, loaded) = try rig.agent()
            try await rig.start(agent, loaded)
            await rig.pass { (try? await rig.proxy.status().stateProblems.count) == 1 }
            #expect(try await rig.proxy.status().stateProblems.first?.hasPrefix("\(folder) cannot be read") == true)
            #expect(try await rig.proxy.read("/3/0/11").map(\.value) == [.int64(20)])
            try Files.remove(folder)
            rig.scheduler.advance(by: .seconds(30))
            await rig.pass { (try? await rig.proxy.status().stateProblems.isEmpty) == true }
            #expect(try await rig.proxy.read("/3/0/11").map(\.value) == [.int64(0)])
            await agent.stop()
        }
    }
}
