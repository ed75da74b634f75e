import EventLoop
import Linux
import Packages
import TestSupport
import Testing

@testable import Deployment

/// Units of the host and of other packages are neither replaced nor changed, and what is enabled for a package goes with it.
@Suite(.serialized) struct UnitNameTests {
    private static let vendor = "/usr/lib/systemd/system/"
    private static let admin = "/etc/systemd/system/"

    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        /// The file that the host has, and its text.
        var host = "\(vendor)ssh.service"
        var text = "[Service]\n"
        /// The words of the package `two 1.0 good`.
        let package: String
        /// In the refusal; empty when the package is accepted.
        var refusal = "never replaced"
    }

    static let cases: [Case] = [
        Case(testDescription: "a unit of the host", package: "unit=ssh.service"),
        Case(testDescription: "of an administrator", host: "\(admin)ssh.service", package: "unit=ssh.service"),
        Case(testDescription: "a unit of another package", package: "unit=app.service", refusal: "the package 'app'"),
        Case(testDescription: "an alias that is a unit of the host", package: "install=two.service/Alias=ssh.service"),
        Case(
            testDescription: "an alias that is a unit of another package",
            package: "install=two.service/Alias=app.service",
            refusal: "the package 'app'"),
        Case(
            testDescription: "a unit that is an alias of another package", package: "unit=other.service",
            refusal: "the package 'app'"),
        Case(
            testDescription: "the instance of a template of the host", host: "\(vendor)getty@.service",
            package: "unit=getty@tty9.service"),
        Case(
            testDescription: "the template of an instance of the host", host: "\(vendor)ssh@one.service",
            package: "unit=ssh@.service"),
        Case(
            testDescription: "an alias that is the instance of a template of the host", host: "\(vendor)getty@.service",
            package: "install=two.service/Alias=getty@tty9.service"),
        Case(
            testDescription: "an alias that is the template of an instance of the host",
            host: "\(vendor)ssh@one.service",
            package: "unit=two@.service install=two@.service/Alias=ssh@.service"),
        Case(
            testDescription: "the instance of another package's template", package: "unit=app@one.service",
            refusal: "the package 'app'"),
        Case(
            testDescription: "the name that a unit of the host has when it is enabled",
            text: "[Install]\nAlias=sshd.service %p-x.service\n", package: "unit=ssh-x.service",
            refusal: "by its Alias="),
        Case(testDescription: "a mask of a vendor", text: "", package: "unit=ssh.service"),
        Case(
            testDescription: "a mask of another name", host: "\(admin)ssh.service", text: "",
            package: "install=two.service/Alias=ssh.service"),
        Case(
            testDescription: "a mask by the administrator", host: "\(admin)two.service", text: "",
            package: "template", refusal: ""),
        Case(
            testDescription: "a unit of a portable service", host: "/etc/systemd/system.attached/port@.service",
            package: "unit=port@one.service"),
        Case(
            testDescription: "a dash prefix", host: "\(vendor)systemd-journald.service",
            package: "unit=systemd-.service",
            refusal: "would also apply to 'systemd-journald.service' ("),
        Case(
            testDescription: "a dash prefix of no unit so far", package: "unit=systemd-.service",
            refusal: "every service whose name begins with 'systemd-'"),
        Case(
            testDescription: "a user's slice", package: "unit=user-1000.slice", refusal: "a slice that the host makes"),
        Case(testDescription: "a slice of systemd", package: "unit=system.slice", refusal: "a name of systemd itself"),
        Case(
            testDescription: "a slice around one of the host", host: "\(vendor)jobs-nightly.slice",
            package: "unit=jobs.slice"),
        Case(
            testDescription: "a slice in one of the host", host: "\(vendor)jobs.slice", package: "unit=jobs-two.slice",
            refusal: ""),
        Case(testDescription: "a reserved name", package: "unit=gatekeel-x.service", refusal: "reserved"),
        Case(testDescription: "a drop-in of a unit of the host", package: "reach=ssh.service", refusal: "would change"),
        Case(
            testDescription: "a drop-in of an instance of the host", host: "\(vendor)getty@.service",
            package: "reach=getty@tty1.service", refusal: "would change"),
        Case(
            testDescription: "a drop-in of another package's unit", package: "reach=app.service",
            refusal: "would change"),
        Case(
            testDescription: "before an early service", host: "\(vendor)storage.service",
            text: "[Unit]\nDefaultDependencies=no\nBefore=local-fs.target\n", package: "before=storage.service",
            refusal: "storage.service), which may be needed before gatekeel-recover.service"),
        Case(
            testDescription: "before an instance of an early template", host: "\(vendor)storage@.service",
            text: "[Unit]\nDefaultDependencies = false\n", package: "before=storage@a.service",
            refusal: "which may be needed before"),
        Case(
            testDescription: "before another name of an early service", host: "\(admin)storage.service",
            text: "[Unit]\nDefaultDependencies=no\n[Install]\nAlias=disks.service\n", package: "before=disks.service",
            refusal: "which may be needed before"),
        Case(
            testDescription: "before an early target", host: "\(vendor)storage.target",
            text: "[Unit]\nBefore=local-fs.target\n", package: "before=storage.target",
            refusal: "which may be needed before"),
        Case(testDescription: "before a plain service", package: "before=ssh.service", refusal: ""),
        Case(
            testDescription: "before a plain target", host: "\(vendor)later.target",
            text: "[Unit]\nBefore=shutdown.target\n", package: "before=later.target before=none.service", refusal: ""),
        Case(testDescription: "a drop-in of a unit that is not there", package: "reach=cron.service", refusal: ""),
        Case(
            testDescription: "another instance of no template", host: "\(vendor)ssh@one.service",
            package: "unit=ssh@two.service", refusal: ""),
        Case(
            testDescription: "names that only begin alike", host: "\(vendor)two-.service",
            package:
                "unit=two-a.service unit=two@.service unit=system-two.slice install=two.service/Alias=three.service",
            refusal: ""),
        Case(
            testDescription: "folders of the host beside units", host: "\(vendor)two.service.d/x.conf",
            package: "unit=two.socket", refusal: ""),
    ]

    @Test(arguments: cases) func unitsAreJudged(_ test: Case) async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good template install=app.service/Alias=other.service")
            host.root.write(test.host, test.text)
            let staged = try await host.stage("two 1.0 good \(test.package)")
            do {
                let id = try await host.engine.install(staged.token, DeploymentOptions())
                #expect(test.refusal == "", "it was taken")
                #expect(try await host.finish(id).result == .done)
                #expect(try await host.install("two 2.0 good \(test.package)").result == .done, "an update of itself")
            } catch let error as DeploymentError {
                #expect(error.code == .conflict)
                #expect(test.refusal != "" && error.text.contains(test.refusal), "\(error)")
                #expect(host.root.tree("/etc/systemd/system.attached").allSatisfy { !$0.hasPrefix("two") })
            }
        }
    }

    @Test func aLinkIsAnotherNameOfAnEarlyUnit() throws {
        let root = TemporaryRoot()
        let folder = root.path + "/usr/lib/systemd/system"
        root.write("/usr/lib/systemd/system/early.service", "[Unit]\nDefaultDependencies=no\n")
        try Files.placeLink("\(folder)/other.service", target: "early.service")
        try Files.placeLink("\(folder)/masked.service", target: "/dev/null")
        var host = HostUnits()
        try host.add(folder: folder) { (_) in false }
        func refusal(_ name: String) -> String? {
            UnitName(name).flatMap { host.refusal(of: UnitReach(path: "", unit: $0)) }
        }
        #expect(refusal("early.service") != nil && refusal("other.service") != nil)
        #expect(refusal("masked.service") == nil)
    }

    /// The host got the unit after the package was installed.
    @Test func anAliasIsCheckedAgainWhenItIsEnabled() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            try await host.install("app 1.0 good install=app.service/Alias=ssh.service")
            host.root.write("\(Self.vendor)ssh.service", "")
            let status = try await host.finish(try await host.engine.activate("app"))
            #expect(status.result == .failed)
            #expect(status.reason?.text.contains("'ssh.service', another name of the unit 'app.service'") == true)
            #expect(host.root.tree("/etc/systemd/system") == [])
            #expect(host.systemd.running == [])
        }
    }

    /// A package that an earlier release of Gatekeel took, and this one would refuse: a failed update of it is still undone, and
    /// it can be removed.
    @Test func whatAnEarlierReleaseTookIsPutBackAndRemoved() throws {
        let root = TemporaryRoot()
        let store = Store(root.paths)
        let record = ReleaseRecord(
            name: "two", version: "1.0",
            units: ["two.service", "systemd-.service"].map { ReleaseUnit(name: $0, path: "usr/\($0)") })
        for unit in record.units { root.write("/var/lib/gatekeel/packages/two/1.0/\(unit.path)", "") }
        let attachment = Attachment(store: store, release: "1.0", record: record)
        try attachment.attach(replacing: [], passage: Passage())
        #expect(root.exists("/etc/systemd/system.attached/two.service.d/10-gatekeel.conf"))
        try Attachment.detach(try attachment.files(), root.paths, passage: Passage())
        #expect(root.tree("/etc") == [])
    }

    /// A template's drop-in for one instance.
    @Test func dropInsGoIntoTheFoldersThatTheyComeFrom() throws {
        let root = TemporaryRoot()
        let unit = ReleaseUnit(name: "two@.service", path: "u/two@.service", dropIns: ["u/two@one.service.d/x.conf"])
        let record = ReleaseRecord(name: "two", version: "1.0", units: [unit])
        for path in [unit.path] + unit.dropIns { root.write("/var/lib/gatekeel/packages/two/1.0/\(path)", "x") }
        let attachment = Attachment(store: Store(root.paths), release: "1.0", record: record)
        try attachment.attach(replacing: [], passage: Passage())
        #expect(
            root.tree("/etc/systemd/system.attached").sorted() == [
                "two@.service", "two@.service.d/10-gatekeel.conf", "two@one.service.d/x.conf",
            ])
        try Attachment.detach(try attachment.files(), root.paths, passage: Passage())
        #expect(root.tree("/etc/systemd/system.attached") == [])
        #expect(!root.exists("/etc/systemd/system.attached/two@one.service.d"))
    }

    // MARK: Enabling

    /// Links by `WantedBy=`, `RequiredBy=`, `Alias=` and `Also=`, of a unit, a default instance and another instance.
    private static let installs = """
        template install=app.service/WantedBy=multi-user.target install=app.service/RequiredBy=graphical.target \
        install=app.service/Alias=other.service install=app.service/Also=app@.service \
        install=app.service/Also=app@two.service install=app@.service/DefaultInstance=one \
        install=app@.service/WantedBy=timers.target
        """
    private static let links = [
        "graphical.target.requires/app.service", "multi-user.target.wants/app.service", "other.service",
        "timers.target.wants/app@one.service", "timers.target.wants/app@two.service",
    ]

    @LoopActor private func enabled(_ host: Harness) -> [String] { host.root.tree("/etc/systemd/system").sorted() }

    @Test(arguments: ["remove", "deactivate"]) func whatEnablingMadeGoes(_ how: String) async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good \(Self.installs)")
            #expect(enabled(host) == Self.links)
            let engine = host.engine
            let id =
                how == "remove" ? try await engine.remove("app", purge: false) : try await engine.deactivate("app")
            #expect(try await host.finish(id).result == .done)
            #expect(enabled(host) == [])
        }
    }

    /// An update to a version without them removes the links, also those of the template's instances; a rollback brings them
    /// back, and so does an update that fails.
    @Test func linksAreThoseOfTheVersionInPlace() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good \(Self.installs)")
            #expect(try await host.install("app 2.0 crash template").result == .rolledBack)
            #expect(enabled(host) == Self.links)
            #expect(try await host.install("app 2.0 good template").result == .done)
            #expect(enabled(host) == ["multi-user.target.wants/app.service"])
            #expect(try await host.finish(try await host.engine.rollback("app")).result == .done)
            #expect(enabled(host) == Self.links)
        }
    }

    /// systemd's links are absolute. Others may be made by hand.
    @Test func relativeLinksAreFound() throws {
        let root = TemporaryRoot()
        let folder = "\(root.path)/etc/systemd/system"
        try Files.makeDirectories("\(folder)/a.target.wants")
        try Files.replaceLink("\(folder)/a.target.wants/app.service", target: "../../system.attached/app.service")
        try Files.replaceLink("\(folder)/b.service", target: "../system.attached/app.service")
        try Files.replaceLink("\(folder)/c.service", target: "../system/app.service")
        let found = try EnablementLink.find(for: ["app.service"], root.paths).map(\.path).sorted()
        #expect(found == ["a.target.wants/app.service", "b.service"])
    }
}
