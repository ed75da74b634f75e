import Contract
import EventLoop
import HostObjects

/// The Device object's hand on the host: `org.gatekeel.Host1` over the bus.
@LoopActor
final class BusHostControl: HostControl {
    private let client: any HostClient

    init(_ client: any HostClient) { self.client = client }

    func reboot() async throws(HostControlError) {
        try await asking { () async throws(ContractError) in try await self.client.reboot() }
    }

    func setTime(_ seconds: Int64) async throws(HostControlError) {
        guard seconds >= 0 else { throw .refused("the time cannot be before 1970") }
        let microseconds = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000)
        guard !microseconds.overflow else { throw .refused("the time is too far in the future") }
        try await asking { () async throws(ContractError) in
            try await self.client.setTime(microseconds.partialValue)
        }
    }

    func setTimezone(_ name: String) async throws(HostControlError) {
        try await asking { () async throws(ContractError) in try await self.client.setTimezone(name) }
    }

    private func asking(_ call: @LoopActor () async throws(ContractError) -> Void) async throws(HostControlError) {
        do throws(ContractError) {
            try await call()
        } catch {
            switch error.code {
            case .refused, .tooOften, .invalidArgument: throw .refused(error.text)
            default: throw .failed(error.text)
            }
        }
    }
}
