import EventLoop
import Glibc
import HostObjects
import LwM2M
import LwM2MClient
import Linux
import Testing

/// An installer whose answers a test sets; deployments end when the test says so, or at once.
@LoopActor
final class FakeInstaller: SoftwareInstaller {
    var packages: [InstalledPackage] = []
    var staged: [DeliveredPackage] = []
    /// Bytes of the files of what is staged, by token.
    var sizes: [String: Int] = [:]
    var calls: [String] = []
    var stageAnswer: Result<DeliveredPackage, InstallerRefusal> = .failure(InstallerRefusal(.failed, "no answer set"))
    /// How deployments end; nil leaves them running.
    var outcome: DeploymentEnd? = .done
    var onInstall: () -> Void = {}
    /// The next call is done, but its answer does not arrive: the installer died over it.
    var loseAnswers = false
    /// Deployments cannot be asked for.
    var hidesDeployments = false
    /// The next install does not arrive: the installer was away.
    var loseInstall = false
    /// Happens while a staged package is being dropped.
    var duringDiscard: (@LoopActor () async -> Void)?
    /// Happens while a package is being staged.
    var duringStage: (@LoopActor () async -> Void)?
    /// Happens after a snapshot was made, before its answer arrives.
    var duringSnapshot: (@LoopActor () async -> Void)?
    /// It does not answer.
    var isAway = false
    private var waiting: [CheckedContinuation<DeploymentEnd, Never>] = []

    /// From now on an install puts this release of `keel` in place of what is staged.
    func installsKeel(_ version: String, active: Bool) {
        onInstall = { [unowned self] in
            packages = [InstalledPackage(name: "keel", version: version, active: active)]
            staged = []
        }
    }

    private var deployments: [String: String] = [:]

    func stage(path: String) async throws(InstallerRefusal) -> DeliveredPackage {
        await duringStage?()
        try requireHere()
        let bytes = (try? Files.read(path, limit: 1 << 20)) ?? []
        calls.append("stage \(bytes.count)")
        let package = try stageAnswer.get()
        for token in [package.token, "lost"] { sizes[token] = bytes.count }
        if loseAnswers {
            staged.append(DeliveredPackage(token: "lost", name: package.name, version: package.version))
        }
        try loseAnswer()
        staged.append(package)
        return package
    }

    func discard(token: String) async throws(InstallerRefusal) {
        calls.append("discard \(token)")
        await duringDiscard?()
        staged.removeAll { $0.token == token }
        try loseAnswer()
    }

    func install(token: String, restoreActivation: Bool) async throws(InstallerRefusal) -> String {
        try requireHere()
        calls.append("install \(token) \(restoreActivation)")
        if loseInstall {
            loseInstall = false
            throw InstallerRefusal(.unavailable, "unreachable: gone")
        }
        deployments[token] = "d-\(token)"
        onInstall()
        try loseAnswer()
        return "d-\(token)"
    }

    private func loseAnswer() throws(InstallerRefusal) {
        guard loseAnswers else { return }
        loseAnswers = false
        throw InstallerRefusal(.unavailable, "unreachable: no reply")
    }

    /// The newest one of each, by what was asked for.
    private var operations: [String: String] = [:]
    /// The next operation does not arrive: the installer was away.
    var loseOperation = false

    func begin(_ operation: PackageOperation, name: String) async throws(InstallerRefusal) -> String {
        let call = "\(operation.rawValue) \(name)"
        calls.append(call)
        if loseOperation {
            loseOperation = false
            throw InstallerRefusal(.unavailable, "unreachable: gone")
        }
        operations[call] = "d-\(calls.count)"
        try loseAnswer()
        return "d-\(calls.count)"
    }

    func deployment(_ operation: PackageOperation, name: String) async throws(InstallerRefusal) -> String? {
        try requireHere()
        return operations["\(operation.rawValue) \(name)"]
    }

    func end(of deployment: String) async -> DeploymentEnd {
        if let outcome { return outcome }
        return await withCheckedContinuation { waiting.append($0) }
    }

    /// Ends the deployments that are waited for, and no later ones.
    func end(_ end: DeploymentEnd = .failed("over")) {
        let all = waiting
        waiting = []
        all.forEach { $0.resume(returning: end) }
    }

    /// Ends all deployments that are waited for.
    func finish(_ end: DeploymentEnd) {
        outcome = end
        waiting.forEach { $0.resume(returning: end) }
        waiting = []
    }

    func deployment(of token: String) async throws(InstallerRefusal) -> String? {
        if hidesDeployments { throw InstallerRefusal(.unavailable, "unreachable: gone") }
        return deployments[token]
    }

    func remember(deployment: String, of token: String) { deployments[token] = deployment }

    func snapshot() async throws(InstallerRefusal) -> InstallerSnapshot {
        try requireHere()
        let snapshot = InstallerSnapshot(
            packages: packages, staged: staged.map { HeldPackage(token: $0.token, size: sizes[$0.token] ?? 0) })
        await duringSnapshot?()
        return snapshot
    }

    private func requireHere() throws(InstallerRefusal) {
        if isAway { throw InstallerRefusal(.unavailable, "unreachable: gone") }
    }
}

/// A fetcher that writes what the test gave, or fails; it waits when neither is set.
@LoopActor
final class FakeFetcher: SoftwareFetcher {
    var answer: Result<[UInt8], FetchFailure>? { didSet { wake() } }
    /// Every attempt, the newest last.
    var attempts: [FetchAttempt] = []
    var fetched: [String] { attempts.map(\.order.uri) }
    /// Attempts that have not returned.
    var running = 0
    /// The daemon was killed: nothing returns any more.
    var isDead = false
    /// Without polling: what waits for ever, because its test is over, must not slow the other tests down.
    private var waiting: [UnsafeContinuation<Void, Never>] = []

    private func wake() {
        guard !isDead else { return }
        let woken = waiting
        waiting = []
        for continuation in woken { continuation.resume() }
    }

    func fetch(_ attempt: FetchAttempt) async -> FetchEnd {
        let cancelled = Flag()
        attempts.append(attempt)
        running += 1
        attempt.whenCancelled {
            cancelled.set = true
            self.wake()
        }
        // As a program takes its time: the caller goes on first.
        await LoopScheduler.shared.sleep(for: .milliseconds(1))
        while (answer == nil && !cancelled.set) || isDead {
            await withUnsafeContinuation { waiting.append($0) }
        }
        running -= 1
        if cancelled.set {
            return FetchEnd(FetchFailure(.connectionLost, "killed: x", .retry), received: attempt.received)
        }
        switch answer {
        case .success(let bytes):
            try? Files.replace(attempt.order.path, with: bytes)
            attempt.took(bytes.count)
            return FetchEnd(nil, received: attempt.received)
        case .failure(let failure): return FetchEnd(failure, received: attempt.received)
        case nil: return FetchEnd(nil, received: 0)
        }
    }
}

/// Notes every change as a server that observes everything would see it.
@LoopActor
final class Changes: ObjectChanges {
    weak var object: SoftwareManagement?
    var seen: [String] = []
    var instances = 0

    func changed(_ path: Path) {
        guard let instance = path.instance, let resource = path.resource,
            case .single(let value)? = try? object?.read(instance, resource)
        else { return }
        seen.append("\(resource)=\(text(value))")
    }

    func instancesChanged(_ object: UInt16) { instances += 1 }
}

func text(_ value: Value) -> String {
    switch value {
    case .string(let text): text
    case .integer(let number): "\(number)"
    case .boolean(let flag): "\(flag)"
    default: "?"
    }
}

/// Holds a worker up until it is opened.
@LoopActor
final class WorkerGate {
    private let key: Int32
    private let gate: Int32

    init(_ worker: Worker) throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        (gate, key) = (ends[0], ends[1])
        let gate = gate
        LoopActor.spawn {
            try? await worker.run {
                var byte: UInt8 = 0
                _ = Glibc.read(gate, &byte, 1)
            }
        }
    }

    /// A byte, not the end of the pipe: a process that another test starts meanwhile inherits the descriptor.
    func open() { #expect(Glibc.write(key, "x", 1) == 1) }

    deinit {
        close(key)
        close(gate)
    }
}
