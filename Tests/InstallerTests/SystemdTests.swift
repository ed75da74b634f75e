import Bus
import EventLoop
import Glibc
import Linux
import TestSupport
import Testing

@testable import Deployment
@testable import Installer

/// A private bus with a fake systemd, and a connection to it.
@LoopActor
struct SystemdRig {
    let bus: PrivateBus
    let fake: FakeSystemd
    let connection: BusConnection
    let systemd: SystemdConnection

    init() async throws {
        bus = try PrivateBus()
        fake = try await FakeSystemd(bus.address)
        connection = try BusConnection.open(address: bus.address)
        systemd = SystemdConnection(connection)
    }

    func end() {
        connection.close()
        fake.close()
        bus.stop()
    }
}

func withSystemd(_ body: @escaping @Sendable @LoopActor (SystemdRig) async throws -> Void) async throws {
    try await onLoop {
        let rig = try await SystemdRig()
        defer { rig.end() }
        try await body(rig)
    }
}

@Suite(.enabled(if: PrivateBus.missing == nil, "SKIPPED: dbus-daemon is not installed"), .timeLimit(.minutes(patience)))
struct SystemdTests {
    @Test(arguments: [
        ("rinetd.service", "rinetd_2eservice"), ("a-b@c.service", "a_2db_40c_2eservice"), ("9.mount", "_39_2emount"),
        ("", "_"),
    ])
    func aUnitsPathIsEscaped(name: String, escaped: String) { #expect(SystemdObject.escaped(name) == escaped) }

    /// As a daemon-reexec does it.
    @Test func whatSystemdDidNotAnswerBeforeItLeftTheBusIsAskedAgain() async throws {
        try await withSystemd { rig in
            let units = SystemdUnitManager(rig.systemd)
            rig.fake.failsOnce = true
            rig.fake.failures["StartUnit"] = BusError(
                BusError.noReply, "Message recipient disconnected from message bus without replying")
            try await units.start(["a.service"])
            #expect(rig.fake.calls == ["StartUnit a.service replace", "StartUnit a.service replace"])
            // Twice is enough.
            rig.fake.failsOnce = false
            rig.fake.failures["StopUnit"] = BusError(BusError.noReply, "Remote peer disconnected")
            await #expect(throws: DeploymentError.self) { try await units.stop(["a.service"]) }
            #expect(rig.fake.calls.count == 4)
        }
    }

    @Test func aDeadlineThatPassedIsNoDeparture() {
        let error = BusError(BusError.noReply, "")
        #expect(SystemdConnection.isDeparture(error, after: .seconds(1), of: .seconds(25)))
        #expect(!SystemdConnection.isDeparture(error, after: .seconds(25), of: .seconds(25)))
        #expect(!SystemdConnection.isDeparture(BusError(BusError.failed, ""), after: .zero, of: .seconds(25)))
    }

    @Test func verbsBecomeCallsOfTheManager() async throws {
        try await withSystemd { rig in
            let units = SystemdUnitManager(rig.systemd)
            try await units.reload()
            try await units.enable(["a.service", "b.socket"])
            try await units.start(["a.service", "b.socket"])
            try await units.stop(["a.service"])
            try await units.kill(["a.service"])
            try await units.resetFailed(["a.service"])
            try await units.disable(["a.service"])
            #expect(
                rig.fake.calls == [
                    "Reload", "EnableUnitFiles a.service,b.socket  ", "StartUnit a.service replace",
                    "StartUnit b.socket replace", "StopUnit a.service replace", "KillUnit a.service all ",
                    "ResetFailedUnit a.service", "DisableUnitFiles a.service ",
                ])
        }
    }

    @Test func aUnitThatIsNotThereIsNoErrorToStopAndOneToStart() async throws {
        try await withSystemd { rig in
            let units = SystemdUnitManager(rig.systemd)
            for member in ["StopUnit", "KillUnit", "ResetFailedUnit", "StartUnit"] {
                rig.fake.failures[member] = BusError("org.freedesktop.systemd1.NoSuchUnit", "Unit a.service not found.")
            }
            try await units.stop(["a.service"])
            try await units.kill(["a.service"])
            try await units.resetFailed(["a.service"])
            let error = await #expect(throws: DeploymentError.self) { try await units.start(["a.service"]) }
            #expect(error?.text == "systemd does not start a.service: Unit a.service not found.")
        }
    }

    @Test func aUnitsPropertiesAreItsStatus() async throws {
        try await withSystemd { rig in
            let units = SystemdUnitManager(rig.systemd)
            try rig.fake.unit(
                "a.service",
                [
                    "ActiveState": .string("failed"), "SubState": .string("failed"), "Result": .string("exit-code"),
                    "NRestarts": .uint32(3), "ExecMainCode": .int32(1), "ExecMainStatus": .int32(7),
                    "ConditionResult": .bool(true), "AssertResult": .bool(false), "Accept": .bool(true),
                    "TimeoutStopUSec": .uint64(30_000_000), "TriggeredBy": .strings(["a.socket"]),
                    "UnitFileState": .string("static"),
                    "ConditionTimestampMonotonic": .uint64(99), "Type": .string("oneshot"),
                    "ExecStopPost": FakeUnit.commands("/usr/bin/a"),
                ])
            let status = try await units.status(of: ["a.service"])
            #expect(
                status == [
                    UnitStatus(
                        unit: "a.service", activeState: .failed, subState: "failed", result: "exit-code", restarts: 3,
                        exitCode: 1, exitStatus: 7, conditionsHold: true, assertsHold: false, conditionTimestamp: 99,
                        isOneshot: true, accepts: true, stopTimeout: .seconds(30), triggeredBy: ["a.socket"],
                        fileState: "static",
                        hasStopCommands: true)
                ])
            #expect(try await units.loaded(matching: ["*"]) == ["a.service"])
            #expect(try await units.defaultStopTimeout() == .seconds(90))
        }
    }

    @Test func aWatchTellsOncePerChangeUntilItIsCancelled() async throws {
        try await withSystemd { rig in
            let units = SystemdUnitManager(rig.systemd)
            let unit = try rig.fake.unit("a.service", ["Type": .string("oneshot")])
            let seen = Arrival<UnitStatus>()
            let watch = units.watch(["a.service"]) { seen.came($0) }
            _ = try await units.status(of: ["a.service"])
            unit.change(["ActiveState": .string("active"), "SubState": .string("running"), "NRestarts": .uint32(1)])
            unit.change(["ActiveState": .string("failed"), "Result": .string("watchdog")])
            let statuses = await seen.wait(for: 2)
            #expect(statuses.map(\.activeState) == [.active, .failed])
            #expect(statuses.map(\.restarts) == [1, 1])
            #expect(statuses.map(\.result) == ["success", "watchdog"])
            // The type never changes and so is in no signal.
            #expect(statuses.map(\.isOneshot) == [true, true])
            watch.cancel()
            unit.change(["ActiveState": .string("active")])
            _ = try await units.status(of: ["a.service"])
            #expect(seen.values.count == 2)
        }
    }

    @Test func aHealthCommandRunsInTheReleasesOverlay() async throws {
        try await withSystemd { rig in
            let health = SystemdHealthRunner(rig.systemd, scheduler: LoopScheduler.shared)
            let check = HealthCheck(
                unit: "gatekeel-health-a.service", command: ["/usr/bin/check", "-v"], user: "nobody",
                timeout: .seconds(3), releases: ["/var/lib/gatekeel/packages/a/1", "/var/lib/gatekeel/packages/b/2"])
            #expect(await health.run(check) == .passed)
            let properties = rig.fake.transientProperties
            #expect(properties["ExtensionDirectories"]?.strings == check.releases)
            #expect(properties["User"] == .string("nobody"))
            #expect(properties["TimeoutStartUSec"] == .uint64(3_000_000))
            #expect(properties["ExecStart"]?.elements?.first?.elements?[1].strings == ["/usr/bin/check", "-v"])
        }
    }

    @Test(arguments: [
        (
            ["Result": BusValue.string("exit-code"), "ExecMainCode": .int32(1), "ExecMainStatus": .int32(3)],
            "it exited with status 3"
        ),
        (
            ["Result": .string("signal"), "ExecMainCode": .int32(2), "ExecMainStatus": .int32(11)],
            "it was ended by signal 11"
        ),
        (["Result": .string("timeout")], "it took too long and was killed"),
    ])
    func aHealthCommandThatFailsSaysHow(end: [String: BusValue], text: String) async throws {
        try await withSystemd { rig in
            rig.fake.transientEnd = end.merging(["ActiveState": .string("failed")]) { old, _ in old }
            let health = SystemdHealthRunner(rig.systemd, scheduler: LoopScheduler.shared)
            let check = HealthCheck(
                unit: "gatekeel-health-a.service", command: ["/c"], user: "", timeout: .seconds(3), releases: ["/r"])
            #expect(await health.run(check) == .failed(text))
        }
    }

    @Test func aCheckThatAnEarlierDaemonLeftDoesNotFailTheNext() async throws {
        try await withSystemd { rig in
            rig.fake.leftOver = ("gatekeel-health-a.service", 2)
            let health = SystemdHealthRunner(rig.systemd, scheduler: LoopScheduler.shared)
            let check = HealthCheck(
                unit: "gatekeel-health-a.service", command: ["/c"], user: "", timeout: .seconds(3), releases: ["/r"])
            #expect(await health.run(check) == .passed)
            #expect(rig.fake.calls.filter { $0.hasPrefix("StopUnit") }.count == 2)
        }
    }

    @Test func aSystemdThatIsSilentDoesNotHoldAHealthCheckForEver() async throws {
        try await withSystemd { rig in
            rig.fake.transientEnd = nil
            let scheduler = ManualScheduler()
            let health = SystemdHealthRunner(rig.systemd, scheduler: scheduler)
            let check = HealthCheck(
                unit: "gatekeel-health-a.service", command: ["/c"], user: "", timeout: .seconds(3), releases: ["/r"])
            let seen = Arrival<HealthResult>()
            LoopActor.spawn { seen.came(await health.run(check)) }
            while scheduler.nextDelay == nil { await LoopScheduler.shared.sleep(for: .milliseconds(2)) }
            scheduler.advance(by: .seconds(9))
            #expect(await seen.wait(for: 1) == [.failed("it did not end within 3.0 seconds")])
            #expect(rig.fake.calls.contains("KillUnit gatekeel-health-a.service all "))
        }
    }

    @Test func usersAndFoldersAreMadeBySystemdsTools() async throws {
        try await withSystemd { rig in
            let provisioner = SystemdProvisioner(rig.systemd, scheduler: LoopScheduler.shared)
            try await provisioner.makeUsers(from: ["/r/a.conf"])
            #expect(
                rig.fake.transientProperties["ExecStart"]?.elements?.first?.elements?[1].strings
                    == ["/usr/bin/systemd-sysusers", "/r/a.conf"])
            rig.fake.transientEnd = [
                "ActiveState": .string("failed"), "Result": .string("exit-code"), "ExecMainCode": .int32(1),
                "ExecMainStatus": .int32(73),
            ]
            let error = await #expect(throws: DeploymentError.self) {
                try await provisioner.makeFiles(from: ["/r/b.conf"], excluding: ["/etc/b"])
            }
            #expect(error?.text.contains("status 73") == true)
            #expect(
                rig.fake.transientProperties["ExecStart"]?.elements?.first?.elements?[1].strings
                    == ["/usr/bin/systemd-tmpfiles", "--create", "--exclude-prefix=/etc/b", "/r/b.conf"])
        }
    }

    @Test func accountsAreRemovedWhenNothingIsTheirs() async throws {
        try await withSystemd { rig in
            let provisioner = SystemdProvisioner(rig.systemd, scheduler: LoopScheduler.shared)
            var accounts = AddedAccounts()
            accounts.users = [.init("foo", id: 300)]
            #expect(await provisioner.remove(accounts) == [])
            #expect(
                rig.fake.transientProperties["ExecStart"]?.elements?.first?.elements?[1].strings
                    == ["/usr/sbin/userdel", "foo"])
            #expect(rig.fake.calls.filter { $0.hasPrefix("StartTransientUnit gatekeel-") }.count == 2)
            rig.fake.transientEnd = [
                "ActiveState": .string("failed"), "Result": .string("exit-code"), "ExecMainCode": .int32(1),
                "ExecMainStatus": .int32(3),
            ]
            let kept = await provisioner.remove(accounts)
            #expect(kept.count == 1)
            #expect(
                kept.first?.contains(
                    "the user 'foo' is kept: it still has files; 'find / -path /proc -prune -o -uid 300 -print'")
                    == true)
        }
    }

    /// The command itself.
    @Test func filesOfAnAccountAreFound() throws {
        let folder = try shell("mktemp -d").split(separator: "\n")[0]
        defer { _ = try? shell("rm -rf '\(folder)'") }
        let owner = UInt32(try shell("touch '\(folder)/a'; stat -c %u '\(folder)/a'").split(separator: "\n")[0]) ?? 0
        func status(_ what: String, _ id: UInt32) throws -> Int {
            var search = AccountSearch(what, id)
            (search.root, search.mounts) = (String(folder), "/dev/null")
            return try shellStatus(search.command.map(quoted).joined(separator: " ")).status
        }
        #expect(try status("user", owner) == 3)
        #expect(try status("user", 54321) == 0)
        #expect(try status("group", 54321) == 0)
        var unreadable = AccountSearch("user", 1)
        (unreadable.root, unreadable.mounts) = ("/missing", "/dev/null")
        #expect(try shellStatus(unreadable.command.map(quoted).joined(separator: " ")).status == AccountSearch.failed)
    }

    /// What is mounted is searched too, by the list of the namespace that the search itself runs in.
    @Test func theSearchForFilesSeesEveryLocalFileSystem() throws {
        let folder = try TemporaryDirectory("search")
        let other = "/dev/shm/100% gatekeel search \(getpid())"
        try Files.makeDirectories(other)
        defer { try? Files.removeTree(other) }
        try Files.replace("\(other)/a", with: [])
        #expect(chown("\(other)/a", 54321, 54321) == 0 || geteuid() != 0)
        guard geteuid() == 0, try Files.status(other)?.st_dev != Files.status(folder.path)?.st_dev else { return }
        func status(_ mounts: String, _ what: String = "user") throws -> Int {
            let list = "\(folder.path)/mounts"
            try Files.replace(list, with: Array(mounts.utf8))
            var search = AccountSearch(what, 54321)
            (search.root, search.mounts) = (folder.path, list)
            return try shellStatus(search.command.map(quoted).joined(separator: " ")).status
        }
        let escaped = other.split(separator: " ").joined(separator: "\\040")
        #expect(try status("tmpfs \(escaped) tmpfs rw 0 0\n") == AccountSearch.found)
        #expect(try status("tmpfs \(escaped) tmpfs rw 0 0\n", "group") == AccountSearch.found)
        // A network's file system might not answer.
        #expect(try status("host:/x \(escaped) nfs4 rw 0 0\n") == 0)
        // One that cannot be looked at is not an empty one, and neither is a list that cannot be read.
        #expect(try status("tmpfs /missing tmpfs rw 0 0\n") == AccountSearch.failed)
        var search = AccountSearch("user", 54321)
        (search.root, search.mounts) = (folder.path, "/missing")
        let unread = try shellStatus(search.command.map(quoted).joined(separator: " ")).status
        #expect(unread == AccountSearch.mountsUnread)
        #expect(AccountSearch.text(.exited(status: unread), unit: "u").contains("list of mounts cannot be read"))
        #expect(AccountSearch.text(.exited(status: 4), unit: "u").contains("not all local file systems"))
    }

    private func quoted(_ word: String) -> String {
        "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
