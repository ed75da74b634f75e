import EventLoop
import LwM2MClient
import TestSupport
import Testing

@testable import CoAP

/// What needs no socket: options, and the memory of answered requests.
@Suite struct MessageTests {
    private func decode(_ options: [(UInt16, [UInt8])]) -> Options {
        var decoded = Options()
        for (number, value) in options { value.withUnsafeBytes { decoded.add(number, $0) } }
        return decoded
    }

    private func encode(_ options: Options) -> [(UInt16, [UInt8])] {
        var encoded: [(UInt16, [UInt8])] = []
        options.encode { encoded.append(($0, Array($1))) }
        return encoded
    }

    @Test func optionsGoOutInOrderAndComeBack() {
        var options = Options()
        options.path = ["9", "", "ü"]
        options.locationPath = ["rd", "7"]
        options.query = ["lt=60", "ep=a"]
        options.contentFormat = 0
        options.accept = 11542
        options.observe = 0xff_ffff
        options.maxAge = 0
        options.eTag = [1, 2]
        options.block1 = Block(number: 1_048_575, more: true, exponent: 6)
        options.block2 = Block(number: 0, more: false, exponent: 0)
        options.size1 = .max
        options.size2 = 256
        let encoded = encode(options)
        #expect(encoded.map(\.0) == [4, 6, 8, 8, 11, 11, 11, 12, 14, 15, 15, 17, 23, 27, 28, 60])
        #expect(encoded.map(\.1.count) == [2, 3, 2, 1, 1, 0, 2, 0, 0, 5, 4, 2, 0, 3, 2, 4])
        #expect(decode(encoded) == options)
    }

    @Test(
        arguments: [
            (0, 0, false, 0), (0x08, 0, true, 0), (0x16, 1, false, 6), (0xfffffe, 1_048_575, true, 6),
        ] as [(UInt32, UInt32, Bool, UInt8)])
    func blockValues(_ value: UInt32, _ number: UInt32, _ more: Bool, _ exponent: UInt8) throws {
        let block = try #require(Block(value: value))
        #expect(block.number == number && block.more == more && block.exponent == exponent && block.value == value)
        #expect(block.offset == Int(number) * block.size)
        #expect(Block(value: value | 7) == nil)
    }

    @Test func whatCannotBeTaken() {
        #expect(decode([(27, [7])]).fault == .block)
        #expect(decode([(11, [0xc0, 0x80])]).fault == .text)
        #expect(decode([(17, [0]), (17, [60])]).unknownCritical == [17])
        #expect(decode([(12, [0]), (12, [60])]).contentFormat == 0)
        #expect(decode([(17, [1, 2, 3]), (27, [1, 2, 3, 4]), (35, [1]), (36, [1])]).unknownCritical == [17, 27, 35])
        #expect(decode([(6, [1, 2, 3, 4])]).observe == 0x0102_0304)
    }

    // MARK: Duplicates

    private let answer = Answer(WireMessage(.changed, payload: [1]))

    @Test func anAnswerIsKeptForItsTime() {
        var cache = DuplicateCache()
        #expect(cache.verdict(id: 1, .change, code: .post, token: [1], now: .seconds(10)) == .fresh)
        #expect(cache.verdict(id: 1, .change, code: .post, token: [1], now: .seconds(11)) == .underWay)
        cache.answered(id: 1, token: [1], answer, separately: false)
        #expect(cache.verdict(id: 1, .change, code: .post, token: [1], now: .seconds(256)) == .answered(answer))
        #expect(cache.verdict(id: 1, .change, code: .post, token: [1], now: .seconds(257)) == .fresh)
        cache.answered(id: 1, token: [1], answer, separately: true)
        #expect(cache.verdict(id: 1, .change, code: .post, token: [1], now: .seconds(258)) == .answeredSeparately)
        #expect(cache.verdict(id: 1, .look, code: .get, token: [1], now: .seconds(258)) == .fresh)
        #expect(cache.count == 1)
    }

    @Test func itIsBoundedAndReadsDoNotPushChangesOut() {
        var cache = DuplicateCache(limits: .init(entries: 4, bytes: 1 << 20, underWay: 3))
        #expect(cache.verdict(id: 9, .change, code: .post, token: [], now: .zero) == .fresh)
        cache.answered(id: 9, token: [], answer, separately: false)
        for id in 100..<2000 as Range<UInt16> {
            #expect(cache.verdict(id: id, .look, code: .get, token: [], now: .zero) == .fresh)
            cache.answered(id: id, token: [], answer, separately: false)
        }
        #expect(cache.count == 5)
        #expect(cache.verdict(id: 9, .change, code: .post, token: [], now: .zero) == .answered(answer))
        #expect(cache.verdict(id: 1999, .look, code: .get, token: [], now: .zero) == .answered(answer))
        #expect(cache.verdict(id: 1990, .look, code: .get, token: [], now: .zero) == .fresh)
    }

    @Test func aTransferDoesNotPushChangesOut() {
        func block(_ number: UInt32, _ more: Bool) -> Block { Block(number: number, more: more, exponent: 2) }
        #expect(DuplicateCache.Kind(.put, block1: nil) == .change)
        #expect(DuplicateCache.Kind(.put, block1: block(0, true)) == .change)
        #expect(DuplicateCache.Kind(.put, block1: block(7, true)) == .block)
        #expect(DuplicateCache.Kind(.put, block1: block(8, false)) == .change)
        #expect(DuplicateCache.Kind(.fetch, block1: block(7, true)) == .look)

        var cache = DuplicateCache(limits: .init(entries: 4, bytes: 1 << 20, underWay: 3))
        #expect(cache.verdict(id: 9, .change, code: .post, token: [], now: .zero) == .fresh)
        cache.answered(id: 9, token: [], answer, separately: false)
        for id in 100..<2000 as Range<UInt16> {
            #expect(cache.verdict(id: id, .block, code: .put, token: [], now: .zero) == .fresh)
            cache.answered(id: id, token: [], answer, separately: false)
        }
        #expect(cache.count == 5)
        #expect(cache.verdict(id: 9, .change, code: .post, token: [], now: .zero) == .answered(answer))
    }

    @Test func itIsBoundedInBytes() {
        var cache = DuplicateCache(limits: .init(entries: 1000, bytes: 10_000, underWay: 3))
        let large = Answer(WireMessage(.content, payload: [UInt8](repeating: 0, count: 1024)))
        for id in 0..<100 as Range<UInt16> {
            #expect(cache.verdict(id: id, .change, code: .put, token: [], now: .zero) == .fresh)
            cache.answered(id: id, token: [], large, separately: false)
        }
        #expect((5...9).contains(cache.count))
    }

    @Test func whatIsUnderWayIsNeitherForgottenNorWithoutBound() {
        var cache = DuplicateCache(limits: .init(entries: 4, bytes: 1 << 20, underWay: 3))
        for id in 0..<3 as Range<UInt16> {
            #expect(cache.verdict(id: id, .change, code: .post, token: [], now: .zero) == .fresh)
        }
        #expect(cache.verdict(id: 3, .change, code: .post, token: [], now: .zero) == .overloaded)
        cache.answered(id: 1, token: [], answer, separately: false)
        for id in 10..<50 as Range<UInt16> {
            #expect(cache.verdict(id: id, .change, code: .put, token: [], now: .zero) == .fresh)
            cache.answered(id: id, token: [], answer, separately: false)
        }
        #expect(cache.verdict(id: 0, .change, code: .post, token: [], now: .zero) == .underWay)
        #expect(cache.verdict(id: 2, .change, code: .post, token: [], now: .zero) == .underWay)
        #expect(cache.count == 4)
    }
}
