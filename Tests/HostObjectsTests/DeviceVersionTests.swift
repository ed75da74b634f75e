import LwM2M
import LwM2MClient
import TestSupport
import Testing

@testable import HostObjects

/// Objects as servers of each version of LwM2M know them.
@Suite struct DeviceVersionTests {
    /// The present codes of Error Code (3/0/11), and what a server of LwM2M 1.0 reads.
    @Test(
        arguments: [
            ([], [0: 0], [0: 0]), ([.configurationRefused], [0: 16], [0: 0]),
            ([.connectivityFailure], [0: 7], [0: 7]),
            ([.accountUnusable, .connectivityFailure], [0: 17, 1: 7], [1: 7]),
        ] as [([DeviceError], [UInt16: Int64], [UInt16: Int64])])
    func version10DoesNotGetTheDevicesOwnErrorCodes(
        errors: [DeviceError], all: [UInt16: Int64], old: [UInt16: Int64]
    ) async throws {
        let host = try RecordedHost([:])
        try await onLoop {
            let device = DeviceFixture(host).device
            for error in errors { device.report(error, true) }
            let content = try device.read(0, 11)
            for (version, codes) in [(EnablerVersion.v10, old), (.v11, all), (.v12, all)] {
                let expected = ResourceContent.multiple(codes.mapValues(Value.integer))
                #expect(device.content(content, of: 11, in: version) == expected, "\(version)")
            }
            let power = ResourceContent.multiple([0: .integer(20)])
            #expect(device.content(power, of: 6, in: .v10) == power)
        }
    }

    @Test func theVersionsOfTheObjects() async throws {
        let host = try RecordedHost([:])
        await onLoop {
            let device = DeviceFixture(host).device
            let server = ServerObject(accounts: ServerAccounts(seeds: [], path: nil))
            #expect(EnablerVersion.allCases.map { device.definition(in: $0).version } == ["1.0", "1.2", "1.2"])
            #expect(EnablerVersion.allCases.map { server.definition(in: $0).version } == ["1.0", "1.1", "1.2"])
        }
    }
}
