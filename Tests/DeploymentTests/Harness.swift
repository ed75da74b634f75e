import EventLoop
import Glibc
import Linux
import Packages
import TestSupport

@testable import Deployment

/// A gateway in a folder: the engine on a real store, a fake systemd, a clock that only waits move.
@LoopActor
final class Harness: DeploymentObserver {
    let root = TemporaryRoot()
    let scheduler = ManualScheduler()
    let systemd: FakeSystemd
    var policy = Policy()
    var bootID = "boot-1"
    var now: Int64 = 1_800_000_000
    private(set) var engine: DeploymentEngine
    private(set) var phases: [Phase] = []
    private(set) var notes: [RecoveryNote] = []

    init() {
        root.write(DpkgStatus.path, "")
        systemd = FakeSystemd(root: root, scheduler: scheduler)
        engine = Self.makeEngine(root, systemd, scheduler, Policy(), "", Passage(), { 0 })
    }

    private static func makeEngine(
        _ root: TemporaryRoot, _ systemd: FakeSystemd, _ scheduler: ManualScheduler, _ policy: Policy, _ bootID: String,
        _ passage: Passage, _ clock: @escaping @LoopActor () -> Int64
    ) -> DeploymentEngine {
        DeploymentEngine(
            store: Store(root.paths, passage: passage), policy: policy,
            ports: Ports(
                units: systemd, health: systemd, provisioner: systemd, bus: systemd, packages: FakePackages(),
                scheduler: scheduler, wallClock: clock, bootID: bootID))
    }

    /// The daemon's start.
    func start(_ passage: Passage = Passage()) async throws {
        systemd.forgetWatches()
        engine = Self.makeEngine(root, systemd, scheduler, policy, bootID, passage) { [unowned self] in
            self.now
        }
        engine.observer = self
        notes = try await engine.open()
    }

    /// Power off, power on: recovery early at boot, then what is enabled starts, then the daemon.
    func reboot(recover: Bool = true) throws {
        systemd.powerOff()
        bootID = "boot-\(Store.makeToken(4))"
        if recover {
            notes = try BootRecovery(store: Store(root.paths), policy: policy, bootID: bootID).run {}
        }
        systemd.boot()
    }

    /// Lets everything happen until no deployment runs (or the engine is dead): time passes when all wait for it.
    func settle() async {
        var idle = 0
        while engine.running != nil, !engine.isSuspended {
            if engine.active?.events.isWaiting == true {
                // A health check runs in a task of its own: a few turns for it before time goes on.
                idle += 1
                if idle > 3, let delay = scheduler.nextDelay {
                    idle = 0
                    scheduler.advance(by: delay)
                }
            } else {
                idle = 0
            }
            // Not for time to pass, but to leave the processor to the worker's thread.
            await breathe()
        }
    }

    /// The daemon ends: when this returns, nothing of it is under way any more.
    func stop() async {
        engine.suspend()
        while engine.active != nil { await breathe() }
    }

    /// A turn of the loop.
    func breathe() async { await LoopScheduler.shared.sleep(for: .microseconds(50)) }

    /// Puts a package into the store.
    func stage(_ text: String) async throws -> StagedPackage {
        root.write("/tmp/upload.deb", text)
        return try await engine.stage(try FileDescriptor.open("\(root.path)/tmp/upload.deb"))
    }

    @discardableResult
    func install(_ text: String, _ options: DeploymentOptions = DeploymentOptions()) async throws -> DeploymentStatus {
        let staged = try await stage(text)
        return try await finish(try await engine.install(staged.token, options))
    }

    func finish(_ id: String) async throws -> DeploymentStatus {
        await settle()
        guard let status = engine.deployment(id) else { throw DeploymentError(.notFound, id) }
        return status
    }

    // MARK: The observer

    func preparingChanged() {}
    func deploymentChanged(_ status: DeploymentStatus) {
        if phases.last != status.phase { phases.append(status.phase) }
    }
    func packageChanged(_ status: PackageStatus) {}
    func packageRemoved(_ name: String) {}
    func forgetPhases() { phases = [] }

    // MARK: What must hold

    /// Everything of a package's host files is of one version: what is wrong, if anything.
    func mixture(of name: String) -> [String] {
        var wrong = systemd.mixtures
        let store = Store(root.paths)
        let current = try? store.release(.current, of: name)
        let record = current.flatMap { try? store.record(of: name, release: $0) }
        let version = record?.version
        if (try? Files.exists(store.marker(of: name))) != false { wrong.append("the marker is there") }
        let attached = "/etc/systemd/system.attached"
        let unit = root.read("\(attached)/\(name).service")
        if unit?.split(separator: "\n").first != version.map({ "# \($0)" }) {
            wrong.append("unit file \(unit ?? "-"), current \(version ?? "-")")
        }
        let dropIn = root.read("\(attached)/\(name).service.d/10-gatekeel.conf")
        if let current, dropIn?.contains("/packages/\(name)/\(current)\n") != true {
            wrong.append("drop-in \(dropIn ?? "-"), current \(current)")
        }
        if let version, root.read("/etc/\(name)/\(name).conf") != "conf \(version)" {
            wrong.append("conffile \(root.read("/etc/\(name)/\(name).conf") ?? "-"), current \(version)")
        }
        for running in systemd.running where running.hasPrefix("\(name).service: ") {
            if running.split(separator: " ")[1] != version ?? "" {
                wrong.append("\(running), current \(version ?? "-")")
            }
        }
        let leftovers = root.tree("/var/lib/gatekeel").filter {
            $0.contains("/.unpack") || $0.contains(".trash-") || $0.hasPrefix("journal/work/")
                || $0 == "journal/deployment"
        }
        if !leftovers.isEmpty { wrong.append("left: \(leftovers)") }
        for release in (try? store.releases(of: name)) ?? []
        where release != current && release != (try? store.release(.previous, of: name)) {
            wrong.append("orphan \(release)")
        }
        return wrong
    }
}

/// Throws at the n-th passage, or at one of a name, and ever after: nothing of a dead process happens.
final class Killer: @unchecked Sendable {
    // Sendable: `passed` and `place` are touched only under `lock`.
    private let lock = Mutex()
    private let index: Int
    private let wanted: String
    private var passed = 0
    private var place = ""

    init(at index: Int) { (self.index, wanted) = (index, "") }
    init(named name: String) { (index, wanted) = (.max, name) }

    var passage: Passage {
        var passage = Passage()
        passage.probe = { [self] name in
            try lock.withLock {
                passed += 1
                if place.isEmpty, passed == index || name == wanted { place = name }
                if !place.isEmpty { throw Killed() }
            }
        }
        return passage
    }

    var hasKilled: Bool { !name.isEmpty }
    var name: String { lock.withLock { place } }
}

/// Makes the n-th passage fail, and no other.
final class Fault: @unchecked Sendable {
    // Sendable: `passed` and `place` are touched only under `lock`.
    private let lock = Mutex()
    private let index: Int
    private var passed = 0
    private var place = ""

    init(at index: Int) { self.index = index }

    var passage: Passage {
        var passage = Passage()
        passage.probe = { [self] name in
            try lock.withLock {
                passed += 1
                guard passed == index else { return }
                place = name
                throw Errno(EIO, "fault \(name)")
            }
        }
        return passage
    }

    var hasFailed: Bool { !name.isEmpty }
    var name: String { lock.withLock { place } }
}

/// A mutex at a stable address.
final class Mutex: @unchecked Sendable {
    // Sendable: a mutex is made for use from any thread.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    init() { pthread_mutex_init(mutex, nil) }
    deinit { mutex.deallocate() }
    func withLock<Value>(_ body: () throws -> Value) rethrows -> Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body()
    }
}
