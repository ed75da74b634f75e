import Bus
import Deployment
import EventLoop
import Linux

/// systemd over the system bus, or over its private socket where no bus runs yet.
@LoopActor
public final class SystemdConnection {
    let connection: BusConnection
    /// Nil on the private socket, where nobody else is.
    let destination: String?
    private var isSubscribed = false

    /// - Parameter connection: the system bus, or a peer connection to `/run/systemd/private`.
    public init(_ connection: BusConnection) {
        self.connection = connection
        destination = connection.isBus ? SystemdObject.name : nil
    }

    /// The socket that systemd itself listens on, for root alone; there as long as systemd is.
    public static let privateAddress = "unix:path=/run/systemd/private"

    /// Calls a method of the manager.
    ///
    /// - Parameter deadline: what systemd may take to answer; it answers when a job is queued, not when it is done.
    @discardableResult
    func call(
        _ member: String, _ arguments: [BusValue] = [], deadline: Duration = .seconds(25)
    ) async throws(BusError) -> [BusValue] {
        try await asking(deadline) { () async throws(BusError) in
            try await self.connection.call(
                self.destination, path: SystemdObject.path, interface: SystemdObject.manager, member: member,
                arguments, deadline: deadline)
        }
    }

    /// Asks once more when systemd left the bus before it answered: executed anew, as upgrades of systemd and of the C
    /// library do it, it is back at once, and the bus keeps what is said to it meanwhile. Done twice, these calls do no
    /// harm; given up, they would undo a good release.
    private func asking<Value>(
        _ deadline: Duration, _ question: @LoopActor () async throws(BusError) -> Value
    ) async throws(BusError) -> Value {
        let start = LoopScheduler.shared.now
        do throws(BusError) {
            return try await question()
        } catch {
            guard Self.isDeparture(error, after: LoopScheduler.shared.now - start, of: deadline) else { throw error }
            return try await question()
        }
    }

    /// Whether an error says that systemd left the bus. A deadline that passed has the same name, but not before it passed.
    nonisolated static func isDeparture(_ error: BusError, after elapsed: Duration, of deadline: Duration) -> Bool {
        error.name == BusError.noReply && elapsed < deadline
    }

    /// Has systemd send signals (`Subscribe`), once a connection.
    func subscribe() async throws(BusError) {
        if isSubscribed { return }
        isSubscribed = true
        do throws(BusError) {
            try await call("Subscribe")
        } catch {
            if error.name != "org.freedesktop.systemd1.AlreadySubscribed" {
                isSubscribed = false
                throw error
            }
        }
    }

    /// A property of the manager.
    func managerProperty(_ name: String) async throws(BusError) -> BusValue {
        let deadline: Duration = .seconds(25)
        return try await asking(deadline) { () async throws(BusError) in
            try await self.connection.property(
                name, of: SystemdObject.manager, at: SystemdObject.path, self.destination, deadline: deadline)
        }
    }

    /// All properties of a unit and of its type.
    func properties(of unit: String) async throws(BusError) -> [String: BusValue] {
        var values = try await properties(SystemdObject.unit, of: unit)
        if let own = SystemdObject.interface(of: unit) {
            let specific = try await properties(own, of: unit)
            values.merge(specific) { general, _ in general }
        }
        return values
    }

    private func properties(_ interface: String, of unit: String) async throws(BusError) -> [String: BusValue] {
        let deadline: Duration = .seconds(25)
        return try await asking(deadline) { () async throws(BusError) in
            try await self.connection.properties(
                of: interface, at: SystemdObject.path(of: unit), self.destination, deadline: deadline)
        }
    }

    /// Calls `changed` with the properties that systemd tells of a unit: those of its type and the general ones, which
    /// come in two signals, one after the other.
    func onChange(
        of unit: String, _ changed: @escaping @LoopActor ([String: BusValue]) -> Void
    ) throws(BusError) -> BusToken {
        var own: [String: BusValue] = [:]
        return try connection.onSignal(
            from: destination, path: SystemdObject.path(of: unit), interface: "org.freedesktop.DBus.Properties",
            member: "PropertiesChanged"
        ) { signal in
            guard signal.arguments.count == 3, let values = signal.arguments[1].properties else { return }
            if signal.arguments[0].text == SystemdObject.unit {
                changed(values.merging(own) { general, _ in general })
                own = [:]
            } else {
                own = values
            }
        }
    }

    /// Calls `changed` when systemd has read its unit files anew, and when somebody enabled, disabled or masked units
    /// (`Reloading`, `UnitFilesChanged`).
    func onUnitFilesChanged(_ changed: @escaping @LoopActor () -> Void) throws(BusError) -> [BusToken] {
        var tokens: [BusToken] = []
        for member in ["Reloading", "UnitFilesChanged"] {
            tokens.append(
                try connection.onSignal(
                    from: destination, path: SystemdObject.path, interface: SystemdObject.manager, member: member
                ) { signal in
                    // Reloading comes before, with true, and after.
                    if signal.arguments.first?.flag != true { changed() }
                })
        }
        return tokens
    }

    /// Errors that say a unit is not there, or has nothing to be done about.
    nonisolated static let absent: Set<String> = [
        "org.freedesktop.systemd1.NoSuchUnit", "org.freedesktop.systemd1.NoSuchProcess", "System.Error.ESRCH",
        "System.Error.ENOENT", "org.freedesktop.systemd1.NoSuchUnitFile",
    ]
}

extension DeploymentError {
    /// What systemd said when it was asked for something.
    init(systemd error: BusError, _ what: String) {
        self.init(.failed, "\(what): \(error.message)")
    }
}
