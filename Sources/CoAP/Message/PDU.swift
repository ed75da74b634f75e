import CCoAP
import LwM2MClient

/// Converts between libcoap's `coap_pdu_t` and our messages.
enum PDU {
    /// The content of a received message.
    static func decode(_ pdu: OpaquePointer) -> WireMessage {
        var options = Options()
        var iterator = coap_opt_iterator_t()
        if coap_option_iterator_init(pdu, &iterator, nil) != nil {
            var reader = OptionReader(UnsafeRawBufferPointer(start: iterator.next_option, count: iterator.length))
            var count = 0
            while let option = reader.next() {
                count += 1
                guard count <= Options.limit else {
                    options.fault = .tooMany
                    break
                }
                options.add(option.number, option.value)
            }
        }
        var length = 0
        var data: UnsafePointer<UInt8>?
        let payload =
            coap_get_data(pdu, &length, &data) != 0 ? Array(UnsafeBufferPointer(start: data, count: length)) : []
        return WireMessage(Code(rawValue: gk_coap_pdu_code(pdu)), options: options, payload: payload)
    }

    static func token(_ pdu: OpaquePointer) -> [UInt8] {
        let token = coap_pdu_get_token(pdu)
        return Array(UnsafeBufferPointer(start: token.s, count: token.length))
    }

    /// Puts code, options and payload into a message that has its token; false when they do not fit.
    static func fill(_ pdu: OpaquePointer, _ message: WireMessage) -> Bool {
        gk_coap_pdu_set_code(pdu, message.code.rawValue)
        var fits = true
        message.options.encode { number, value in
            // libcoap returns the option's length in the message, 0 when there is no room.
            let added = coap_add_option(
                pdu, number, value.count, value.baseAddress?.assumingMemoryBound(to: UInt8.self))
            if added == 0 { fits = false }
        }
        guard fits else { return false }
        return message.payload.isEmpty || coap_add_data(pdu, message.payload.count, message.payload) != 0
    }

    /// A new message with a message ID of libcoap's.
    static func make(
        _ session: OpaquePointer, confirmable: Bool, token: [UInt8], _ message: WireMessage
    ) -> OpaquePointer? {
        guard let pdu = gk_coap_new_pdu(confirmable ? 1 : 0, message.code.rawValue, session) else { return nil }
        guard token.isEmpty || coap_add_token(pdu, token.count, token) != 0, fill(pdu, message) else {
            coap_delete_pdu(pdu)
            return nil
        }
        return pdu
    }
}
