import CoAP
import EventLoop
import LwM2M
import LwM2MClient
import TestSupport
import Testing

/// Requests of ours that go in blocks, and responses to them that come in blocks.
extension BlockTests {
    @Test func ourLargeRegisterTravelsInBlocksOfThePeersSize() async throws {
        try await onLoop {
            let test = try await Lockstep()
            let body = BlockTests.bytes(2000)
            let response = test.session.sending(Request(.post, path: ["rd"], contentFormat: 40, payload: body))
            var collected: [UInt8] = []
            var tokens: Set<[UInt8]> = []
            while true {
                let block = try #require(await test.message())
                let value = try #require(block.uint(27))
                let (number, exponent) = (Int(value >> 4), Int(value & 7))
                #expect(number << (exponent + 4) == collected.count && exponent == (number == 0 ? 6 : 5))
                #expect(block.path == ["rd"] && block.uint(12) == 40 && (number > 0 || block.uint(60) == 2000))
                collected += block.payload
                tokens.insert(block.token)
                let more = value & 8 != 0
                var answer = CoAPDatagram(.ack, more ? 231 : 201, id: block.id, token: block.token)
                // It wants 512 bytes a block.
                answer.options = [.init(27, uint: BlockTests.block(number, more, 5))]
                if !more { answer.options.append(.init(8, "rd")) }
                test.say(answer)
                if !more { break }
            }
            #expect(collected == body && tokens.count == 3)
            #expect(try await response.value().get() == Response(.created, locationPath: ["rd"]))
            test.close()
        }
    }

    /// The server was restarted amid the transfer and knows nothing of the first blocks: once more from the start.
    @Test(arguments: [(1, 201), (2, 408)]) func aTransferThatThePeerForgotBeginsAgainOnce(refusals: Int, code: Int)
        async throws
    {
        try await onLoop {
            let test = try await Lockstep()
            let response = test.session.sending(Request(.post, path: ["rd"], payload: BlockTests.bytes(1500)))
            for attempt in 0...refusals {
                let first = try #require(await test.message())
                #expect(first.uint(27) == BlockTests.block(0, true, 6), "attempt \(attempt)")
                var answer = CoAPDatagram(.ack, 231, id: first.id, token: first.token)
                answer.options = [.init(27, uint: BlockTests.block(0, true, 6))]
                test.say(answer)
                let second = try #require(await test.message())
                #expect(second.uint(27) == BlockTests.block(1, false, 6))
                answer = CoAPDatagram(.ack, attempt < refusals ? 408 : 201, id: second.id, token: second.token)
                answer.options = [.init(27, uint: BlockTests.block(1, false, 6))]
                test.say(answer)
                if attempt == 1, refusals == 2 { break }
            }
            #expect(try await response.value().get().code.description == (code == 201 ? "2.01" : "4.08"))
            test.close()
        }
    }

    @Test func anAnswerThatMakesNoSenseIsNoResponse() async throws {
        try await onLoop {
            let test = try await Lockstep()
            let response = test.session.sending(Request(.post, path: ["rd"], payload: BlockTests.bytes(1500)))
            let first = try #require(await test.message())
            var answer = CoAPDatagram(.ack, 231, id: first.id, token: first.token)
            answer.options = [.init(27, uint: BlockTests.block(3, true, 6))]
            test.say(answer)
            let result = await response.value()
            guard case .failure(.malformed) = result else {
                Issue.record("\(result)")
                return
            }
            test.close()
        }
    }

    @Test func aRequestThatIsTooLargeIsSentSmallerOrGivenUp() async throws {
        try await onLoop {
            let test = try await Lockstep()
            let response = test.session.sending(Request(.post, path: ["rd"], payload: BlockTests.bytes(1500)))
            let first = try #require(await test.message())
            var refusal = CoAPDatagram(.ack, 413, id: first.id, token: first.token)
            refusal.options = [.init(27, uint: BlockTests.block(0, false, 3))]
            test.say(refusal)
            let smaller = try #require(await test.message())
            #expect(smaller.payload.count == 128 && smaller.uint(27) == BlockTests.block(0, true, 3))
            refusal.id = smaller.id
            refusal.token = smaller.token
            test.say(refusal)
            #expect(try await response.value().get().code == .requestEntityTooLarge)
            test.close()
        }
    }

    @Test func aLargeResponseToUs() async throws {
        try await onLoop {
            let test = try await Lockstep()
            let body = BlockTests.bytes(1400)
            let response = test.session.sending(Request(.get, path: ["bs"]))
            // Changes once while it is read: it is read again from the start.
            for (number, tag) in [(0, 1), (1, 2), (0, 2), (1, 2)] {
                let request = try #require(await test.message())
                #expect((request.uint(23) ?? 0) >> 4 == UInt32(number))
                var answer = CoAPDatagram(.ack, 205, id: request.id, token: request.token)
                answer.options = [
                    .init(4, [UInt8(tag)]), .init(23, uint: BlockTests.block(number, number == 0, 6)),
                ]
                answer.payload = Array(body.dropFirst(number * 1024).prefix(1024))
                test.say(answer)
            }
            #expect(try await response.value().get() == Response(.content, payload: body))
            test.close()
        }
    }
}
