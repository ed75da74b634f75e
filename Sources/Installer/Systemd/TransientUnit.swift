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

/// How a transient unit ended without success.
enum UnitFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// systemd does not run it.
    case notStarted(String)
    case exited(status: Int)
    case signalled(Int)
    /// systemd ended it after `TransientUnit.timeout`.
    case timedOut
    /// systemd did not tell of an end.
    case silent(after: Duration)
    /// Its job ended without the unit's doing, or the unit failed in another way: systemd's word for it.
    case job(String)
    case failed(String)

    /// For people.
    var description: String {
        switch self {
        case .notStarted(let text): "systemd does not run it: \(text)"
        case .exited(let status): "it exited with status \(status)"
        case .signalled(let number): "it was ended by signal \(number)"
        case .timedOut: "it took too long and was killed"
        case .silent(let limit): "it did not end within \(limit)"
        case .job(let result): "its job ended: \(result)"
        case .failed(let result): "it failed (\(result))"
        }
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
    /// - Returns: nil when the command succeeded, else how it ended.
    func run(_ unit: TransientUnit) async -> UnitFailure? {
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
            return .notStarted(error.message)
        }
        // systemd keeps the time itself; this is for a systemd that does not answer.
        let deadline = scheduler.schedule(after: unit.timeout + .seconds(5)) {
            run.finish(.silent(after: unit.timeout))
        }
        let end = await run.ended()
        deadline.cancel()
        if case .silent = end { await stop(unit.name) }
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
    func stop(_ name: String) async {
        _ = try? await systemd.call("KillUnit", [.string(name), .string("all"), .int32(SIGKILL)])
        _ = try? await systemd.call("StopUnit", [.string(name), .string("replace")])
        _ = try? await systemd.call("ResetFailedUnit", [.string(name)])
    }
}

/// One run: what systemd told of it so far.
@LoopActor
private final class TransientRun {
    var tokens: [BusToken] = []
    private var result: UnitFailure??
    private var waiting: CheckedContinuation<UnitFailure?, Never>?

    func ended() async -> UnitFailure? {
        await withCheckedContinuation { continuation in
            if let result { return continuation.resume(returning: result) }
            waiting = continuation
        }
    }

    func finish(_ end: UnitFailure?) {
        guard result == nil else { return }
        result = .some(end)
        for token in tokens { token.cancel() }
        tokens = []
        waiting?.resume(returning: end)
        waiting = nil
    }

    func changed(_ values: [String: BusValue]) {
        let status = UnitStatus("", values)
        // Before its start a unit is inactive too: it has ended when it had left that state and no job is left.
        let wasUp = (values["InactiveExitTimestampMonotonic"]?.unsigned ?? 0) != 0
        let hasJob = (values["Job"]?.elements?.first?.unsigned ?? 0) != 0
        guard wasUp, !hasJob, status.isDown else { return }
        finish(Self.failure(status))
    }

    /// The unit's own state tells more and comes first; this is for a job that ended without its unit's doing.
    func jobEnded(_ job: String, _ scheduler: any Scheduler) {
        if job == "done" { return finish(nil) }
        scheduler.schedule(after: .milliseconds(500)) { self.finish(.job(job)) }
    }

    private static func failure(_ status: UnitStatus) -> UnitFailure? {
        if status.activeState == .inactive, status.result == "success" { return nil }
        switch (status.result, status.exitCode) {
        case ("timeout", _): return .timedOut
        case (_, 1): return .exited(status: Int(status.exitStatus))
        case (_, 2), (_, 3): return .signalled(Int(status.exitStatus))
        default: return .failed(status.result)
        }
    }
}
