import EventLoop
import Glibc
import LwM2M
import LwM2MClient
import TestSupport
import Testing

@testable import CoAP

/// Many requests at once that are answered late: each one that is acknowledged gets exactly one response.
@Suite(.timeLimit(.minutes(patience))) struct FloodTests {
    private static func post(_ number: Int) -> CoAPDatagram {
        CoAPDatagram(.con, 2, id: UInt16(number), token: [UInt8(number >> 8), UInt8(number & 255)], path: "9/0/4")
    }

    /// Lost acknowledgements, or a peer that sends none, must not hold up the responses to other requests.
    @Test func responsesDoNotWaitForTheAcknowledgementsOfOthers() async throws {
        try await onLoop {
            let test = try await Lockstep()
            var later: [@LoopActor (Response) -> Void] = []
            test.handler.serve = { _, respond in later.append(respond) }
            for number in 0..<DuplicateCache.underWay {
                #expect(try await test.ask(Self.post(number)) == CoAPDatagram(.ack, 0, id: UInt16(number)))
            }
            for respond in later { respond(Response(.changed)) }
            var tokens: Set<[UInt8]> = []
            for _ in later {
                // libcoap repeats the first ones after two seconds and more.
                let response = try #require(await test.message(within: .seconds(5 * patience)))
                #expect(response.kind == .con && response.code == 204)
                tokens.insert(response.token)
            }
            #expect(tokens.count == later.count)
            test.close()
        }
    }

    @Test func whatCouldNotBeAnsweredIsRefusedAndReadsAreServed() async throws {
        try await onLoop {
            let test = try await Lockstep()
            var later: [@LoopActor (Response) -> Void] = []
            test.handler.serve = { request, respond in
                if request.method == .post { later.append(respond) } else { respond(Response(.content)) }
            }
            for number in 0..<DuplicateCache.underWay { _ = try await test.ask(Self.post(number)) }
            func refused(_ number: Int) async throws {
                let answer = try await test.ask(Self.post(number))
                #expect(answer.kind == .ack && answer.code == 500 && answer.text.firstOccurrence(of: "too many") != nil)
                #expect(try await test.ask(CoAPDatagram(.con, 1, id: UInt16(number + 1), path: "3")).code == 205)
            }
            try await refused(1000)
            // Answered, but not acknowledged: there is no room yet.
            for respond in later { respond(Response(.changed)) }
            var responses: [CoAPDatagram] = []
            for _ in later { responses.append(try #require(await test.message(within: .seconds(5 * patience)))) }
            try await refused(2000)
            for response in responses { test.say(CoAPDatagram(.ack, 0, id: response.id)) }
            test.say(Self.post(3000))
            let answer = try #require(await test.message(within: .seconds(5 * patience)))
            #expect(answer == CoAPDatagram(.ack, 0, id: 3000))
            test.close()
        }
    }

    /// With a worker in between, as a write that is made durable has it.
    @Test func everyAcknowledgedRequestOfAFloodGetsOneResponse() async throws {
        try await onLoop {
            let test = try await Lockstep()
            test.handler.serve = { _, respond in
                LoopActor.spawn {
                    _ = try? await Worker.shared.run { usleep(100) }
                    respond(Response(.changed))
                }
            }
            var acknowledged: Set<Int> = []
            var answers: [Int: Int] = [:]
            var seen: Set<UInt16> = []
            @LoopActor func take(_ message: CoAPDatagram) {
                let number = message.token.reduce(0) { $0 << 8 | Int($1) }
                if message.kind == .con {
                    test.say(CoAPDatagram(.ack, 0, id: message.id))
                    guard seen.insert(message.id).inserted else { return }
                }
                if message.code == 0 {
                    acknowledged.insert(Int(message.id))
                } else if message.code == 204 {
                    answers[number, default: 0] += 1
                }
            }
            for number in 0..<1500 {
                test.say(Self.post(number))
                guard number % 250 == 249 else { continue }
                while let message = await test.anyMessage(within: .milliseconds(1)) { take(message) }
            }
            // Acknowledgements that were lost to a full buffer are made up for after two to three seconds.
            while let message = await test.anyMessage(within: .seconds(4)) { take(message) }
            #expect(acknowledged.count > 50)
            #expect(acknowledged.allSatisfy { answers[$0] == 1 })
            #expect(answers.values.allSatisfy { $0 == 1 })
            test.close()
        }
    }
}
