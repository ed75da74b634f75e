import Testing

@testable import HostObjects

/// The transition table of object 9: every state against every event.
@Suite struct UpdateStateTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let from: UpdateState
        let event: SoftwareEvent
        var inPlace = false
        let to: UpdateState
        let result: UpdateResult?

        var testDescription: String { name }
    }

    static let rows: [Row] = [
        Row(name: "a push starts", from: .initial, event: .pushStarted, to: .downloadStarted, result: .downloading),
        Row(name: "a pull starts", from: .initial, event: .uriAccepted, to: .downloadStarted, result: .downloading),
        Row(name: "a bad URI", from: .initial, event: .deliveryRefused(.invalidURI), to: .initial, result: .invalidURI),
        Row(
            name: "the connection is lost", from: .downloadStarted, event: .transferFailed(.connectionLost),
            to: .initial, result: .connectionLost),
        Row(
            name: "all bytes are stored", from: .downloadStarted, event: .transferCompleted, to: .downloaded,
            result: .initial),
        Row(name: "it verifies", from: .downloaded, event: .verified, to: .delivered, result: .verified),
        Row(
            name: "it does not verify", from: .downloaded, event: .refused(.integrityFailure), to: .initial,
            result: .integrityFailure),
        Row(
            name: "installed", from: .delivered, event: .installSucceeded, inPlace: true, to: .installed,
            result: .installed),
        Row(
            name: "the first install fails", from: .delivered, event: .installFailed, to: .delivered,
            result: .installFailure),
        Row(
            name: "an update fails", from: .delivered, event: .installFailed, inPlace: true, to: .delivered,
            result: .installFailure),
        Row(name: "a delivery is dropped", from: .delivered, event: .uninstalled, to: .initial, result: .initial),
        Row(
            name: "an update is dropped", from: .delivered, event: .uninstalled, inPlace: true, to: .installed,
            result: .initial),
        Row(
            name: "an update is not wanted any more", from: .initial, event: .uninstalled, inPlace: true,
            to: .installed,
            result: .initial),
        Row(name: "removed", from: .installed, event: .uninstalled, to: .initial, result: .initial),
        Row(
            name: "not removed", from: .installed, event: .uninstallFailed, inPlace: true, to: .installed,
            result: .uninstallFailure),
        Row(
            name: "prepared for an update", from: .installed, event: .updatePrepared, inPlace: true, to: .initial,
            result: .initial),
        Row(
            name: "a reboot with nothing pending", from: .initial, event: .rebooted, inPlace: true, to: .installed,
            result: .installed),
        Row(
            name: "installed on the host", from: .initial, event: .appeared, inPlace: true, to: .installed,
            result: .installed),
        Row(
            name: "updated on the host", from: .installed, event: .appeared, inPlace: true, to: .installed, result: nil),
        Row(name: "removed on the host", from: .installed, event: .vanished, to: .initial, result: .initial),
    ]

    @Test(arguments: rows)
    func theTableSays(row: Row) throws {
        let next = try #require(row.from.next(row.event, inPlace: row.inPlace))
        #expect(next.state == row.to)
        #expect(next.result == row.result)
    }

    @Test func everythingElseDoesNotApply() {
        let events: [SoftwareEvent] = [
            .pushStarted, .uriAccepted, .deliveryRefused(.invalidURI), .transferFailed(.connectionLost),
            .transferCompleted, .verified,
            .refused(.integrityFailure), .installSucceeded, .installFailed, .uninstalled, .uninstallFailed,
            .updatePrepared, .rebooted, .appeared, .vanished,
        ]
        for state in UpdateState.allCases {
            for event in events where !Self.rows.contains(where: { $0.from == state && $0.event == event }) {
                #expect(state.next(event, inPlace: true) == nil, "\(state) \(event)")
            }
        }
        #expect(UpdateState.initial.next(.rebooted, inPlace: false) == nil)
    }

    @Test func theNumbersAreTheRegistrys() {
        #expect(UpdateState.allCases.map(\.rawValue) == [0, 1, 2, 3, 4])
        #expect(UpdateResult.allCases.map(\.rawValue) == [0, 1, 2, 3, 50, 51, 52, 53, 54, 56, 57, 58, 59])
    }
}
