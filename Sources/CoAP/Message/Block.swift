/// The value of a Block1 or Block2 option (RFC 7959, 2.2).
struct Block: Hashable, Sendable {
    /// The largest size exponent of CoAP over UDP: 1024 bytes.
    static let largest: UInt8 = 6

    /// NUM: which block, 0 to 2^20 - 1.
    var number: UInt32
    /// M: more blocks follow.
    var more: Bool
    /// SZX, 0 to 6.
    var exponent: UInt8

    init(number: UInt32, more: Bool, exponent: UInt8) {
        self.number = number
        self.more = more
        self.exponent = exponent
    }

    /// - Parameter value: the option's value; nil for the reserved exponent 7 and for more than three bytes.
    init?(value: UInt32) {
        guard value & 7 <= Block.largest, value < 1 << 24 else { return nil }
        self.init(number: value >> 4, more: value & 8 != 0, exponent: UInt8(value & 7))
    }

    /// Bytes of a block: 16 to 1024.
    var size: Int { Block.size(exponent) }

    /// Where the block starts in the body.
    var offset: Int { Int(number) << (Int(exponent) + 4) }

    var value: UInt32 { number << 4 | (more ? 8 : 0) | UInt32(exponent) }

    static func size(_ exponent: UInt8) -> Int { 16 << Int(exponent) }
}
