import EventLoop
import Glibc
import Linux
import TestSupport
import Testing

@testable import Deployment

@Suite(.serialized) struct EngineTests {
    @Test func theFirstInstallIsInactive() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            let status = try await host.install("app 1.0 good")
            #expect(status.result == .done)
            #expect(status.operation == .install)
            #expect(host.engine.package("app")?.version == "1.0")
            #expect(host.systemd.running.isEmpty)
            #expect(host.engine.package("app")?.isEnabled == false)
            #expect(host.root.read("/etc/app/app.conf") == "conf 1.0")
            #expect(host.engine.staged().isEmpty)
            #expect(host.mixture(of: "app") == [])
        }
    }

    @Test func activateEnablesAndStarts() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            #expect(host.systemd.running == ["app.service: 1.0 good"])
            #expect(host.systemd.enabled == ["app.service"])
            #expect(host.engine.package("app")?.isEnabled == true)
            let off = try await host.finish(try await host.engine.deactivate("app"))
            #expect(off.result == .done)
            #expect(host.systemd.running.isEmpty)
            #expect(host.systemd.enabled.isEmpty)
        }
    }

    @Test func aGoodUpdateIsKeptAndRunsAsBefore() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            host.forgetPhases()
            let status = try await host.install("app 2.0 good")
            #expect(status.result == .done)
            #expect(status.oldVersion == "1.0")
            #expect(host.systemd.running == ["app.service: 2.0 good"])
            #expect(host.systemd.enabled == ["app.service"])
            #expect(host.engine.package("app")?.previousVersion == "1.0")
            #expect(host.mixture(of: "app") == [])
            #expect(
                host.phases == [
                    .verifying, .unpacking, .preparing, .attaching, .exchanging, .probation, .committing, .cleaning,
                    .finished,
                ])
            // A third one leaves two.
            #expect(try await host.install("app 3.0 good").result == .done)
            #expect(try Store(host.root.paths).releases(of: "app") == ["2.0", "3.0"])
        }
    }

    @Test(arguments: [
        ("crash", "start-failed: app.service exited with code 1"),
        ("hang", "start-failed: app.service is activating (start) after 30 s"),
        ("exit", "start-failed: app.service exited with code 0"),
        (
            "skipped",
            "start-failed: app.service ran before, and systemd skipped it now: a condition in its file does not hold"
        ),
        ("crash-later", "probation: app.service exited with code 3"),
        ("restart-later", "probation: app.service was restarted 2 times: it exited with code 7"),
        ("unhealthy health", "health: exited with code 1"),
        ("good broken", "failed: the payload is damaged: Input/output error"),
    ])
    func aBadUpdateUndoesItself(_ behaviour: String, _ reason: String) async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            let status = try await host.install("app 2.0 \(behaviour)")
            #expect(status.reason?.description == reason)
            #expect(status.result == (behaviour.hasSuffix("broken") ? .failed : .rolledBack))
            #expect(host.systemd.running == ["app.service: 1.0 good"])
            #expect(host.systemd.enabled == ["app.service"])
            #expect(host.engine.package("app")?.version == "1.0")
            #expect(host.engine.package("app")?.reason?.description == reason)
            #expect(host.mixture(of: "app") == [])
            // What failed stays staged, and the next update succeeds.
            #expect(host.engine.staged().count == 1)
            #expect(try await host.install("app 2.1 good").result == .done)
            #expect(host.engine.package("app")?.reason == nil)
        }
    }

    @Test func aFailedFirstInstallLeavesNothing() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            let status = try await host.install("app 1.0 crash", DeploymentOptions(activation: .yes))
            #expect(status.result == .failed)
            #expect(host.engine.packages().isEmpty)
            #expect(host.root.tree("/etc") == [])
            #expect(!host.root.exists("/etc/app"))
            #expect(!host.root.exists("/var/lib/gatekeel/packages/app"))
        }
    }

    @Test func aFailedActivateLeavesItInactiveAndInPlace() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            try await host.install("app 1.0 good")
            try await host.install("app 2.0 crash")
            let status = try await host.finish(try await host.engine.activate("app"))
            #expect(status.result == .failed)
            #expect(status.reason?.token == "start-failed")
            #expect(host.engine.package("app")?.version == "2.0")
            #expect(host.engine.package("app")?.previousVersion == "1.0")
            #expect(host.systemd.enabled.isEmpty)
            #expect(host.systemd.running.isEmpty)
            #expect(host.mixture(of: "app") == [])
        }
    }

    /// One place of the deactivation fails, each in turn: it is off, or it runs and is enabled as before.
    @Test func aDeactivationThatFailsLeavesItRunning() async throws {
        try await onLoop {
            for place in 1...1000 {
                let host = try await Harness.with("app 1.0 good")
                let fault = Fault(at: place)
                try await host.start(fault.passage)
                guard let id = try? await host.engine.deactivate("app") else { continue }
                let status = try await host.finish(id)
                guard fault.hasFailed else { return }
                let isOff = status.result == .done
                let comment = Comment(rawValue: "\(fault.name): \(status)")
                #expect(host.systemd.running == (isOff ? [] : ["app.service: 1.0 good"]), comment)
                #expect(host.systemd.enabled == (isOff ? [] : ["app.service"]), comment)
                #expect(host.engine.package("app")?.isActivated == !isOff, comment)
            }
        }
    }

    @Test func aSecondActivateThatFailsLeavesItRunning() async throws {
        try await onLoop {
            for place in 1...1000 {
                let host = try await Harness.with("app 1.0 good")
                let fault = Fault(at: place)
                try await host.start(fault.passage)
                guard let id = try? await host.engine.activate("app") else { continue }
                let status = try await host.finish(id)
                guard fault.hasFailed else { return }
                let comment = Comment(rawValue: "\(fault.name): \(status)")
                #expect(host.systemd.running == ["app.service: 1.0 good"], comment)
                #expect(host.systemd.enabled == ["app.service"], comment)
            }
        }
    }

    @Test func rollbackExchangesCurrentAndPrevious() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            try await host.install("app 2.0 good")
            let status = try await host.finish(try await host.engine.rollback("app"))
            #expect(status.result == .done)
            #expect(host.systemd.running == ["app.service: 1.0 good"])
            #expect(host.engine.package("app")?.previousVersion == "2.0")
            #expect(host.engine.package("app")?.highestCommitted == "2.0")
            #expect(host.mixture(of: "app") == [])
        }
    }

    @Test func aLowerVersionIsRefusedUnlessAskedFor() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1:2.0-3 good")
            let staged = try await host.stage("app 1:2.0-3~rc1 good")
            await #expect(throws: DeploymentError.self) {
                try await host.engine.install(staged.token, DeploymentOptions())
            }
            let id = try await host.engine.install(staged.token, DeploymentOptions(allowDowngrade: true))
            #expect(try await host.finish(id).result == .done)
            #expect(host.engine.package("app")?.version == "1:2.0-3~rc1")
            #expect(host.engine.package("app")?.highestCommitted == "1:2.0-3")
            #expect(host.mixture(of: "app") == [])
        }
    }

    @Test func theSameVersionAgainGetsAFolderOfItsOwn() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            #expect(try await host.install("app 1.0 good").result == .done)
            #expect(try Store(host.root.paths).releases(of: "app") == ["1.0", "1.0__2"])
            #expect(host.mixture(of: "app") == [])
        }
    }

    @Test func removeKeepsConffilesAndPurgeTakesThem() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good users")
            host.root.write("/etc/app/own.conf", "the administrator's")
            #expect(try await host.finish(try await host.engine.remove("app", purge: false)).result == .done)
            #expect(host.systemd.running.isEmpty)
            #expect(host.root.tree("/etc") == ["app/app.conf", "app/own.conf"])
            #expect(host.engine.package("app")?.isInstalled == false)
            #expect(try Store(host.root.paths).releases(of: "app").isEmpty)
            // Edited meanwhile: an install keeps the edit, since it knows what was packaged.
            host.root.write("/etc/app/app.conf", "edited")
            try await host.install("app 1.0 good")
            #expect(host.root.read("/etc/app/app.conf") == "edited")
            #expect(!host.root.exists("/etc/app/app.conf.dpkg-dist"))
            #expect(try await host.finish(try await host.engine.remove("app", purge: true)).result == .done)
            #expect(host.root.tree("/etc") == ["app/own.conf"])
            #expect(host.engine.packages().isEmpty)
            #expect(!host.root.exists("/var/lib/gatekeel/packages/app"))
        }
    }

    /// `dpkg -i` does not know of a package that we installed. Its files are dpkg's from then on.
    @Test func purgeLeavesConffilesThatDpkgHasToo() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            host.root.write("/var/lib/dpkg/info/app.list", "/.\n/etc/app\n/etc/app/app.conf\n")
            let status = try await host.finish(try await host.engine.remove("app", purge: true))
            #expect(status.result == .done)
            #expect(host.root.tree("/etc") == ["app/app.conf"])
            #expect(status.reason?.text.firstOccurrence(of: "/etc/app/app.conf is kept: it is app's as well") != nil)
        }
    }

    @Test func purgeTakesWhatSystemdMadeForTheUnits() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good data")
            try await host.install("app 2.0 good")
            host.root.write("/var/lib/dpkg/info/other.list", "/.\n/var/lib/dpkg-has\n")
            for folder in ["app-data/own", "dpkg-has", "app"] { host.root.write("/var/lib/\(folder)/file", "data") }
            let kept = try await host.finish(try await host.engine.remove("app", purge: false))
            #expect(kept.result == .done)
            #expect(host.root.exists("/var/lib/app-data/own/file"))
            // Its units are gone; what they had is remembered, also of the release before.
            let status = try await host.finish(try await host.engine.remove("app", purge: true))
            #expect(status.result == .done)
            #expect(!host.root.exists("/var/lib/app-data"))
            #expect(host.root.exists("/var/lib/dpkg-has/file"))
            #expect(status.reason?.text.firstOccurrence(of: "/var/lib/dpkg-has is kept: it is other's as well") != nil)
            #expect(host.root.exists("/var/lib/app/file"))
        }
    }

    @Test func purgeLeavesWhatAnotherPackageHasToo() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good data")
            host.root.write("/var/lib/app-data/own/file", "data")
            let store = Store(host.root.paths)
            try await host.install("two 1.0 good")
            var state = try store.state(of: "two").state
            state.hostLines = ["d /var/lib/app-data/own"]
            try store.save(state, of: "two")
            #expect(try await host.finish(try await host.engine.remove("app", purge: true)).result == .done)
            #expect(host.root.exists("/var/lib/app-data/own/file"))
        }
    }

    @Test func whatWasStagedIsVerifiedAgainAtTheInstall() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            let staged = try await host.stage("app 2.0 good")
            host.root.write("/var/lib/gatekeel/staged/\(staged.token)/package.deb", "app 2.0 unsigned")
            let status = try await host.finish(try await host.engine.install(staged.token, DeploymentOptions()))
            #expect(status.result == .failed)
            #expect(status.reason?.token == "bad-signature")
            #expect(host.systemd.running == ["app.service: 1.0 good"])
        }
    }

    @Test func whatIsStagedIsNeverDroppedForAnother() async throws {
        try await onLoop {
            let host = Harness()
            host.policy.maxStaged = 2
            try await host.start()
            let first = try await host.stage("app 1.0 hang")
            let second = try await host.stage("two 1.0 good")
            let error = await #expect(throws: DeploymentError.self) { _ = try await host.stage("three 1.0 good") }
            // Not busy: waiting would change nothing.
            #expect(error?.code == .noSpace)
            #expect(host.engine.staged() == [first, second])
            // The same again takes its place.
            let again = try await host.stage("app 1.0 hang")
            #expect(host.engine.staged() == [second, again])
            #expect(host.root.tree("/var/lib/gatekeel/staged").filter { $0.hasSuffix("package.deb") }.count == 2)
            // The one that is being installed stays. It waits for its unit: time does not pass before `finish`.
            let id = try await host.engine.install(again.token, DeploymentOptions(activation: .yes))
            await #expect(throws: DeploymentError.self) { _ = try await host.stage("app 1.0 hang") }
            #expect(host.engine.staged() == [second, again])
            #expect(try await host.finish(id).result == .failed)
        }
    }

    @Test func nothingIsTakenInWhileUnitsAreDown() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 nostop")
            let staged = try await host.stage("app 2.0 good")
            let id = try await host.engine.install(staged.token, DeploymentOptions())
            while host.engine.running?.phase != .exchanging { await host.breathe() }
            let error = await #expect(throws: DeploymentError.self) { _ = try await host.stage("two 1.0 good") }
            #expect(error?.code == .busy)
            #expect(try await host.finish(id).result == .done)
            _ = try await host.stage("two 1.0 good")
        }
    }

    /// A deployment does not wait for a package that is being taken in, however long that takes.
    @Test func aPackageThatIsTakenInHoldsNothingUp() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            let staged = try await host.stage("app 2.0 good")
            host.root.write("/tmp/slow.deb", "slow 1.0 good waits")
            let slow = Arrived()
            LoopActor.spawn { [engine = host.engine, path = host.root.path] in
                _ = try? await engine.stage(try FileDescriptor.open("\(path)/tmp/slow.deb"))
                slow.isThere = true
            }
            let status = try await host.finish(try await host.engine.install(staged.token, DeploymentOptions()))
            #expect(status.result == .done)
            #expect(!slow.isThere)
            FakePackages.gate.open()
            while !slow.isThere { await host.breathe() }
            #expect(!FakePackages.gate.wasLate)
            #expect(host.engine.staged().map(\.record.name) == ["slow"])
        }
    }

    @LoopActor
    private final class Arrived { var isThere = false }

    @Test func onlyARegularFileIsTakenIn() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            host.root.write("/tmp/upload.deb", "app 1.0 good")
            for (path, flags) in [("/dev/zero", O_RDONLY), (host.root.path + "/tmp/upload.deb", O_WRONLY)] {
                let error = await #expect(throws: DeploymentError.self) {
                    _ = try await host.engine.stage(try FileDescriptor.open(path, flags))
                }
                #expect(error?.code == .invalidArgument)
            }
            #expect(host.root.tree("/var/lib/gatekeel/staged") == [])
        }
    }

    @Test func dataThatCannotBePurgedDoesNotKeepThePackage() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good users")
            // Deeper than any tree that is removed: as a mount, something that refuses.
            let data = "\(host.root.path)/var/lib/app"
            let half = String(repeating: "/d", count: FileTree.depthLimit - 50)
            try Files.makeDirectories(data + half + half)
            // Immutable where the file system can be: nobody may remove it. Elsewhere it just goes.
            let conffile = "\(host.root.path)/etc/app/app.conf"
            let isImmutable = system("chattr +i \(conffile) 2>/dev/null") == 0
            let status = try await host.finish(try await host.engine.remove("app", purge: true))
            #expect(try Files.exists(conffile) == isImmutable)
            if isImmutable { _ = system("chattr -i \(conffile)") }
            #expect(status.result == .done)
            #expect(status.reason?.text.firstOccurrence(of: "/var/lib/app could not be removed") != nil)
            #expect(host.engine.packages().isEmpty)
            #expect(host.root.exists("/var/lib/app/d"))
            // Else it would outlive the test.
            #expect(rename(data + half, "\(host.root.path)/rest") == 0)
        }
    }

    @Test func oneDeploymentAtATime() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            let staged = try await host.stage("app 2.0 good")
            let id = try await host.engine.install(staged.token, DeploymentOptions())
            do {
                _ = try await host.engine.deactivate("app")
                Issue.record("not busy")
            } catch let error as DeploymentError {
                #expect(error.code == .busy)
            }
            #expect(try await host.finish(id).result == .done)
        }
    }

    /// Who died over its call asks whether a deployment came of it: not before that is decided.
    @Test func aRequestThatIsBeingCheckedIsSeen() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            let staged = try await host.stage("app 2.0 good")
            LoopActor.spawn { _ = try? await host.engine.install(staged.token, DeploymentOptions()) }
            while !host.engine.isPreparing { await Task.yield() }
            #expect(host.engine.running == nil)
            await host.engine.prepared()
            #expect(!host.engine.isPreparing)
            let found = try #require(host.engine.deployments(limit: 1).first)
            #expect(found.token == staged.token)
            #expect(try await host.finish(found.id).result == .done)
        }
    }

    @Test func unitsOfTheHostAndOfOthersAreNeverShadowed() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            host.root.write("/usr/lib/systemd/system/ssh.service", "")
            for unit in ["ssh.service", "app.service", "system.slice", "-.slice"] {
                let text = "two 1.0 good unit=\(unit)"
                let staged = try await host.stage(text)
                do {
                    _ = try await host.engine.install(staged.token, DeploymentOptions())
                    Issue.record("taken: \(text)")
                } catch let error as DeploymentError {
                    #expect(error.code == .conflict)
                }
            }
        }
    }

    @Test func aConffileOfDpkgsIsRefused() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            host.root.write("/var/lib/dpkg/info/other.list", "/.\n/etc\n/etc/app/app.conf\n")
            let staged = try await host.stage("app 1.0 good")
            do {
                _ = try await host.engine.install(staged.token, DeploymentOptions())
                Issue.record("taken")
            } catch let error as DeploymentError {
                #expect(error.code == .conflict)
                #expect(error.text.contains("Debian package other"))
            }
        }
    }

    @Test func whatDoesNotStopIsKilled() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 nostop")
            let begin = host.scheduler.now
            host.policy.probationTime = .zero
            host.engine.policy = host.policy
            #expect(try await host.install("app 2.0 good").result == .done)
            #expect(host.scheduler.now - begin == .seconds(10))
            #expect(host.systemd.calls.contains("kill app.service"))
            #expect(host.systemd.running == ["app.service: 2.0 good"])
        }
    }

    @Test func instancesOfATemplateComeBack() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good template")
            try await host.systemd.enable(["app@one.service"])
            try await host.systemd.start(["app@one.service", "app@two.service"])
            #expect(try await host.install("app 2.0 good template").result == .done)
            let running = host.systemd.running
            #expect(
                running == ["app.service: 2.0 good", "app@one.service: 2.0 good", "app@two.service: 2.0 good"])
            #expect(host.systemd.enabled == ["app.service", "app@one.service"])
            #expect(try await host.install("app 3.0 crash template").result == .rolledBack)
            #expect(host.systemd.running == running)
            #expect(host.systemd.enabled == ["app.service", "app@one.service"])
        }
    }

    @Test func usersAndFoldersComeBeforeTheStart() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good users")
            let calls = host.systemd.calls
            let users = calls.firstIndex { $0.hasPrefix("users gatekeel-sysusers.conf") }
            let files = calls.firstIndex { $0.hasPrefix("files gatekeel-tmpfiles.conf") }
            let start = calls.firstIndex { $0.hasPrefix("start") }
            #expect(try #require(users) < #require(files))
            #expect(try #require(files) < #require(start))
            #expect(host.root.read("/etc/tmpfiles.d/gatekeel-app.conf") == "d /var/lib/app 0755 app app -\n")
        }
    }

    @Test func unpackingAndPreparingHappenWhileTheOldOneRuns() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good users")
            let before = host.systemd.calls.count
            try await host.install("app 2.0 good users")
            let calls = host.systemd.calls.dropFirst(before).map { $0.split(separator: " ")[0] }
            #expect(calls == ["users", "files", "reload", "stop", "reset-failed", "start", "enable"])
        }
    }

    /// A unit that is stopped in another way from now on, or by a program of its release, is stopped before systemd hears
    /// of the new one.
    @Test(arguments: ["stops=SIGINT", "unit=more.service", "commands", "activating"])
    func whatIsStoppedInAnotherWayIsStoppedFirst(_ what: String) async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            if what == "commands" { host.systemd.alter("app.service") { $0.hasStopCommands = true } }
            if what == "activating" { host.systemd.alter("app.service") { $0.activeState = .activating } }
            let before = host.systemd.calls.count
            let status = try await host.install("app 2.0 good \(what)")
            #expect(status.result == .done)
            let calls = host.systemd.calls.dropFirst(before).map { $0.split(separator: " ")[0] }
            #expect(calls == ["stop", "enable", "reload", "reset-failed", "start"])
            #expect(host.mixture(of: "app") == [])
        }
    }

    @Test func whatCrashesWhileTheNewFilesAreReadDoesNotComeBackAsAMixture() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            var ran: [String]?
            host.systemd.onReload = { [systemd = host.systemd] in
                systemd.crashAndRestart("app.service")
                ran = systemd.running
            }
            let status = try await host.install("app 2.0 good")
            #expect(ran == [])
            #expect(status.result == .done)
            #expect(host.systemd.running == ["app.service: 2.0 good"])
            #expect(host.mixture(of: "app") == [])
        }
    }

    /// One place of an update fails, each in turn: the old release runs, or the new one, and is not a mixture.
    @Test(arguments: ["good", "good stops=SIGINT"])
    func anUpdateThatFailsAnywhereLeavesOneRelease(_ behaviour: String) async throws {
        try await onLoop {
            for place in 1...1000 {
                let host = try await Harness.with("app 1.0 good")
                let fault = Fault(at: place)
                try await host.start(fault.passage)
                guard let status = try? await host.install("app 2.0 \(behaviour)") else {
                    if fault.hasFailed { continue } else { return }
                }
                guard fault.hasFailed else { return }
                let comment = Comment(rawValue: "\(fault.name): \(status)")
                let version = status.result == .done ? "2.0" : "1.0"
                #expect(host.systemd.running == ["app.service: \(version) good"], comment)
                #expect(host.systemd.enabled == ["app.service"], comment)
                #expect(host.engine.package("app")?.version == version, comment)
            }
        }
    }

    /// A unit that starts by itself just when the marker is put there is waited for.
    @Test func systemdReadsNothingAnewWhileAUnitIsOnItsWay() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            // Asked for twice before: what runs, and whether it may stay while the files are exchanged.
            host.systemd.onStatus = { [systemd = host.systemd] in
                guard systemd.root.exists("/var/lib/gatekeel/packages/app/switching") else { return false }
                systemd.alter("app.service") { $0.activeState = .activating }
                systemd.scheduler.schedule(after: .seconds(2)) {
                    systemd.alter("app.service") { $0.activeState = .active }
                }
                return true
            }
            let began = host.scheduler.now
            #expect(try await host.install("app 2.0 good").result == .done)
            #expect(host.scheduler.now - began >= .seconds(2))
        }
    }

    @Test func theHistoryIsBoundedAndDurable() async throws {
        try await onLoop {
            let host = Harness()
            host.policy.historyLimit = 3
            try await host.start()
            for version in 1...5 { try await host.install("app \(version).0 good") }
            try await host.start()
            #expect(host.engine.deployments(limit: 10).map(\.version) == ["5.0", "4.0", "3.0"])
            #expect(host.engine.deployments(limit: 1).first?.result == .done)
        }
    }

    @Test func anOtherwiseUnknownPackageIsRefusedAndLeavesNothing() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            do {
                _ = try await host.stage("app 1.0 unsigned")
                Issue.record("taken")
            } catch let error as DeploymentError {
                #expect(error.code == .badSignature)
            }
            #expect(host.root.tree("/var/lib/gatekeel/staged") == [])
        }
    }

    @Test func stagedPackagesSurviveARestartAndBrokenOnesGo() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            let staged = try await host.stage("app 1.0 good")
            host.root.write("/var/lib/gatekeel/staged/0123456789abcdef/package.deb", "half")
            try await host.start()
            #expect(host.engine.staged() == [staged])
            #expect(!host.root.exists("/var/lib/gatekeel/staged/0123456789abcdef"))
            try await host.engine.discard(staged.token)
            #expect(host.engine.staged().isEmpty)
        }
    }
}

extension Harness {
    /// A gateway with a package that is installed and active.
    static func with(_ text: String) async throws -> Harness {
        let host = Harness()
        try await host.start()
        try await host.install(text)
        let name = String(text.split(separator: " ")[0])
        let status = try await host.finish(try await host.engine.activate(name))
        guard status.result == .done else { throw DeploymentError(.failed, "\(status)") }
        return host
    }
}
