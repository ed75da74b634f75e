extension JSON {
    /// The value as one JSON text in UTF-8 without blanks. Members keep their order.
    public func write() -> [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes, indent: nil)
        return bytes
    }

    /// The value formatted for people: indented by two blanks, with a final line feed.
    public func writeIndented() -> [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes, indent: 0)
        bytes.append(0x0A)
        return bytes
    }

    private func append(to bytes: inout [UInt8], indent: Int?) {
        switch self {
        case .null: bytes += Array("null".utf8)
        case .bool(let flag): bytes += Array((flag ? "true" : "false").utf8)
        case .number(let number): bytes += Array(number.description.utf8)
        case .string(let text): Self.append(text, to: &bytes)
        case .array(let elements):
            Self.append(elements, "[", "]", to: &bytes, indent: indent) { element, indent, bytes in
                element.append(to: &bytes, indent: indent)
            }
        case .object(let members):
            Self.append(members, "{", "}", to: &bytes, indent: indent) { member, indent, bytes in
                Self.append(member.name, to: &bytes)
                bytes += Array((indent == nil ? ":" : ": ").utf8)
                member.value.append(to: &bytes, indent: indent)
            }
        }
    }

    private static func append<Element>(
        _ elements: [Element], _ open: String, _ close: String, to bytes: inout [UInt8], indent: Int?,
        _ body: (Element, Int?, inout [UInt8]) -> Void
    ) {
        func line(_ indent: Int?) {
            if let indent { bytes += [0x0A] + [UInt8](repeating: 0x20, count: indent) }
        }
        bytes += Array(open.utf8)
        let inner = indent.map { $0 + 2 }
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            line(inner)
            body(element, inner, &bytes)
        }
        if !elements.isEmpty { line(indent) }
        bytes += Array(close.utf8)
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x08: bytes += Array("\\b".utf8)
            case 0x09: bytes += Array("\\t".utf8)
            case 0x0A: bytes += Array("\\n".utf8)
            case 0x0C: bytes += Array("\\f".utf8)
            case 0x0D: bytes += Array("\\r".utf8)
            case 0..<0x20, 0x7F:
                let digits = String(byte, radix: 16)
                bytes += Array("\\u00\(digits.count < 2 ? "0" : "")\(digits)".utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
