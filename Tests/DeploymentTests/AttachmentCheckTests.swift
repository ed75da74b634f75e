import EventLoop
import Linux
import TestSupport
import Testing

@testable import Deployment

/// The store, or what is in /etc, was lost or is another one than before.
@Suite(.serialized) struct AttachmentCheckTests {
    private static let attached = "/etc/systemd/system.attached"

    @Test func filesThatAreMissingAreWrittenAgain() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good users")
            let before = host.root.tree("/etc")
            try Files.removeTree(host.root.path + Self.attached)
            try Files.removeTree("\(host.root.path)/etc/tmpfiles.d")
            let reloads = host.systemd.calls.filter { $0 == "reload" }.count
            try await host.start()
            #expect(host.root.tree("/etc") == before)
            #expect(host.notes.map(\.kind) == [.corrupt])
            #expect(host.notes.first?.text.contains("were written again") == true)
            #expect(host.systemd.calls.filter { $0 == "reload" }.count == reloads + 1)
            try await host.start()
            #expect(host.notes == [])
        }
    }

    /// An older /etc was restored: its unit files name a release that the store has no more.
    @Test func filesOfAnotherVersionAreReplaced() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            let unit = "\(Self.attached)/app.service.d/10-gatekeel.conf"
            let old = try #require(host.root.read(unit))
            #expect(try await host.install("app 2.0 good").result == .done)
            let new = host.root.read(unit)
            host.root.write(unit, old)
            try await host.start()
            #expect(host.root.read(unit) == new)
            #expect(host.notes.map(\.package) == ["app"])
        }
    }

    @Test func unitsOfALostStoreAreDetached() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good users bus=org.app")
            host.root.write("\(Self.attached)/port.service", "[Service]\n")
            host.root.write("\(Self.attached)/port.service.d/10-profile.conf", "[Service]\n")
            host.root.write("\(Self.attached)/app.service.d/20-more.conf", "[Service]\n")
            let before = host.root.tree("/etc")
            try Files.removeTree("\(host.root.path)/var/lib/gatekeel")
            try await host.start()
            // All of it may only be away.
            #expect(host.notes.map(\.kind) == [.unreadable])
            #expect(host.notes.first?.text.contains("units of app are attached; mount it") == true)
            #expect(host.root.tree("/etc") == before)
            try await host.install("other 1.0 good")
            try await host.start()
            #expect(host.notes.map(\.kind) == [.detached])
            #expect(host.notes.first?.text == "the unit app.service was detached and disabled")
            #expect(host.root.tree("/etc/systemd").filter { $0.contains("app") } == [])
            #expect(host.root.tree("/etc/tmpfiles.d") == [])
            #expect(host.root.exists("\(Self.attached)/port.service"), "others attach units too")
            #expect(try await host.install("app 1.0 good").result == .done)
        }
    }

    /// A package that was removed, and one whose record is damaged, are neither.
    @Test func whatCannotBeReadIsLeft() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            _ = try await host.install("gone 1.0 good")
            _ = try await host.finish(try await host.engine.remove("gone", purge: false))
            try await host.start()
            #expect(host.notes == [])
            let before = host.root.tree("/etc")
            host.root.write("/var/lib/gatekeel/packages/app/1.0/gatekeel-release", "nonsense")
            try await host.start()
            #expect(host.root.tree("/etc") == before)
        }
    }

    /// A unit file of the release in place is gone. An update goes on; a bad one cannot be undone, and says so.
    @Test(arguments: ["2.0 good", "2.0 crash"]) func aDamagedReleaseIsReplaced(_ update: String) async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good content=a")
            _ = try await host.finish(try await host.engine.deactivate("app"))
            try Files.remove("\(host.root.path)/var/lib/gatekeel/packages/app/1.0/usr/lib/systemd/system/app.service")
            let status = try await host.install("app \(update)", DeploymentOptions(activation: .yes))
            #expect(host.engine.running == nil)
            if update.hasSuffix("good") {
                #expect(status.result == .done)
            } else {
                #expect(status.result == .rolledBack)
                #expect(status.reason?.text.contains("is damaged and cannot be put back") == true)
                // The same package is not "in place": it is what mends it.
                let again = try await host.install("app 1.0 good content=a", DeploymentOptions(activation: .yes))
                #expect(again.result == .done && again.operation == .update)
            }
            #expect(host.systemd.running.count == 1)
        }
    }

    /// The journal is of another release of Gatekeel.
    @Test func aDeploymentThatCannotGoOnEnds() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            var record = DeploymentRecord(
                id: "00000001", package: "app", operation: .deactivate, version: "1.0", phase: .exchanging)
            (record.oldRelease, record.newRelease) = ("1.0", "1.0")
            try Store(host.root.paths).saveJournal(record)
            try await host.start()
            await host.settle()
            let status = try #require(host.engine.deployment("00000001"))
            #expect(status.result == .failed)
            #expect(status.reason?.text.contains("deactivate cannot go on from 'exchanging'") == true)
            #expect(host.engine.running == nil)
            #expect(try await host.install("app 2.0 good").result == .done)
        }
    }
}
