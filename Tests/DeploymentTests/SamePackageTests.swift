import EventLoop
import TestSupport
import Testing

@testable import Deployment

/// A package that is in place already, byte for byte, is not installed once more.
@Suite(.serialized) struct SamePackageTests {
    @Test func nothingIsChanged() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good content=a")
            #expect(try await host.install("app 2.0 good content=b").result == .done)
            let before = host.systemd.calls.count
            let status = try await host.install("app 2.0 good content=b")
            #expect(status.result == .done)
            #expect(status.reason?.token == "unchanged")
            #expect(host.systemd.calls.dropFirst(before).allSatisfy { !$0.hasPrefix("st") && $0 != "reload" })
            #expect(host.engine.package("app")?.previousVersion == "1.0")
            #expect(host.engine.package("app")?.reason == nil)
            #expect(host.engine.staged().isEmpty)
            #expect(host.mixture(of: "app") == [])
        }
    }

    @Test func anotherContentOfTheSameVersionIsAnUpdate() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good content=a")
            let status = try await host.install("app 1.0 better content=b")
            #expect(status.result == .done && status.reason == nil)
            #expect(host.systemd.running == ["app.service: 1.0 better"])
            // Without a signature nothing says that it is the same.
            #expect(try await host.install("app 1.0 good").result == .done)
            #expect(try await host.install("app 1.0 good").reason == nil)
        }
    }

    @Test func theWayBackStaysWhenItIsInstalledAgain() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good content=a")
            #expect(try await host.install("app 2.0 good content=b").result == .done)
            let before = host.systemd.calls.count
            let again = DeploymentOptions(reinstall: true)
            #expect(try await host.install("app 2.0 good content=b", again).result == .done)
            #expect(host.systemd.calls.dropFirst(before).contains("start app.service"))
            #expect(host.engine.package("app")?.previousVersion == "1.0")
            #expect(try Store(host.root.paths).releases(of: "app").count == 2)
            #expect(try await host.finish(try await host.engine.rollback("app")).result == .done)
            #expect(host.systemd.running == ["app.service: 1.0 good"])
        }
    }

    @Test func itsUnitsBecomeWhatIsAskedFor() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good content=a")
            let off = try await host.install("app 1.0 good content=a", DeploymentOptions(activation: .no))
            #expect(off.result == .done && off.operation == .deactivate)
            #expect(host.systemd.running == [])
            let on = try await host.install("app 1.0 good content=a", DeploymentOptions(activation: .yes))
            #expect(on.result == .done && on.operation == .activate)
            #expect(host.systemd.running == ["app.service: 1.0 good"])
            #expect(host.engine.staged().isEmpty)
        }
    }

    /// The daemon ends before the journal is removed.
    @Test func anInterruptedOneEndsWell() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good content=a")
            try await host.start(Killer(named: "deployment.clean.before").passage)
            _ = try? await host.install("app 1.0 good content=a")
            try await host.start()
            await host.settle()
            #expect(host.engine.deployments(limit: 1).first?.result == .done)
            #expect(host.engine.staged().isEmpty)
            #expect(host.mixture(of: "app") == [])
        }
    }
}
