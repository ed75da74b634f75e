/// `text/plain` (content format 0): one value as UTF-8 text (LwM2M Core 7.4.1 and Appendix C).
enum TextCodec {
    static func decode(_ payload: [UInt8], _ resource: ResourceDefinition) throws(CodecError) -> Value {
        guard let text = String(validating: payload, as: UTF8.self) else {
            throw .malformed("the text is not UTF-8", offset: 0)
        }
        guard let value = value(of: text, resource.type) else {
            throw .type(resource: resource.id, "the text is not of the type \(resource.type.name)")
        }
        return value
    }

    private static func value(of text: String, _ type: DataType) -> Value? {
        switch type {
        case .none: nil
        case .string: .string(text)
        case .coreLink: .coreLink(text)
        case .integer: integer(text).map(Value.integer)
        case .time: integer(text).map(Value.time)
        case .unsignedInteger: isDigits(text.utf8) ? UInt64(text).map(Value.unsignedInteger) : nil
        case .float: Decimal.double(text).map(Value.float)
        case .boolean: text == "1" ? .boolean(true) : text == "0" ? .boolean(false) : nil
        case .opaque: Base64.decode(text.utf8, .standard).map(Value.opaque)
        case .objectLink: ObjectLink(text).map(Value.objectLink)
        }
    }

    /// An optional minus sign and digits. No plus sign, no blank.
    private static func integer(_ text: String) -> Int64? {
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        return isDigits(digits) ? Int64(text) : nil
    }

    private static func isDigits(_ text: some Collection<UInt8>) -> Bool {
        !text.isEmpty && text.allSatisfy { (0x30...0x39).contains($0) }
    }

    static func encode(_ value: Value) throws(CodecError) -> [UInt8] {
        switch value {
        case .string(let text), .coreLink(let text): return Array(text.utf8)
        case .integer(let number), .time(let number): return Array("\(number)".utf8)
        case .unsignedInteger(let number): return Array("\(number)".utf8)
        case .float(let number):
            guard number.isFinite else { throw .format("the value \(number) cannot be sent") }
            return Array("\(number)".utf8)
        case .boolean(let flag): return [flag ? 0x31 : 0x30]
        case .opaque(let bytes): return Base64.encode(bytes, .standard)
        case .objectLink(let link): return Array(link.description.utf8)
        }
    }
}

extension ObjectLink {
    /// Parses `3:0`, both numbers 0 to 65535. `FFFF:FFFF`, which the specification uses, is also the null link.
    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        func number(_ part: some StringProtocol) -> UInt16? {
            guard (1...5).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                return nil
            }
            return UInt16(part)
        }
        if text == "FFFF:FFFF" {
            self.init(.max, .max)
            return
        }
        guard parts.count == 2, let object = number(parts[0]), let instance = number(parts[1]) else { return nil }
        self.init(object, instance)
    }
}

extension DataType {
    /// The name of the type for messages.
    var name: String {
        switch self {
        case .none: "value"
        case .unsignedInteger: "unsigned integer"
        case .objectLink: "object link"
        case .coreLink: "core link"
        default: rawValue
        }
    }
}
