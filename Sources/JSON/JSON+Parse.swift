extension JSON {
    /// Why a text is not JSON, and the offset of the error.
    public struct Malformed: Error, Hashable, Sendable, CustomStringConvertible {
        public let message: String
        public let offset: Int

        public var description: String { "\(message) (at byte \(offset))" }
    }

    /// Parses one JSON text (RFC 8259) strictly: comments, trailing commas, a byte order mark, repeated member names and
    /// unpaired surrogates are refused.
    ///
    /// - Parameters:
    ///   - limit: the most bytes that are accepted.
    ///   - depth: the deepest nesting of arrays and objects that is accepted.
    public static func parse(
        _ bytes: [UInt8], limit: Int = 1 << 20, depth: Int = 32
    ) throws(Malformed) -> JSON {
        guard bytes.count <= limit else {
            throw Malformed(message: "the text has more than \(limit) bytes", offset: limit)
        }
        var parser = Parser(rest: bytes[...], depth: depth)
        parser.skipBlanks()
        let value = try parser.value()
        parser.skipBlanks()
        guard parser.rest.isEmpty else { throw parser.failure("expected the end of the text") }
        return value
    }
}

private struct Parser {
    var rest: ArraySlice<UInt8>
    var depth: Int

    func failure(_ message: String) -> JSON.Malformed { JSON.Malformed(message: message, offset: rest.startIndex) }

    mutating func skipBlanks() { rest = rest.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D } }

    /// Consumes a byte if it is the next one.
    private mutating func take(_ byte: UInt8) -> Bool {
        guard rest.first == byte else { return false }
        rest = rest.dropFirst()
        return true
    }

    private mutating func expect(_ character: Character) throws(JSON.Malformed) {
        guard let byte = character.asciiValue, take(byte) else { throw failure("expected '\(character)'") }
    }

    mutating func value() throws(JSON.Malformed) -> JSON {
        switch rest.first {
        case UInt8(ascii: "{"): return try nested { (parser) throws(JSON.Malformed) in try parser.object() }
        case UInt8(ascii: "["): return try nested { (parser) throws(JSON.Malformed) in try parser.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): return .number(try number())
        case nil: throw failure("expected a value, but the text ends")
        default: throw failure("expected a value")
        }
    }

    private mutating func nested(
        _ body: (inout Parser) throws(JSON.Malformed) -> JSON
    ) throws(JSON.Malformed) -> JSON {
        guard depth > 0 else { throw failure("arrays and objects are nested too deeply") }
        rest = rest.dropFirst()
        depth -= 1
        let value = try body(&self)
        depth += 1
        return value
    }

    private mutating func word(_ word: String, _ value: JSON) throws(JSON.Malformed) -> JSON {
        guard rest.starts(with: word.utf8) else { throw failure("expected '\(word)'") }
        rest = rest.dropFirst(word.utf8.count)
        return value
    }

    private mutating func array() throws(JSON.Malformed) -> JSON {
        var elements: [JSON] = []
        skipBlanks()
        if take(UInt8(ascii: "]")) { return .array([]) }
        while true {
            skipBlanks()
            elements.append(try value())
            skipBlanks()
            if take(UInt8(ascii: "]")) { return .array(elements) }
            try expect(",")
        }
    }

    private mutating func object() throws(JSON.Malformed) -> JSON {
        var members: [JSON.Member] = []
        var names: Set<String> = []
        skipBlanks()
        if take(UInt8(ascii: "}")) { return .object([]) }
        while true {
            skipBlanks()
            guard rest.first == UInt8(ascii: "\"") else { throw failure("expected the name of a member") }
            let start = self
            let name = try string()
            guard names.insert(name).inserted else { throw start.failure("the name '\(name.prefix(64))' is repeated") }
            skipBlanks()
            try expect(":")
            skipBlanks()
            members.append(JSON.Member(name, try value()))
            skipBlanks()
            if take(UInt8(ascii: "}")) { return .object(members) }
            try expect(",")
        }
    }

    // MARK: Numbers

    private mutating func number() throws(JSON.Malformed) -> JSON.Number {
        let start = rest
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        if take(UInt8(ascii: ".")) { try digits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            _ = take(UInt8(ascii: "+")) || take(UInt8(ascii: "-"))
            try digits()
        }
        return JSON.Number(verified: String(decoding: start[..<rest.startIndex], as: UTF8.self))
    }

    private mutating func digits() throws(JSON.Malformed) {
        let digits = rest.prefix { (0x30...0x39).contains($0) }
        guard !digits.isEmpty else { throw failure("expected a digit") }
        rest = rest[digits.endIndex...]
    }

    // MARK: Strings

    private mutating func string() throws(JSON.Malformed) -> String {
        let start = self
        rest = rest.dropFirst()
        var bytes: [UInt8] = []
        while true {
            let plain = rest.prefix { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
            bytes += plain
            rest = rest[plain.endIndex...]
            switch rest.first {
            case UInt8(ascii: "\""):
                rest = rest.dropFirst()
                guard let text = String(validating: bytes, as: UTF8.self) else {
                    throw start.failure("the string is not UTF-8")
                }
                return text
            case UInt8(ascii: "\\"): try escape(&bytes)
            case nil: throw failure("the string has no end")
            default: throw failure("a control character in a string must be escaped")
            }
        }
    }

    private mutating func escape(_ bytes: inout [UInt8]) throws(JSON.Malformed) {
        let start = self
        rest = rest.dropFirst()
        switch rest.popFirst() {
        case UInt8(ascii: "\""): bytes.append(UInt8(ascii: "\""))
        case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
        case UInt8(ascii: "/"): bytes.append(UInt8(ascii: "/"))
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "u"):
            let high = try hexadecimal()
            var code = UInt32(high)
            if (0xD800...0xDBFF).contains(high) {
                guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
                    throw start.failure("a surrogate without its other half")
                }
                let low = try hexadecimal()
                guard (0xDC00...0xDFFF).contains(low) else { throw start.failure("a surrogate without its other half") }
                code = 0x10000 + (UInt32(high) - 0xD800) << 10 + (UInt32(low) - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw start.failure("a surrogate without its other half") }
            bytes += Array(String(Character(scalar)).utf8)
        default: throw start.failure("unknown escape sequence")
        }
    }

    private mutating func hexadecimal() throws(JSON.Malformed) -> UInt16 {
        let digits = rest.prefix(4)
        let isHexadecimal = digits.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x46).contains($0) || (0x61...0x66).contains($0)
        }
        guard digits.count == 4, isHexadecimal, let code = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw failure("expected four hexadecimal digits") }
        rest = rest.dropFirst(4)
        return code
    }
}
