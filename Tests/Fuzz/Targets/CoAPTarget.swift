import CCoAP
@testable import CoAP
@testable import LwM2M
@testable import LwM2MClient

extension FuzzTarget {
    /// A datagram: options, token and payload as libcoap and we read them; written, they are read as the same. Its path and its
    /// queries mean what their texts say.
    static let coap = FuzzTarget("coap", limit: 1152) { bytes in
        guard let first = message(of: bytes) else { return }
        require(first.options.path.count + first.options.query.count <= Options.limit, "options are bounded")
        checkTarget(first.options.path)
        for version in EnablerVersion.allCases { checkQueries(first.options.query, Path(3, 0, 9), version) }
        // What we never write: options of others, and No-Response.
        var expected = first
        expected.options.unknownCritical = []
        expected.options.noResponse = nil
        expected.options.fault = nil
        guard let written = datagram(of: expected) else {
            // An option that came out of one that libcoap takes, such as a longer one, fits again.
            require(false, "options that were read are written: \(expected)")
            return
        }
        guard let again = message(of: written) else {
            require(false, "a written datagram is read: \(written)")
            return
        }
        requireEqual(again, expected, "a datagram is read as it was written")
    }

    private static func message(of bytes: [UInt8]) -> WireMessage? {
        withPDU { pdu in
            guard coap_pdu_parse(COAP_PROTO_UDP, bytes, bytes.count, pdu) != 0 else { return nil }
            require(PDU.token(pdu).count <= 8, "a token has at most 8 bytes")
            checkOptions(pdu)
            return PDU.decode(pdu)
        }
    }

    /// What our reader finds is what libcoap's finds.
    private static func checkOptions(_ pdu: OpaquePointer) {
        var iterator = coap_opt_iterator_t()
        guard coap_option_iterator_init(pdu, &iterator, nil) != nil else { return }
        var reader = OptionReader(UnsafeRawBufferPointer(start: iterator.next_option, count: iterator.length))
        while let option = coap_option_next(&iterator) {
            let theirs = UnsafeRawBufferPointer(start: coap_opt_value(option), count: Int(coap_opt_length(option)))
            guard let ours = reader.next() else { return require(false, "option \(iterator.number) is not found") }
            requireEqual(ours.number, iterator.number, "the option's number")
            requireEqual(Array(ours.value), Array(theirs), "option \(ours.number)")
        }
        require(reader.next() == nil, "an option that libcoap does not find")
    }

    private static func datagram(of message: WireMessage) -> [UInt8]? {
        guard withPDU({ PDU.fill($0, message) }) == true else { return nil }
        // libcoap does not give the bytes, so they are put together here (RFC 7252, 3.1).
        var bytes = [UInt8(0x40), message.code.rawValue, 0, 1]
        var last: UInt16 = 0
        message.options.encode { number, value in
            bytes += optionHeader(number - last, value.count) + Array(value)
            last = number
        }
        return message.payload.isEmpty ? bytes : bytes + [0xFF] + message.payload
    }

    private static func optionHeader(_ delta: UInt16, _ length: Int) -> [UInt8] {
        func parts(_ number: Int) -> (nibble: UInt8, more: [UInt8]) {
            switch number {
            case 0..<13: (UInt8(number), [])
            case 13..<269: (13, [UInt8(number - 13)])
            default: (14, [UInt8((number - 269) >> 8), UInt8(truncatingIfNeeded: number - 269)])
            }
        }
        let (first, second) = (parts(Int(delta)), parts(length))
        return [first.nibble << 4 | second.nibble] + first.more + second.more
    }

    private static func withPDU<Result>(_ body: (OpaquePointer) -> Result?) -> Result? {
        guard let pdu = coap_pdu_init(COAP_MESSAGE_CON, coap_pdu_code_t(rawValue: 1), 1, 1500) else { return nil }
        defer { coap_delete_pdu(pdu) }
        return body(pdu)
    }

    /// The quick reader of paths agrees with the one for texts.
    private static func checkTarget(_ segments: [String]) {
        let target = Target(segments)
        guard !segments.isEmpty, segments != [""], segments != ["bs"] else { return }
        let text = segments.map { "/\($0)" }.joined()
        // A slash within a segment is none between two.
        let path = segments.contains { $0.utf8.contains(UInt8(ascii: "/")) } ? nil : Path(text)
        requireEqual(target, path.map(Target.path), "both readers of paths agree about \(segments)")
    }
}
