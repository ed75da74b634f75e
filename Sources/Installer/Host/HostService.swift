import Bus
import Contract
import EventLoop
import Journal

/// `org.gatekeel.Host1`: reboot, clock, time zone and serial number. systemd's services make the changes.
@LoopActor
public final class HostService {
    /// The object to export.
    public let object = BusObject(path: Host1.path)
    /// Who may do what.
    public var access: CallerPolicy

    private let connection: BusConnection
    private let systemd: SystemdConnection
    private let reboots: RebootLimit
    private let clocks: RateLimit
    private let horizon: @LoopActor () async -> Int64?

    private static let timedate = "org.freedesktop.timedate1"

    /// - Parameters:
    ///   - connection: the system bus, for timedate1.
    ///   - reboots: how often Reboot may be called.
    ///   - horizon: when the keyring's last certificate ends, in seconds since the epoch; nil without a keyring.
    public init(
        _ connection: BusConnection, _ systemd: SystemdConnection, access: CallerPolicy, scheduler: any Scheduler,
        reboots: RebootLimit, serial: String? = nil, horizon: @escaping @LoopActor () async -> Int64? = { nil }
    ) {
        self.connection = connection
        self.systemd = systemd
        self.access = access
        self.horizon = horizon
        self.reboots = reboots
        // More than any server writes in its normal work: conformance tests write a few times a second.
        clocks = RateLimit(60, every: .seconds(1), scheduler: scheduler)
        let serial = serial ?? HardwareSerial.read()
        object.authorize = { [weak self] call, changes throws(BusError) in
            // Exported for a moment longer than the service lives: nobody can be checked any more.
            guard let self else { throw ContractError(.accessDenied, "gatekeel-installd is stopping").busError }
            let caller = try await call.credentials()
            do throws(ContractError) {
                try self.access.check(caller, changes: changes)
            } catch {
                Log.event(
                    .callerRefused,
                    "The user \(caller.user, .user) may not call \(call.member, .operation); call it as root")
                throw error.busError
            }
        }
        object.add(
            Host1.interface,
            methods: [
                "Reboot": { [unowned self] call throws(BusError) in try await reboot(call) },
                "RebootWait": { _ throws(BusError) in
                    [.uint64(UInt64(clamping: await reboots.wait()))]
                },
                "SetTime": { [unowned self] call throws(BusError) in
                    // Years 2000 to 2200: a time outside is a mistake, and no certificate would be valid then.
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
        let caller = try await call.credentials()
        if let wait = await reboots.take() {
            throw ContractError(
                .tooOften,
                "the gateway was rebooted \(RebootHistory.allowed) times in \(RebootHistory.window / 60) minutes; try again in \(wait) s"
            ).busError
        }
        Log.event(
            .rebootRequested,
            LogMessage("The gateway reboots: \("asked for over D-Bus", .reason)").with(.user, caller.user))
        do throws(BusError) {
            // As logind does. systemd's own Reboot() would not stop services in order, and a small host may have no logind.
            try await systemd.call("StartUnit", [.string("reboot.target"), .string("replace-irreversibly")])
        } catch {
            throw ContractError(.failed, "systemd does not reboot: \(error.message)").busError
        }
        return []
    }

    private func setClock(_ member: String, _ arguments: [BusValue]) async throws(BusError) {
        if let wait = clocks.take() {
            throw ContractError(
                .tooOften,
                "the clock was set 60 times within a minute; try again in \(max(1, wait.components.seconds)) s"
            ).busError
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

    /// Whether a text has the form of a time zone's name; timedated checks whether there is such a zone.
    nonisolated static func isTimezone(_ text: String) -> Bool {
        guard (1...64).contains(text.utf8.count), !text.hasPrefix("/"), !text.hasSuffix("/") else { return false }
        return text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty
                && part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" || $0 == "+") }
        }
    }
}
