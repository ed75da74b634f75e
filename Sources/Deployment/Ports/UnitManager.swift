import EventLoop

/// What the pipeline needs of systemd: `org.freedesktop.systemd1.Manager` and the units' properties.
///
/// No call waits for a job's end, and the pipeline does not use job results: `UnitStatus` decides.
@LoopActor
public protocol UnitManager: AnyObject {
    /// `Reload`: systemd reads all unit files again; returns when it has.
    func reload() async throws

    /// `EnableUnitFiles(units, runtime: false, force: false)`: the links that the `[Install]` sections ask for.
    /// Units without such a section are no error.
    func enable(_ units: [String]) async throws

    /// `DisableUnitFiles(units, runtime: false)`. Units that are not there are no error.
    func disable(_ units: [String]) async throws

    /// `StartUnit(unit, "replace")` for each, in order; returns when the jobs are queued.
    ///
    /// - Throws: what systemd says when it takes no job (masked, not found, bad setting), with the unit's name.
    func start(_ units: [String]) async throws

    /// `StopUnit(unit, "replace")` for each; returns when the jobs are queued. A unit that is not loaded is no error.
    func stop(_ units: [String]) async throws

    /// `KillUnit(unit, "all", SIGKILL)`. A unit without processes is no error.
    func kill(_ units: [String]) async throws

    /// `ResetFailedUnit` for each: forgets the failed state and the restart counter. Not loaded is no error.
    func resetFailed(_ units: [String]) async throws

    /// `DefaultTimeoutStopUSec`: what units have to stop whose files do not say; nil for ever.
    func defaultStopTimeout() async throws -> Duration?

    /// The units' present properties, in any order. A unit that systemd does not know is `.inactive`.
    func status(of units: [String]) async throws -> [UnitStatus]

    /// `ListUnitsByPatterns([], patterns)`: the names of loaded units that match a pattern of `fnmatch(3)`: instances of
    /// a template (`foo@*.service`).
    func loaded(matching patterns: [String]) async throws -> [String]

    /// Calls `changed` after unit files were read anew, enabled, disabled or masked, until the token is cancelled.
    func watchFiles(_ changed: @escaping @LoopActor () -> Void) -> any Scheduled

    /// Calls `changed` with the new properties whenever one of the units changed (`PropertiesChanged`), until the
    /// token is cancelled. Nothing is reported at first: ask `status(of:)` after this call.
    func watch(_ units: [String], _ changed: @escaping @LoopActor (UnitStatus) -> Void) -> any Scheduled
}

/// The properties of a unit that the pipeline uses.
public struct UnitStatus: Hashable, Sendable {
    /// `ActiveState`.
    public enum ActiveState: String, Sendable, CaseIterable {
        case active, reloading, inactive, failed, activating, deactivating, maintenance, refreshing
    }

    /// `Id`: with its suffix, an instance with its name.
    public var unit: String
    /// `ActiveState`.
    public var activeState: ActiveState
    /// `SubState`: `running`, `exited`, `dead`, `auto-restart`, …
    public var subState: String
    /// `Result` of a service, socket, timer: `success`, `exit-code`, `timeout`, `watchdog`, …
    public var result: String
    /// `NRestarts` of a service: automatic restarts since it was started by hand or since `ResetFailed`.
    public var restarts: Int
    /// `ExecMainCode` of a service: `CLD_EXITED` (1), `CLD_KILLED` (2), `CLD_DUMPED` (3); 0 when there is none yet.
    public var exitCode: Int32
    /// `ExecMainStatus`: the exit status, or the signal's number.
    public var exitStatus: Int32
    /// `ConditionResult` of the last start: false when systemd skipped the unit, which is no failure.
    public var conditionsHold: Bool
    /// `AssertResult` of the last start whose conditions held: false when systemd refused the start.
    public var assertsHold: Bool
    /// `ConditionTimestampMonotonic`, in µs: when the last start began; 0 for never.
    public var conditionTimestamp: UInt64
    /// `Type` of a service is `oneshot`: inactive with `success` is as it should be.
    public var isOneshot: Bool
    /// `Accept` of a socket: each connection gets an instance of the service of its own.
    public var accepts: Bool
    /// `TimeoutStopUSec` of a service, socket, …: systemd kills what has not ended by then. Nil: it waits for ever, or the type
    /// of unit has no such time.
    public var stopTimeout: Duration?
    /// `TriggeredBy`: sockets, paths and timers that start the unit, of the host too.
    public var triggeredBy: [String]
    /// `Job`: a start or stop waits for its turn or is under way.
    public var hasJob: Bool
    /// `UnitFileState`: `enabled`, `disabled`, `static`, `masked`, …; empty when systemd does not tell.
    public var fileState: String
    /// `ExecStop`, `ExecStopPre` or `ExecStopPost`: a program of the release takes part in stopping.
    public var hasStopCommands: Bool

    public init(
        unit: String, activeState: ActiveState, subState: String = "", result: String = "success", restarts: Int = 0,
        exitCode: Int32 = 0, exitStatus: Int32 = 0, conditionsHold: Bool = true, assertsHold: Bool = true,
        conditionTimestamp: UInt64 = 0, isOneshot: Bool = false, accepts: Bool = false, stopTimeout: Duration? = nil,
        triggeredBy: [String] = [], hasJob: Bool = false, fileState: String = "", hasStopCommands: Bool = false
    ) {
        self.unit = unit
        self.activeState = activeState
        self.subState = subState
        self.result = result
        self.restarts = restarts
        self.exitCode = exitCode
        self.exitStatus = exitStatus
        self.conditionsHold = conditionsHold
        self.assertsHold = assertsHold
        self.conditionTimestamp = conditionTimestamp
        self.isOneshot = isOneshot
        self.accepts = accepts
        self.stopTimeout = stopTimeout
        self.triggeredBy = triggeredBy
        self.hasJob = hasJob
        self.fileState = fileState
        self.hasStopCommands = hasStopCommands
    }

    /// Whether the unit has no processes and will get none by itself.
    public var isDown: Bool { activeState == .inactive || activeState == .failed }

    /// Whether the unit runs, or a start of it waits for its turn: soon after a boot.
    var isUpOrQueued: Bool { !isDown || hasJob }

    /// Whether systemd skipped the last start: a condition in the unit's file did not hold.
    public var wasSkipped: Bool { activeState == .inactive && conditionTimestamp > 0 && !conditionsHold }

    /// Whether no start or stop is in progress. An assertion prevents a start only when it begins, not in the middle.
    var isAtRest: Bool { isDown || activeState == .active || subState.hasPrefix("auto-restart") }
}
