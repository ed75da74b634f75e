import Bus
import Deployment
import EventLoop
import Glibc

/// The pipeline's port to systemd: `org.freedesktop.systemd1.Manager`, with signals for what changes.
@LoopActor
public final class SystemdUnitManager: UnitManager {
    private let systemd: SystemdConnection
    /// The last properties known of the units that are watched; a signal does not hold those that never change.
    private var known: [String: [String: BusValue]] = [:]
    private var watches: [ObjectIdentifier: UnitWatch] = [:]

    public init(_ systemd: SystemdConnection) { self.systemd = systemd }

    public func reload() async throws {
        do throws(BusError) {
            // Generators run and every unit file is read: slow on a small gateway.
            try await systemd.call("Reload", deadline: .seconds(90))
        } catch {
            throw DeploymentError(systemd: error, "systemd cannot reload its unit files")
        }
    }

    public func enable(_ units: [String]) async throws {
        guard !units.isEmpty else { return }
        do throws(BusError) {
            try await systemd.call("EnableUnitFiles", [.strings(units), .bool(false), .bool(false)])
        } catch {
            throw DeploymentError(systemd: error, "systemd does not enable \(units.joined(separator: ", "))")
        }
    }

    public func disable(_ units: [String]) async throws {
        for unit in units {
            try await ask("disable", unit, mayBeAbsent: true, "DisableUnitFiles", [.strings([unit]), .bool(false)])
        }
    }

    public func start(_ units: [String]) async throws {
        var failure: (any Error)?
        for unit in units {
            do {
                try await ask("start", unit, mayBeAbsent: false, "StartUnit", [.string(unit), .string("replace")])
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    public func stop(_ units: [String]) async throws {
        for unit in units {
            try await ask("stop", unit, mayBeAbsent: true, "StopUnit", [.string(unit), .string("replace")])
        }
    }

    public func kill(_ units: [String]) async throws {
        for unit in units {
            try await ask(
                "kill", unit, mayBeAbsent: true, "KillUnit", [.string(unit), .string("all"), .int32(SIGKILL)])
        }
    }

    public func resetFailed(_ units: [String]) async throws {
        for unit in units {
            try await ask("reset", unit, mayBeAbsent: true, "ResetFailedUnit", [.string(unit)])
        }
    }

    public func defaultStopTimeout() async throws -> Duration? {
        do throws(BusError) {
            return timeout(try await systemd.managerProperty("DefaultTimeoutStopUSec"))
        } catch {
            throw DeploymentError(systemd: error, "systemd does not tell its defaults")
        }
    }

    public func status(of units: [String]) async throws -> [UnitStatus] {
        var result: [UnitStatus] = []
        for unit in units {
            do throws(BusError) {
                let values = try await systemd.properties(of: unit)
                if watches.values.contains(where: { $0.units.contains(unit) }) { known[unit] = values }
                result.append(UnitStatus(unit, values))
            } catch {
                guard SystemdConnection.absent.contains(error.name) else {
                    throw DeploymentError(systemd: error, "systemd does not tell about \(unit)")
                }
                result.append(UnitStatus(unit: unit, activeState: .inactive))
            }
        }
        return result
    }

    public func loaded(matching patterns: [String]) async throws -> [String] {
        guard !patterns.isEmpty else { return [] }
        do throws(BusError) {
            let reply = try await systemd.call("ListUnitsByPatterns", [.strings([]), .strings(patterns)])
            return (reply.first?.elements ?? []).compactMap { $0.elements?.first?.text }
        } catch {
            throw DeploymentError(systemd: error, "systemd does not list its units")
        }
    }

    public func watchFiles(_ changed: @escaping @LoopActor () -> Void) -> any Scheduled {
        let watch = UnitWatch(units: [])
        // What cannot be matched goes with the connection, whose end ends the daemon.
        watch.tokens = (try? systemd.onUnitFilesChanged(changed)) ?? []
        LoopActor.spawn { [systemd] in try? await systemd.subscribe() }
        return watch
    }

    public func watch(_ units: [String], _ changed: @escaping @LoopActor (UnitStatus) -> Void) -> any Scheduled {
        let watch = UnitWatch(units: Set(units))
        watches[ObjectIdentifier(watch)] = watch
        watch.onCancel = { [weak self, weak watch] in
            guard let self, let watch else { return }
            self.watches[ObjectIdentifier(watch)] = nil
            for unit in watch.units where !self.watches.values.contains(where: { $0.units.contains(unit) }) {
                self.known[unit] = nil
            }
        }
        for unit in units {
            // What cannot be matched goes with the connection, whose end ends the daemon.
            let token = try? systemd.onChange(of: unit) { [weak self] values in
                let all = (self?.known[unit] ?? [:]).merging(values) { _, new in new }
                self?.known[unit] = all
                changed(UnitStatus(unit, all))
            }
            if let token { watch.tokens.append(token) }
        }
        LoopActor.spawn { [systemd] in try? await systemd.subscribe() }
        return watch
    }

    private func ask(
        _ verb: String, _ unit: String, mayBeAbsent: Bool, _ member: String, _ arguments: [BusValue]
    ) async throws {
        do throws(BusError) {
            try await systemd.call(member, arguments)
        } catch {
            if mayBeAbsent, SystemdConnection.absent.contains(error.name) { return }
            throw DeploymentError(systemd: error, "systemd does not \(verb) \(unit)")
        }
    }
}

/// Units that somebody watches.
@LoopActor
private final class UnitWatch: Scheduled {
    let units: Set<String>
    var tokens: [BusToken] = []
    var onCancel: (@LoopActor () -> Void)?

    init(units: Set<String>) { self.units = units }

    func cancel() {
        for token in tokens { token.cancel() }
        tokens = []
        let onCancel = onCancel
        self.onCancel = nil
        onCancel?()
    }
}

/// Microseconds; the largest number stands for no end.
private func timeout(_ value: BusValue?) -> Duration? {
    value?.unsigned.flatMap { $0 == .max ? nil : .microseconds($0) }
}

extension UnitStatus {
    /// From systemd's properties; what is missing has a neutral value.
    init(_ unit: String, _ values: [String: BusValue]) {
        func text(_ key: String) -> String { values[key]?.text ?? "" }
        func number(_ key: String) -> Int { values[key]?.integer ?? 0 }
        self.init(
            unit: unit, activeState: ActiveState(rawValue: text("ActiveState")) ?? .inactive,
            subState: text("SubState"), result: values["Result"]?.text ?? "success", restarts: number("NRestarts"),
            exitCode: Int32(clamping: number("ExecMainCode")), exitStatus: Int32(clamping: number("ExecMainStatus")),
            conditionsHold: values["ConditionResult"]?.flag ?? true,
            assertsHold: values["AssertResult"]?.flag ?? true,
            conditionTimestamp: values["ConditionTimestampMonotonic"]?.unsigned ?? 0,
            isOneshot: text("Type") == "oneshot", accepts: values["Accept"]?.flag ?? false,
            stopTimeout: timeout(values["TimeoutStopUSec"]),
            triggeredBy: values["TriggeredBy"]?.elements?.compactMap(\.text) ?? [],
            hasJob: (values["Job"]?.elements?.first?.unsigned ?? 0) != 0, fileState: text("UnitFileState"),
            hasStopCommands: ["ExecStop", "ExecStopPre", "ExecStopPost"].contains {
                values[$0]?.elements?.isEmpty == false
            })
    }
}
