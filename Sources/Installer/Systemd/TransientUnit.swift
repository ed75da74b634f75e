import Bus
import Deployment
import EventLoop
import Glibc

/// A command that systemd runs to its end, as a transient service of its own (`StartTransientUnit`): never a child of
/// this daemon, and not under its hardening.
struct TransientUnit: Sendable {
    /// `gatekeel-health-rinetd.service`.
    var name: String
    var description: String
    var command: [String]
    /// Empty: root.
    var user = ""
    var timeout: Duration
    /// Releases to overlay.
    var extensionDirectories: [String] = []

    /// The properties, as `a(sv)`.
    var properties: BusValue {
        var values: [(String, BusValue)] = [
            ("Description", .string(description)), ("Type", .string("oneshot")),
            (
                "ExecStart",
                .array(
                    of: "(sasb)",
                    [.structure([.string(command.first ?? ""), .strings(command), .bool(false)])])
            ),
            ("TimeoutStartUSec", .uint64(UInt64(max(1, timeout / .microseconds(1))))),
            ("TimeoutStopUSec", .uint64(2_000_000)),
            ("CollectMode", .string("inactive-or-failed")),
            // Recovery runs before what ordinary services wait for.
            ("DefaultDependencies", .bool(false)),
        ]
        if !user.isEmpty { values.append(("User", .string(user))) }
        if !extensionDirectories.isEmpty { values.append(("ExtensionDirectories", .strings(extensionDirectories))) }
        return .array(of: "(sv)", values.map { .structure([.string($0.0), .variant($0.1)]) })
    }
}

/// Runs transient units and tells how they ended, by systemd's signals.
@LoopActor
final class TransientRunner {
    private let systemd: SystemdConnection
    private let scheduler: any Scheduler

    init(_ systemd: SystemdConnection, scheduler: any Scheduler) {
        self.systemd = systemd
        self.scheduler = scheduler
    }

    /// Runs a unit to its end.
    ///
    /// - Returns: nil when the command succeeded, else how it ended, for people.
    func run(_ unit: TransientUnit) async -> String? {
        let run = TransientRun()
        do throws(BusError) {
            try await systemd.subscribe()
            // Before the start, so that no signal is missed.
            run.tokens.append(try systemd.onChange(of: unit.name) { run.changed($0) })
            run.tokens.append(
                try systemd.connection.onSignal(
                    from: systemd.destination, path: SystemdObject.path, interface: SystemdObject.manager,
                    member: "JobRemoved"
                ) { [scheduler] signal in
                    guard signal.arguments.count == 4, signal.arguments[2].text == unit.name else { return }
                    run.jobEnded(signal.arguments[3].text ?? "", scheduler)
                })
            try await systemd.call(
                "StartTransientUnit",
                [.string(unit.name), .string("fail"), unit.properties, .array(of: "(sa(sv))", [])])
        } catch {
            run.finish(nil)
            return "systemd does not run it: \(error.message)"
        }
        // systemd keeps the time itself; this is for a systemd that does not answer.
        let deadline = scheduler.schedule(after: unit.timeout + .seconds(5)) {
            run.finish("it did not end within \(unit.timeout)")
        }
        let end = await run.ended()
        deadline.cancel()
        if let end, run.isLate { await stop(unit.name, because: end) }
        return end
    }

    /// Ends what is left of this name, and waits until systemd has forgotten it: a name can be started once at a time.
    func clear(_ name: String) async {
        for _ in 1...50 {
            do throws(BusError) {
                try await systemd.call("GetUnit", [.string(name)])
            } catch {
                // It is not there; all that was told of it was told before this answer.
                return
            }
            await stop(name)
            await scheduler.sleep(for: .milliseconds(100))
        }
    }

    /// Ends a unit with all its processes; nothing when it does not run.
    func stop(_ name: String, because reason: String = "") async {
        _ = try? await systemd.call("KillUnit", [.string(name), .string("all"), .int32(SIGKILL)])
        _ = try? await systemd.call("StopUnit", [.string(name), .string("replace")])
        _ = try? await systemd.call("ResetFailedUnit", [.string(name)])
    }
}

/// One run: what systemd told of it so far.
@LoopActor
private final class TransientRun {
    var tokens: [BusToken] = []
    private(set) var isLate = false
    private var last: [String: BusValue] = [:]
    private var result: String??
    private var waiting: CheckedContinuation<String?, Never>?

    func ended() async -> String? {
        await withCheckedContinuation { continuation in
            if let result { return continuation.resume(returning: result) }
            waiting = continuation
        }
    }

    func finish(_ end: String?) {
        guard result == nil else { return }
        result = .some(end)
        isLate = end?.hasPrefix("it did not end") == true
        for token in tokens { token.cancel() }
        tokens = []
        waiting?.resume(returning: end)
        waiting = nil
    }

    func changed(_ values: [String: BusValue]) {
        last = values
        let status = UnitStatus("", values)
        // Before its start a unit is inactive too: it has ended when it had left that state and no job is left.
        let wasUp = (values["InactiveExitTimestampMonotonic"]?.unsigned ?? 0) != 0
        let hasJob = (values["Job"]?.elements?.first?.unsigned ?? 0) != 0
        guard wasUp, !hasJob, status.isDown else { return }
        finish(Self.text(status))
    }

    /// The unit's own state tells more and comes first; this is for a job that ended without its unit's doing.
    func jobEnded(_ job: String, _ scheduler: any Scheduler) {
        if job == "done" { return finish(nil) }
        scheduler.schedule(after: .milliseconds(500)) { self.finish("its job ended: \(job)") }
    }

    private static func text(_ status: UnitStatus) -> String? {
        if status.activeState == .inactive, status.result == "success" { return nil }
        switch (status.result, status.exitCode) {
        case ("timeout", _): return "it took too long and was killed"
        case (_, 1): return "it exited with status \(status.exitStatus)"
        case (_, 2), (_, 3): return "it was ended by signal \(status.exitStatus)"
        default: return "it failed (\(status.result))"
        }
    }
}
