import CoAP
import EventLoop
import LwM2M
import LwM2MClient
import TestSupport
import Testing

/// Responses and notifications of ours that a peer reads in blocks (Block2).
extension BlockTests {
    @Test func aLargeResponseIsReadInBlocksOfOneState() async throws {
        try await onLoop {
            let test = try await Lockstep()
            var body = BlockTests.bytes(2500)
            test.handler.serve = { _, respond in
                body[0] &+= 1
                respond(Response(.content, contentFormat: 11542, payload: body))
            }
            var collected: [UInt8] = []
            var tags: Set<[UInt8]> = []
            for number in 0..<3 {
                var get = CoAPDatagram(.con, 1, id: UInt16(number), token: [UInt8(number)], path: "9")
                if number > 0 { get.options.append(.init(23, uint: BlockTests.block(number, false, 6))) }
                let answer = try await test.ask(get)
                #expect(answer.code == 205 && answer.uint(12) == 11542)
                #expect(answer.uint(23) == BlockTests.block(number, number < 2, 6) && answer.uint(28) == 2500)
                tags.insert(try #require(answer[4]))
                collected += answer.payload
            }
            #expect(test.handler.requests.count == 1 && collected == body && tags.count == 1)
            // From the start again it is another state; and its blocks may be smaller.
            var get = CoAPDatagram(
                .con, 1, id: 50, path: "9", options: [.init(23, uint: BlockTests.block(0, false, 4))])
            let answer = try await test.ask(get)
            #expect(answer.payload.count == 256 && answer.uint(23) == BlockTests.block(0, true, 4))
            #expect(!tags.contains(try #require(answer[4])))
            get = CoAPDatagram(.con, 1, id: 51, path: "9", options: [.init(23, uint: BlockTests.block(40, false, 4))])
            #expect(try await test.ask(get).code == 402)
            test.close()
        }
    }

    @Test func aLargeNotificationIsReadFromTheStateThatWasNotified() async throws {
        try await onLoop {
            let test = try await Lockstep()
            test.handler.serve = { request, respond in
                respond(Response(.content, observe: request.observe == 0 ? 1 : nil, payload: [0]))
            }
            let observe = CoAPDatagram(.con, 1, id: 1, token: [7], path: "9", options: [.init(6, uint: 0)])
            #expect(try await test.ask(observe).uint(6) == 1)
            let body = BlockTests.bytes(1500)
            test.session.notify(of: observing([7]), Response(.content, observe: 2, payload: body), confirmable: true) {
                _ in
            }
            let notification = try #require(await test.message())
            #expect(notification.uint(6) == 2 && notification.uint(23) == BlockTests.block(0, true, 6))
            #expect(notification.token == [7] && notification.uint(28) == 1500)
            test.say(CoAPDatagram(.ack, 0, id: notification.id))
            let rest = try await test.ask(
                CoAPDatagram(.con, 1, id: 2, path: "9", options: [.init(23, uint: BlockTests.block(1, false, 6))]))
            #expect(rest[4] == notification[4] && rest[6] == nil && notification.payload + rest.payload == body)
            #expect(test.handler.requests.count == 1)
            test.close()
        }
    }

    /// A FETCH names what it wants in its payload. Some servers repeat it with each block, some do not.
    @Test(arguments: [true, false]) func theRestOfAFetchIsRead(repeatsPayload: Bool) async throws {
        try await onLoop {
            let test = try await Lockstep()
            test.handler.serve = { request, respond in
                // Another body for each payload.
                let body = BlockTests.bytes(1500).map { $0 &+ (request.payload.first ?? 0) }
                respond(Response(.content, contentFormat: 112, payload: body))
            }
            func fetch(_ id: UInt16, _ payload: [UInt8], block: Int) -> CoAPDatagram {
                let options: [CoAPDatagram.Option] =
                    block == 0 ? [] : [.init(23, uint: BlockTests.block(block, false, 6))]
                return CoAPDatagram(
                    .con, 5, id: id, token: [UInt8(id)], options: [.init(12, uint: 112)] + options, payload: payload)
            }
            for (id, payload) in [(1, [1]), (2, [2])] as [(UInt16, [UInt8])] {
                let first = try await test.ask(fetch(id, payload, block: 0))
                #expect(first.code == 205 && first.uint(23) == BlockTests.block(0, true, 6))
                let rest = try await test.ask(fetch(id + 10, repeatsPayload ? payload : [], block: 1))
                #expect(rest.code == 205 && rest[4] == first[4])
                #expect(first.payload + rest.payload == BlockTests.bytes(1500).map { $0 &+ payload[0] })
            }
            #expect(test.handler.requests.count == 2)
            test.close()
        }
    }

    @Test(arguments: [0, 10, 200])
    func aBodyThatShrankHasNoSuchBlock(_ length: Int) async throws {
        try await onLoop {
            let test = try await Lockstep()
            test.handler.serve = { _, respond in
                respond(Response(.content, contentFormat: 0, payload: BlockTests.bytes(length)))
            }
            let late = CoAPDatagram(
                .con, 1, id: 1, path: "9", options: [.init(23, uint: BlockTests.block(3, false, 6))])
            #expect(try await test.ask(late).code == 402)
            // An error is told as it is.
            test.handler.serve = { _, respond in respond(.failure(.notFound, "gone")) }
            var again = late
            again.id = 2
            #expect(try await test.ask(again).code == 404)
            test.close()
        }
    }

    /// A later block of the path 9.
    private static func rest(_ number: Int, id: Int, token: UInt8) -> CoAPDatagram {
        CoAPDatagram(
            .con, 1, id: UInt16(id), token: [token], path: "9", options: [.init(23, uint: block(number, false, 6))])
    }

    /// Some servers ask for all blocks of a Read with one token, some with a new one for each block.
    @Test(arguments: [true, false])
    func aReadAndANotificationShowEachTheirOwnState(keepsToken: Bool) async throws {
        try await onLoop {
            let test = try await Lockstep()
            let before = BlockTests.bytes(2500)
            let after = before.map { $0 &+ 1 }
            test.handler.serve = { _, respond in respond(Response(.content, payload: before)) }
            let read = try await test.ask(CoAPDatagram(.con, 1, id: 1, token: [20], path: "9"))
            test.session.notify(of: observing([7]), Response(.content, observe: 2, payload: after), confirmable: true) {
                _ in
            }
            let notified = try #require(await test.message())
            test.say(CoAPDatagram(.ack, 0, id: notified.id))
            #expect(notified.token == [7] && notified[4] != read[4])
            let read1 = try await test.ask(BlockTests.rest(1, id: 2, token: keepsToken ? 20 : 21))
            let notified1 = try await test.ask(BlockTests.rest(1, id: 3, token: 30))
            #expect(read1[4] == read[4] && notified1[4] == notified[4])
            // With tokens the order does not matter, and a block can be asked for again.
            if keepsToken {
                #expect(try await test.ask(BlockTests.rest(1, id: 4, token: 20)).payload == read1.payload)
                let notified2 = try await test.ask(BlockTests.rest(2, id: 5, token: 30))
                #expect(notified2[4] == notified[4])
                #expect(notified.payload + notified1.payload + notified2.payload == after)
            }
            let read2 = try await test.ask(BlockTests.rest(2, id: 6, token: keepsToken ? 20 : 22))
            #expect(read2[4] == read[4] && read.payload + read1.payload + read2.payload == before)
            if !keepsToken {
                let notified2 = try await test.ask(BlockTests.rest(2, id: 7, token: 31))
                #expect(notified.payload + notified1.payload + notified2.payload == after)
            }
            #expect(test.handler.requests.count == 1)
            test.close()
        }
    }

    /// Notifications amid a Read do not keep it from its end.
    @Test func aReadEndsWhileNotificationsCome() async throws {
        try await onLoop {
            let test = try await Lockstep()
            let body = BlockTests.bytes(11 * 1024 + 500)
            test.handler.serve = { _, respond in respond(Response(.content, payload: body)) }
            let first = try await test.ask(CoAPDatagram(.con, 1, id: 1, token: [1], path: "9"))
            var collected = first.payload
            for number in 1..<12 {
                test.session.notify(
                    of: observing([7]), Response(.content, observe: 2, payload: body.map { $0 &+ UInt8(number) }),
                    confirmable: false
                ) { _ in }
                #expect(try #require(await test.message()).token == [7])
                let next = try await test.ask(BlockTests.rest(number, id: number + 1, token: UInt8(number + 1)))
                #expect(next[4] == first[4])
                collected += next.payload
                // The same block again, under a new message ID. After the last one there is nothing to repeat.
                guard number > 1, number < 11 else { continue }
                let again = try await test.ask(BlockTests.rest(number, id: number + 100, token: UInt8(number + 100)))
                #expect(again[4] == first[4] && again.payload == next.payload)
            }
            #expect(collected == body && test.handler.requests.count == 1)
            test.close()
        }
    }

    /// Two Reads of the same, one begun while the other goes on.
    @Test func twoReadsShowEachTheirOwnState() async throws {
        try await onLoop {
            let test = try await Lockstep()
            var body = BlockTests.bytes(2500)
            test.handler.serve = { _, respond in
                body[2000] &+= 1
                respond(Response(.content, payload: body))
            }
            var tags: [[UInt8]] = []
            for number in 0..<2 {
                let first = try await test.ask(
                    CoAPDatagram(.con, 1, id: UInt16(number), token: [UInt8(number)], path: "9"))
                tags.append(try #require(first[4]))
            }
            for number in 1..<3 {
                for which in 0..<2 {
                    let id = number * 10 + which
                    #expect(try await test.ask(BlockTests.rest(number, id: id, token: UInt8(id)))[4] == tags[which])
                }
            }
            #expect(Set(tags).count == 2 && test.handler.requests.count == 2)
            test.close()
        }
    }

    @Test func aBlockOutOfTurnDoesNotEndARead() async throws {
        try await onLoop {
            let test = try await Lockstep()
            var body = BlockTests.bytes(2500)
            test.handler.serve = { _, respond in
                body[0] &+= 1
                respond(Response(.content, payload: body))
            }
            var collected = try await test.ask(CoAPDatagram(.con, 1, id: 1, token: [1], path: "9")).payload
            #expect(try await test.ask(BlockTests.rest(2, id: 2, token: 2)).payload == Array(body[2048...]))
            for number in 1...2 {
                collected += try await test.ask(BlockTests.rest(number, id: number + 2, token: 3)).payload
            }
            #expect(collected == body && test.handler.requests.count == 1)
            test.close()
        }
    }

    @Test func theRestsOfTwoFetchesAreReadInTurn() async throws {
        try await onLoop {
            let test = try await Lockstep()
            func body(_ payload: UInt8) -> [UInt8] { BlockTests.bytes(2500).map { $0 &+ payload } }
            test.handler.serve = { request, respond in
                respond(Response(.content, contentFormat: 112, payload: body(request.payload.first ?? 0)))
            }
            var collected: [[UInt8]] = [[], []]
            for number in 0..<3 {
                for which in 0..<2 {
                    let id = number * 2 + which
                    var fetch = CoAPDatagram(
                        .con, 5, id: UInt16(id), token: [UInt8(id)], options: [.init(12, uint: 112)])
                    if number == 0 { fetch.payload = [UInt8(which + 1)] }
                    if number > 0 { fetch.options.append(.init(23, uint: BlockTests.block(number, false, 6))) }
                    collected[which] += try await test.ask(fetch).payload
                }
            }
            #expect(collected == [body(1), body(2)] && test.handler.requests.count == 2)
            test.close()
        }
    }

    /// A notification whose rest nobody asks for, as one that was lost, does not get into a Read: not at all when some time has passed,
    /// and else not when the server starts again.
    @Test(arguments: [6, 0]) func whatNobodyReadStaysOutOfALaterRead(seconds: Int) async throws {
        try await onLoop {
            let clock = ManualScheduler()
            let test = try await Lockstep(scheduler: clock)
            let body = BlockTests.bytes(1500)
            test.handler.serve = { _, respond in respond(Response(.content, payload: body)) }
            for number in 1...3 {
                test.session.notify(
                    of: observing([7]), Response(.content, observe: 2, payload: body.map { $0 &+ UInt8(number) }),
                    confirmable: false
                ) { _ in }
                _ = try #require(await test.message())
            }
            clock.advance(by: .seconds(seconds))
            var attempts = 0
            while attempts < 5 {
                attempts += 1
                let first = try await test.ask(
                    CoAPDatagram(.con, 1, id: UInt16(attempts), token: [UInt8(attempts)], path: "9"))
                let rest = try await test.ask(
                    BlockTests.rest(1, id: attempts + 10, token: UInt8(attempts + 10)))
                if rest[4] == first[4] { break }
            }
            #expect(attempts <= (seconds > 0 ? 1 : 2))
            test.close()
        }
    }

    /// The size that the observe request asks for is meant for its notifications too (RFC 7959, 2.6).
    @Test func notificationsKeepTheBlockSizeOfTheObserveRequest() async throws {
        try await onLoop {
            let test = try await Lockstep()
            let body = BlockTests.bytes(150)
            test.handler.serve = { _, respond in respond(Response(.content, observe: 1, payload: body)) }
            let observe = CoAPDatagram(
                .con, 1, id: 1, token: [7], path: "9",
                options: [.init(6, uint: 0), .init(23, uint: BlockTests.block(0, false, 2))])
            let registered = try await test.ask(observe)
            #expect(registered.payload.count == 64 && registered.uint(23) == BlockTests.block(0, true, 2))
            let changed = body.map { $0 &+ 1 }
            let request = try #require(test.handler.requests.first)
            test.session.notify(of: request, Response(.content, observe: 2, payload: changed), confirmable: false) {
                _ in
            }
            let notification = try #require(await test.message())
            #expect(notification.uint(6) == 2 && notification.uint(28) == 150)
            #expect(notification.payload == Array(changed.prefix(64)))
            #expect(notification.uint(23) == BlockTests.block(0, true, 2))
            test.close()
        }
    }

    /// What an outage left is told over the next session, which the observe request did not come over.
    @Test func aLargeNotificationOfAnEarlierSessionIsReadWhole() async throws {
        try await onLoop {
            let test = try await Lockstep()
            test.handler.serve = { _, respond in respond(Response(.content, payload: [0])) }
            let body = BlockTests.bytes(1500)
            test.session.notify(
                of: observing([1, 43]), Response(.content, observe: 3, payload: body), confirmable: true
            ) { _ in }
            let notification = try #require(await test.message())
            test.say(CoAPDatagram(.ack, 0, id: notification.id))
            let rest = try await test.ask(
                CoAPDatagram(.con, 1, id: 900, path: "9", options: [.init(23, uint: BlockTests.block(1, false, 6))]))
            #expect(notification.payload + rest.payload == body)
            test.close()
        }
    }
}
