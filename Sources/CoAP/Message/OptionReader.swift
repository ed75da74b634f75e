/// Reads the options of a message that was received (RFC 7252, 3.1): the bytes after the token, to the payload marker or the end.
///
/// libcoap has checked the message, and could read them too (`coap_option_next(3)`), at five times the cost.
struct OptionReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var number: UInt32 = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The next option; nil at the end, and where the bytes are no option.
    mutating func next() -> (number: UInt16, value: UnsafeRawBufferPointer)? {
        guard position < bytes.count, bytes[position] != 0xff else { return nil }
        let head = bytes[position]
        position += 1
        guard let delta = extended(head >> 4), let length = extended(head & 15),
            length <= bytes.count - position, number + delta <= UInt32(UInt16.max)
        else {
            position = bytes.count
            return nil
        }
        number += delta
        let value = UnsafeRawBufferPointer(rebasing: bytes[position..<position + Int(length)])
        position += Int(length)
        return (UInt16(number), value)
    }

    /// A delta or a length, of which 13 and 14 say that it goes on; 15 is none.
    private mutating func extended(_ nibble: UInt8) -> UInt32? {
        switch nibble {
        case 0..<13: return UInt32(nibble)
        case 13:
            guard position < bytes.count else { return nil }
            defer { position += 1 }
            return UInt32(bytes[position]) + 13
        case 14:
            guard position + 1 < bytes.count else { return nil }
            defer { position += 2 }
            return (UInt32(bytes[position]) << 8 | UInt32(bytes[position + 1])) + 269
        default: return nil
        }
    }
}
