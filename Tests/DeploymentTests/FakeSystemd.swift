import EventLoop
import Linux

@testable import Deployment

/// A systemd that reads the unit files that are really there, and runs the payload that their drop-in names.
@LoopActor
final class FakeSystemd: UnitManager, HealthRunner, HostProvisioner, MessageBus {
    struct Unit {
        /// What `reload` read: the version that the unit file names, the release that the drop-in overlays.
        var unitVersion = ""
        var release = ""
        /// Releases of other packages that it overlays too.
        var others: [String] = []
        var status: UnitStatus
        /// `VERSION BEHAVIOUR` of what runs.
        var running = ""
        /// The unit file's line that says how it is stopped, and that of when what runs was started.
        var stops = ""
        var stopsOfRunning = ""
    }

    let root: TemporaryRoot
    let scheduler: any Scheduler
    private(set) var units: [String: Unit] = [:]
    private var watches: [(id: Int, units: Set<String>, changed: @LoopActor (UnitStatus) -> Void)] = []
    private var nextWatch = 0
    private var clock: UInt64 = 1
    /// All calls, for tests of order.
    private(set) var calls: [String] = []
    /// Calls that throw, by their first word.
    var failing: Set<String> = []
    /// Every start found the files of one release alone.
    private(set) var mixtures: [String] = []

    init(root: TemporaryRoot, scheduler: any Scheduler) {
        self.root = root
        self.scheduler = scheduler
    }

    private func call(_ name: String, _ what: [String] = []) throws {
        calls.append(([name] + what).joined(separator: " "))
        if failing.contains(name) { throw Errno(5, name) }
    }

    // MARK: Unit files

    private var attached: String { "/etc/systemd/system.attached" }

    func reload() async throws {
        try call("reload")
        load()
        onReload?()
        onReload = nil
    }

    /// So often the message bus does not answer.
    var busFailures = 0

    func reloadConfiguration() async throws {
        try call("bus-reload")
        guard busFailures > 0 else { return }
        busFailures -= 1
        throw Errno(5, "bus-reload")
    }

    /// What happens right after the next reload.
    var onReload: (@LoopActor () -> Void)?

    /// A unit crashes, and systemd starts it again by itself.
    func crashAndRestart(_ name: String) {
        crash(name)
        run(name)
    }

    private func load() {
        var present: Set<String> = []
        for name in (try? Files.names(in: root.path + attached)) ?? []
        where !name.hasSuffix(".d") && !name.hasPrefix(".") {
            present.insert(name)
            define(name)
        }
        for name in units.keys.filter({ $0.contains("@") && !$0.contains("@.") }) {
            let template = "\(name.split(separator: "@")[0])@.service"
            guard present.contains(template) else { continue }
            present.insert(name)
            define(name)
        }
        for (name, unit) in units where !present.contains(name) && unit.status.isDown { units[name] = nil }
    }

    private func define(_ name: String) {
        let at = name.firstIndex(of: "@")
        let file = at.map { "\(name[..<$0])@.service" } ?? name
        var unit = units[name] ?? Unit(status: UnitStatus(unit: name, activeState: .inactive, subState: "dead"))
        let lines = (root.read("\(attached)/\(file)") ?? "").split(separator: "\n")
        unit.unitVersion = lines.first.map { String($0.dropFirst(2)) } ?? ""
        unit.stops = lines.first { $0.hasPrefix("KillSignal=") }.map(String.init) ?? ""
        let dropIn = root.read("\(attached)/\(file).d/10-gatekeel.conf") ?? ""
        let line = dropIn.split(separator: "\n").first { $0.hasPrefix("ExtensionDirectories=") }
        let releases = line.map { $0.split(separator: "=")[1].split(separator: " ").map(String.init) } ?? []
        unit.release = releases.first ?? ""
        unit.others = Array(releases.dropFirst())
        units[name] = unit
    }

    private func markerExists(_ name: String) -> Bool {
        let at = name.firstIndex(of: "@")
        let file = at.map { "\(name[..<$0])@.service" } ?? name
        let dropIn = root.read("\(attached)/\(file).d/10-gatekeel.conf") ?? ""
        let lines = dropIn.split(separator: "\n").filter { $0.hasPrefix("AssertPathExists=!") }
        return lines.contains { (try? Files.exists(String($0.dropFirst("AssertPathExists=!".count)))) == true }
    }

    func enable(_ names: [String]) async throws {
        try call("enable", names)
        var waiting = names
        var done: Set<String> = []
        while let name = waiting.popLast() {
            guard done.insert(name).inserted else { continue }
            let file = name.firstIndex(of: "@").map { "\(name[..<$0])@.service" } ?? name
            guard let text = root.read("\(attached)/\(file)") else { throw Errno(2, "enable \(name)") }
            let lines = text.split(separator: "\n").drop { $0 != "[Install]" }.dropFirst()
            let settings = lines.map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
            func values(_ key: String) -> [String] { settings.filter { $0[0] == key }.map { $0[1] } }
            var linked = name
            if name == file, name.contains("@."), let instance = values("DefaultInstance").last {
                linked = "\(name.split(separator: "@")[0])@\(instance).service"
            }
            for link in values("WantedBy").map({ "\($0).wants/\(linked)" })
                + values("RequiredBy").map({ "\($0).requires/\(linked)" })
                + values("Alias")
            {
                let path = "\(root.path)/etc/systemd/system/\(link)"
                try Files.makeDirectories(Files.split(path).folder)
                try Files.replaceLink(path, target: "\(attached)/\(file)")
            }
            waiting += values("Also")
        }
    }

    func disable(_ names: [String]) async throws { try call("disable", names) }

    var enabled: [String] {
        (try? Files.names(in: "\(root.path)/etc/systemd/system/multi-user.target.wants")) ?? []
    }

    // MARK: Jobs

    func start(_ names: [String]) async throws {
        try call("start", names)
        for name in names {
            let file = name.firstIndex(of: "@").map { "\(name[..<$0])@.service" } ?? name
            guard root.exists("\(attached)/\(file)") else { throw Errno(2, "Unit \(name) not found") }
            run(name)
        }
    }

    private func run(_ name: String) {
        if units[name] == nil { define(name) }
        guard var unit = units[name], unit.status.isDown else { return }
        clock += 1
        unit.status.conditionTimestamp = clock
        if markerExists(name) {
            unit.status.assertsHold = false
            units[name] = unit
            return tell(name)
        }
        (unit.status.conditionsHold, unit.status.assertsHold) = (true, true)
        (unit.status.exitCode, unit.status.exitStatus, unit.status.result) = (0, 0, "success")
        let payload = (try? Files.read("\(unit.release)/usr/bin/payload", limit: 100)).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard let payload else {
            (unit.status.activeState, unit.status.subState, unit.status.result) = (.failed, "failed", "exit-code")
            (unit.status.exitCode, unit.status.exitStatus) = (1, 203)
            units[name] = unit
            return tell(name)
        }
        let words = payload.split(separator: " ").map(String.init)
        if words[0] != unit.unitVersion { mixtures.append("\(name) of \(unit.unitVersion) runs \(payload)") }
        unit.running = payload
        for other in unit.others {
            let text = (try? Files.read("\(other)/usr/bin/payload", limit: 100)).map {
                String(decoding: $0, as: UTF8.self)
            }
            unit.running += " +\(text ?? "nothing")"
        }
        unit.stopsOfRunning = unit.stops
        unit.status.activeState = .active
        unit.status.subState = "running"
        switch words[1] {
        case "crash": fail(&unit, code: 1)
        // It depends on a package whose payload is not as it should be.
        case "picky" where unit.running.hasSuffix(" bad"): fail(&unit, code: 4)
        case "hang": (unit.status.activeState, unit.status.subState) = (.activating, "start")
        case "exit": (unit.status.activeState, unit.status.subState, unit.status.exitCode) = (.inactive, "dead", 1)
        case "skipped": (unit.status.activeState, unit.status.conditionsHold) = (.inactive, false)
        case "crash-later": later(name, .seconds(5)) { self.fail(&$0, code: 3) }
        case "restart-later":
            later(name, .seconds(5)) { unit in
                unit.status.restarts += 2
                (unit.status.exitCode, unit.status.exitStatus) = (1, 7)
            }
        default: break
        }
        units[name] = unit
        tell(name)
    }

    private func fail(_ unit: inout Unit, code: Int32) {
        (unit.status.activeState, unit.status.subState, unit.status.result) = (.failed, "failed", "exit-code")
        (unit.status.exitCode, unit.status.exitStatus, unit.running) = (1, code, "")
    }

    /// A unit crashes now.
    func crash(_ name: String) {
        units[name].map { unit in
            var unit = unit
            fail(&unit, code: 9)
            units[name] = unit
        }
        tell(name)
    }

    private func later(_ name: String, _ delay: Duration, _ change: @escaping @LoopActor (inout Unit) -> Void) {
        let started = clock
        scheduler.schedule(after: delay) {
            guard var unit = self.units[name], unit.status.conditionTimestamp == started, !unit.status.isDown else {
                return
            }
            change(&unit)
            self.units[name] = unit
            self.tell(name)
        }
    }

    func stop(_ names: [String]) async throws {
        try call("stop", names)
        for name in names where units[name]?.status.isDown == false {
            if let unit = units[name], unit.stops != unit.stopsOfRunning {
                mixtures.append("\(unit.running) is stopped as \(unit.unitVersion) says: \(unit.stops)")
            }
            if units[name]?.running.hasSuffix(" nostop") == true {
                units[name]?.status.activeState = .deactivating
                tell(name)
            } else if units[name]?.running.hasSuffix(" laststop") == true {
                units[name]?.status.activeState = .deactivating
                later(name, .seconds(20)) { self.down(&$0) }
            } else if units[name]?.running.hasSuffix(" slowstop") == true {
                units[name]?.status.activeState = .deactivating
                later(name, .seconds(3)) { self.down(&$0) }
            } else {
                units[name].map { unit in
                    var unit = unit
                    down(&unit)
                    units[name] = unit
                }
                tell(name)
            }
        }
    }

    private func down(_ unit: inout Unit) {
        (unit.status.activeState, unit.status.subState, unit.running) = (.inactive, "dead", "")
        unit.status.exitCode = 0
    }

    func kill(_ names: [String]) async throws {
        try call("kill", names)
        for name in names where units[name]?.running.hasSuffix(" immortal") == false {
            units[name]?.status.activeState = .failed
            units[name]?.running = ""
            tell(name)
        }
    }

    func resetFailed(_ names: [String]) async throws {
        try call("reset-failed", names)
        for name in names {
            units[name]?.status.restarts = 0
            if units[name]?.status.activeState == .failed { units[name]?.status.activeState = .inactive }
        }
    }

    // MARK: Looking

    /// Called when states are asked for, until it returns true.
    var onStatus: (@LoopActor () -> Bool)?

    /// Something happens to a unit.
    func alter(_ name: String, _ change: (inout UnitStatus) -> Void) {
        guard var status = units[name]?.status else { return }
        change(&status)
        units[name]?.status = status
        tell(name)
    }

    func defaultStopTimeout() async throws -> Duration? { .seconds(90) }

    func status(of names: [String]) async throws -> [UnitStatus] {
        if onStatus?() == true { onStatus = nil }
        return names.map { units[$0]?.status ?? UnitStatus(unit: $0, activeState: .inactive, subState: "dead") }
    }

    func loaded(matching patterns: [String]) async throws -> [String] {
        let prefixes = patterns.map { String($0.split(separator: "*")[0]) }
        return units.keys.filter { name in prefixes.contains { name.hasPrefix($0) && !name.contains("@.") } }
    }

    func watchFiles(_ changed: @escaping @LoopActor () -> Void) -> any Scheduled { Token {} }

    func watch(_ names: [String], _ changed: @escaping @LoopActor (UnitStatus) -> Void) -> any Scheduled {
        nextWatch += 1
        let id = nextWatch
        watches.append((id, Set(names), changed))
        return Token { self.watches.removeAll { $0.id == id } }
    }

    private func tell(_ name: String) {
        guard let status = units[name]?.status else { return }
        for watch in watches where watch.units.contains(name) { watch.changed(status) }
    }

    private final class Token: Scheduled {
        let body: @LoopActor () -> Void
        init(_ body: @escaping @LoopActor () -> Void) { self.body = body }
        func cancel() { body() }
    }

    /// What runs: `NAME: VERSION BEHAVIOUR`.
    var running: [String] {
        units.filter { !$0.value.running.isEmpty }.map { "\($0.key): \($0.value.running)" }.sorted()
    }

    /// The machine went down: nothing runs, no one watches.
    func powerOff() {
        units = [:]
        watches = []
    }

    /// The boot: what is enabled is started.
    func boot() {
        load()
        for name in enabled {
            define(name)
            run(name)
        }
    }

    /// The daemon died: no one watches.
    func forgetWatches() { watches = [] }

    // MARK: Health, users and folders

    func run(_ check: HealthCheck) async -> HealthResult {
        calls.append("health \(check.command.joined(separator: " ")) as \(check.user)")
        let payload = (try? Files.read("\(check.releases[0])/usr/bin/payload", limit: 100)).map {
            String(decoding: $0, as: UTF8.self)
        }
        return payload?.hasSuffix(" unhealthy") == true ? .failed("exited with code 1") : .passed
    }

    func stop(_ unit: String) async {}

    func makeUsers(from files: [String]) async throws {
        try call("users", files.map { Files.split($0).name })
        for file in files {
            let text = String(decoding: try Files.read(file, limit: 1 << 16), as: UTF8.self)
            // Most tests have no users.
            guard root.exists("/etc/passwd") else { continue }
            for words in text.split(separator: "\n").map({ $0.split(separator: " ").map(String.init) }) {
                switch words[0] {
                case "u":
                    accounts("passwd") { names in
                        if names[words[1]] == nil { names[words[1]] = "x:\(nextID):\(nextID)::/:/usr/sbin/nologin" }
                    }
                    accounts("group") { names in if names[words[1]] == nil { names[words[1]] = "x:\(nextID):" } }
                    nextID += 1
                case "g":
                    accounts("group") { names in if names[words[1]] == nil { names[words[1]] = "x:\(nextID):" } }
                    nextID += 1
                case "m":
                    accounts("group") { names in
                        guard let group = names[words[2]], !group.contains(words[1]) else { return }
                        names[words[2]] = group.hasSuffix(":") ? group + words[1] : "\(group),\(words[1])"
                    }
                default: break
                }
            }
        }
    }

    private var nextID = 901

    /// Changes `passwd(5)` or `group(5)`.
    private func accounts(_ file: String, _ change: (inout [String: String]) -> Void) {
        var names: [String: String] = [:]
        for line in (root.read("/etc/\(file)") ?? "").split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
            names[parts[0]] = parts[1]
        }
        let before = names
        change(&names)
        if names != before {
            root.write("/etc/\(file)", names.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)\n" }.joined())
        }
    }

    /// Users that still have files.
    var usersWithFiles: Set<String> = []
    /// Groups that were to be removed when they were gone.
    private(set) var groupsRemovedInVain: [String] = []

    func remove(_ accounts: AddedAccounts) async -> [String] {
        calls.append("remove-accounts")
        for member in accounts.members {
            self.accounts("group") { names in
                names[member.group] = names[member.group].map { group in
                    var fields = group.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
                    fields[2] = fields[2].split(separator: ",").filter { $0 != member.user }.joined(separator: ",")
                    return fields.joined(separator: ":")
                }
            }
        }
        self.accounts("passwd") { names in
            for user in accounts.users where !usersWithFiles.contains(user.name) { names[user.name] = nil }
        }
        self.accounts("group") { names in
            // As userdel(8) does.
            for user in accounts.users where !usersWithFiles.contains(user.name) { names[user.name] = nil }
            groupsRemovedInVain += accounts.groups.map(\.name).filter { names[$0] == nil }
            for group in accounts.groups where !usersWithFiles.contains(group.name) { names[group.name] = nil }
        }
        return accounts.users.map(\.name).filter(usersWithFiles.contains).sorted().map { "the user '\($0)' is kept" }
    }

    func makeFiles(from files: [String], excluding prefixes: [String]) async throws {
        try call("files", files.map { Files.split($0).name })
        for file in files {
            let text = String(decoding: try Files.read(file, limit: 1 << 16), as: UTF8.self)
            func isLeftOut(_ path: String) -> Bool { prefixes.contains { path == $0 || path.hasPrefix($0 + "/") } }
            for words in text.split(separator: "\n").map({ $0.split(separator: " ").map(String.init) })
            where !isLeftOut(words[1]) {
                switch words[0] {
                case "d": try Files.makeDirectories(root.path + words[1])
                case "f": if !root.exists(words[1]) { root.write(words[1], "") }
                case "L":
                    try Files.makeDirectories(Files.split(root.path + words[1]).folder)
                    if !root.exists(words[1]) {
                        try Files.placeLink(root.path + words[1], target: words[words.count - 1])
                    }
                default: break
                }
            }
            // As systemd-tmpfiles does, a link is made where nothing is.
            for line in text.split(separator: "\n") where line.hasPrefix("L ") {
                let fields = line.split(separator: " ").map(String.init)
                if isLeftOut(fields[1]) { continue }
                let path = root.path + fields[1]
                try Files.makeDirectories(Files.split(path).folder)
                if try Files.status(path) == nil { try Files.placeLink(path, target: fields[fields.count - 1]) }
            }
        }
    }
}
