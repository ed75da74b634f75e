import Deployment
import EventLoop

/// Runs health commands as transient units in the release's overlay.
@LoopActor
public final class SystemdHealthRunner: HealthRunner {
    private let runner: TransientRunner

    public init(_ systemd: SystemdConnection, scheduler: any Scheduler) {
        runner = TransientRunner(systemd, scheduler: scheduler)
    }

    public func run(_ check: HealthCheck) async -> HealthResult {
        let unit = TransientUnit(
            name: check.unit, description: "Health of a package, by Gatekeel", command: check.command,
            user: check.user, timeout: check.timeout, extensionDirectories: check.releases)
        // Of a daemon that ended during the check: its result is nobody's, and its name is taken.
        await runner.clear(check.unit)
        guard let end = await runner.run(unit) else { return .passed }
        return .failed("\(end)")
    }

    public func stop(_ unit: String) async { await runner.stop(unit) }
}
