import EventLoop
import LwM2M
import TestSupport
import Testing

@testable import LwM2MClient

@Suite struct UploadTests {
    private static func put(_ resource: String, _ format: UInt16?, _ payload: [UInt8] = []) -> Request {
        Request(.put, path: ["30000", "0", resource], contentFormat: format, payload: payload)
    }

    @Test func anOpaqueBodyIsStreamedInEveryFormatThatHoldsItRaw() async throws {
        try await onLoop {
            let body = (0..<5000).map { UInt8(truncatingIfNeeded: $0) }
            let forms: [(UInt16, [UInt8])] = [
                (42, body), (11542, [0xD0, 3, 0x13, 0x88] + body), (60, [0x59, 0x13, 0x88] + body),
            ]
            for (format, payload) in forms {
                for size in [1, 3, 1024, 9999] {
                    let rig = Rig()
                    let sink = CollectingSink()
                    rig.object.sink = sink
                    try await rig.register()
                    guard case .stream(let stream) = try rig.session.upload(Self.put("3", format)) else {
                        Issue.record("not streamed")
                        return
                    }
                    for start in stride(from: 0, to: payload.count, by: size) {
                        #expect(stream.append(Array(payload[start..<min(start + size, payload.count)])) == nil)
                    }
                    var answer: Response?
                    stream.finish { answer = $0 }
                    #expect(answer?.code == .changed)
                    #expect(sink.bytes == body)
                }
            }
        }
    }

    @Test func aSmallBodyTakesTheSameWay() async throws {
        try await onLoop {
            let rig = Rig()
            let sink = CollectingSink()
            rig.object.sink = sink
            try await rig.register()
            let response = try await rig.session.request(Self.put("3", 11542, [0xC2, 3, 7, 8]))
            #expect(response?.code == .changed)
            #expect(sink.bytes == [7, 8])
            #expect(sink.finished)
        }
    }

    @Test(
        arguments: [
            [0xC2, 3, 7], [0xC2, 3, 7, 8, 9], [0xC2, 4, 7, 8], [0x82, 3, 7, 8], [0xC2], [],
        ] as [[UInt8]])
    func aFrameThatLiesIsABadRequest(_ payload: [UInt8]) async throws {
        try await onLoop {
            let rig = Rig()
            let sink = CollectingSink()
            rig.object.sink = sink
            try await rig.register()
            #expect(try await rig.session.request(Self.put("3", 11542, payload))?.code == .badRequest)
            #expect(!sink.finished)
            #expect(sink.aborted != nil)
        }
    }

    @Test func theFirstBlockDecides() async throws {
        try await onLoop {
            let rig = Rig()
            rig.object.sink = CollectingSink()
            try await rig.register()
            @LoopActor func code(_ request: Request) throws -> Code? {
                switch try rig.session.upload(request, size: Int.max) {
                case .refuse(let response): response.code
                case .collect(let limit): limit == 65536 ? .continue : nil
                case .stream: .changed
                }
            }
            #expect(try code(Self.put("3", 42)) == .changed)
            #expect(try code(Self.put("0", 0)) == .continue)
            #expect(try code(Self.put("7", 42)) == .continue)
            #expect(try code(Self.put("2", 0)) == .methodNotAllowed)
            #expect(try code(Self.put("99", 0)) == .notFound)
            #expect(try code(Request(.put, path: ["0", "0", "5"], contentFormat: 42)) == .unauthorized)
            #expect(try code(Request(.put, path: ["x"], contentFormat: 42)) == .notFound)
            #expect(try code(Request(.post, path: ["30000"], contentFormat: 11542)) == .continue)
            #expect(try code(Request(.get, path: ["30000"])) == .badRequest)
            // What could not be taken when it is all here is not collected.
            #expect(try code(Self.put("3", nil)) == .badRequest)
            #expect(try code(Self.put("3", 9999)) == .unsupportedContentFormat)
            #expect(try code(Self.put("0", 42)) == .unsupportedContentFormat)
            #expect(try code(Request(.post, path: ["30000"])) == .badRequest)
            #expect(try code(Request(.post, path: ["30000"], contentFormat: 0)) == .unsupportedContentFormat)
            #expect(try code(Request(.post, path: ["30000", "0", "4"])) == .continue)
            let opaqueArguments = Request(.post, path: ["30000", "0", "4"], contentFormat: 42)
            #expect(try code(opaqueArguments) == .unsupportedContentFormat)
            #expect(try code(Request(.put, path: ["3"], unknownCriticalOptions: [9])) == .badOption)
        }
    }

    @Test(
        arguments: [
            ([0x5B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], UInt64.max), ([0x40], 0), ([0x57], 23),
        ] as [([UInt8], UInt64)])
    func headersOfByteStrings(_ header: [UInt8], _ length: UInt64) {
        #expect(FramedSink.Framing.cbor.header(header) == .value(length: length))
        #expect(FramedSink.Framing.cbor.header(Array(header.dropLast())) == .incomplete)
    }

    @Test func headersThatAreNone() {
        for first in [0x00, 0x5F, 0x5C, 0x80, 0xFF] as [UInt8] {
            #expect(FramedSink.Framing.cbor.header([first]) == .invalid)
        }
    }
}
