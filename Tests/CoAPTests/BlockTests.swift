import CoAP
import EventLoop
import LwM2M
import LwM2MClient
import TestSupport
import Testing

/// Block-wise transfers, message by message (RFC 7959). Here: bodies that a peer sends to us (Block1).
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
}
