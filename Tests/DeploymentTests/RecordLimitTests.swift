import Linux
import Packages
import State
import TestSupport
import Testing

@testable import Deployment

/// What is recorded can be read back: the writer refuses what the reader would not read, before anything depends on it.
@Suite(.timeLimit(.minutes(2 * patience))) struct RecordLimitTests {
    /// A path of so many bytes, different for each number.
    private func path(_ folder: String, _ number: Int, bytes: Int) -> String {
        let start = "\(folder)/\(number)-"
        return start + String(repeating: "x", count: max(0, bytes - start.utf8.count))
    }

    /// As large as `PackageLimits` allow.
    private var largest: ReleaseRecord {
        let text = String(repeating: "w", count: 2 * PackageLimits.textBytes + 100)
        let half = PackageLimits.hostPathBytes / 2
        return ReleaseRecord(
            name: "app", version: "1.0", provides: String(repeating: "p", count: 1 << 18),
            units: (0..<PackageLimits.units).map {
                ReleaseUnit(
                    name: path("", $0, bytes: 255), path: path("usr/lib/systemd/system", $0, bytes: 1024),
                    dropIns: (0..<3).map { path("usr/lib/systemd/system", $0, bytes: 1024) },
                    aliases: [path("", $0 + 1000, bytes: 255)])
            },
            conffiles: (0..<PackageLimits.conffiles).map {
                path("/etc", $0, bytes: half / PackageLimits.conffiles)
            },
            manifestUsers: (0..<30_000).map { "u u\($0) - \"u\($0)\" - -" },
            manifestFolders: (0..<PackageLimits.hostPaths).map {
                "d \(path("/var/lib", $0, bytes: half / PackageLimits.hostPaths)) :0755 :root :root -"
            },
            warnings: (0...PackageLimits.findings).map { "\($0)\(text)" })
    }

    @Test func theLargestPackageIsReadBack() throws {
        let root = TemporaryRoot()
        let store = Store(root.paths)
        try store.create()
        let package = StagedPackage(token: "00112233aabbccdd", record: largest, stagedAt: 7)
        try Files.makeDirectories(store.folder(staged: package.token))
        try Files.replace(store.package(staged: package.token), with: [])
        try store.save(package)
        #expect(try store.loadStaged().packages == [package])
        var state = PackageState()
        let conffiles = package.record.conffiles
        state.add(
            package.record, made: conffiles + conffiles.map { $0 + ConffilePlan.besideSuffix }, folders: conffiles,
            found: [])
        try store.save(state, of: "app")
        #expect(try store.state(of: "app").state == state)
    }

    @Test func aPackageThatCouldNotBeReadBackIsNotStaged() throws {
        let root = TemporaryRoot()
        let store = Store(root.paths)
        try store.create()
        var record = largest
        record.warnings = (0..<40_000).map { "\($0): " + String(repeating: "w", count: 100) }
        let package = StagedPackage(token: "00112233aabbccdd", record: record, stagedAt: 7)
        try Files.makeDirectories(store.folder(staged: package.token))
        #expect(throws: DeploymentError.self) { try store.save(package) }
        #expect(try !Files.exists("\(store.folder(staged: package.token))/record"))
    }

    /// The conffiles of all earlier versions are remembered for a purge. It is found while the old release runs.
    @Test func aStateThatWouldBecomeTooLargeIsRefused() throws {
        let root = TemporaryRoot()
        let store = Store(root.paths)
        try store.create()
        let deployment = DeploymentRecord(id: "1", package: "app", operation: .update, version: "1", phase: .preparing)
        let release = ReleaseRecord(name: "app", version: "1", conffiles: ["/etc/new"])
        func refusal() -> DeploymentError? {
            do {
                try DeploymentEngine.requireRoom(for: ConffileTransaction.Plan(), release, deployment, store)
                return nil
            } catch { return error as? DeploymentError }
        }
        #expect(refusal() == nil)
        var state = PackageState()
        state.conffiles = (0..<4100).map { path("/etc", $0, bytes: 1000) }
        try store.save(state, of: "app")
        #expect(refusal()?.text.contains("remove it with --purge") == true)
    }

    @Test func aJournalThatCouldNotBeReadBackIsNotBegun() throws {
        var deployment = DeploymentRecord(id: "1", package: "app", operation: .remove, version: "1", phase: .stopping)
        deployment.oldActive = (0..<10_000).map { path("app@", $0, bytes: 250) }
        try CheckedFile.requireRoom(for: deployment.record, "")
        deployment.oldActive += deployment.oldActive
        #expect(throws: DeploymentError.self) { try CheckedFile.requireRoom(for: deployment.record, "stop some") }
    }

    @Test func aReasonIsBounded() {
        let text = Reason("failed", String(repeating: "ä\n", count: 10_000)).text
        #expect(text.utf8.count <= Reason.textLimit && text.hasSuffix("…"))
        var deployment = DeploymentRecord(id: "1", package: "app", operation: .remove, version: "1", phase: .stopping)
        deployment.note(problems: (0..<100).map { "\($0) " + String(repeating: "p", count: 10_000) })
        #expect(deployment.record.bytes.count < 3 * Reason.textLimit)
    }

    @Test func theStoreHasALimitOfPackages() async throws {
        try await onLoop {
            let rig = Harness()
            var state = PackageState()
            state.highest = "1.0"
            let text = String(decoding: CheckedFile.checked(state.record.bytes), as: UTF8.self)
            for number in 0..<Policy.maxPackages {
                rig.root.write("/var/lib/gatekeel/packages/app\(number)/state", text)
            }
            try await rig.start()
            let new = try await rig.stage("other 1.0 good")
            do {
                _ = try await rig.engine.install(new.token, DeploymentOptions())
                Issue.record("it is installed")
            } catch let error as DeploymentError { #expect(error.code == .noSpace && error.text.contains("256")) }
        }
    }
}
