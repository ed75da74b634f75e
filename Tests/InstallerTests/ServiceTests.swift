import Bus
import Contract
import EventLoop
import Glibc
import Linux
import Packages
import TestSupport
import Testing

@testable import Deployment
@testable import Installer

/// A private bus with the daemon's service over a fake pipeline and a fake systemd, and a client.
@LoopActor
struct ServiceRig {
    let systemd: SystemdRig
    let engine = FakeEngine()
    let service: InstallerService
    let server: BusConnection
    let client: InstallerProxy
    let clientConnection: BusConnection

    init(access: CallerPolicy = CallerPolicy(agent: getuid(), watchers: 4)) async throws {
        systemd = try await SystemdRig()
        server = try BusConnection.open(address: systemd.bus.address)
        engine.known = [Self.keel]
        service = InstallerService(
            engine: engine, units: SystemdUnitManager(SystemdConnection(server)), access: access, version: "1.2.3",
            keyring: { [CertificateInfo(subject: "CN=ca", notAfter: 7, sha256: "00", file: "/etc/gatekeel/ca.pem")] })
        try systemd.fake.unit("keel.service")
        await service.start()
        try server.export(service.object)
        try await server.requestName(Installer1.busName)
        clientConnection = try BusConnection.open(address: systemd.bus.address)
        client = InstallerProxy(clientConnection)
    }

    static let keel = PackageStatus(
        name: "keel", version: "1.0", previousVersion: "0.9", isInstalled: true, isEnabled: true, isActivated: true,
        units: [ReleaseUnit(name: "keel.service", path: "usr/lib/systemd/system/keel.service")], signer: "CN=fleet",
        description: "d", architecture: "all", provides: "", highestCommitted: "1.0", installedAt: 3, reason: nil,
        warnings: [])

    func end() {
        clientConnection.close()
        server.close()
        systemd.end()
    }
}

func withService(_ body: @escaping @Sendable @LoopActor (ServiceRig) async throws -> Void) async throws {
    try await onLoop {
        let rig = try await ServiceRig()
        defer { rig.end() }
        try await body(rig)
    }
}

@Suite(.enabled(if: PrivateBus.missing == nil, "SKIPPED: dbus-daemon is not installed"), .timeLimit(.minutes(patience)))
struct ServiceTests {
    /// The object is exported for as long as the connection is; the service may be gone before.
    @Test func aConfigurationThatWasKeptIsShown() async throws {
        try await onLoop {
            let rig = try await ServiceRig()
            let work = rig.service.statusLine
            #expect(work.contains("1 packages"))
            rig.service.isConfigurationRefused = true
            #expect(
                rig.service.statusLine
                    == "The configuration has errors; the last one that worked is in use; \(work)")
            rig.end()
        }
    }

    /// What the store holds is not known: an empty list would be taken for the truth.
    @Test func withoutTheStoreEveryCallSaysWhy() async throws {
        try await withService { rig in
            var told: [String] = []
            try rig.client.onStoreProblem { told.append($0) }
            _ = try await rig.client.packages()
            rig.service.storeProblem = "read /var/lib/gatekeel/packages: Input/output error"
            #expect(try await rig.client.storeProblem().contains("Input/output error"))
            var errors: [ContractError?] = []
            errors.append(await #expect(throws: ContractError.self) { _ = try await rig.client.packages() })
            errors.append(await #expect(throws: ContractError.self) { _ = try await rig.client.staged() })
            errors.append(await #expect(throws: ContractError.self) { _ = try await rig.client.deployments(limit: 1) })
            errors.append(
                await #expect(throws: ContractError.self) { _ = try await rig.client.remove("keel", purge: false) })
            for error in errors {
                #expect(error?.code == .unavailable && error?.text.contains("Input/output error") == true)
            }
            #expect(rig.engine.calls.isEmpty)
            // What was interrupted is not known.
            let isBusy = try await rig.clientConnection.property(
                "Busy", of: Installer1.interface.name, at: Installer1.path, Installer1.busName)
            #expect(isBusy.flag == true)
            // The keyring is not in the store.
            #expect(try await rig.client.keyring().count == 1)
            #expect(rig.service.statusLine.hasPrefix("The store cannot be opened and is tried again: read /var"))
            rig.service.storeProblem = nil
            #expect(try await rig.client.packages().map(\.name) == ["keel"])
            #expect(told == ["read /var/lib/gatekeel/packages: Input/output error", ""])
        }
    }

    /// A full store of the largest packages: fewer values than a reader takes, and fewer bytes than the system bus's 32 MiB.
    @Test func theLargestListOfPackagesGoesOverTheBus() async throws {
        try await withService { rig in
            let units = (0..<PackageLimits.units).map {
                ReleaseUnit(name: "\($0)-" + String(repeating: "u", count: 240) + ".service", path: "")
            }
            var package = ServiceRig.keel
            package.units = units
            package.description = String(repeating: "d", count: PackageLimits.textBytes)
            package.warnings = Array(
                repeating: String(repeating: "w", count: 2 * PackageLimits.textBytes + 50),
                count: PackageLimits.findings + 1)
            package.reason = Reason("failed", String(repeating: "r", count: Reason.textLimit))
            rig.engine.known = (0..<Policy.maxPackages).map {
                package.name = "keel\($0)"
                return package
            }
            let texts =
                package.units.map(\.name) + package.warnings + [package.description, package.reason?.text ?? ""]
            #expect(Policy.maxPackages * texts.reduce(0) { $0 + $1.utf8.count + 16 } < 32 << 20)
            let listed = try await rig.client.packages()
            #expect(listed.count == Policy.maxPackages)
            #expect(listed.last?.warnings == package.warnings && listed.last?.units == units.map(\.name))
        }
    }

    @Test func withoutTheServiceEveryCallIsRefused() async throws {
        try await onLoop {
            let systemd = try await SystemdRig()
            let server = try BusConnection.open(address: systemd.bus.address)
            let units = SystemdUnitManager(SystemdConnection(server))
            var service: InstallerService? = InstallerService(
                engine: FakeEngine(), units: units, access: CallerPolicy(agent: getuid(), watchers: 4), version: "1",
                keyring: { [] })
            try server.export(try #require(service).object)
            try await server.requestName(Installer1.busName)
            service = nil
            let connection = try BusConnection.open(address: systemd.bus.address)
            let client = InstallerProxy(connection)
            let error = await #expect(throws: ContractError.self) { _ = try await client.activate("keel") }
            #expect(error?.code == .accessDenied)
            connection.close()
            server.close()
            systemd.end()
        }
    }

    /// Problems are told when they come and when they are gone, and stay when the host cannot be looked at.
    @Test func whatDoesNotFitTheHostIsTold() async throws {
        try await withService { rig in
            let seen = Arrival<[String]>()
            try rig.client.onPackageChanged { seen.came($0.problems) }
            #expect(try await rig.client.package("keel").problems == [])
            rig.engine.found = ["keel": ["a library is missing"]]
            rig.service.lookAtHost()
            #expect(await seen.wait(for: 1) == [["a library is missing"]])
            rig.engine.found = nil
            rig.service.lookAtHost()
            await LoopScheduler.shared.sleep(for: .milliseconds(20))
            #expect(try await rig.client.package("keel").problems == ["a library is missing"])
            rig.engine.found = [:]
            rig.service.lookAtHost()
            #expect(await seen.wait(for: 2).last == [])
        }
    }

    /// apt writes the status file many times: one look follows, after the last.
    @Test func aChangeByDpkgIsNoticedOnce() async throws {
        try await onLoop {
            let folder = "/tmp/gatekeel-host-\(getpid())-\(randomBytes(4).hexadecimal)"
            try Files.makeDirectories(folder)
            defer { try? Files.removeTree(folder) }
            var count = 0
            // Its time goes on when the test says so: the kernel's events may come late.
            let scheduler = ManualScheduler()
            let watch = HostWatch(folder: folder, rest: .seconds(5), scheduler: scheduler) { count += 1 }
            for _ in 1...3 {
                watch.noteChange()
                scheduler.advance(by: .seconds(4))
            }
            #expect(count == 0)
            scheduler.advance(by: .seconds(2))
            #expect(count == 1)
            watch.start()
            try Files.replace("\(folder)/status", with: [1], mode: 0o644)
            while scheduler.nextDelay == nil { await LoopScheduler.shared.sleep(for: .milliseconds(5)) }
            scheduler.advance(by: .seconds(6))
            #expect(count >= 2)
        }
    }

    /// In a folder of its own: a late event of the status file would look like one of another file.
    @Test func whatDpkgWritesBesideItsStatusIsNotAChange() async throws {
        try await onLoop {
            let folder = "/tmp/gatekeel-host-\(getpid())-\(randomBytes(4).hexadecimal)"
            try Files.makeDirectories(folder)
            defer { try? Files.removeTree(folder) }
            let scheduler = ManualScheduler()
            let watch = HostWatch(folder: folder, rest: .seconds(5), scheduler: scheduler) {}
            watch.start()
            var seen: [String] = []
            let ours = try FolderSource(folder) { seen.append($0) }
            try Files.replace("\(folder)/available", with: [1], mode: 0o644)
            while !seen.contains("available") { await LoopScheduler.shared.sleep(for: .milliseconds(5)) }
            // The kernel gives an event to both at once, and the loop in its next turn at the latest.
            await LoopScheduler.shared.sleep(for: .milliseconds(50))
            #expect(scheduler.nextDelay == nil)
            withExtendedLifetime(ours) {}
        }
    }

    @Test func everyMethodReachesThePipeline() async throws {
        try await withService { rig in
            let file = try FileDescriptor.open("/etc/hostname")
            let staged = try await rig.client.stage(BusDescriptor(file))
            #expect(staged.token == "token-1")
            #expect(staged.units == ["keel.service"])
            #expect(try await rig.client.install("token-1", .init(activation: .yes)) == "deployment-1")
            // Whoever runs the tests: back goes root alone.
            let isRoot = getuid() == 0
            #expect(try await rig.client.remove("keel", purge: isRoot) == "deployment-1")
            _ = try await rig.client.activate("keel")
            _ = try await rig.client.deactivate("keel")
            if isRoot { _ = try await rig.client.rollback("keel") }
            try await rig.client.discard("token-1")
            #expect(
                Array(rig.engine.calls.dropFirst()) == [
                    "install token-1 false yes", "remove keel \(isRoot)", "activate keel", "deactivate keel",
                ] + (isRoot ? ["rollback keel"] : []) + ["discard token-1"])
            #expect(rig.engine.calls.first?.hasPrefix("stage ") == true)
            #expect(try await rig.client.staged().map(\.token) == ["token-1"])
            #expect(try await rig.client.keyring().map(\.subject) == ["CN=ca"])
            #expect(try await rig.client.signedTime() == SignedTimeInfo())
            rig.engine.signedTime = SignedTime(seconds: 9, package: "keel", version: "1.0", signer: "CN=fleet")
            #expect(
                try await rig.client.signedTime()
                    == SignedTimeInfo(time: 9, package: "keel", version: "1.0", signer: "CN=fleet"))
            if isRoot {
                try await rig.client.resetSignedTime()
                #expect(try await rig.client.signedTime().time == 0)
            }
            #expect(try await rig.client.configurationRefused() == false)
            var told: [Bool] = []
            try rig.client.onConfigurationRefused { told.append($0) }
            rig.service.isConfigurationRefused = true
            // The answer comes after the signal.
            #expect(try await rig.client.configurationRefused())
            rig.service.isConfigurationRefused = false
            #expect(try await rig.client.configurationRefused() == false)
            #expect(told == [true, false])
            let version = try await rig.clientConnection.property(
                "Version", of: Installer1.busName, at: Installer1.path, Installer1.busName)
            #expect(version == .string("1.2.3"))
        }
    }

    @Test func refusalsKeepTheirNameAndText() async throws {
        try await withService { rig in
            for (code, expected) in [
                (DeploymentError.Code.badSignature, ContractError.Code.badSignature), (.downgrade, .downgrade),
                (.noSpace, .noSpace), (.unmetRelation, .unmetRelation), (.busy, .busy), (.conflict, .conflict),
            ] {
                rig.engine.failure = DeploymentError(code, "because")
                let error = await #expect(throws: ContractError.self) { try await rig.client.activate("keel") }
                #expect(error == ContractError(expected, "because"))
            }
        }
    }

    @Test(arguments: ["", "../etc", "a/b", "Keel", "k", "-a", "a b", String(repeating: "a", count: 200)])
    func aNameThatIsNoneReachesNothing(name: String) async throws {
        try await withService { rig in
            let error = await #expect(throws: ContractError.self) { try await rig.client.activate(name) }
            #expect(error?.code == .invalidArgument)
            #expect(rig.engine.calls.isEmpty)
        }
    }

    @Test func theFoldersOfAPackageAreTold() async throws {
        try await withService { rig in
            let folders = try await rig.client.overlay(of: "keel")
            #expect(folders == ["/store/keel/1"])
            let error = await #expect(throws: ContractError.self) {
                _ = try await rig.client.overlay(of: "nosuch")
            }
            #expect(error?.code == .notFound)
        }
    }

    @Test func aPackageIsActiveBySystemdsSignals() async throws {
        try await withService { rig in
            #expect(try await rig.client.package("keel").isActive == false)
            let seen = Arrival<Bool>()
            try rig.client.onPackageChanged { seen.came($0.isActive) }
            // The match is in place once a later call was answered.
            _ = try await rig.client.packages()
            let unit = try rig.systemd.fake.unit("keel.service")
            unit.change(["ActiveState": .string("activating")])
            unit.change(["ActiveState": .string("active")])
            unit.change(["ActiveState": .string("active"), "NRestarts": .uint32(1)])
            #expect(await seen.wait(for: 1) == [true])
            unit.change(["ActiveState": .string("failed")])
            #expect(await seen.wait(for: 2) == [true, false])
            #expect(try await rig.client.package("keel").isActive == false)
        }
    }

    @Test func aPackageThatCameIsShownAsSystemdHasIt() async throws {
        try await withService { rig in
            try rig.systemd.fake.unit("new.service", ["ActiveState": .string("active")])
            var package = ServiceRig.keel
            package.name = "new"
            package.units = [ReleaseUnit(name: "new.service", path: "usr/lib/systemd/system/new.service")]
            rig.engine.known.append(package)
            rig.service.packageChanged(package)
            #expect(try await rig.client.package("new").isActive)
        }
    }

    /// A package is active by its units that should run: not by those that were disabled or masked, or that systemd skipped.
    @Test(
        arguments: [
            (["UnitFileState": .string("disabled")], true), (["UnitFileState": .string("masked")], true),
            (["UnitFileState": .string("enabled")], false), (["UnitFileState": .string("static")], false),
            (["ConditionResult": .bool(false), "ConditionTimestampMonotonic": .uint64(7)], true),
        ] as [([String: BusValue], Bool)])
    func aPackageIsActiveByWhatShouldRun(_ other: [String: BusValue], _ isActive: Bool) async throws {
        try await withService { rig in
            let active = ["ActiveState": BusValue.string("active"), "UnitFileState": .string("enabled")]
            try rig.systemd.fake.unit("one.service", active)
            let inactive = ["ActiveState": BusValue.string("inactive"), "UnitFileState": .string("enabled")]
            let two = try rig.systemd.fake.unit("two.service", inactive)
            var package = ServiceRig.keel
            package.name = "both"
            package.units = ["one.service", "two.service"].map { ReleaseUnit(name: $0, path: "usr/\($0)") }
            rig.engine.known.append(package)
            rig.service.packageChanged(package)
            #expect(try await rig.client.package("both").isActive == false)
            // systemd does not tell of every one of these properties when it changes.
            two.values.merge(other) { _, new in new }
            let seen = Arrival<Bool>()
            try rig.client.onPackageChanged { seen.came($0.isActive) }
            _ = try await rig.client.packages()
            rig.systemd.fake.changeFiles()
            // What comes last: both have been asked by then.
            try rig.systemd.fake.unit("keel.service").change(["ActiveState": .string("active")])
            _ = await seen.wait(for: isActive ? 2 : 1)
            #expect(try await rig.client.package("both").isActive == isActive)
            // Alone, what should not run does not make the package active.
            try rig.systemd.fake.unit("one.service").change(["ActiveState": .string("inactive")])
            _ = await seen.wait(for: isActive ? 3 : 1)
            #expect(try await rig.client.package("both").isActive == false)
        }
    }

    /// Activate was called, but the package starts nothing by itself: it is active when a unit of it is.
    @Test func aPackageThatStartsNothingIsActiveByAnyUnit() async throws {
        try await withService { rig in
            try rig.systemd.fake.unit("some.service", ["ActiveState": .string("inactive")])
            var package = ServiceRig.keel
            package.name = "some"
            package.units = [
                ReleaseUnit(name: "some.service", path: "", isStarted: false),
                ReleaseUnit(name: "some@.service", path: "", isStarted: false),
            ]
            rig.engine.known.append(package)
            rig.service.packageChanged(package)
            #expect(try await rig.client.package("some").isActive == false)
            let seen = Arrival<Bool>()
            try rig.client.onPackageChanged { seen.came($0.isActive) }
            _ = try await rig.client.packages()
            try rig.systemd.fake.unit("some.service").change(["ActiveState": .string("active")])
            #expect(await seen.wait(for: 1) == [true])
        }
    }

    @Test func aDeploymentIsToldStepByStep() async throws {
        try await withService { rig in
            let seen = Arrival<DeploymentInfo>()
            let removed = Arrival<String>()
            try rig.client.onDeploymentChanged { seen.came($0) }
            try rig.client.onPackageRemoved { removed.came($0) }
            _ = try await rig.client.packages()
            func isBusy() async throws -> Bool {
                try await rig.clientConnection.properties(
                    of: Installer1.busName, at: Installer1.path, Installer1.busName)["Busy"] == .bool(true)
            }
            #expect(try await !isBusy())
            let changes = Arrival<[String: BusValue]>()
            try rig.clientConnection.onSignal(
                from: Installer1.busName, path: Installer1.path, interface: "org.freedesktop.DBus.Properties",
                member: "PropertiesChanged"
            ) { changes.came($0.arguments.dropFirst().first?.properties ?? [:]) }
            rig.engine.isPreparing = true
            rig.service.preparingChanged()
            #expect(try await isBusy())
            rig.engine.isPreparing = false
            rig.service.preparingChanged()
            #expect(await changes.wait(for: 2).map { $0["Busy"] } == [.bool(true), .bool(false)])
            var status = DeploymentStatus(
                id: "7", package: "keel", operation: .update, version: "2", oldVersion: "1.0", phase: .unpacking,
                percent: 40, result: .running, reason: nil, startedAt: 1, endedAt: 0, downtime: nil)
            rig.engine.running = status
            rig.service.deploymentChanged(status)
            _ = await seen.wait(for: 1)
            rig.engine.whenPrepared = { rig.engine.history = [status] }
            #expect(try await rig.client.deployments(limit: 1).map(\.id) == ["7"])
            let busy = try await rig.clientConnection.properties(
                of: Installer1.busName, at: Installer1.path, Installer1.busName)
            #expect(busy["Busy"] == .bool(true))
            #expect(busy["Progress"]?.properties?["percent"] == .uint32(40))
            status.phase = .finished
            status.result = .rolledBack
            status.reason = Reason("health", "no answer")
            rig.engine.running = nil
            rig.service.deploymentChanged(status)
            rig.service.packageRemoved("keel")
            let told = await seen.wait(for: 2)
            #expect(told.map(\.result) == [.running, .rolledBack])
            #expect(told.last?.reason == "health: no answer")
            #expect(await removed.wait(for: 1) == ["keel"])
        }
    }

    @Test func whatIsNotThereIsNotFound() async throws {
        try await withService { rig in
            let package = await #expect(throws: ContractError.self) { try await rig.client.package("other") }
            let deployment = await #expect(throws: ContractError.self) { try await rig.client.deployment("9") }
            #expect(package?.code == .notFound)
            #expect(deployment?.code == .notFound)
        }
    }

    @Test func accessIsByUserAndGroup() {
        let access = CallerPolicy(agent: 990, watchers: 4)
        func may(_ user: UInt32, _ groups: [UInt32], changes: Bool) -> Bool {
            (try? access.check(BusCredentials(user: user, groups: groups, process: nil), changes: changes)) != nil
        }
        #expect(may(0, [], changes: true))
        #expect(may(990, [], changes: true))
        #expect(may(1000, [4], changes: false))
        #expect(!may(1000, [4], changes: true))
        #expect(!may(1000, [1000], changes: false))
        #expect(!may(1000, [], changes: true))
    }

    @Test(arguments: [(UInt32(0), true), (990, false), (1000, false)])
    func backGoesRootAlone(user: UInt32, may: Bool) {
        let caller = BusCredentials(user: user, groups: [4], process: nil)
        let access = CallerPolicy(agent: 990, watchers: 4)
        #expect(((try? access.checkRoot(caller, "a purge")) != nil) == may)
    }

    /// Other users, for real: the kernel tells the bus who they are.
    @Test(.enabled(if: getuid() == 0 && access("/usr/bin/dbus-send", X_OK) == 0, "SKIPPED: needs root and dbus-send"))
    func anotherUserIsRefusedByTheDaemonItself() async throws {
        try await onLoop {
            let rig = try await ServiceRig(access: CallerPolicy(agent: 1, watchers: 4))
            defer { rig.end() }
            let address = rig.systemd.bus.address
            @LoopActor func run(_ user: String, _ groups: String, _ member: String, _ arguments: [String]) async throws
                -> Bool
            {
                let ended = Arrival<ProcessEnd>()
                let null = try FileDescriptor.open("/dev/null", O_RDWR)
                _ = try ChildProcess(
                    "/usr/bin/setpriv",
                    [
                        "--reuid=\(user)", "--regid=65534", groups, "/usr/bin/dbus-send", "--bus=\(address)",
                        "--print-reply", "--dest=\(Installer1.busName)", Installer1.path,
                        "\(Installer1.busName).\(member)",
                    ] + arguments,
                    descriptors: [(0, null.raw), (1, null.raw), (2, null.raw)]
                ) { ended.came($0) }
                return await ended.wait(for: 1) == [.exited(0)]
            }
            let stranger = try await [
                run("65534", "--clear-groups", "ListPackages", []),
                run("65534", "--clear-groups", "Activate", ["string:keel"]),
            ]
            #expect(stranger == [false, false])
            let watcher = try await [
                run("65534", "--groups=4", "ListPackages", []), run("65534", "--groups=4", "Activate", ["string:keel"]),
            ]
            #expect(watcher == [true, false])
            #expect(rig.engine.calls.isEmpty)
            let agent = try await run("1", "--clear-groups", "Activate", ["string:keel"])
            #expect(agent)
            let back = try await run("1", "--clear-groups", "Rollback", ["string:keel"])
            #expect(!back)
            #expect(rig.engine.calls == ["activate keel"])
        }
    }
}
