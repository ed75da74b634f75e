import Bus
import EventLoop

/// What clients need of the host by root's hand; `HostProxy` is the one over the bus.
@LoopActor
public protocol HostClient: AnyObject {
    func reboot() async throws(ContractError)
    /// How many seconds to wait until `reboot` is allowed; 0 when it is now.
    func rebootWait() async throws(ContractError) -> Int
    /// - Parameter microseconds: since the epoch.
    /// - Throws: `Refused` with the reason when a time service keeps the clock.
    func setTime(_ microseconds: UInt64) async throws(ContractError)
    /// - Parameter name: `Europe/Berlin`.
    func setTimezone(_ name: String) async throws(ContractError)
    /// Empty when the hardware has none.
    func hardwareSerial() async throws(ContractError) -> String
}

/// `org.gatekeel.Host1` over the bus.
@LoopActor
public final class HostProxy: HostClient {
    private let remote: RemoteObject

    public init(_ connection: BusConnection) {
        remote = RemoteObject(
            connection: connection, name: Installer1.busName, path: Host1.path, interface: Host1.name)
    }

    public func reboot() async throws(ContractError) { _ = try await remote.call("Reboot") }

    public func rebootWait() async throws(ContractError) -> Int {
        Int(clamping: try await remote.call("RebootWait").first?.unsigned ?? 0)
    }

    public func setTime(_ microseconds: UInt64) async throws(ContractError) {
        _ = try await remote.call("SetTime", [.uint64(microseconds)])
    }

    public func setTimezone(_ name: String) async throws(ContractError) {
        _ = try await remote.call("SetTimezone", [.string(name)])
    }

    public func hardwareSerial() async throws(ContractError) -> String {
        try await remote.property("HardwareSerial").text ?? ""
    }
}
