extension Sequence<UInt8> {
    /// Two lower-case hexadecimal digits for each byte.
    public var hexadecimal: String { map(\.hexadecimal).joined() }
}

extension FixedWidthInteger where Self: UnsignedInteger {
    /// All its lower-case hexadecimal digits, with leading zeros: two of a byte, 16 of 64 bits.
    public var hexadecimal: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: Self.bitWidth / 4 - digits.utf8.count) + digits
    }
}

extension [UInt8] {
    /// Decodes hexadecimal digits of either case, two for each byte, given as ASCII.
    ///
    /// - Returns: nil for an odd count and for anything that is not a digit: signs and white space too.
    public init?(hexadecimal text: some Sequence<UInt8>) {
        self.init()
        var high: UInt8?
        for byte in text {
            guard let digit = Self.value(ofDigit: byte) else { return nil }
            if let first = high {
                append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        guard high == nil else { return nil }
    }

    private static func value(ofDigit byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
