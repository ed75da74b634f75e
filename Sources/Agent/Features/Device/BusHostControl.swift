import Contract
import EventLoop
import HostObjects

/// What the Device object changes on the host, through `org.gatekeel.Host1` on the bus.
@LoopActor
final class BusHostControl: HostControl {
    private let client: any HostClient

    init(_ client: any HostClient) { self.client = client }

    func checkReboot() async throws(HostControlError) {
        var wait = 0
        try await asking { () async throws(ContractError) in wait = try await self.client.rebootWait() }
        guard wait > 0 else { return }
        throw .tooOften("the gateway was rebooted too often; try again in \(wait) s")
    }

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
            case .tooOften: throw .tooOften(error.text)
            case .refused, .invalidArgument: throw .refused(error.text)
            default: throw .failed(error.text)
            }
        }
    }
}
