import Configuration
import Testing

@testable import Agent
@testable import LwM2MClient

@Suite struct StatusLineTests {
    private static func server(
        _ name: String, _ state: ConnectionStatus.State, _ error: String? = nil
    ) -> ConnectionStatus {
        ConnectionStatus(
            name: name, shortServerID: 1, uri: "coap://a.example:5683", state: state, registeredSince: nil,
            lastError: error, nextAttempt: nil, location: nil, lifetime: 300, observations: 0, waitingValues: 0,
            peer: nil)
    }

    @Test(
        arguments: [
            ([], "No server is configured"),
            ([server("a", .registering)], "Registering with a"),
            ([server("a", .registered)], "Registered with a as gw"),
            ([server("a", .updating)], "Registered with a as gw"),
            ([server("a", .waiting, "no answer came")], "Out of reach: a: no answer came"),
            ([server("a", .registering, "no answer came")], "Out of reach: a: no answer came"),
            ([server("a", .refused, "4.03")], "Refused by a: 4.03"),
            ([server("a", .held, "it is not its turn")], "Not contacted yet: a: it is not its turn"),
            ([server("a", .disabled)], "Disabled by a"),
            ([server("a", .stopped)], "De-registered from a"),
            (
                [server("a", .registered), server("b", .waiting, "no answer came")],
                "Registered with a as gw; Out of reach: b: no answer came"
            ),
        ] as [([ConnectionStatus], String)])
    func everyServerIsShownAsItIs(servers: [ConnectionStatus], text: String) {
        #expect(StatusLine(endpoint: "gw", servers: servers).text == text)
    }

    @Test func aRefusedConfigurationComesFirstAndHidesNoServer() {
        let line = StatusLine(endpoint: "gw", isConfigurationRefused: true, servers: [Self.server("a", .registered)])
        #expect(
            line.text == "The configuration has errors; the last one that worked is in use; Registered with a as gw")
    }
}
