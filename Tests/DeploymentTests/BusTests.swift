import Linux
import TestSupport
import Testing

@testable import Deployment

/// What a package has for the message bus goes to the host with its units, and away with them.
@Suite struct BusTests {
    private static let policy = "/etc/dbus-1/system.d/gatekeel-app_org.app.conf"
    private static let activation = "/etc/dbus-1/system-services/org.app.service"

    @Test func policiesComeBeforeTheStartAndGoWithThePackage() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            #expect(
                try await host.install("app 1.0 good bus=org.app", DeploymentOptions(activation: .yes)).result == .done)
            #expect(host.root.read(Self.policy) == "<busconfig><!-- 1.0 --></busconfig>")
            #expect(
                host.root.read(Self.activation)
                    == "# app, managed by Gatekeel: do not edit\n[D-BUS Service]\nName=org.app\nExec=/bin/false\nUser=root\nSystemdService=app.service\n"
            )
            let calls = host.systemd.calls.map { $0.split(separator: " ")[0] }
            let reload = try #require(calls.firstIndex(of: "bus-reload"))
            #expect(reload < (try #require(calls.firstIndex(of: "start"))))

            #expect(try await host.install("app 2.0 good bus=org.app bus=org.app2").result == .done)
            #expect(host.root.read(Self.policy) == "<busconfig><!-- 2.0 --></busconfig>")
            #expect(host.root.read("/etc/dbus-1/system-services/org.app2.service") != nil)

            // A version that fails takes its names with it, and the one before gets its own again.
            let failed = try await host.install("app 3.0 crash bus=org.other")
            #expect(failed.result == .rolledBack)
            #expect(host.root.read(Self.policy) == "<busconfig><!-- 2.0 --></busconfig>")
            #expect(host.root.read("/etc/dbus-1/system.d/gatekeel-app_org.other.conf") == nil)

            let before = host.systemd.calls.count
            #expect(try await host.finish(try await host.engine.remove("app", purge: false)).result == .done)
            #expect(host.root.read(Self.policy) == nil && host.root.read(Self.activation) == nil)
            #expect(host.systemd.calls[before...].contains("bus-reload"))
            // The folder of policies is the host's; that of activations was made for the package.
            #expect(try Files.exists("\(host.root.path)/etc/dbus-1/system.d"))
            #expect(try !Files.exists("\(host.root.path)/etc/dbus-1/system-services"))
        }
    }

    @Test func aPackageWithoutThemDoesNotDisturbTheBus() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            #expect(!host.systemd.calls.contains("bus-reload"))
        }
    }

    @Test func aBusThatDoesNotAnswerEndsTheUpdate() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good bus=org.app")
            host.systemd.busFailures = 1
            let status = try await host.install("app 2.0 good bus=org.app")
            #expect(status.result == .failed, "\(status)")
            #expect(host.root.read(Self.policy) == "<busconfig><!-- 1.0 --></busconfig>")
        }
    }

    @Test(arguments: [
        ("/usr/share/dbus-1/system.d/org.host.conf", "<policy><allow own=\"org.app\"/>"),
        ("/etc/dbus-1/system.d/host.conf", "<allow own_prefix = 'org'/>"),
        ("/etc/dbus-1/system.d/gatekeel-other_x.conf", "<allow own='org.app'/>"),
        ("/usr/share/dbus-1/system.d/below.conf", "<allow own='org.app.of.another'/>"),
        ("/usr/share/dbus-1/system-services/org.app.service", "[D-BUS Service]"),
        ("/etc/dbus-1/system-services/org.app.service", "# other, managed by Gatekeel: do not edit\n"),
    ])
    func namesOfOthersAreRefused(path: String, text: String) async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            host.root.write(path, text)
            let error = await #expect(throws: DeploymentError.self) {
                try await host.install("app 1.0 good bus=org.app")
            }
            #expect(error?.code == .conflict && error?.text.contains(Files.split(path).name) == true)
            // Without such names it may be installed.
            #expect(try await host.install("app 1.0 good").result == .done)
        }
    }

    /// Debian moved such files from /etc to /usr/share.
    @Test func aPolicyThatLeavesEtcIsItsOwn() async throws {
        try await onLoop {
            let path = "/etc/dbus-1/system.d/org.app.conf"
            let host = try await Harness.with("app 1.0 good conffile=\(path) conf=<allow own='org.app'/>")
            host.root.write(path, "<busconfig><policy user='root'><allow own='org.app'/></policy></busconfig>")
            #expect(try await host.install("app 2.0 good bus=org.app").result == .done)
            _ = try await host.finish(try await host.engine.remove("app", purge: false))
            #expect(try await host.install("app 3.0 good bus=org.app").result == .done)
        }
    }

    /// On the way back nothing waits for the bus.
    @Test func aBusThatIsSilentDoesNotKeepTheOldVersionDown() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good bus=org.app stops=SIGINT")
            host.systemd.onReload = { host.systemd.busFailures = .max }
            let status = try await host.install("app 2.0 good bus=org.app")
            #expect(status.result == .rolledBack, "\(status)")
            #expect(host.systemd.running == ["app.service: 1.0 good"])
            let removal = try await host.finish(try await host.engine.remove("app", purge: true))
            #expect(removal.result == .done)
            #expect(removal.reason?.text.contains("systemctl status dbus") == true)
        }
    }

    /// `BusName=` of a unit of the host, or of another package: systemd would load one of both.
    @Test(arguments: [
        ("/usr/lib/systemd/system/host.service", "[Service]\nType=dbus\nBusName=org.app\n", true),
        ("/etc/systemd/system/host.service", "[Service]\nBusName=org.app\n", true),
        ("/usr/lib/systemd/system/host.service", "[Service]\nBusName=org.app2\n", false),
        ("/etc/systemd/system/gone.service.d/x.conf", "[Service]\nBusName=org.app\n", false),
    ])
    func namesOfUnitsOfTheHostAreRefused(path: String, text: String, isRefused: Bool) async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            host.root.write(path, text)
            do {
                #expect(try await host.install("app 1.0 good owns=org.app").result == .done)
                #expect(!isRefused)
            } catch let error as DeploymentError {
                #expect(isRefused && error.text.contains("the bus name 'org.app'"), "\(error)")
            }
        }
    }

    @Test func namesOfUnitsOfOtherPackagesAreRefused() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good owns=org.app")
            let error = await #expect(throws: DeploymentError.self) {
                try await host.install("two 1.0 good owns=org.app")
            }
            #expect(error?.text.contains("the package 'app'") == true)
            #expect(try await host.install("app 2.0 good owns=org.app").result == .done)
        }
    }

    /// A file that a unit of the host looks for and that nobody has.
    @Test(arguments: [
        ("EnvironmentFile=-/etc/host.conf", true), ("EnvironmentFile=/etc/host.*", true),
        ("LoadCredential=key:/etc/host.conf", true), ("[Unit]\nConditionPathExists=!/etc/host.conf", true),
        ("[Unit]\nConditionPathExists=/etc/host/%i.conf", false), ("EnvironmentFile=-/etc/default/host", false),
    ])
    func filesThatUnitsOfTheHostLookForAreRefused(line: String, isRefused: Bool) async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            host.root.write("/usr/lib/systemd/system/host.service", "[Service]\n\(line)\n")
            for option in ["conffile=/etc/host.conf", "link=/etc/host.conf:app"] {
                let status = try? await host.install("app 1.0 good \(option)")
                #expect((status?.result != .done) == isRefused, "\(option)")
                _ = try? await host.finish(try await host.engine.remove("app", purge: true))
            }
            // What the package has already is no reason against its update.
            try Files.remove("\(host.root.path)/usr/lib/systemd/system/host.service")
            #expect(try await host.install("app 1.0 good conffile=/etc/host.conf").result == .done)
            host.root.write("/usr/lib/systemd/system/host.service", "[Service]\n\(line)\n")
            #expect(try await host.install("app 2.0 good conffile=/etc/host.conf").result == .done)
        }
    }
}
