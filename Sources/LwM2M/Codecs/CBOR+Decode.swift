extension CBOR {
    /// Decodes one well-formed data item that fills the bytes (RFC 8949, section 3).
    ///
    /// Accepts indefinite lengths. Refuses a repeated key in a map, text that is not UTF-8, and reserved values.
    /// - Parameter depth: the deepest nesting of items that is accepted.
    static func decode(_ bytes: [UInt8], depth: Int = 16) throws(CodecError) -> CBOR {
        var reader = Reader(rest: bytes[...])
        let item = try reader.item(depth)
        guard reader.rest.isEmpty else { throw reader.failure("there are bytes after the end of the CBOR item") }
        return item
    }

    private struct Reader {
        var rest: ArraySlice<UInt8>

        func failure(_ message: String) -> CodecError { .malformed(message, offset: rest.startIndex) }

        /// The initial byte with its argument; nil for an indefinite length.
        private struct Head {
            let major: UInt8
            let information: UInt8
            let argument: UInt64?
        }

        private mutating func head() throws(CodecError) -> Head {
            let start = self
            guard let byte = rest.popFirst() else { throw failure("the CBOR item is truncated") }
            let information = byte & 31
            switch information {
            case 0..<24: return Head(major: byte >> 5, information: information, argument: UInt64(information))
            case 24...27:
                let count = 1 << Int(information - 24)
                guard rest.count >= count else { throw start.failure("the CBOR item is truncated") }
                let argument = rest.prefix(count).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                rest = rest.dropFirst(count)
                return Head(major: byte >> 5, information: information, argument: argument)
            case 31: return Head(major: byte >> 5, information: information, argument: nil)
            default: throw start.failure("the CBOR length is a reserved value")
            }
        }

        private mutating func takeBreak() -> Bool {
            guard rest.first == 0xFF else { return false }
            rest = rest.dropFirst()
            return true
        }

        mutating func item(_ depth: Int) throws(CodecError) -> CBOR {
            guard depth > 0 else { throw failure("CBOR items are nested too deeply") }
            let start = self
            let head = try head()
            switch (head.major, head.argument) {
            case (0, let number?): return .unsigned(number)
            case (1, let number?): return .negative(number)
            case (2, let length): return .bytes(try string(2, length))
            case (3, let length): return .text(try text(length))
            case (4, let count): return .array(try array(count, depth - 1))
            case (5, let count): return .map(try map(count, depth - 1))
            case (6, let tag?): return .tagged(tag, try item(depth - 1))
            case (7, let argument?):
                switch head.information {
                case 0..<24: return .simple(UInt8(argument))
                case 24:
                    guard argument >= 32 else {
                        throw start.failure("a simple value below 32 must not be encoded in two bytes")
                    }
                    return .simple(UInt8(argument))
                case 25: return .float(CBOR.half(UInt16(argument)))
                case 26: return .float(Double(Float(bitPattern: UInt32(argument))))
                default: return .float(Double(bitPattern: argument))
                }
            default: throw start.failure("an indefinite length or its end is not allowed here")
            }
        }

        private mutating func string(_ major: UInt8, _ length: UInt64?) throws(CodecError) -> [UInt8] {
            if let length {
                guard length <= UInt64(rest.count) else { throw failure("a CBOR string is truncated") }
                defer { rest = rest.dropFirst(Int(length)) }
                return Array(rest.prefix(Int(length)))
            }
            var bytes: [UInt8] = []
            while !takeBreak() {
                let start = self
                let head = try head()
                guard head.major == major, let length = head.argument else {
                    throw start.failure("a chunk of a string must have a length and the string's type")
                }
                let chunk = try string(major, length)
                // Each chunk of a text must be valid UTF-8.
                guard major == 2 || String(validating: chunk, as: UTF8.self) != nil else {
                    throw start.failure("the text is not UTF-8")
                }
                bytes += chunk
            }
            return bytes
        }

        private mutating func text(_ length: UInt64?) throws(CodecError) -> String {
            let start = self
            guard let text = String(validating: try string(3, length), as: UTF8.self) else {
                throw start.failure("the text is not UTF-8")
            }
            return text
        }

        private mutating func array(_ count: UInt64?, _ depth: Int) throws(CodecError) -> [CBOR] {
            var items: [CBOR] = []
            while try more(items.count, of: count) { items.append(try item(depth)) }
            return items
        }

        private mutating func map(_ count: UInt64?, _ depth: Int) throws(CodecError) -> [Pair] {
            var pairs: [Pair] = []
            var keys: Set<CBOR> = []
            while try more(pairs.count, of: count) {
                let start = self
                let key = try item(depth)
                guard keys.insert(key).inserted else { throw start.failure("a key of a CBOR map occurs twice") }
                pairs.append(Pair(key, try item(depth)))
            }
            return pairs
        }

        /// Whether another item follows. The payload's count is not trusted: no memory is reserved for it, and each item
        /// needs at least one byte, which must exist.
        private mutating func more(_ have: Int, of count: UInt64?) throws(CodecError) -> Bool {
            let more = count.map { UInt64(have) < $0 } ?? !takeBreak()
            guard !more || have < Codec.recordLimit else {
                throw failure("a CBOR array or map has more than \(Codec.recordLimit) items")
            }
            return more
        }
    }

    /// IEEE 754 half precision (RFC 8949, appendix D).
    static func half(_ pattern: UInt16) -> Double {
        let exponent = Int(pattern >> 10 & 31)
        let fraction = Double(pattern & 1023)
        let magnitude: Double
        switch exponent {
        case 0: magnitude = fraction * 0x1p-24
        case 31: magnitude = fraction == 0 ? .infinity : .nan
        default: magnitude = Double(sign: .plus, exponent: exponent - 25, significand: fraction + 1024)
        }
        return pattern & 0x8000 == 0 ? magnitude : -magnitude
    }
}
