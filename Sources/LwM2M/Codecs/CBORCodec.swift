/// A single value as CBOR (content format 60; LwM2M Core 7.4.3 and Appendix C).
enum CBORCodec {
    static func decode(_ payload: [UInt8], _ resource: ResourceDefinition) throws(CodecError) -> Value {
        let item = try CBOR.decode(payload)
        let value: Value? =
            switch (resource.type, item) {
            case (.string, .text(let text)): .string(text)
            case (.coreLink, .text(let text)): .coreLink(text)
            case (.objectLink, .text(let text)): ObjectLink(text).map(Value.objectLink)
            case (.opaque, .bytes(let bytes)): .opaque(bytes)
            case (.boolean, .simple(20)): .boolean(false)
            case (.boolean, .simple(21)): .boolean(true)
            default: item.number?.value(resource.type)
            }
        guard let value else {
            throw .type(resource: resource.id, "the CBOR item is not of the type \(resource.type.name)")
        }
        return value
    }

    static func encode(_ value: Value) throws(CodecError) -> [UInt8] {
        switch value {
        case .string(let text), .coreLink(let text): return CBOR.text(text).encode()
        case .objectLink(let link): return CBOR.text(link.description).encode()
        case .opaque(let bytes): return CBOR.bytes(bytes).encode()
        case .boolean(let flag): return CBOR.bool(flag).encode()
        case .integer(let number): return CBOR.integer(number).encode()
        case .unsignedInteger(let number): return CBOR.unsigned(number).encode()
        case .float(let number):
            guard number.isFinite else { throw .format("the value \(number) cannot be sent") }
            return CBOR.float(number).encode()
        // Epoch-based date and time (RFC 8949, section 3.4.2).
        case .time(let seconds): return CBOR.tagged(1, .integer(seconds)).encode()
        }
    }
}
