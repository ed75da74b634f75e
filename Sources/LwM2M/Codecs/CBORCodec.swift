/// Values as CBOR items: one alone (content format 60; LwM2M Core 7.4.3 and Appendix C), or in the maps of LwM2M CBOR.
enum CBORCodec {
    static func decode(_ payload: [UInt8], _ resource: ResourceDefinition) throws(CodecError) -> Value {
        guard let value = value(try CBOR.decode(payload), resource.type) else {
            throw .type(resource: resource.id, "the CBOR item is not of the type \(resource.type.name)")
        }
        return value
    }

    /// The item as a value of a type; nil if it is not of that type.
    static func value(_ item: CBOR, _ type: DataType) -> Value? {
        switch (type, item) {
        case (.string, .text(let text)): .string(text)
        case (.coreLink, .text(let text)): .coreLink(text)
        case (.objectLink, .text(let text)): ObjectLink(text).map(Value.objectLink)
        case (.opaque, .bytes(let bytes)): .opaque(bytes)
        case (.boolean, .simple(20)): .boolean(false)
        case (.boolean, .simple(21)): .boolean(true)
        default: item.number?.value(type)
        }
    }

    static func encode(_ value: Value, _ version: EnablerVersion) throws(CodecError) -> [UInt8] {
        try item(value, version).encode()
    }

    static func item(_ value: Value, _ version: EnablerVersion) throws(CodecError) -> CBOR {
        switch value {
        case .string(let text), .coreLink(let text): return .text(text)
        case .objectLink(let link): return .text(link.description)
        case .opaque(let bytes): return .bytes(bytes)
        case .boolean(let flag): return .bool(flag)
        case .integer(let number): return .integer(number)
        case .unsignedInteger(let number): return .unsigned(number)
        case .float(let number):
            guard number.isFinite else { throw .format("the value \(number) cannot be sent") }
            return .float(number)
        // Epoch-based date and time (RFC 8949, section 3.4.2).
        case .time(let seconds): return version.tagsTimes ? .tagged(1, .integer(seconds)) : .integer(seconds)
        }
    }
}
