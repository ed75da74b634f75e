import EventLoop
import LwM2M
import TestSupport
import Testing

@testable import LwM2MClient

/// Requests that no honest server sends: each is answered once, with a code of the specification, and breaks nothing.
@Suite struct HostileRequestTests {
    /// xorshift64*: the same requests in every run.
    private struct Dice: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state ^= state >> 12
            state ^= state << 25
            state ^= state >> 27
            return state &* 2_685_821_657_736_338_717
        }
    }

    private static let segments = [
        "30000", "3", "0", "1", "5", "7", "8", "4", "", "bs", "..", "65535", "00", "-1", "é",
        String(repeating: "9", count: 999),
    ]
    private static let formats: [UInt16] = [0, 40, 42, 60, 110, 112, 1542, 1543, 11542, 11543, 11544, 65535]
    private static let queries = [
        "pmin=1", "pmin", "gt=1e9", "=", "", "lt=-", String(repeating: "x", count: 5000), "pmin=1",
    ]

    /// Some of them are paths and values of composite operations.
    private static let payloads = [
        "[]", #"[{"n":"/"}]"#, #"[{"n":"/30000"},{"n":"/3/0/1"},{"n":"/0"}]"#,
        #"[{"n":"/30000/0/1","v":2},{"n":"/3/0/1","v":3}]"#,
        #"[{"n":"/30000/0/1","v":2},{"n":"/3/0/0","vs":"refuse"}]"#, #"{"e":[{"n":"1","v":2}]}"#,
    ]

    private static func request(_ dice: inout Dice) -> Request {
        func one<Element>(_ list: [Element]) -> Element { list[Int.random(in: list.indices, using: &dice)] }
        func some<Element>(_ list: [Element]) -> Element? { Bool.random(using: &dice) ? one(list) : nil }
        let depth = Int.random(in: 0...5, using: &dice)
        let payload =
            Bool.random(using: &dice)
            ? Array(one(payloads).utf8)
            : (0..<Int.random(in: 0...40, using: &dice)).map { _ in UInt8.random(in: 0...255, using: &dice) }
        return Request(
            Code(rawValue: UInt8.random(in: 1...8, using: &dice)),
            path: (0..<depth).map { $0 == 0 && Bool.random(using: &dice) ? "30000" : one(segments) },
            query: Int.random(in: 0...3, using: &dice) == 0
                ? (0..<Int.random(in: 1...50, using: &dice)).map { _ in one(queries) } : [],
            contentFormat: some(formats), accept: some(formats), observe: some([0, 1, 2, 0xFF_FFFF]),
            token: payload.prefix(8).map(\.self), payload: Bool.random(using: &dice) ? payload : [],
            unknownCriticalOptions: Int.random(in: 0...20, using: &dice) == 0 ? [65001] : [])
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>) func eachIsAnsweredOnce(_ seed: UInt64) async throws {
        try await onLoop {
            var dice = Dice(state: seed &* 0x9E37_79B9_7F4A_7C15)
            let rig = Rig()
            rig.object.sink = CollectingSink()
            try await rig.register()
            for _ in 0..<500 {
                let request = Self.request(&dice)
                _ = try rig.session.upload(request, size: -1)
                let response = try await rig.session.request(request)
                let code = try #require(response?.code, "\(request)")
                #expect(code.isSuccess || code.codeClass == 4, "\(code) for \(request)")
            }
            #expect(rig.client.status[0].observations <= Observations.limit)
            #expect(rig.state == .registered)
            // It still serves.
            rig.object.contents[0]?[0] = .single(.string("well"))
            let response = try rig.session.requestAtOnce(Request(.get, path: ["30000", "0", "0"]))
            #expect(response?.payload == Array("well".utf8))
        }
    }
}
