import EventLoop
import Glibc
import Linux
import TestSupport
import Testing

@testable import Deployment

/// The daemon is killed at every named place that a deployment passes, once or twice, with or without a loss of power:
/// afterwards the old release runs, or the new one, and a new update succeeds.
///
/// Every fifth place of each scenario by default, each time others; `GATEKEEL_CRASH_STRIDE=1` takes them all (minutes).
@Suite(.serialized) struct CrashTests {
    struct Scenario: Sendable, CustomTestStringConvertible {
        let name: String
        /// The package in place and active before.
        let old: String
        let new: String
        var operation = DeploymentOperation.update
        var testDescription: String { name }
    }

    static let scenarios = [
        Scenario(name: "good update", old: "app 1.0 good", new: "app 2.0 good users"),
        Scenario(name: "bad update", old: "app 1.0 good", new: "app 2.0 crash"),
        Scenario(name: "good update, stopped otherwise", old: "app 1.0 good", new: "app 2.0 good stops=SIGINT"),
        Scenario(name: "bad update, stopped otherwise", old: "app 1.0 good", new: "app 2.0 crash stops=SIGINT"),
        Scenario(name: "good update with migrations", old: MigrationTests.old, new: MigrationTests.new("good")),
        Scenario(name: "bad update with migrations", old: MigrationTests.old, new: MigrationTests.new("crash")),
        Scenario(name: "first install", old: "", new: "app 1.0 good"),
        Scenario(name: "rollback", old: "app 1.0 good", new: "app 2.0 good", operation: .rollback),
        Scenario(name: "remove", old: "app 1.0 good", new: "", operation: .remove),
        Scenario(name: "activate", old: "app 1.0 good", new: "", operation: .activate),
        Scenario(name: "deactivate", old: "app 1.0 good", new: "", operation: .deactivate),
    ]

    static let step = getenv("GATEKEEL_CRASH_STRIDE").flatMap { Int(String(cString: $0)) } ?? 5
    static var indices: StrideTo<Int> { stride(from: .random(in: 1...step), to: 10000, by: step) }

    @Test(arguments: scenarios)
    func aKillAnywhereLeavesOneRelease(_ scenario: Scenario) async throws {
        for index in Self.indices {
            guard try await run(scenario, killAt: index, reboots: false) != nil else { break }
        }
    }

    @Test(arguments: scenarios)
    func aPowerCutAnywhereLeavesOneRelease(_ scenario: Scenario) async throws {
        for index in Self.indices {
            guard try await run(scenario, killAt: index, reboots: true) != nil else { break }
        }
    }

    @Test(arguments: scenarios)
    func theDaemonAloneRecoversToo(_ scenario: Scenario) async throws {
        for index in Self.indices {
            guard try await run(scenario, killAt: index, reboots: true, recovers: false) != nil else { break }
        }
    }

    @Test(arguments: scenarios.prefix(2))
    func aSecondKillDoesNoMore(_ scenario: Scenario) async throws {
        for index in stride(from: 1, to: 10000, by: 3 * Self.step) {
            for second in stride(from: .random(in: 1...Self.step), to: 10000, by: 3 * Self.step) {
                let place = try await run(scenario, killAt: index, thenAt: second, reboots: second % 2 == 0)
                guard let place else { return }
                if place.isEmpty { break }
            }
        }
    }

    /// - Returns: the place of the (last) kill; nil when the first was not reached, empty when the second was not.
    private func run(
        _ scenario: Scenario, killAt index: Int, thenAt second: Int? = nil, reboots: Bool, recovers: Bool = true
    ) async throws -> String? {
        try await onLoop {
            let host = Harness()
            host.policy.probationTime = .seconds(10)
            // So many kills are not the policy's subject here.
            host.policy.maxBoots = 10
            try await host.start()
            if !scenario.old.isEmpty {
                try await host.install(scenario.old, DeploymentOptions(activation: .yes))
                if scenario.operation == .rollback { try await host.install(scenario.new) }
                if scenario.operation == .activate {
                    _ = try await host.finish(try await host.engine.deactivate("app"))
                }
            }
            if scenario.old == MigrationTests.old { MigrationTests.edit(host) }
            let killer = Killer(at: index)
            try await host.start(killer.passage)
            try? await scenario.begin(host)
            await host.settle()
            guard killer.hasKilled else { return nil }
            var place = killer.name
            if let second {
                let killer = Killer(at: second)
                if reboots { try host.reboot(recover: recovers) }
                try? await host.start(killer.passage)
                await host.settle()
                place = killer.hasKilled ? killer.name : ""
            }
            if reboots { try host.reboot(recover: recovers) }
            try await host.start()
            await host.settle()
            try await Self.check(host, scenario, "killed at \(killer.name) (\(index)), then \(place)")
            return place
        }
    }

    @LoopActor
    private static func check(_ host: Harness, _ scenario: Scenario, _ place: String) async throws {
        let comment = Comment(rawValue: "\(scenario.name): \(place)")
        let status = host.engine.package("app")
        let removed = scenario.operation == .remove && status?.isInstalled != true
        if removed {
            #expect(host.systemd.running == [], comment)
            #expect(host.systemd.enabled == [], comment)
            #expect(host.root.tree("/etc") == ["app/app.conf"], comment)
        } else if status != nil {
            #expect(host.mixture(of: "app") == [], comment)
        } else {
            #expect(scenario.old.isEmpty, comment)
            #expect(host.root.tree("/etc") == [], comment)
        }
        if scenario.old == MigrationTests.old {
            let expected = status?.version == "1.0" ? MigrationTests.before : MigrationTests.after
            #expect(MigrationTests.etc(host) == expected, comment)
            // What is done and not yet proven is done again, not undone.
            let isSwitching = ["migrations", "conffiles", "attach", "links"].contains {
                place.contains("killed at deployment.\($0)")
            }
            if scenario.name.hasPrefix("good"), isSwitching { #expect(status?.version == "2.0", comment) }
        }
        // What was active is active, and what was not is not.
        let isActive = !host.systemd.running.isEmpty
        switch scenario.operation {
        case .update where scenario.old.isEmpty: #expect(!isActive, comment)
        case .update, .rollback: #expect(isActive && host.systemd.enabled == ["app.service"], comment)
        case .activate, .deactivate: #expect(isActive == (host.systemd.enabled == ["app.service"]), comment)
        default: #expect(isActive != removed, comment)
        }
        #expect(host.engine.running == nil, comment)
        if scenario.name.hasPrefix("bad update") { #expect(status?.version == "1.0", comment) }
        // A new update succeeds.
        let next = try await host.install("app 3.0 good", DeploymentOptions(activation: .yes))
        #expect(next.result == .done, "\(next) after \(comment)")
        #expect(host.systemd.running == ["app.service: 3.0 good"], comment)
        #expect(host.mixture(of: "app") == [], comment)
    }
}

extension CrashTests.Scenario {
    @LoopActor
    func begin(_ host: Harness) async throws {
        switch operation {
        case .update, .install:
            let staged = try await host.stage(new)
            _ = try await host.engine.install(staged.token, DeploymentOptions())
        case .rollback: _ = try await host.engine.rollback("app")
        case .remove: _ = try await host.engine.remove("app", purge: false)
        case .activate: _ = try await host.engine.activate("app")
        case .deactivate: _ = try await host.engine.deactivate("app")
        }
    }
}
