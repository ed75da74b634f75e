import CoAP
import EventLoop
import LwM2M
import LwM2MClient
import TestSupport
import Testing

/// Block-wise transfers, message by message (RFC 7959).
@Suite struct BlockTests {
    /// The value of a Block option.
    static func block(_ number: Int, _ more: Bool, _ exponent: Int) -> UInt32 {
        UInt32(number << 4 | (more ? 8 : 0) | exponent)
    }

    /// One block of a PUT of `body`.
    static func put(
        _ body: [UInt8], _ number: Int, _ exponent: Int = 2, id: Int, path: String = "9/0/2", size: UInt32? = nil
    ) -> CoAPDatagram {
        let length = 16 << exponent
        let slice = body.dropFirst(number * length).prefix(length)
        let more = (number + 1) * length < body.count
        var message = CoAPDatagram(.con, 3, id: UInt16(id), token: [UInt8(id & 255)], path: path)
        message.options += [.init(12, uint: 42), .init(27, uint: block(number, more, exponent))]
        if let size { message.options.append(.init(60, uint: size)) }
        message.payload = Array(slice)
        return message
    }

    static func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) } }

    @Test func aStreamedTransferWithEveryKindOfRepetition() async throws {
        try await onLoop {
            let test = try await Lockstep()
            let sink = TestSink()
            test.handler.decide = { request, size in
                #expect(request.path == ["9", "0", "2"] && request.payload.isEmpty && size == 200)
                return .stream(sink)
            }
            let body = BlockTests.bytes(200)
            let first = BlockTests.put(body, 0, id: 1, size: 200)
            let accepted = try await test.ask(first)
            #expect(accepted.code == 231 && accepted.uint(27) == BlockTests.block(0, true, 2))
            // The same datagram again, and the same block under a new ID: taken once.
            #expect(try await test.ask(first) == accepted)
            #expect(try await test.ask(BlockTests.put(body, 1, id: 2)).code == 231)
            #expect(try await test.ask(BlockTests.put(body, 1, id: 3)).code == 231)
            // A gap, and the transfer goes on where it was.
            #expect(try await test.ask(BlockTests.put(body, 3, id: 4)).code == 408)
            #expect(try await test.ask(BlockTests.put(body, 2, id: 5)).code == 231)
            let last = BlockTests.put(body, 3, id: 6)
            let done = try await test.ask(last)
            #expect(done.code == 204 && done.uint(27) == BlockTests.block(3, false, 2))
            #expect(try await test.ask(last) == done)
            #expect(sink.bytes == body && sink.finished == 1 && sink.aborts.isEmpty)
            // It is over: a block of it under a new ID belongs to nothing.
            #expect(try await test.ask(BlockTests.put(body, 3, id: 7)).code == 408)
            test.close()
        }
    }

    /// A sink without room holds the server back: the block's response comes when there is room, or with why there is none.
    @Test(arguments: [nil, Response.failure(.requestEntityTooLarge, "no space")])
    func aBlockIsAnsweredWhenTheSinkIsReady(refusal: Response?) async throws {
        try await onLoop {
            let test = try await Lockstep()
            let sink = TestSink()
            var later: (@LoopActor (Response?) -> Void)?
            sink.ready = { later = $0 }
            test.handler.decide = { _, _ in .stream(sink) }
            let body = BlockTests.bytes(200)
            #expect(try await test.ask(BlockTests.put(body, 0, id: 1)) == CoAPDatagram(.ack, 0, id: 1))
            later?(refusal)
            let response = try #require(await test.message())
            #expect(response.kind == .con && response.code == (refusal == nil ? 231 : 413))
            test.say(CoAPDatagram(.ack, 0, id: response.id))
            test.close()
        }
    }

    /// A server that hears nothing of a block for a while sends it again under a new message ID.
    @Test func aRepeatedBlockWaitsUntilTheSinkIsReady() async throws {
        try await onLoop {
            let test = try await Lockstep()
            let sink = TestSink()
            test.handler.decide = { _, _ in .stream(sink) }
            let body = BlockTests.bytes(200)
            #expect(try await test.ask(BlockTests.put(body, 0, id: 1)).code == 231)
            var waiting: [@LoopActor (Response?) -> Void] = []
            sink.ready = { waiting.append($0) }
            for id: UInt16 in [2, 3] {
                #expect(try await test.ask(BlockTests.put(body, 1, id: Int(id))) == CoAPDatagram(.ack, 0, id: id))
            }
            #expect(waiting.count == 2 && sink.appends == 2)
            for ready in waiting {
                ready(nil)
                let response = try #require(await test.message())
                #expect(response.kind == .con && response.code == 231)
                test.say(CoAPDatagram(.ack, 0, id: response.id))
            }
            test.close()
        }
    }

    @Test func theLastBlockMayBeAnsweredLate() async throws {
        try await onLoop {
            let test = try await Lockstep()
            let sink = TestSink()
            var later: (@LoopActor (Response) -> Void)?
            sink.answer = { later = $0 }
            test.handler.decide = { _, _ in .stream(sink) }
            let body = BlockTests.bytes(100)
            #expect(try await test.ask(BlockTests.put(body, 0, id: 1)).code == 231)
            let last = BlockTests.put(body, 1, id: 2)
            #expect(try await test.ask(last) == CoAPDatagram(.ack, 0, id: 2))
            #expect(try await test.ask(last) == CoAPDatagram(.ack, 0, id: 2))
            later?(Response(.changed))
            let response = try #require(await test.message())
            #expect(response.kind == .con && response.code == 204 && response.uint(27) == BlockTests.block(1, false, 2))
            test.say(CoAPDatagram(.ack, 0, id: response.id))
            #expect(sink.finished == 1)
            test.close()
        }
    }

    @Test func aNewTransferTakesTheOldOnesPlace() async throws {
        try await onLoop {
            let test = try await Lockstep()
            var sinks: [TestSink] = []
            test.handler.decide = { _, _ in
                sinks.append(TestSink())
                return .stream(sinks[sinks.count - 1])
            }
            let body = BlockTests.bytes(130)
            for id in [1, 2] { #expect(try await test.ask(BlockTests.put(body, id - 1, id: id)).code == 231) }
            #expect(try await test.ask(BlockTests.put(body, 0, id: 3)).code == 231)
            #expect(sinks.count == 2 && sinks[0].aborts == [.closed] && sinks[1].count == 64)
            test.session.close()
            #expect(sinks[1].aborts == [.closed])
            test.close()
        }
    }

    @Test func severalResourcesAtOnceButNotAny() async throws {
        try await onLoop {
            let test = try await Lockstep()
            var sinks: [String: TestSink] = [:]
            test.handler.decide = { request, _ in
                let sink = TestSink()
                sinks[request.path.joined(separator: "/")] = sink
                return .stream(sink)
            }
            let body = BlockTests.bytes(100)
            for number in 0..<4 {
                #expect(try await test.ask(BlockTests.put(body, 0, id: number, path: "9/\(number)/2")).code == 231)
            }
            #expect(try await test.ask(BlockTests.put(body, 0, id: 10, path: "9/4/2")).code == 500)
            for number in 0..<4 {
                let done = try await test.ask(BlockTests.put(body, 1, id: 20 + number, path: "9/\(number)/2"))
                #expect(done.code == 204 && sinks["9/\(number)/2"]?.bytes == body)
            }
            test.close()
        }
    }

    @Test func aCollectedBodyHasALimit() async throws {
        try await onLoop {
            let test = try await Lockstep()
            test.handler.decide = { _, _ in .collect(limit: 150) }
            test.handler.serve = { request, respond in
                #expect(request.payload == BlockTests.bytes(150))
                respond(Response(.changed))
            }
            // Told beforehand, or found out on the way.
            let told = try await test.ask(BlockTests.put(BlockTests.bytes(200), 0, id: 1, size: 200))
            #expect(told.code == 413 && told.uint(60) == 150)
            for (id, code) in [(2, 231), (3, 231), (4, 413)] {
                #expect(try await test.ask(BlockTests.put(BlockTests.bytes(200), id - 2, id: id)).code == code)
            }
            #expect(try await test.ask(BlockTests.put(BlockTests.bytes(200), 3, id: 5)).code == 408)
            #expect(test.handler.requests.isEmpty)
            for (id, code) in [(10, 231), (11, 231), (12, 204)] {
                #expect(try await test.ask(BlockTests.put(BlockTests.bytes(150), id - 10, id: id)).code == code)
            }
            #expect(test.handler.requests.count == 1)
            test.close()
        }
    }

    @Test func aTransferThatIsRefused() async throws {
        try await onLoop {
            let test = try await Lockstep()
            let sink = TestSink()
            let body = BlockTests.bytes(200)
            test.handler.decide = { _, _ in .refuse(.failure(.methodNotAllowed, "not now")) }
            let refused = try await test.ask(BlockTests.put(body, 0, id: 1))
            #expect(refused.code == 405 && refused.text == "not now")
            #expect(try await test.ask(BlockTests.put(body, 1, id: 2)).code == 408)
            test.handler.decide = { _, _ in .stream(sink) }
            sink.refuse = { $0 > 100 ? .failure(.requestEntityTooLarge, "no space") : nil }
            #expect(try await test.ask(BlockTests.put(body, 0, id: 3)).code == 231)
            #expect(try await test.ask(BlockTests.put(body, 1, id: 4)).code == 413)
            #expect(try await test.ask(BlockTests.put(body, 2, id: 5)).code == 408)
            #expect(sink.aborts.isEmpty && sink.finished == 0)
            test.close()
        }
    }

    @Test func blocksThatMakeNoSense() async throws {
        try await onLoop {
            let test = try await Lockstep()
            let body = BlockTests.bytes(200)
            var short = BlockTests.put(body, 0, id: 1)
            short.payload.removeLast()
            #expect(try await test.ask(short).code == 400)
            var long = BlockTests.put(body, 3, id: 2)
            long.payload = BlockTests.bytes(100)
            #expect(try await test.ask(long).code == 400)
            #expect(try await test.ask(BlockTests.put(body, 1, id: 3)).code == 408)
            // Another content format amid a transfer.
            #expect(try await test.ask(BlockTests.put(body, 0, id: 4)).code == 231)
            var other = BlockTests.put(body, 1, id: 5)
            other.options.removeAll { $0.number == 12 }
            #expect(try await test.ask(other).code == 408)
            // Half a step: 32-byte blocks that start amid what is here.
            #expect(try await test.ask(BlockTests.put(body, 1, 1, id: 6)).code == 231)
            #expect(try await test.ask(BlockTests.put(body, 2, 1, id: 7)).code == 231)
            #expect(try await test.ask(BlockTests.put(body, 1, 2, id: 8)).code == 408)
            test.close()
        }
    }

    @Test func anIdleTransferIsAborted() async throws {
        try await onLoop {
            let clock = ManualScheduler()
            let test = try await Lockstep(scheduler: clock)
            let sink = TestSink()
            test.handler.decide = { _, _ in .stream(sink) }
            let body = BlockTests.bytes(200)
            #expect(try await test.ask(BlockTests.put(body, 0, id: 1)).code == 231)
            clock.advance(by: .seconds(100))
            #expect(try await test.ask(BlockTests.put(body, 1, id: 2)).code == 231)
            clock.advance(by: .seconds(119))
            #expect(sink.aborts.isEmpty)
            clock.advance(by: .seconds(1))
            #expect(sink.aborts == [.timeout])
            #expect(try await test.ask(BlockTests.put(body, 2, id: 3)).code == 408)
            // And the same request is a new one when its message ID may be used again.
            clock.advance(by: .seconds(247))
            #expect(try await test.ask(BlockTests.put(body, 0, id: 1)).code == 231)
            test.close()
        }
    }

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
