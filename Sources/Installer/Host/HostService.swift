import Bus
import Contract
import EventLoop
import Journal

/// `org.gatekeel.Host1`: reboot, clock, time zone and serial number, each by asking systemd's own service for it.
@LoopActor
public final class HostService {
    /// The object to export.
    public let object = BusObject(path: Host1.path)
    /// Who may do what.
    public var access: CallerPolicy

    private let connection: BusConnection
    private let systemd: SystemdConnection
    private let reboots: RateLimit
    private let clocks: RateLimit
    private let horizon: @LoopActor () async -> Int64?

    private static let timedate = "org.freedesktop.timedate1"

    /// - Parameters:
    ///   - connection: the system bus, for timedate1.
    ///   - horizon: when the keyring's last certificate ends, in seconds since the epoch; nil without a keyring.
    public init(
        _ connection: BusConnection, _ systemd: SystemdConnection, access: CallerPolicy, scheduler: any Scheduler,
        serial: String? = nil, horizon: @escaping @LoopActor () async -> Int64? = { nil }
    ) {
        self.connection = connection
        self.systemd = systemd
        self.access = access
        self.horizon = horizon
        reboots = RateLimit(2, every: .seconds(60), scheduler: scheduler)
        clocks = RateLimit(10, every: .seconds(6), scheduler: scheduler)
        let serial = serial ?? HardwareSerial.read()
        object.authorize = { [weak self] call, changes throws(BusError) in
            guard let self else { return }
            let caller = try await call.credentials()
            do throws(ContractError) {
                try self.access.check(caller, changes: changes)
            } catch {
                Log.event(.callerRefused, "The user \(caller.user, .user) may not call \(call.member, .operation)")
                throw error.busError
            }
        }
        object.add(
            Host1.interface,
            methods: [
                "Reboot": { [unowned self] call throws(BusError) in try await reboot(call) },
                "SetTime": { [unowned self] call throws(BusError) in
                    // Years 2000 to 2200: what is outside is a mistake, and would make every certificate worthless.
                    let time = call.arguments[0].unsigned ?? 0
                    guard (946_684_800_000_000...7_258_118_400_000_000).contains(time) else {
                        throw ContractError(.invalidArgument, "the time is not of this century or the next").busError
                    }
                    if let end = await self.horizon(), Int64(time / 1_000_000) > end {
                        throw ContractError(
                            .invalidArgument,
                            "every certificate of the keyring has ended by then (\(isoTime(end))): no package could be installed"
                        ).busError
                    }
                    try await setClock("SetTime", [.int64(Int64(time)), .bool(false), .bool(false)])
                    return []
                },
                "SetTimezone": { [unowned self] call throws(BusError) in
                    let zone = try call.text(0, Self.isTimezone, "a time zone such as Europe/Berlin")
                    try await setClock("SetTimezone", [.string(zone), .bool(false)])
                    return []
                },
            ],
            properties: ["HardwareSerial": { .string(serial) }])
    }

    private func reboot(_ call: BusCall) async throws(BusError) -> [BusValue] {
        guard reboots.take() else {
            throw ContractError(.tooOften, "a reboot was asked for twice within a minute; wait a little").busError
        }
        let caller = try await call.credentials()
        Log.event(
            .rebootRequested,
            LogMessage("The gateway reboots: \("asked for over D-Bus", .reason)").with(.user, caller.user))
        do throws(BusError) {
            // What logind does; systemd's own Reboot() would not stop services in order, and a small host has no logind.
            try await systemd.call("StartUnit", [.string("reboot.target"), .string("replace-irreversibly")])
        } catch {
            throw ContractError(.failed, "systemd does not reboot: \(error.message)").busError
        }
        return []
    }

    private func setClock(_ member: String, _ arguments: [BusValue]) async throws(BusError) {
        guard clocks.take() else {
            throw ContractError(.tooOften, "the clock was set too often; wait a little").busError
        }
        do throws(BusError) {
            try await connection.call(
                Self.timedate, path: "/org/freedesktop/timedate1", interface: Self.timedate, member: member, arguments)
        } catch {
            switch error.name {
            case "\(Self.timedate).AutomaticTimeSyncEnabled":
                throw ContractError(
                    .refused, "a time service (NTP) keeps the clock; turn it off first with timedatectl set-ntp false"
                ).busError
            case BusError.invalidArguments:
                throw ContractError(.invalidArgument, error.message).busError
            case BusError.serviceUnknown, "org.freedesktop.DBus.Error.Spawn.ServiceNotFound":
                throw ContractError(.refused, "systemd-timedated is not there to set the clock").busError
            default:
                throw ContractError(.failed, "systemd-timedated: \(error.message)").busError
            }
        }
    }

    /// The shape of a name of the time zone database; timedated looks whether it is there.
    nonisolated static func isTimezone(_ text: String) -> Bool {
        guard (1...64).contains(text.utf8.count), !text.hasPrefix("/"), !text.hasSuffix("/") else { return false }
        return text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty
                && part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" || $0 == "+") }
        }
    }
}
