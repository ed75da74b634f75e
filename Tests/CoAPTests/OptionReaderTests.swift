import Testing

@testable import CoAP

@Suite struct OptionReaderTests {
    private func read(_ bytes: [UInt8]) -> [(UInt16, [UInt8])] {
        bytes.withUnsafeBytes { bytes in
            var reader = OptionReader(bytes)
            var read: [(UInt16, [UInt8])] = []
            while let option = reader.next() { read.append((option.number, Array(option.value))) }
            return read
        }
    }

    /// RFC 7252, 3.1: deltas and lengths in the nibble, in one more byte, in two.
    @Test(
        arguments: [
            ([], []),
            ([0xff, 1, 2], []),
            ([0xb1, 0x33, 0x01, 0x30, 0x01, 0x31, 0xff, 0x11], [(11, 1), (11, 1), (11, 1)]),
            ([0xd0, 0], [(13, 0)]),
            ([0xd0, 255], [(268, 0)]),
            ([0xe0, 0, 0], [(269, 0)]),
            ([0xe0, 0xfe, 0xf2], [(65535, 0)]),
            ([0x0d, 0] + [UInt8](repeating: 7, count: 13), [(0, 13)]),
            ([0x0e, 0, 1] + [UInt8](repeating: 7, count: 270), [(0, 270)]),
            ([0xdd, 1, 0] + [UInt8](repeating: 7, count: 13) + [0x10], [(14, 13), (15, 0)]),
        ] as [([UInt8], [(UInt16, Int)])])
    func optionsAreRead(_ bytes: [UInt8], _ expected: [(UInt16, Int)]) {
        let read = read(bytes)
        #expect(read.map(\.0) == expected.map(\.0))
        #expect(read.map(\.1.count) == expected.map(\.1))
    }

    /// What libcoap would not let through ends the options, and nothing beyond the bytes is read.
    @Test(
        arguments: [
            [0xf0], [0x0f], [0x01], [0xd0], [0xe0], [0xe0, 1], [0x0d], [0x0e, 1], [0x0d, 0], [0xe0, 0xff, 0xff],
            [0xe0, 0xfe, 0xf2, 0x10],
        ] as [[UInt8]])
    func whatIsNoOptionEndsThem(_ bytes: [UInt8]) {
        #expect(read(bytes).count == (bytes.count > 3 ? 1 : 0))
    }

    @Test func anyBytesAreRead() {
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0..<40)).map { _ in UInt8.random(in: 0...255) }
            #expect(read(bytes).reduce(0) { $0 + 1 + $1.1.count } <= bytes.count)
        }
    }
}
