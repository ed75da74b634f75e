import Deployment
import EventLoop
import Linux

/// Makes users and folders by `systemd-sysusers(8)` and `systemd-tmpfiles(8)`, as transient units: they write where this
/// daemon's hardening does not let it.
@LoopActor
public final class SystemdProvisioner: HostProvisioner {
    private let runner: TransientRunner
    private let timeout: Duration = .seconds(60)

    public init(_ systemd: SystemdConnection, scheduler: any Scheduler) {
        runner = TransientRunner(systemd, scheduler: scheduler)
    }

    public func makeUsers(from files: [String]) async throws {
        try await run("users", ["/usr/bin/systemd-sysusers"] + files, files)
    }

    public func makeFiles(from files: [String]) async throws {
        try await run("files", ["/usr/bin/systemd-tmpfiles", "--create"] + files, files)
    }

    private func run(_ what: String, _ command: [String], _ files: [String]) async throws {
        guard !files.isEmpty else { return }
        let tag = randomBytes(4).hexadecimal
        let unit = TransientUnit(
            name: "gatekeel-\(what)-\(tag).service", description: "A package's \(what), by Gatekeel",
            command: command, timeout: timeout)
        if let end = await runner.run(unit) {
            throw DeploymentError(
                .failed,
                "\(command[0]) failed for \(files.joined(separator: ", ")): \(end); see journalctl -u \(unit.name)")
        }
    }
}
