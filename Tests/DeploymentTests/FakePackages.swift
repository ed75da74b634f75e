import Glibc
import Linux
import Packages

@testable import Deployment

/// Packages of a line of text: `NAME VERSION BEHAVIOUR [OPTION…]`.
///
/// The behaviour is the payload: what `FakeSystemd` does when a unit of it is started. Options: `template`, `socket`,
/// `health`, `noconf`, `users`, `data`, `nounits`, `unit=NAME`, `install=UNIT/KEY=VALUE` (a line of its `[Install]` section),
/// `reach=UNIT` (a drop-in for it), `before=UNIT` (its units are ordered before it), `conf=TEXT`, `stops=HOW` (its units are stopped so), `lines=NAME` (a `tmpfiles.d` and a
/// `sysusers.d` file, see `lines(_:)`; with `nolink` without a link),
/// `broken` (fails while it is unpacked), `waits` (for the gate, while it is inspected), `folder` (its conffile is in `conf.d`),
/// `conffile=PATH` (another one), `place=PATH` (a folder of a unit, without a name of the package's), `named=PATH` (with one), `link=PATH:TARGET` (a link on the host), `signed=TIME`, `expires=TIME` (of
/// its certificate), `migrate=KIND:PATH[:OTHER[:LASTVERSION]]`, `etc=PATH` (a folder on the host), `depends=NAME`, `changes` (its conffiles that
/// are named by `conffile=` have another text in each version), `signer=NAME`, `authority=FINGERPRINT`, `owns=NAME` (a bus name of a
/// unit).
struct FakePackages: PackageReader {
    /// Where the inspection of a package that `waits` stands.
    static let gate = Gate()

    func isVersion(_ version: String, lowerThan other: String) -> Bool {
        guard let left = DebianVersion(version), let right = DebianVersion(other) else { return false }
        return left < right
    }

    func inspect(_ path: String, time: VerificationTime, installed: [InstalledVersion]) throws -> ReleaseRecord {
        let words = try words(path)
        guard words.count >= 3, words[2] != "unsigned" else {
            throw DeploymentError(.badSignature, "the package is not signed")
        }
        let options = Set(words.dropFirst(3))
        func number(_ option: String) -> Int64? {
            options.first { $0.hasPrefix(option) }.flatMap { Int64($0.dropFirst(option.count)) }
        }
        if let end = number("expires="), end < time.seconds {
            throw DeploymentError(.badSignature, "the certificate expired; \(time.explanation)")
        }
        if options.contains("waits") { Self.gate.pass() }
        let folder = "usr/lib/systemd/system"
        let name = words[0]
        var units: [ReleaseUnit] = []
        if !options.contains("nounits") {
            units.append(
                ReleaseUnit(
                    name: "\(name).service", path: "\(folder)/\(name).service",
                    isEnabled: !options.contains("socket"), isStarted: !options.contains("socket")))
        }
        if options.contains("socket") {
            units.append(ReleaseUnit(name: "\(name).socket", path: "\(folder)/\(name).socket"))
        }
        if options.contains("template") {
            units.append(
                ReleaseUnit(name: "\(name)@.service", path: "\(folder)/\(name)@.service", isStarted: false))
        }
        for option in options.sorted() where option.hasPrefix("unit=") {
            units.append(ReleaseUnit(name: "\(option.dropFirst(5))", path: "\(folder)/\(option.dropFirst(5))"))
        }
        for (unit, key, value) in words.compactMap(Self.install) {
            guard let index = units.firstIndex(where: { $0.name == unit }) else { continue }
            if key == "Alias" { units[index].aliases.append(value) }
            if key == "DefaultInstance" { units[index].defaultInstance = value }
        }
        let also = words.compactMap(Self.install).filter { $0.1 == "Also" && $0.2.contains("@") }.map(\.2)
        let reaches = words.compactMap { $0.hasPrefix("reach=") ? UnitName(String($0.dropFirst(6))) : nil }
        let orders = words.compactMap { $0.hasPrefix("before=") ? UnitName(String($0.dropFirst(7))) : nil }
        func texts(_ option: String) -> [String] {
            options.filter { $0.hasPrefix(option) }.map { String($0.dropFirst(option.count)) }.sorted()
        }
        let links = texts("link=").map { link in
            "L " + link.split(separator: ":").joined(separator: " - - - - ")
        }
        let folders = texts("etc=").map { "d \($0) :0750 :0 :0 -" }
        let migrations = words.filter { $0.hasPrefix("migrate=") }.compactMap { word -> Migration? in
            let fields = word.dropFirst(8).split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard fields.count > 1, let kind = Migration.Kind(rawValue: fields[0]) else { return nil }
            return Migration(
                kind, fields[1], fields.count > 2 ? fields[2] : "", lastVersion: fields.count > 3 ? fields[3] : "")
        }
        var lines = options.first { $0.hasPrefix("lines=") }.map { Self.lines(String($0.dropFirst(6))) }
        if options.contains("nolink") { lines?.provision.lines.removeAll { $0.hasPrefix("L ") } }
        var provision = lines?.provision ?? HostProvision()
        provision.places += texts("place=").map { HostProvision.Place($0, isNamed: false) }
        provision.places += texts("named=").map { HostProvision.Place($0, isNamed: true) }
        var release = ReleaseRecord(
            name: name, version: words[1], signer: "CN=fleet", signedAt: number("signed=") ?? 0,
            content: texts("content=").first ?? "",
            relations: texts("depends=").first.map { ["Depends": $0] } ?? [:], units: units,
            reaches: reaches.map { UnitReach(path: "\(folder)/\($0).d/x.conf", unit: $0) },
            orders: orders.map { UnitReach(path: "\(folder)/\(name).service", unit: $0) }, alsoInstances: also,
            conffiles: options.contains("noconf")
                ? texts("conffile=")
                : ["/etc/\(name)/\(options.contains("folder") ? "conf.d/" : "")\(name).conf"] + texts("conffile="),
            migrations: migrations,
            sysusers: lines.map { _ in ["usr/lib/sysusers.d/\(name).conf"] } ?? [],
            tmpfiles: lines.map { _ in ["usr/lib/tmpfiles.d/\(name).conf"] } ?? [],
            manifestUsers: options.contains("users") ? ["u \(name) - - -"] : [],
            manifestFolders: (options.contains("users") ? ["d /var/lib/\(name) 0755 \(name) \(name) -"] : []) + folders
                + links,
            dataFolders: options.contains("data") ? ["/var/lib/\(name)-data/own", "/var/lib/dpkg-has"] : [],
            files: texts("rule=").map(Self.rule), provision: provision,
            health: options.contains("health") ? HealthCommand(command: ["/usr/bin/check"], user: "nobody") : nil)
        release.source = texts("source=").first ?? ""
        release.signer = texts("signer=").first ?? release.signer
        release.authority = texts("authority=").first ?? ""
        release.busNames = texts("owns=")
        release.provides = texts("provides=").first ?? ""
        release.busPolicies = texts("bus=").map { "usr/share/dbus-1/system.d/\($0).conf" }
        release.busNames += texts("bus=")
        release.busActivations = texts("bus=").map { BusActivation(name: $0, unit: "\(name).service") }
        return release
    }

    /// `rule=PATH:OWNER:GROUP:MODE`, of a copy with `:TEMPLATE`.
    private static func rule(_ text: String) -> FileRule {
        let parts = text.split(separator: ":").map(String.init)
        return FileRule(
            path: parts[0], owner: parts[1], group: parts[2], mode: parts[3], source: parts.count > 4 ? parts[4] : "")
    }

    /// Users and folders that a package called so asks for.
    static func lines(_ name: String) -> (users: String, files: String, provision: HostProvision) {
        var provision = HostProvision()
        provision.users = [HostProvision.Account(name)]
        provision.groups = [HostProvision.Account(name), HostProvision.Account("\(name)-data")]
        provision.members = [HostProvision.Member(name, of: "dialout")]
        provision.places = ["/run/\(name)", "/var/log/\(name).log", "/var/lib/\(name)-kept"].map {
            HostProvision.Place($0, isNamed: true)
        }
        provision.lines = [
            "d /run/\(name)", "L /run/\(name)/log /var/log/\(name).log", "d /var/lib/\(name)-kept/deep/er",
            "f /var/log/\(name).log",
        ]
        let files = """
            d /run/\(name) 0755 \(name) \(name) -
            L /run/\(name)/log - - - - /var/log/\(name).log
            d /var/lib/\(name)-kept/deep/er 0755 \(name) \(name) -
            f /var/log/\(name).log 0640 \(name) \(name) -

            """
        return ("u \(name) -\ng \(name)-data -\nm \(name) dialout\n", files, provision)
    }

    func verify(
        _ path: String, record: ReleaseRecord, time: VerificationTime, installed: [InstalledVersion]
    ) throws {
        _ = try inspect(path, time: time, installed: installed)
    }

    func unpack(_ path: String, record: ReleaseRecord, into folder: String, progress: @Sendable (Int) -> Void) throws {
        let words = try words(path)
        func write(_ name: String, _ text: String) throws {
            try Files.makeDirectories(Files.split("\(folder)/\(name)").folder)
            try Files.replace("\(folder)/\(name)", with: Array(text.utf8), mode: 0o644)
        }
        try write("usr/bin/payload", "\(words[1]) \(words[2])")
        progress(50)
        if words.contains("broken") { throw Errno(EIO, "the payload is damaged") }
        let stops = words.first { $0.hasPrefix("stops=") }.map { "[Service]\nKillSignal=\($0.dropFirst(6))\n" } ?? ""
        for unit in record.units {
            let lines = words.compactMap(Self.install).filter { $0.0 == unit.name }.map { "\($0.1)=\($0.2)\n" }.joined()
            let install = "[Install]\n\(lines.isEmpty ? "WantedBy=multi-user.target\n" : lines)"
            try write(unit.path, "# \(record.version)\n[Unit]\nDescription=\(record.version)\n\(stops)\(install)")
        }
        let text = words.first { $0.hasPrefix("conf=") }.map { String($0.dropFirst(5)) } ?? "conf \(record.version)"
        for word in words where word.hasPrefix("lines=") {
            let lines = Self.lines(String(word.dropFirst(6)))
            for path in record.sysusers { try write(path, lines.users) }
            for path in record.tmpfiles { try write(path, lines.files) }
        }
        for path in record.busPolicies { try write(path, "<busconfig><!-- \(record.version) --></busconfig>") }
        for conffile in record.conffiles {
            let isOther = words.contains("conffile=\(conffile)") && !words.contains("changes")
            try write(ReleaseTree.conffiles + conffile, isOther ? "packaged" : text)
        }
        progress(100)
    }

    /// `install=UNIT/KEY=VALUE`.
    private static func install(_ word: String) -> (String, String, String)? {
        guard word.hasPrefix("install=") else { return nil }
        let parts = word.dropFirst(8).split(separator: "/", maxSplits: 1)
        let setting = parts[1].split(separator: "=", maxSplits: 1).map(String.init)
        return (String(parts[0]), setting[0], setting[1])
    }

    private func words(_ path: String) throws -> [String] {
        String(decoding: try Files.read(path, limit: 4096), as: UTF8.self).split(separator: " ").map(String.init)
    }
}

/// Where a worker waits for a test, though not for ever.
final class Gate: @unchecked Sendable {
    // Sendable: a semaphore is made for use from any thread; `isLate` is touched only under `lock`.
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    private let lock = Mutex()
    private var late = false

    init() { sem_init(semaphore, 0, 0) }

    func open() { sem_post(semaphore) }

    func pass() {
        var end = timespec()
        clock_gettime(CLOCK_REALTIME, &end)
        end.tv_sec += 10
        while sem_timedwait(semaphore, &end) != 0 {
            if errno == EINTR { continue }
            return lock.withLock { late = true }
        }
    }

    /// Someone waited in vain.
    var wasLate: Bool { lock.withLock { late } }
}
