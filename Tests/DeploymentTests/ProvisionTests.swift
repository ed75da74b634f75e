import EventLoop
import Glibc
import Linux
import Packages
import TestSupport
import Testing

@testable import Deployment

/// Users, groups, folders, links and files of `sysusers.d(5)` and `tmpfiles.d(5)` are part of the deployment.
@Suite struct ProvisionTests {
    fileprivate static let passwd = "host:x:100:100::/:/usr/sbin/nologin\nperson:x:1000:1000::/home/person:/bin/bash\n"
    fileprivate static let group = "dialout:x:20:\nhost:x:100:\n"

    @LoopActor
    fileprivate func host(_ passage: Passage = Passage()) async throws -> Harness {
        let host = Harness()
        host.root.write("/etc/passwd", Self.passwd)
        host.root.write("/etc/group", Self.group)
        for folder in ["/run", "/var/lib", "/var/log"] { try Files.makeDirectories(host.root.path + folder) }
        try await host.start(passage)
        return host
    }

    @LoopActor
    fileprivate func asBefore(_ host: Harness, _ comment: Comment = "") {
        #expect(host.root.read("/etc/passwd") == Self.passwd, comment)
        #expect(host.root.read("/etc/group") == Self.group, comment)
        for path in ["/run/app", "/var/lib/app-kept", "/var/log/app.log", "/var/lib/app"] {
            #expect((try? host.root.paths.has(path)) == false, "\(path) \(comment)")
        }
    }

    @LoopActor
    private func isThere(_ host: Harness) {
        #expect(host.root.read("/etc/passwd")?.contains("app:x:901:") == true)
        #expect(host.root.read("/etc/group")?.contains("dialout:x:20:app\n") == true)
        #expect(host.root.exists("/run/app"))
        #expect(host.root.exists("/var/log/app.log"))
        #expect(host.root.exists("/var/lib/app-kept/deep/er"))
    }

    @Test(arguments: ["crash lines=app", "crash-later lines=app users", "crash lines=app users data"])
    func aFailedFirstInstallLeavesNothing(package: String) async throws {
        try await onLoop {
            let host = try await host()
            let status = try await host.install("app 1.0 \(package)", DeploymentOptions(activation: .yes))
            #expect(status.result == .failed)
            asBefore(host)
            #expect(host.mixture(of: "app") == [])
        }
    }

    /// `foo` is a name of `foo-server`, too; the folder is that of the package which was there first.
    @Test(arguments: [("", false), ("source=x", false), ("source=foo", true)])
    func aFolderIsOneSourcesAlone(other: String, isTaken: Bool) async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            try await host.install("foo 1.0 good named=/var/lib/foo source=foo")
            try Files.makeDirectories("\(host.root.path)/var/lib/foo")
            let status = try? await host.install("foo-server 1.0 good named=/var/lib/foo \(other)")
            #expect((status?.result == .done) == isTaken)
        }
    }

    /// `Source:` is what a package says of itself.
    @Test(arguments: [
        ("", "signer=CN=other", false), ("authority=1f", "authority=2f", false), ("authority=1f", "authority=1f", true),
        ("", "authority=1f", true), ("signer=CN=a", "signer=CN=a", true),
    ])
    func aSourceIsOfOneSigner(first: String, second: String, isTaken: Bool) async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            try await host.install("foo 1.0 good named=/var/lib/foo source=foo \(first)")
            host.root.write("/var/lib/foo/data", "x")
            let status = try? await host.install("foo-server 1.0 good named=/var/lib/foo source=foo \(second)")
            #expect((status?.result == .done) == isTaken)
        }
    }

    /// What is there and nobody's is not given to whoever has a name that fits.
    @Test(arguments: [
        ("docker-exporter", "docker", "file", false), ("docker-exporter", "docker", "empty", true),
        ("docker", "docker", "file", true), ("docker", "docker-exporter", "file", false),
        ("app", "app-more", "owned", false), ("app", "app-more", "grouped", false), ("app", "app-more", "left", true),
        ("app", "app-more", "another's", false),
    ])
    func dataThatIsThereIsHandedToItsOwner(name: String, folder: String, what: String, isTaken: Bool) async throws {
        try await onLoop {
            let host = try await host()
            host.root.write("/etc/passwd", Self.passwd + "app:x:300:300::/:/usr/sbin/nologin\n")
            host.root.write("/etc/group", "app:x:300:\ndialout:x:20:app\nhost:x:100:\n")
            let path = "\(host.root.path)/var/lib/\(folder)"
            try Files.makeDirectories(path)
            if what != "empty" { host.root.write("/var/lib/\(folder)/data", "x") }
            if what == "left" { host.root.write("/var/lib/dpkg/info/\(name).list", "/etc/app/x\n") }
            let (owner, group): (uid_t, gid_t) =
                switch what {
                case "owned": (300, 0)
                case "grouped": (0, 300)
                case "another's": (100, 100)
                default: (0, 0)
                }
            guard geteuid() == 0 else { return }
            #expect(chown(path, owner, group) == 0)
            let lines = name == "app" ? "lines=app" : ""
            let status = try? await host.install("\(name) 1.0 good noconf named=/var/lib/\(folder) \(lines)")
            #expect((status?.result == .done) == isTaken)
        }
    }

    /// A user that was there is a user of the host, whatever the package calls its own. One that a deployment made is the package's.
    @Test(.enabled(if: geteuid() == 0, "SKIPPED: only root gives files away"), arguments: [true, false])
    func dataOfAUserThatADeploymentMade(isMade: Bool) async throws {
        try await onLoop {
            let host = try await host()
            if !isMade {
                host.root.write("/etc/passwd", Self.passwd + "app:x:901:901::/:/usr/sbin/nologin\n")
                host.root.write("/etc/group", "app:x:901:\ndialout:x:20:app\nhost:x:100:\n")
            }
            try await host.install("app 1.0 good lines=app")
            host.root.write("/var/lib/app-more/data", "x")
            #expect(chown("\(host.root.path)/var/lib/app-more", 901, 901) == 0)
            let status = try? await host.install("app 2.0 good lines=app named=/var/lib/app-more")
            #expect((status?.result == .done) == isMade)
        }
    }

    /// The folder is not there just now: its service has not run yet.
    @Test(arguments: [
        ("/var/lib/foo-x", "/usr/lib/tmpfiles.d/x.conf", "d /var/lib/foo-x\n", false),
        ("/var/lib/foo-x", "/usr/lib/systemd/system/x.service", "[Service]\nStateDirectory=foo-x/y\n", false),
        ("/var/lib/foo-*", "/usr/lib/tmpfiles.d/x.conf", "d /var/lib/foo-x\n", false),
        ("/var/lib/foo-x", "/usr/lib/tmpfiles.d/x.conf", "d /var/lib/foo-y\n", true),
    ])
    func aPlaceThatTheHostMakesLater(place: String, file: String, text: String, isTaken: Bool) async throws {
        try await onLoop {
            let host = try await host()
            host.root.write(file, text)
            let status = try? await host.install("foo 1.0 good named=\(place)")
            #expect((status?.result == .done) == isTaken)
        }
    }

    /// A pattern is held against all that it matches.
    @Test(arguments: [
        ("/run/foo-x", "", "", "and belongs to no user"), ("/var/lib/foo-x/data", "", "", "and belongs to no user"),
        ("/run/other", "", "", nil), ("/run/other", "/usr/lib/tmpfiles.d/x.conf", "d /run/foo-x/y\n", "is made by"),
        ("/var/lib/foo-x/data", "/var/lib/dpkg/info/x.list", "/var/lib/foo-x\n", "belongs to the Debian package x"),
    ])
    func aPatternIsHeldAgainstTheHost(there: String, file: String, text: String, reason: String?) async throws {
        try await onLoop {
            let host = try await host()
            host.root.write(there, "x")
            if !file.isEmpty { host.root.write(file, text) }
            do {
                let status = try await host.install("foo 1.0 good named=/run/foo-* named=/var/lib/foo-*")
                #expect(reason == nil && status.result == .done)
            } catch let error as DeploymentError {
                #expect(reason.map(error.text.contains) == true, "\(error)")
            }
        }
    }

    @Test func aPatternIsHeldAgainstOtherPackages() async throws {
        try await onLoop {
            let host = try await host()
            try await host.install("foo-x 1.0 good named=/var/lib/foo-x")
            try Files.makeDirectories("\(host.root.path)/var/lib/foo-x")
            let error = await #expect(throws: DeploymentError.self) {
                try await host.install("foo 1.0 good named=/var/lib/foo-*")
            }
            #expect(error?.text.contains("belongs to the package foo-x") == true)
        }
    }

    /// The provisioner itself fails, with a part made.
    /// Folders that the host had, and that are empty: a failure removes none of them, however far it came.
    @Test(arguments: ["activation", "plan", "update"]) func emptyFoldersOfTheHostStay(_ what: String) async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            for path in ["/etc/app-own", "/var/lib/app"] { try Files.makeDirectories(host.root.path + path) }
            let folders = "etc=/etc/app-own etc=/var/lib/app"
            switch what {
            case "activation":
                #expect(try await host.install("app 1.0 crash \(folders)").result == .done)
                #expect(try await host.finish(try await host.engine.activate("app")).result == .failed)
            case "plan":
                host.root.write("/etc/app-file", "a file")
                #expect(try await host.install("app 1.0 good \(folders) conffile=/etc/app-file/x").result == .failed)
            default:
                let working = try await Harness.with("app 1.0 good")
                for path in ["/etc/app-own", "/var/lib/app"] { try Files.makeDirectories(working.root.path + path) }
                #expect(try await working.install("app 2.0 crash \(folders)").result == .rolledBack)
                for path in ["/etc/app-own", "/var/lib/app"] { #expect(working.root.exists(path), "\(path)") }
            }
            for path in ["/etc/app-own", "/var/lib/app"] { #expect(host.root.exists(path), "\(path)") }
        }
    }

    @Test func aFailedProvisionLeavesNothing() async throws {
        try await onLoop {
            let host = try await host()
            host.systemd.failing = ["files"]
            #expect(try await host.install("app 1.0 good lines=app").result == .failed)
            asBefore(host)
        }
    }

    @Test func aFailedUpdateLeavesWhatWasThere() async throws {
        try await onLoop {
            let host = try await host()
            #expect(
                try await host.install("app 1.0 good lines=app", DeploymentOptions(activation: .yes)).result == .done)
            isThere(host)
            let passwd = host.root.read("/etc/passwd")
            #expect(try await host.install("app 2.0 crash lines=more").result == .rolledBack)
            isThere(host)
            #expect(host.root.read("/etc/passwd") == passwd)
            #expect(!host.root.exists("/run/more"))
        }
    }

    /// The folder was gone, and the version that failed made it again: the old one runs and uses it.
    @Test func whatTheOldVersionAsksForStays() async throws {
        try await onLoop {
            let host = try await host()
            let options = DeploymentOptions(activation: .yes)
            #expect(try await host.install("app 1.0 good lines=app", options).result == .done)
            for path in ["/run/app", "/var/log/app.log", "/var/lib/app-kept"] {
                try Files.removeTree(host.root.path + path)
            }
            host.root.write("/etc/passwd", Self.passwd)
            let status = try await host.install("app 2.0 crash lines=app")
            #expect(status.result == .rolledBack)
            for path in ["/run/app", "/var/log/app.log", "/var/lib/app-kept/deep/er"] {
                #expect(host.root.exists(path), "\(path)")
            }
            #expect(host.root.read("/etc/passwd")?.contains("app:x:") == true)
            #expect(status.reason?.text.contains("is kept") == false)
        }
    }

    @Test func whatWasThereBeforeStays() async throws {
        try await onLoop {
            let host = try await host()
            // Left by apt, which had the same package.
            host.root.write("/var/lib/dpkg/info/app.list", "/etc/app/x\n")
            host.root.write("/var/lib/app-kept/theirs", "x")
            host.root.write("/etc/passwd", Self.passwd + "app:x:300:300::/:/usr/sbin/nologin\n")
            host.root.write("/etc/group", "app:x:300:\ndialout:x:20:app\nhost:x:100:\n")
            #expect(
                try await host.install("app 1.0 crash lines=app", DeploymentOptions(activation: .yes)).result == .failed
            )
            #expect(host.root.read("/etc/passwd")?.contains("app:x:300") == true)
            #expect(host.root.read("/etc/group") == "app:x:300:\ndialout:x:20:app\nhost:x:100:\n")
            #expect(host.root.tree("/var/lib/app-kept") == ["theirs"])
            #expect(!host.root.exists("/var/lib/app-kept/deep"))
        }
    }

    /// The service wrote something, and then failed.
    @Test func dataStaysAndIsReported() async throws {
        try await onLoop {
            let host = try await host()
            let root = host.root
            host.systemd.onReload = {
                root.write("/var/lib/app-kept/deep/er/data", "x")
                root.write("/var/log/app.log", "a line")
                root.write("/run/app/socket", "")
            }
            host.systemd.usersWithFiles = ["app"]
            let status = try await host.install("app 1.0 crash lines=app", DeploymentOptions(activation: .yes))
            #expect(root.read("/var/lib/app-kept/deep/er/data") == "x")
            #expect(root.read("/var/log/app.log") == "a line")
            #expect(!root.exists("/run/app"), "nothing in /run outlives a boot")
            let text = status.reason?.text ?? ""
            #expect(text.contains("/var/log/app.log is kept"))
            #expect(text.contains("the user 'app' is kept"))
        }
    }

    @Test func aPurgeRemovesWhatDeploymentsMade() async throws {
        try await onLoop {
            let host = try await host()
            #expect(try await host.install("app 1.0 good lines=app").result == .done)
            #expect(try await host.install("app 2.0 good lines=app").result == .done)
            host.root.write("/var/log/app.log", "a line")
            host.root.write("/var/lib/app-kept/deep/er/data", "x")
            let status = try await host.finish(try await host.engine.remove("app", purge: true))
            #expect(status.reason == nil)
            asBefore(host)
            #expect(host.systemd.groupsRemovedInVain == [], "the user's own group went with it")
        }
    }

    @Test func aRemovalKeepsUsersAndData() async throws {
        try await onLoop {
            let host = try await host()
            #expect(try await host.install("app 1.0 good lines=app").result == .done)
            _ = try await host.finish(try await host.engine.remove("app", purge: false))
            #expect(host.root.read("/etc/passwd")?.contains("app:x:901:") == true)
            #expect(host.root.exists("/var/log/app.log"))
            #expect(!host.root.exists("/run/app"))
            _ = try await host.finish(try await host.engine.remove("app", purge: true))
            asBefore(host)
        }
    }

    @Test func aPurgeLeavesTheUserThatAnotherPackageNeeds() async throws {
        try await onLoop {
            let host = try await host()
            #expect(try await host.install("app 1.0 good lines=app source=app").result == .done)
            #expect(try await host.install("app-more 1.0 good lines=app nolink noconf source=app").result == .done)
            _ = try await host.finish(try await host.engine.remove("app", purge: true))
            #expect(host.root.read("/etc/passwd")?.contains("app:x:901:") == true)
            #expect(host.root.exists("/var/log/app.log"))
        }
    }

    // MARK: What is somebody else's

    @Test(
        arguments: [
            ("/run/app/x", "/usr/lib/tmpfiles.d/other.conf", "d /run/app 0755\n", "is made by"),
            ("/run/app/x", "/usr/lib/systemd/system/other.service", "[Service]\nRuntimeDirectory=app\n", "is made by"),
            (
                "/var/lib/app-kept/x", "/lib/systemd/system/other@.service", "[Service]\nStateDirectory=app-kept/%i\n",
                "is made by"
            ),
            (
                "/var/lib/app-kept/x", "/var/lib/dpkg/info/other.list", "/var/lib/app-kept\n",
                "belongs to the Debian package other"
            ),
        ])
    func placesOfTheHostAreRefused(there: String, file: String, text: String, reason: String) async throws {
        try await onLoop {
            let host = try await host()
            host.root.write(there, "")
            host.root.write(file, text)
            let error = await #expect(throws: DeploymentError.self) { try await host.install("app 1.0 good lines=app") }
            #expect(error?.code == .conflict)
            #expect(error?.text.contains(reason) == true)
        }
    }

    /// A folder of a unit that is there is refused, unless a unit of the version in place has it, whose record may be an older
    /// one that does not say so.
    @Test(arguments: [("", true), ("[Service]\nRuntimeDirectory=other/%i\n", false)])
    func aFolderOfAUnitIsTheVersionsInPlace(unit: String, isRefused: Bool) async throws {
        try await onLoop {
            let host = try await host()
            #expect(try await host.install("app 1.0 good").result == .done)
            host.root.write("/var/lib/gatekeel/packages/app/1.0/usr/lib/systemd/system/app.service", unit)
            host.root.write("/run/other/socket", "")
            do {
                #expect(try await host.install("app 2.0 good place=/run/other").result == .done)
                #expect(!isRefused)
            } catch let error as DeploymentError {
                #expect(isRefused && error.text.contains("is there already and has no name of the package's"))
            }
        }
    }

    /// Debian's numbers for packages that need one on every host.
    @Test func aUserWithANumberOfDebiansIsOneForServices() async throws {
        try await onLoop {
            let host = try await host()
            host.root.write("/etc/passwd", Self.passwd + "app:x:60123:60123::/:/usr/sbin/nologin\n")
            host.root.write("/etc/group", "app:x:60123:\ndialout:x:20:app\n")
            #expect(try await host.install("app 1.0 good lines=app").result == .done)
        }
    }

    /// A line of the manifest changes the owner of a folder that is there.
    @Test(arguments: [
        (list: "other", line: "/var/lib/app", isRefused: true),
        (list: "other:amd64", line: "/var/lib/app", isRefused: true),
        (list: "other", line: "/var/lib/app/more", isRefused: false),
        (list: "app", line: "/var/lib/app", isRefused: false),
        (list: "app:amd64", line: "/var/lib/app", isRefused: false),
    ])
    func aFolderOfDpkgsKeepsItsOwner(list: String, line: String, isRefused: Bool) async throws {
        try await onLoop {
            let host = try await host()
            host.root.write("/var/lib/dpkg/info/\(list).list", "/.\n/var\n/var/lib\n\(line)\n")
            if !isRefused { return #expect(try await host.install("app 1.0 good users").result == .done) }
            let error = await #expect(throws: DeploymentError.self) { try await host.install("app 1.0 good users") }
            #expect(error?.code == .conflict)
            #expect(error?.text.contains("/var/lib/app belongs to the Debian package") == true)
        }
    }

    @Test(
        arguments: [
            ("app:x:0:0::/:/bin/sh\n", "is not one for services"),
            ("app:x:1001:1001::/:/bin/sh\n", "is not one for services"),
            ("app:x:300:300::/:/bin/sh\n", "was there before app"),
        ])
    func usersOfTheHostAreRefused(line: String, reason: String) async throws {
        try await onLoop {
            let host = try await host()
            host.root.write("/etc/passwd", Self.passwd + line)
            let error = await #expect(throws: DeploymentError.self) { try await host.install("app 1.0 good lines=app") }
            #expect(error?.text.contains(reason) == true)
        }
    }

    /// The folder belongs to a service, which put a link there.
    @Test func anExchangedFolderIsFound() async throws {
        guard geteuid() == 0 else { return }
        try await onLoop {
            let host = try await host()
            host.root.write("/var/lib/dpkg/info/app.list", "/etc/app/x\n")
            let folder = "\(host.root.path)/var/lib/app-kept"
            try Files.makeDirectories(folder)
            chown(folder, 1234, 1234)
            try Files.makeDirectories("\(host.root.path)/etc/target")
            try Files.placeLink("\(folder)/deep", target: "../../../etc/target")
            let status = try await host.install("app 1.0 good lines=app")
            #expect(status.result == .failed)
            #expect(status.reason?.text.contains("is a link that others than root can put there") == true)
            #expect(!host.root.exists("/etc/target/er"))
        }
    }

    @Test func theRecordIsReadBack() {
        var additions = HostAdditions()
        additions.isSettled = true
        additions.items = [.init(line: "L /run/a /b", mark: "1"), .init(line: "d /run/c")]
        additions.accounts.users = [.init("a", id: 3)]
        additions.accounts.groups = [.init("b"), .init("c", id: 4)]
        additions.accounts.members = [.init("a", of: "b")]
        #expect(HostAdditions(additions.record) == additions)
        var release = ReleaseRecord(name: "app", version: "1")
        release.provision = FakePackages.lines("app").provision
        release.orders = [UnitName("a.service"), UnitName("b@c.target")].compactMap { $0 }.map {
            UnitReach(path: "x", unit: $0)
        }
        #expect((try? ReleaseRecord(release.record)) == release)
        var state = PackageState()
        state.accounts = additions.accounts
        #expect(PackageState(state.record) == state)
    }
}

/// A campaign: it keeps the loop and its worker busy, and runs by itself (Tests/run).
@Suite struct ProvisionCrashTests {
    private let tests = ProvisionTests()

    /// Killed at every point of a failing install: nothing stays afterwards.
    @Test func aKillAnywhereLeavesNothing() async throws {
        try await onLoop {
            for index in 1... {
                let killer = Killer(at: index)
                let host = try await tests.host(killer.passage)
                let options = DeploymentOptions(activation: .yes)
                _ = try? await host.install("app 1.0 crash lines=app users", options)
                guard killer.hasKilled else { break }
                try await host.start()
                await host.settle()
                // Killed before the deployment was in the journal: the package is staged at most.
                tests.asBefore(host, "killed at \(killer.name)")
            }
        }
    }
}
