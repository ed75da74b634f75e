extension CBOR {
    /// The item in preferred serialisation: definite lengths, shortest arguments and floats (RFC 8949, section 4.1).
    func encode() -> [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }

    private func append(to bytes: inout [UInt8]) {
        switch self {
        case .unsigned(let number): Self.append(0, number, to: &bytes)
        case .negative(let number): Self.append(1, number, to: &bytes)
        case .bytes(let string):
            Self.append(2, UInt64(string.count), to: &bytes)
            bytes += string
        case .text(let text):
            Self.append(3, UInt64(text.utf8.count), to: &bytes)
            bytes += Array(text.utf8)
        case .array(let items):
            Self.append(4, UInt64(items.count), to: &bytes)
            for item in items { item.append(to: &bytes) }
        case .map(let pairs):
            Self.append(5, UInt64(pairs.count), to: &bytes)
            for pair in pairs {
                pair.key.append(to: &bytes)
                pair.value.append(to: &bytes)
            }
        case .tagged(let tag, let item):
            Self.append(6, tag, to: &bytes)
            item.append(to: &bytes)
        case .simple(let value): Self.append(7, UInt64(value), to: &bytes)
        case .float(let number): Self.append(number, to: &bytes)
        }
    }

    private static func append(_ major: UInt8, _ argument: UInt64, to bytes: inout [UInt8]) {
        switch argument {
        case 0..<24: bytes.append(major << 5 | UInt8(argument))
        case 24..<0x100: append(major, 24, argument, 1, to: &bytes)
        case 0x100..<0x1_0000: append(major, 25, argument, 2, to: &bytes)
        case 0x1_0000..<0x1_0000_0000: append(major, 26, argument, 4, to: &bytes)
        default: append(major, 27, argument, 8, to: &bytes)
        }
    }

    private static func append(
        _ major: UInt8, _ information: UInt8, _ argument: UInt64, _ count: UInt64, to bytes: inout [UInt8]
    ) {
        bytes.append(major << 5 | information)
        for shift in (0..<count).reversed() { bytes.append(UInt8(truncatingIfNeeded: argument >> (8 * shift))) }
    }

    private static func append(_ number: Double, to bytes: inout [UInt8]) {
        if let half = half(number) {
            append(7, 25, UInt64(half), 2, to: &bytes)
        } else if Double(Float(number)) == number {
            append(7, 26, UInt64(Float(number).bitPattern), 4, to: &bytes)
        } else {
            append(7, 27, number.bitPattern, 8, to: &bytes)
        }
    }

    /// The pattern in half precision, if that is exact.
    private static func half(_ number: Double) -> UInt16? {
        let sign: UInt16 = number.sign == .minus ? 0x8000 : 0
        if number.isNaN { return 0x7E00 }
        if number.isInfinite { return sign | 0x7C00 }
        let magnitude = abs(number)
        if magnitude == 0 { return sign }
        guard magnitude <= 65504 else { return nil }
        let pattern: UInt16
        if magnitude < 0x1p-14 {
            let fraction = magnitude * 0x1p24
            guard let whole = UInt16(exactly: fraction) else { return nil }
            pattern = whole
        } else {
            guard let fraction = UInt16(exactly: (magnitude.significand - 1) * 1024) else { return nil }
            pattern = UInt16(Int(magnitude.exponent) + 15) << 10 | fraction
        }
        return sign | pattern
    }
}
