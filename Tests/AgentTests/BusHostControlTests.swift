import Contract
import EventLoop
import HostObjects
import TestSupport
import Testing

@testable import Agent

/// The installer's side of the host, as far as a test says.
@LoopActor
private final class FakeHost: HostClient {
    var refusal: ContractError?
    var wait = 0
    var reboots = 0

    private func answer() throws(ContractError) { if let refusal { throw refusal } }

    func reboot() async throws(ContractError) {
        try answer()
        reboots += 1
    }

    func rebootWait() async throws(ContractError) -> Int {
        try answer()
        return wait
    }

    func setTime(_ microseconds: UInt64) async throws(ContractError) { try answer() }
    func setTimezone(_ name: String) async throws(ContractError) { try answer() }
    func hardwareSerial() async throws(ContractError) -> String { "" }
}

@Suite struct BusHostControlTests {
    @Test func whatComesTooOftenIsNotMistakenForWhatIsNeverAllowed() async throws {
        await onLoop {
            let host = FakeHost()
            let control = BusHostControl(host)
            for (code, error) in [
                (ContractError.Code.tooOften, HostControlError.tooOften("why")), (.refused, .refused("why")),
                (.invalidArgument, .refused("why")), (.failed, .failed("why")), (.unreachable, .failed("why")),
            ] {
                host.refusal = ContractError(code, "why")
                await #expect(throws: error) { try await control.setTime(1_700_000_000) }
                await #expect(throws: error) { try await control.setTimezone("Europe/Berlin") }
                await #expect(throws: error) { try await control.reboot() }
            }
        }
    }

    @Test func aRebootIsCheckedBeforeItIsAnswered() async throws {
        try await onLoop {
            let host = FakeHost()
            let control = BusHostControl(host)
            try await control.checkReboot()
            host.wait = 60
            await #expect(throws: HostControlError.tooOften("the gateway was rebooted too often; try again in 60 s")) {
                try await control.checkReboot()
            }
            host.refusal = ContractError(.unreachable, "gatekeel-installd does not run")
            await #expect(throws: HostControlError.failed("gatekeel-installd does not run")) {
                try await control.checkReboot()
            }
            #expect(host.reboots == 0)
        }
    }
}
