/// Base 64 (RFC 4648, sections 4 and 5).
enum Base64 {
    enum Alphabet {
        /// With `+` and `/`. Padding is written, but not required when reading.
        case standard
        /// With `-` and `_` and without padding (SenML's `vd`, RFC 8428, section 5).
        case url
    }

    static func encode(_ bytes: [UInt8], _ alphabet: Alphabet) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let group = bytes[index..<min(index + 3, bytes.count)]
            var word = UInt32(0)
            for byte in group { word = word << 8 | UInt32(byte) }
            word <<= UInt32(3 - group.count) * 8
            for digit in 0..<group.count + 1 {
                text.append(character(UInt8(word >> UInt32(18 - 6 * digit) & 63), alphabet))
            }
            if alphabet == .standard { text += [UInt8](repeating: UInt8(ascii: "="), count: 3 - group.count) }
            index += 3
        }
        return text
    }

    /// Decodes a text; returns nil for a character outside of the alphabet, wrong padding, or bits after the last byte.
    static func decode(_ text: some Collection<UInt8>, _ alphabet: Alphabet) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var word = UInt32(0)
        var bits = 0
        var padding = 0
        var count = 0
        for byte in text {
            if byte == UInt8(ascii: "="), alphabet == .standard {
                padding += 1
                continue
            }
            guard padding == 0, let digit = digit(byte, alphabet) else { return nil }
            count += 1
            word = word << 6 | UInt32(digit)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
                word &= (1 << UInt32(bits)) - 1
            }
        }
        guard word == 0, count % 4 != 1, padding == 0 || padding == (4 - count % 4) % 4 else { return nil }
        return bytes
    }

    private static func character(_ digit: UInt8, _ alphabet: Alphabet) -> UInt8 {
        switch digit {
        case 0..<26: UInt8(ascii: "A") + digit
        case 26..<52: UInt8(ascii: "a") + digit - 26
        case 52..<62: UInt8(ascii: "0") + digit - 52
        case 62: alphabet == .standard ? UInt8(ascii: "+") : UInt8(ascii: "-")
        default: alphabet == .standard ? UInt8(ascii: "/") : UInt8(ascii: "_")
        }
    }

    private static func digit(_ byte: UInt8, _ alphabet: Alphabet) -> UInt8? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
        case character(62, alphabet): 62
        case character(63, alphabet): 63
        default: nil
        }
    }
}
