import Glibc
import Linux
import State
import Testing

@testable import Deployment

/// Single steps, with what others do between the plan, the switch and the way back.
@Suite struct MigrationTransactionTests {
    private let root = TemporaryRoot()

    private func planned(_ steps: MigrationStep...) throws -> MigrationTransaction {
        let store = Store(root.paths)
        var deployment = DeploymentRecord(
            id: "0123456789abcdef", package: "app", operation: .update, version: "2", phase: .switching)
        try Files.makeDirectories(store.work(of: deployment.id), mode: 0o700)
        deployment.migrations = try MigrationTransaction(store: store, deployment: deployment).saved(steps)
        return MigrationTransaction(store: store, deployment: deployment)
    }

    private func etc() -> [String: String] {
        Dictionary(uniqueKeysWithValues: root.tree("/etc/app").map { ($0, root.read("/etc/app/\($0)") ?? "") })
    }

    /// The new conffile is there when the step is repeated after an interruption.
    @Test func aFolderThatWasSetAsideIsNotMovedAgain() throws {
        root.write("/etc/app/d/x", "edited")
        let migration = try planned(MigrationStep(.rename, "/etc/app/d", "/etc/app/d.dpkg-old"))
        try migration.apply()
        root.write("/etc/app/d", "packaged")
        try migration.apply()
        #expect(etc() == ["d": "packaged", "d.dpkg-old/x": "edited"])
        try Files.remove("\(root.path)/etc/app/d")
        #expect(try migration.revert() == [])
        #expect(etc() == ["d/x": "edited"])
    }

    @Test func whatCameToTheNewNameMeanwhileIsKept() throws {
        root.write("/etc/app/a", "edited")
        let migration = try planned(MigrationStep(.rename, "/etc/app/a", "/etc/app/b"))
        root.write("/etc/app/b", "of somebody")
        try migration.apply()
        #expect(etc() == ["b": "edited", "b.gatekeel-save.dpkg-old": "of somebody"])
    }

    @Test func aBackupThatChangedMeanwhileIsKept() throws {
        root.write("/etc/app/a", "edited")
        root.write("/etc/app/a.dpkg-bak", "old")
        let migration = try planned(MigrationStep(.rename, "/etc/app/a", "/etc/app/a.dpkg-bak"))
        root.write("/etc/app/a.dpkg-bak", "newer")
        try migration.apply()
        #expect(etc() == ["a.dpkg-bak": "edited", "a.dpkg-bak.gatekeel-save.dpkg-old": "newer"])
    }

    @Test func aLinkThatWasMadeIsNotActedThrough() throws {
        root.write("/etc/app/d/x", "packaged")
        root.write("/etc/app/new/x", "packaged")
        let migration = try planned(
            MigrationStep(.remove, "/etc/app/d/x", "/etc/app/d/x.dpkg-old"),
            MigrationStep(.removeFolder, "/etc/app/d", "493 \(geteuid()) \(getegid())"),
            MigrationStep(.makeLink, "/etc/app/d", "new"))
        try migration.apply()
        try migration.apply()
        #expect(try Files.linkTarget("\(root.path)/etc/app/d") == "new")
        #expect(root.read("/etc/app/new/x") == "packaged")
        #expect(try migration.revert() == [])
        #expect(etc() == ["d/x": "packaged", "new/x": "packaged"])
        #expect(try Files.isFolder("\(root.path)/etc/app/d"))
    }

    /// A service's user would keep the file in a folder of root's.
    @Test(.enabled(if: geteuid() == 0, "SKIPPED: only root gives files away"), arguments: [true, false])
    func aFileThatMovesOutOfAFolderOfAUser(isUsers: Bool) throws {
        root.write("/etc/app/a", "edited")
        #expect(chown("\(root.path)/etc/app/a", 100, 100) == 0)
        if isUsers { #expect(chown("\(root.path)/etc/app", 100, 100) == 0) }
        let migration = try planned(MigrationStep(.rename, "/etc/app/a", "/etc/new/b"))
        try migration.apply()
        #expect(root.read("/etc/new/b") == "edited")
        let status = try #require(try Files.status("\(root.path)/etc/new/b"))
        #expect(status.st_uid == (isUsers ? 0 : 100) && status.st_gid == (isUsers ? 0 : 100))
        #expect(try migration.revert() == [])
        #expect(root.read("/etc/app/a") == "edited")
    }

    /// The edit was set aside by the switch: it comes back, and so does the backup of before.
    @Test func anEditBetweenPlanAndSwitchComesBack() throws {
        root.write("/etc/app/a", "packaged")
        root.write("/etc/app/a.dpkg-bak", "of last year")
        let migration = try planned(MigrationStep(.remove, "/etc/app/a", "/etc/app/a.dpkg-bak"))
        root.write("/etc/app/a", "edited")
        try migration.apply()
        #expect(etc() == ["a.dpkg-bak": "edited"])
        #expect(try migration.revert() == [])
        #expect(etc() == ["a": "edited", "a.dpkg-bak": "of last year"])
    }

    @Test func anEditBeforeAWayBackThatUndoesNothingStays() throws {
        root.write("/etc/app/a", "packaged")
        let migration = try planned(MigrationStep(.remove, "/etc/app/a", "/etc/app/a.dpkg-bak"))
        root.write("/etc/app/a", "edited")
        #expect(try migration.revert() == [])
        #expect(etc() == ["a": "edited"])
    }

    /// A service that owns the folder may have put a secret of root's there under the name of its conffile.
    @Test(.enabled(if: geteuid() == 0, "SKIPPED: only root can give a folder away"))
    func nobodyCanReadWhatTheyCouldNot() throws {
        root.write("/etc/app/own/a", "secret")
        chmod("\(root.path)/etc/app/own/a", 0o600)
        chown("\(root.path)/etc/app/own", 12345, 12345)
        try Files.makeDirectories("\(root.path)/etc/app/sub")
        root.write("/var/lib/gatekeel/packages/app/2/conffiles/etc/app/sub/a", "packaged")
        let store = Store(root.paths)
        try store.tree(of: "app", release: "2").add(
            Store.recordName, CheckedFile.checked(ReleaseRecord(name: "app", version: "2").record.bytes))
        var deployment = try planned(MigrationStep(.rename, "/etc/app/own/a", "/etc/app/sub/a")).deployment
        deployment.newRelease = "2"
        try MigrationTransaction(store: store, deployment: deployment).apply()
        let status = try #require(try Files.status("\(root.path)/etc/app/sub/a"))
        #expect(status.st_mode & 0o777 == 0o600 && status.st_uid == 0)
    }
}
