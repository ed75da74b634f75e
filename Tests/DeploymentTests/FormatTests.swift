import EventLoop
import Linux
import Packages
import State
import TestSupport
import Testing

@testable import Deployment

/// The store's files between releases of Gatekeel.
@Suite(.serialized) struct FormatTests {
    private static let newLine = "added-by-a-newer-release=a\tb\n"

    /// The bytes with a line that this release does not know.
    private func extended(_ bytes: [UInt8]) throws -> Record {
        try #require(Record(bytes: bytes + Array(Self.newLine.utf8)))
    }

    private func isKept(_ record: Record) -> Bool { record.all("added-by-a-newer-release") == [["a", "b"]] }

    @Test func linesOfANewerReleaseAreWrittenBack() throws {
        let deployment = DeploymentRecord(
            id: "1", package: "app", operation: .update, version: "2", phase: .probation)
        #expect(isKept(try DeploymentRecord(try extended(deployment.record.bytes)).record))
        let release = ReleaseRecord(name: "app", version: "1")
        #expect(isKept(try ReleaseRecord(try extended(release.record.bytes)).record))
        #expect(isKept(PackageState(try extended(PackageState().record.bytes)).record))
        #expect(isKept(DeploymentHistory(try extended(DeploymentHistory().record.bytes)).record))
    }

    /// Else a key would be written twice: as one of this release, and as one that it does not know.
    @Test func everyKeyIsKnown() throws {
        var deployment = DeploymentRecord(id: "1", package: "app", operation: .update, version: "2", phase: .probation)
        deployment.oldLinks = [EnablementLink(path: "a", target: "b")]
        (deployment.oldActive, deployment.triggers, deployment.triggered) = (["a"], ["b"], ["a"])
        deployment.dependents = ["d.service"]
        (deployment.enabled, deployment.started, deployment.off) = (["a"], ["a"], ["b"])
        (deployment.on, deployment.byHand) = (["c"], deployment.oldLinks)
        deployment.conffiles = [ConffilePlan(path: "/etc/a", choice: .keep, saved: .file, savedBeside: .nothing)]
        deployment.migrations = [MigrationStep(.remove, "/etc/a", "/etc/a.dpkg-bak")]
        (deployment.folders, deployment.found) = (["/etc/a"], ["/var/lib/a"])
        deployment.note(problems: ["p"])
        deployment.downtime = .seconds(1)
        #expect(deployment.record.keys.subtracting(["kind", "format"]) == DeploymentRecord.keys)
        var state = PackageState()
        (state.conffiles, state.made, state.folders, state.hostLines) = (["a"], ["a"], ["b"], ["c"])
        (state.aside, state.removedVersion) = (["/etc/a.dpkg-bak"], "1.0")
        (state.off, state.on, state.byHand) = (["b"], ["c"], deployment.oldLinks)
        state.accounts.users = [.init("a", id: 1)]
        state.accounts.groups = [.init("b")]
        state.accounts.members = [.init("a", of: "b")]
        state.reason = Reason("a", "b")
        #expect(state.record.keys.subtracting(["kind", "format"]) == PackageState.keys)
        var release = ReleaseRecord(
            name: "app", version: "1", relations: ["Depends": "a"],
            units: [
                ReleaseUnit(
                    name: "a@.service", path: "usr/a", dropIns: ["usr/d"], aliases: ["b@.service"], wants: ["c.service"]
                )
            ],
            reaches: [UnitReach(path: "usr/x", unit: try #require(UnitName("x.service")))],
            orders: [UnitReach(path: "usr/y", unit: try #require(UnitName("y.target")))],
            alsoInstances: ["a@b.service"],
            conffiles: ["/etc/a"], migrations: [Migration(.removeConffile, "/etc/b")], sysusers: ["u"], tmpfiles: ["t"],
            manifestUsers: ["u"], manifestFolders: ["d"],
            dataFolders: ["y"],
            files: [FileRule(path: "/etc/a", owner: "a", group: "a", mode: "0640", lines: ["a", ""])],
            provision: FakePackages.lines("a").provision, health: HealthCommand(command: ["x"]),
            probationTime: .seconds(1),
            startTimeout: .seconds(2), stopTimeout: .seconds(3), allowedRestarts: 4, warnings: ["w"])
        (release.mounts, release.startedInstances) = (["/usr/local"], ["a@c.service"])
        (release.source, release.authority) = ("a", "1f")
        (release.busPolicies, release.busNames) = (["usr/a.conf"], ["org.a"])
        release.busActivations = [BusActivation(name: "org.a", unit: "a.service")]
        release.writtenUnits = ["usr/lib/systemd/system/a.service": "[Unit]\n"]
        #expect(
            release.record.keys.union([Store.stagedAtKey]).subtracting(["kind", "format"]) == ReleaseRecord.keys)
    }

    /// The release before knows no authorities, and keeps what it reads.
    @Test func theSignersAuthorityIsRecorded() throws {
        var release = ReleaseRecord(name: "app", version: "1", signer: "CN=a")
        #expect(!release.record.keys.contains("signer-authority"))
        release.authority = "1f"
        #expect(try ReleaseRecord(release.record).authority == "1f")
    }

    /// A migration of a newer release: a rollback to that release would leave it out.
    @Test func aMigrationThatIsNotKnownIsNotPassedOver() throws {
        var record = ReleaseRecord(name: "app", version: "1").record
        record.add("migration", "rename_user", "/etc/a", "", "1")
        #expect(throws: Corrupt.self) { try ReleaseRecord(record) }
    }

    @Test func aSignedTimeThatIsNotKnownStays() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            let path = "\(host.root.path)/var/lib/gatekeel/journal/clock"
            let newer = CheckedFile.checked("kind=clock\nformat=1\nsigned=later than 5\tapp\t1\tCN=a\n".utf8)
            try Files.replace(path, with: newer)
            let error = await #expect(throws: DeploymentError.self) { try await host.start() }
            #expect(error?.text.contains("install the release that wrote it") == true)
            #expect(try Files.read(path, limit: 1 << 20) == newer)
        }
    }

    /// As version 0.1 wrote it: no format, no tokens.
    @Test func aHistoryOfTheReleaseBeforeIsRead() throws {
        let text = "kind=history\ndeployment=d1\tapp\tinstall\t1.0\t\tfinished\tdone\t\t\t5\t6\t70\n"
        let history = DeploymentHistory(try #require(Record(bytes: Array(text.utf8))))
        #expect(history.deployments.map(\.id) == ["d1"])
        #expect(history.deployments.first?.downtime == .milliseconds(70))
        #expect(history.deployments.first?.token == "")
    }

    @Test func whatANewerReleaseSaysOfADeploymentGoesWithIt() throws {
        var history = DeploymentHistory()
        history.deployments = ["d1", "d2"].map {
            DeploymentRecord(id: $0, package: "app", operation: .install, version: "1", phase: .finished)
        }
        var record = history.record
        record.add("new", "d1", "x")
        record.add("new", "d2", "y")
        record.add("deployment", "d3", "app", "operation of a newer release")
        var read = DeploymentHistory(record)
        #expect(read.deployments.map(\.id) == ["d1", "d2"])
        read.deployments.removeFirst()
        #expect(read.record.all("new") == [["d2", "y"]])
        #expect(read.record.all("deployment").map(\.first) == ["d2", "d3"])
    }

    @Test(arguments: ["journal/deployment", "packages/app/state", "journal/clock"])
    func aFileOfANewerFormatIsRefusedAndStays(name: String) async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            let path = "\(host.root.path)/var/lib/gatekeel/\(name)"
            let kind = ["deployment": "deployment", "state": "package", "clock": "clock"][Files.split(path).name] ?? ""
            let old = try? Files.read(path, limit: 1 << 20)
            let newer = CheckedFile.checked("kind=\(kind)\nformat=2\n".utf8)
            try Files.replace(path, with: newer)
            let error = await #expect(throws: DeploymentError.self) { try await host.start() }
            #expect(error?.text.contains("newer release") == true)
            #expect(try Files.read(path, limit: 1 << 20) == newer)
            if let old { try Files.replace(path, with: old) } else { try Files.remove(path) }
            try await host.start()
            #expect(host.engine.package("app")?.version == "1.0")
        }
    }

    /// Values that came later: another one in their place would change what is done.
    @Test(arguments: ["phase=warping", "phase=probation\nactivation=later", "phase=finished\nresult=paused"])
    func aJournalWithAnUnknownValueIsNotTakenForNone(lines: String) async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            let path = "\(host.root.path)/var/lib/gatekeel/journal/deployment"
            try Files.replace(
                path,
                with: CheckedFile.checked("kind=deployment\npackage=app\noperation=update\n\(lines)\n".utf8))
            let error = await #expect(throws: DeploymentError.self) { try await host.start() }
            #expect(error?.text.contains("install the release that wrote it") == true)
            #expect(host.root.exists("/var/lib/gatekeel/packages/app/1.0"))
        }
    }

    /// Whoever asked for it may have been away when it ended, and asks by the only thing it has.
    @Test func anEndedDeploymentIsFoundByItsTokenAfterARestart() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            let staged = try await host.stage("app 1.0 good")
            let done = try await host.finish(try await host.engine.install(staged.token, DeploymentOptions()))
            #expect(done.result == .done && done.token == staged.token)
            try await host.start()
            let found = host.engine.deployments(limit: 50).first { $0.token == staged.token }
            #expect(found == done)
        }
    }

    /// The end was durable in the journal alone.
    @Test func itIsFoundWhenOnlyTheJournalHasItsEnd() async throws {
        try await onLoop {
            let host = Harness()
            let killer = Killer(named: "deployment.history.before")
            try await host.start(killer.passage)
            let staged = try await host.stage("app 1.0 good")
            _ = try await host.engine.install(staged.token, DeploymentOptions())
            await host.settle()
            try await host.start()
            await host.settle()
            try await host.start()
            let found = host.engine.deployments(limit: 50).first { $0.token == staged.token }
            #expect(found?.result == .done)
        }
    }
}
