import EventLoop
import Linux

@testable import Deployment

/// The pipeline as a test wants it: it remembers what it was asked for.
@LoopActor
final class FakeEngine: Deployments {
    weak var observer: (any DeploymentObserver)?
    var policy = Policy()
    var calls: [String] = []
    var failure: DeploymentError?
    var known: [PackageStatus] = []
    var history: [DeploymentStatus] = []
    var running: DeploymentStatus?
    var isPreparing = false
    /// Runs when somebody waits for what is being prepared.
    var whenPrepared: (@LoopActor () -> Void)?
    var signedTime: SignedTime?
    var isSuspended = false

    func open() async throws -> [RecoveryNote] { [] }

    func stage(_ source: consuming FileDescriptor) async throws -> StagedPackage {
        let bytes = try Files.read(source, limit: 1 << 16)
        try record("stage \(bytes.count)")
        return Self.stagedPackage
    }

    static let stagedPackage = StagedPackage(
        token: "token-1",
        record: ReleaseRecord(
            name: "keel", version: "1.0", signer: "CN=fleet",
            units: [ReleaseUnit(name: "keel.service", path: "usr/lib/systemd/system/keel.service")]),
        stagedAt: 5)

    func discard(_ token: String) async throws { try record("discard \(token)") }
    func staged() -> [StagedPackage] { [Self.stagedPackage] }

    func install(_ token: String, _ options: DeploymentOptions) async throws -> String {
        try record("install \(token) \(options.allowDowngrade) \(options.activation.rawValue)")
    }

    func remove(_ name: String, purge: Bool) async throws -> String { try record("remove \(name) \(purge)") }
    func activate(_ name: String) async throws -> String { try record("activate \(name)") }
    func deactivate(_ name: String) async throws -> String { try record("deactivate \(name)") }
    func rollback(_ name: String) async throws -> String { try record("rollback \(name)") }
    func packages() -> [PackageStatus] { known }
    func package(_ name: String) -> PackageStatus? { known.first { $0.name == name } }
    func overlay(of name: String) async throws -> [String] {
        guard package(name) != nil else { throw DeploymentError(.notFound, "\(name) is not installed") }
        return ["/store/\(name)/1"]
    }
    func deployment(_ id: String) -> DeploymentStatus? { history.first { $0.id == id } }
    func deployments(limit: Int) -> [DeploymentStatus] { Array(history.prefix(limit)) }
    func resetSignedTime() async throws {
        try record("reset time")
        signedTime = nil
    }
    func prepared() async { whenPrepared?() }
    func suspend() { isSuspended = true }
    func refresh(_ name: String) async {}

    /// What `hostProblems` finds; nil: it cannot be found out.
    var found: [String: [String]]? = [:]
    func hostProblems() async throws -> [String: [String]] {
        guard let found else { throw DeploymentError(.failed, "the disk") }
        return found
    }

    @discardableResult
    private func record(_ call: String) throws -> String {
        if let failure { throw failure }
        calls.append(call)
        return "deployment-1"
    }
}
