import LwM2MClient
import TestSupport
import Testing

/// Signals of CoAP over TCP (RFC 8323, 5) that come over UDP, where they mean nothing.
@Suite struct SignalTests {
    @Test(arguments: [0, 1, 10, 64, UInt32.max])
    func aMaximumMessageSizeChangesNothing(_ size: UInt32) async throws {
        try await onLoop {
            let test = try await Lockstep()
            let body = [UInt8](repeating: 7, count: 900)
            test.handler.serve = { _, respond in respond(Response(.content, payload: body)) }
            // Capabilities and Settings, with Max-Message-Size (2).
            test.say(CoAPDatagram(.non, 701, id: 1, options: [.init(2, uint: size)]))
            let answer = try await test.ask(CoAPDatagram(.con, 1, id: 2, token: [1], path: "3/0"))
            #expect(answer.kind == .ack && answer.id == 2 && answer.code == 205 && answer.payload == body)
            test.close()
        }
    }

    /// A session goes on, or ends for all to see: libcoap ends one at Release and Abort since 4.3.4. The next one is made then.
    @Test(arguments: [702, 703, 704, 705])
    func aSignalLeavesNoSessionDead(_ code: Int) async throws {
        try await onLoop {
            let test = try await Lockstep()
            test.say(CoAPDatagram(.non, code, id: 1))
            test.say(CoAPDatagram(.con, 1, id: 2, token: [1], path: "3/0"))
            // Over UDP libcoap may answer a ping (7.02) with a pong.
            var answer = await test.message(within: .seconds(2 * patience))
            if answer?.code == 703 { answer = await test.message() }
            if let answer {
                #expect(answer.kind == .ack && answer.id == 2 && answer.code == 205)
                #expect(test.handler.ends.isEmpty)
            } else {
                #expect(code >= 704 && test.handler.ends.count == 1)
            }
            test.close()
        }
    }
}
