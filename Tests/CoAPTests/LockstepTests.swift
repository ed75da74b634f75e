import CoAP
import EventLoop
import LwM2M
import LwM2MClient
import TestSupport
import Testing

/// A peer of single messages against a client's session.
@Suite struct LockstepTests {
    @Test func aReadIsAnsweredWithTheAcknowledgement() async throws {
        try await onLoop {
            let test = try await Lockstep()
            test.handler.serve = { request, respond in
                #expect(request.method == .get)
                #expect(request.path == ["3", "0", "0"])
                #expect(request.query == ["a=b"])
                #expect(request.accept == 112)
                #expect(request.token == [1, 2, 3])
                respond(Response(.content, contentFormat: 112, maxAge: 7, payload: Array("hello".utf8)))
            }
            let answer = try await test.ask(
                CoAPDatagram(
                    .con, 1, id: 77, token: [1, 2, 3], path: "3/0/0",
                    options: [.init(15, "a=b"), .init(17, uint: 112)]))
            #expect(answer.kind == .ack && answer.id == 77 && answer.code == 205 && answer.token == [1, 2, 3])
            #expect(answer.uint(12) == 112 && answer.uint(14) == 7 && answer.text == "hello")
            test.close()
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7])
    func everyMethodReachesTheHandler(_ method: Int) async throws {
        try await onLoop {
            let test = try await Lockstep()
            test.handler.serve = { request, respond in respond(.failure(.methodNotAllowed, "\(request.method)")) }
            for (id, path) in ["", "9", ".well-known/core", "rd"].enumerated() {
                // Later versions of libcoap refuse a FETCH that does not say its format (RFC 8132, 2.3.1).
                let options: [CoAPDatagram.Option] = method == 5 ? [.init(12, uint: 0)] : []
                let answer = try await test.ask(
                    CoAPDatagram(.con, method, id: UInt16(id), path: path, options: options))
                #expect(answer.code == 405 && answer.text == "0.0\(method)")
            }
            test.close()
        }
    }

    @Test func aRepeatedExecuteRunsOnce() async throws {
        try await onLoop {
            let test = try await Lockstep()
            var runs = 0
            test.handler.serve = { _, respond in
                runs += 1
                respond(Response(.changed, payload: [UInt8(runs)]))
            }
            let execute = CoAPDatagram(.con, 2, id: 4711, token: [9], path: "3/0/4")
            let first = try await test.ask(execute)
            for _ in 0..<3 { #expect(try await test.ask(execute) == first) }
            #expect(runs == 1 && first.payload == [1])
            // Another ID is another request; and the same ID under another token is a peer that started anew.
            #expect(try await test.ask(CoAPDatagram(.con, 2, id: 4712, token: [9], path: "3/0/4")).payload == [2])
            #expect(try await test.ask(CoAPDatagram(.con, 2, id: 4711, token: [8], path: "3/0/4")).payload == [3])
            test.close()
        }
    }

    @Test func aLateAnswerIsASeparateResponse() async throws {
        try await onLoop {
            let test = try await Lockstep()
            var later: [@LoopActor (Response) -> Void] = []
            test.handler.serve = { _, respond in later.append(respond) }
            let execute = CoAPDatagram(.con, 2, id: 5, token: [4, 4], path: "9/0/4")
            let empty = CoAPDatagram(.ack, 0, id: 5)
            #expect(try await test.ask(execute) == empty)
            #expect(try await test.ask(execute) == empty)
            #expect(later.count == 1)
            later[0](Response(.changed))
            later[0](Response(.badRequest))
            let response = try #require(await test.message())
            #expect(response.kind == .con && response.code == 204 && response.token == [4, 4])
            test.say(CoAPDatagram(.ack, 0, id: response.id))
            // Answered for good: the request that is late now is acknowledged, and neither served nor answered again.
            #expect(try await test.ask(execute) == empty)
            #expect(later.count == 1)
            test.close()
        }
    }

    @Test func aSeparateResponseIsRepeatedUntilAcknowledged() async throws {
        try await onLoop {
            let test = try await Lockstep(.quick)
            var later: (@LoopActor (Response) -> Void)?
            test.handler.serve = { _, respond in later = respond }
            #expect(try await test.ask(CoAPDatagram(.con, 2, id: 5, token: [4], path: "9/0/4")).code == 0)
            later?(Response(.changed))
            let first = try #require(await test.message())
            #expect(await test.anyMessage() == first)
            test.say(CoAPDatagram(.ack, 0, id: first.id))
            #expect(await test.anyMessage(within: .milliseconds(1200)) == nil)
            test.close()
        }
    }

    @Test func aNonConfirmableRequestGetsANonConfirmableAnswer() async throws {
        try await onLoop {
            let test = try await Lockstep()
            let answer = try await test.ask(CoAPDatagram(.non, 1, id: 6, token: [7], path: "3"))
            #expect(answer.kind == .non && answer.code == 205 && answer.token == [7])
            test.close()
        }
    }

    @Test func notificationsLeaveOneByOneInOrder() async throws {
        try await onLoop {
            let test = try await Lockstep()
            var done: [String] = []
            for number in 1...3 {
                test.session.notify(
                    of: observing([5]), Response(.content, observe: UInt32(number), payload: [UInt8(number)]),
                    confirmable: true
                ) {
                    done.append("\(number) \($0.map { "\($0)" } ?? "acknowledged")")
                }
            }
            for number in 1...3 {
                let notification = try #require(await test.message())
                #expect(
                    notification.kind == .con && notification.token == [5] && notification.uint(6) == UInt32(number))
                #expect(notification.payload == [UInt8(number)])
                #expect(done.count == number - 1)
                test.say(CoAPDatagram(number == 2 ? .rst : .ack, 0, id: notification.id))
            }
            await test.session.flush(within: .seconds(5))
            #expect(done == ["1 acknowledged", "2 the server answered with a Reset", "3 acknowledged"])
            test.close()
        }
    }

    @Test func aRequestBetweenANotificationAndItsAcknowledgementIsServed() async throws {
        try await onLoop {
            let test = try await Lockstep()
            var acknowledged = false
            test.session.notify(of: observing([5]), Response(.content, observe: 1), confirmable: true) {
                acknowledged = $0 == nil
            }
            let notification = try #require(await test.message())
            // A foreign acknowledgement and a foreign Reset change nothing.
            test.say(CoAPDatagram(.ack, 0, id: notification.id &+ 1))
            test.say(CoAPDatagram(.rst, 0, id: notification.id &+ 2))
            #expect(try await test.ask(CoAPDatagram(.con, 1, id: 1, path: "3")).code == 205)
            #expect(!acknowledged)
            test.say(CoAPDatagram(.ack, 0, id: notification.id))
            #expect(try await test.ask(CoAPDatagram(.con, 1, id: 2, path: "3")).code == 205)
            #expect(acknowledged)
            test.close()
        }
    }

    @Test func anUnconfirmedNotificationIsOverWhenItHasLeft() async throws {
        try await onLoop {
            let test = try await Lockstep()
            var done: [UInt32] = []
            for number in 1...2 as ClosedRange<UInt32> {
                test.session.notify(of: observing([5]), Response(.content, observe: number), confirmable: false) {
                    if $0 == nil { done.append(number) }
                }
            }
            #expect(done == [1, 2])
            for number in 1...2 as ClosedRange<UInt32> {
                let notification = try #require(await test.message())
                #expect(notification.kind == .non && notification.token == [5] && notification.uint(6) == number)
            }
            #expect(!test.session.isBusy)
            test.close()
        }
    }

    /// libcoap keeps no such message, and so calls no handler for its Reset (RFC 7641, 3.6).
    @Test func aResetToAnUnconfirmedNotificationIsToldWithItsToken() async throws {
        try await onLoop {
            let test = try await Lockstep()
            for (number, token) in [(1, 5), (2, 6), (3, 7)] as [(UInt32, UInt8)] {
                test.session.notify(of: observing([token]), Response(.content, observe: number), confirmable: false) {
                    _ in
                }
            }
            var ids: [UInt16] = []
            for _ in 0..<3 { ids.append(try #require(await test.message()).id) }
            // A foreign one means nothing.
            test.say(CoAPDatagram(.rst, 0, id: ids[2] &+ 100))
            test.say(CoAPDatagram(.rst, 0, id: ids[1]))
            #expect(try await test.ask(CoAPDatagram(.con, 1, id: 1, path: "3")).code == 205)
            #expect(test.handler.forgotten == [[6]])
            // Once.
            test.say(CoAPDatagram(.rst, 0, id: ids[1]))
            #expect(try await test.ask(CoAPDatagram(.con, 1, id: 2, path: "3")).code == 205)
            #expect(test.handler.forgotten == [[6]])
            test.close()
        }
    }

    @Test func aLateAnswerDoesNotWaitForANotification() async throws {
        try await onLoop {
            let test = try await Lockstep()
            var later: (@LoopActor (Response) -> Void)?
            test.handler.serve = { request, respond in
                if request.method == .post { later = respond } else { respond(Response(.content)) }
            }
            var told: [UInt32] = []
            for number in 1...2 as ClosedRange<UInt32> {
                test.session.notify(of: observing([5]), Response(.content, observe: number), confirmable: true) {
                    error in
                    if error == nil { told.append(number) }
                }
            }
            let first = try #require(await test.message())
            #expect(first.uint(6) == 1)
            #expect(try await test.ask(CoAPDatagram(.con, 2, id: 5, token: [4], path: "9/0/4")).code == 0)
            later?(Response(.changed))
            // The notification is not acknowledged, the answer comes all the same; the next notification does not.
            let answer = try #require(await test.message())
            #expect(answer.kind == .con && answer.code == 204 && answer.token == [4])
            test.say(CoAPDatagram(.ack, 0, id: answer.id))
            #expect(try await test.ask(CoAPDatagram(.con, 1, id: 6, path: "3")).code == 205)
            #expect(told.isEmpty)
            test.say(CoAPDatagram(.ack, 0, id: first.id))
            let second = try #require(await test.message())
            #expect(second.uint(6) == 2 && told == [1])
            test.say(CoAPDatagram(.ack, 0, id: second.id))
            await test.session.flush(within: .seconds(5))
            #expect(told == [1, 2])
            test.close()
        }
    }

    @Test func aNotificationThatNobodyAcknowledgesFails() async throws {
        try await onLoop {
            let test = try await Lockstep(.quick)
            let outcome = await withCheckedContinuation { continuation in
                test.session.notify(of: observing([5]), Response(.content, observe: 1), confirmable: true) {
                    continuation.resume(returning: $0)
                }
            }
            #expect(outcome == .timeout)
            var copies = 0
            while await test.anyMessage(within: .milliseconds(20)) != nil { copies += 1 }
            #expect(copies == 2)
            #expect(test.handler.ends.isEmpty)
            test.close()
        }
    }

    @Test func ourRequestIsAnsweredAtOnceLateOrNever() async throws {
        try await onLoop {
            let test = try await Lockstep(.quick)
            let session = test.session
            let update = Request(.post, path: ["rd", "x"], query: ["lt=60"], contentFormat: 40, payload: [1, 2])
            do {
                let response = session.sending(update)
                let request = try #require(await test.message())
                #expect(request.code == 2 && request.token.count == 8 && request.payload == [1, 2])
                #expect(request.options.map(\.number) == [11, 11, 12, 15] && request.uint(12) == 40)
                var answer = CoAPDatagram(.ack, 204, id: request.id, token: request.token)
                answer.options = [.init(8, "rd"), .init(8, "a b")]
                test.say(answer)
                #expect(try await response.value().get() == Response(.changed, locationPath: ["rd", "a b"]))
            }
            do {
                let response = session.sending(update)
                let request = try #require(await test.message())
                test.say(CoAPDatagram(.ack, 0, id: request.id))
                let separate = CoAPDatagram(.con, 404, id: 900, token: request.token)
                #expect(try await test.ask(separate) == CoAPDatagram(.ack, 0, id: 900))
                #expect(try await response.value().get().code == .notFound)
            }
            do {
                // The acknowledgement was lost: the response alone ends the retransmissions.
                let response = session.sending(update)
                let request = try #require(await test.message())
                #expect(
                    try await test.ask(CoAPDatagram(.con, 204, id: 901, token: request.token))
                        == CoAPDatagram(.ack, 0, id: 901))
                #expect(try await response.value().get().code == .changed)
                #expect(await test.anyMessage(within: .milliseconds(1200)) == nil)
            }
            do {
                let response = session.sending(update)
                let request = try #require(await test.message())
                test.say(CoAPDatagram(.rst, 0, id: request.id))
                #expect(await response.value().error == .reset)
            }
            #expect(await session.sending(update).value().error == .timeout)
            for _ in 0..<2 { _ = await test.message() }
            do {
                let response = session.sending(update)
                let request = try #require(await test.message())
                test.say(CoAPDatagram(.ack, 0, id: request.id))
                #expect(await response.value().error == .timeout)
            }
            test.close()
        }
    }

    @Test func aForeignResponseIsRejected() async throws {
        try await onLoop {
            let test = try await Lockstep()
            let answer = try await test.ask(CoAPDatagram(.con, 205, id: 8, token: [1, 1, 1, 1], payload: [1]))
            #expect(answer == CoAPDatagram(.rst, 0, id: 8))
            test.close()
        }
    }

    @Test func criticalOptionsThatAreNotKnown() async throws {
        try await onLoop {
            let test = try await Lockstep()
            test.handler.serve = { request, respond in
                respond(
                    request.unknownCriticalOptions.isEmpty
                        ? Response(.content) : .failure(.badOption, "\(request.unknownCriticalOptions)"))
            }
            // If-Match and a second Accept come here; what libcoap does not know it refuses by itself.
            // A proxy's option is answered in one way by libcoap 4.3.1 and in another by 4.3.4.
            let cases: [([CoAPDatagram.Option], [Int])] = [
                ([.init(1, [1])], [402]), ([.init(17, uint: 0), .init(17, uint: 60)], [402]),
                ([.init(2049, [1])], [402]), ([.init(9, [1])], [402]), ([.init(19, [1])], [402]),
                ([.init(2048, [1])], [205]), ([.init(3, "host")], [205]), ([.init(16, [9])], [205]),
                ([.init(39, "coap")], [505, 402]), ([.init(27, [7])], [400]), ([.init(11, [0xff])], [400]),
                ([CoAPDatagram.Option](repeating: .init(15, "a"), count: 60), [400]),
            ]
            for (id, (options, codes)) in cases.enumerated() {
                let answer = try await test.ask(CoAPDatagram(.con, 1, id: UInt16(id), path: "3", options: options))
                #expect(codes.contains(answer.code), "\(options)")
            }
            test.close()
        }
    }

    @Test func aNonConfirmableRequestWithACriticalOptionIsRejected() async throws {
        try await onLoop {
            let test = try await Lockstep()
            test.say(CoAPDatagram(.non, 1, id: 1, token: [1], path: "3", options: [.init(1, [1])]))
            test.say(CoAPDatagram(.non, 1, id: 2, token: [2], path: "3"))
            // RFC 7252, 5.4.1: silence, or a Reset; never an answer.
            let next = try #require(await test.message())
            #expect(next.token == [2] && next.code == 205 && test.handler.requests.count == 1)
            test.close()
        }
    }

    @Test func anExecuteIsRememberedThroughATransfer() async throws {
        try await onLoop {
            let test = try await Lockstep()
            var runs = 0
            test.handler.serve = { _, respond in
                runs += 1
                respond(Response(.changed, payload: [UInt8(runs)]))
            }
            test.handler.decide = { _, _ in .stream(TestSink()) }
            let execute = CoAPDatagram(.con, 2, id: 60000, token: [9], path: "3/0/4")
            let first = try await test.ask(execute)
            let body = BlockTests.bytes(64 * 400)
            for number in 0..<399 {
                #expect(try await test.ask(BlockTests.put(body, number, id: number)).code == 231)
            }
            #expect(try await test.ask(execute) == first)
            #expect(runs == 1)
            test.close()
        }
    }

    @Test func hostileDatagramsHarmNothing() async throws {
        try await onLoop {
            let test = try await Lockstep()
            var hostile: [[UInt8]] = [
                [], [0x40], [0x40, 1, 0], [0x00, 1, 0, 1], [0x80, 1, 0, 1], [0xc0, 1, 0, 1], [0x4f, 1, 0, 1],
                [0x49, 1, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9], [0x41, 1, 0, 1], [0x40, 1, 0, 1, 0xff],
                [0x40, 1, 0, 1, 0xf0], [0x40, 1, 0, 1, 0x0f], [0x40, 1, 0, 1, 0xbd], [0x40, 1, 0, 1, 0xbe, 0],
                [0x40, 1, 0, 1, 0xbe, 0xff, 0xff], [0x40, 0, 0, 1, 0xff, 1], [0x41, 0, 0, 1, 1], [0x40, 0x1f, 0, 1],
                [0x40, 0x20, 0, 1], [0x40, 0xe0, 0, 1], [0x40, 0xff, 0, 1], [0x60, 0x45, 0, 1], [0x70, 0x45, 0, 1],
                [0x60, 0, 0, 1], [0x70, 0, 0, 1], [0x50, 0, 0, 1], [0x40, 0x45, 0, 1], [0x40, 0x61, 0, 1],
                // Hop-Limit 1: libcoap answers 5.08 by itself.
                CoAPDatagram(.con, 1, id: 1, path: "3", options: [.init(16, [1])]).bytes,
                CoAPDatagram(.con, 1, id: 2, token: [1, 2, 3, 4, 5, 6, 7, 8], path: "3", options: [.init(16, [0])])
                    .bytes,
                [UInt8](repeating: 0x41, count: 1400), [UInt8](repeating: 0x40, count: 60000),
            ]
            // Every prefix and every single flipped bit of an honest request.
            let honest = CoAPDatagram(
                .con, 3, id: 3, token: [1, 2], path: "9/0/2",
                options: [.init(12, uint: 42), .init(27, uint: 14), .init(60, uint: 5000)],
                payload: [UInt8](repeating: 7, count: 20)
            ).bytes
            for length in honest.indices { hostile.append(Array(honest[..<length])) }
            for bit in 0..<honest.count * 8 {
                var bytes = honest
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                hostile.append(bytes)
            }
            for bytes in hostile {
                test.peer.send(bytes)
                // One honest request after each: it was taken in, and nothing is lost to a full buffer.
                test.say(CoAPDatagram(.non, 1, id: 60000, token: [0xaa, 0xbb], path: "3"))
                while let answer = await test.message(), answer.token != [0xaa, 0xbb] {}
            }
            #expect(try await test.ask(CoAPDatagram(.con, 1, id: 60001, path: "3")).code == 205)
            #expect(test.handler.ends.isEmpty)
            test.close()
        }
    }

    @Test(arguments: 0...8) func tokensOfEveryLength(_ length: Int) async throws {
        try await onLoop {
            let test = try await Lockstep()
            let token = (0..<UInt8(length)).map { $0 &* 31 }
            #expect(try await test.ask(CoAPDatagram(.con, 1, id: 1, token: token, path: "3")).token == token)
            test.close()
        }
    }

    @Test func closingFailsWhatIsUnderWay() async throws {
        try await onLoop {
            let test = try await Lockstep()
            let session = test.session
            var outcome: TransportError?
            session.notify(of: observing([1]), Response(.content, observe: 1), confirmable: true) { outcome = $0 }
            let response = session.sending(Request(.post, path: ["rd"]))
            _ = await test.message()
            session.close()
            #expect(await response.value().error == .closed)
            #expect(outcome == .closed)
            #expect(await session.sending(Request(.post, path: ["rd"])).value().error == .closed)
            #expect(await Eventually { () throws(TransportError) in try await session.ping() }.value().error == .closed)
            #expect(test.handler.ends.isEmpty)
            test.close()
        }
    }

    @Test func nobodyThere() async throws {
        try await onLoop {
            let gone = try DatagramSocket()
            let handler = TestHandler()
            let transport = CoAPTransport(parameters: .quick)
            let session = transport.open(
                ServerEndpoint(host: "127.0.0.1", port: gone.port, security: .noSec), handler: handler)
            gone.close()
            let error = await session.sending(Request(.post, path: ["rd"])).value().error
            #expect(error == .unreachable("Connection refused"))
            session.close()
        }
    }

    @Test(arguments: ["", "no such host", "no-such-host.invalid", String(repeating: "a", count: 256)])
    func aHostThatIsNone(_ host: String) async throws {
        await onLoop {
            let handler = TestHandler()
            let transport = CoAPTransport()
            _ = transport.open(ServerEndpoint(host: host, port: 5683, security: .noSec), handler: handler)
            let error = await handler.end()
            if case .unresolved = error {} else { Issue.record("\(error.map { "\($0)" } ?? "no error")") }
            #expect(handler.ends.count == 1)
        }
    }
}
