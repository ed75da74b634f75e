/// The text of a `tmpfiles.d(5)` or `sysusers.d(5)` file, split as systemd splits it.
enum LineText {
    /// A line that says something, with its number.
    struct Numbered: Hashable, Sendable {
        var number: Int
        var text: [UInt8]
    }

    /// The lines without comments and empty ones, as many as are wanted. systemd ends a line at `\n`, `\r` and NUL, also within
    /// a comment.
    static func lines(_ bytes: [UInt8], atMost limit: Int = .max) -> [Numbered] {
        var lines: [Numbered] = []
        var number = 1
        var previous: UInt8 = 0x0A
        // Lazily: a file of line ends has many parts.
        var start = bytes.startIndex
        while start <= bytes.endIndex, lines.count < limit {
            let part = bytes[start...].prefix { !isEnd($0) }
            start = part.endIndex + 1
            defer {
                // Lines are counted as editors count them: `\r\n` ends one.
                let end = part.endIndex < bytes.endIndex ? bytes[part.endIndex] : 0x0A
                if !(end == 0x0A && previous == 0x0D && part.isEmpty) { number += 1 }
                previous = end
            }
            let text = trimmed(part)
            guard let first = text.first, first != UInt8(ascii: "#"), first != UInt8(ascii: ";") else { continue }
            lines.append(Numbered(number: number, text: Array(text)))
        }
        return lines
    }

    private static func isEnd(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D || byte == 0 }
    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || isEnd(byte) }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let start = text.drop(while: isBlank)
        return start.prefix((start.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? start.startIndex) - start.startIndex)
    }

    // MARK: Fields

    /// The first fields of a line, unquoted and unescaped, and the rest as it stands.
    ///
    /// - Returns: nil when systemd does not understand the line: an open quote or a wrong escape.
    static func fields(_ text: [UInt8], atMost limit: Int) -> (fields: [[UInt8]], rest: [UInt8])? {
        var fields: [[UInt8]] = []
        var index = text.startIndex
        while fields.count < limit {
            while index < text.endIndex, isBlank(text[index]) { index += 1 }
            guard index < text.endIndex else { break }
            guard let field = field(text, &index) else { return nil }
            fields.append(field)
        }
        while index < text.endIndex, isBlank(text[index]) { index += 1 }
        return (fields, Array(text[index...]))
    }

    private static func field(_ text: [UInt8], _ index: inout Int) -> [UInt8]? {
        var field: [UInt8] = []
        var quote: UInt8?
        while index < text.endIndex {
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "\\"):
                index += 1
                guard let escaped = escaped(text, &index) else { return nil }
                field += escaped
                continue
            case quote: quote = nil
            case UInt8(ascii: "'") where quote == nil, UInt8(ascii: "\"") where quote == nil: quote = byte
            case _ where quote == nil && isBlank(byte): return field
            default: field.append(byte)
            }
            index += 1
        }
        return quote == nil ? field : nil
    }

    /// Replaces the escapes of a whole text; nil for a wrong one.
    static func unescaped(_ text: [UInt8]) -> [UInt8]? {
        var result: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            index += 1
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            guard let escaped = escaped(text, &index) else { return nil }
            result += escaped
        }
        return result
    }

    /// What an escape stands for; `index` is behind the backslash, and then behind the escape. C's escapes, and `\s`.
    private static func escaped(_ text: [UInt8], _ index: inout Int) -> [UInt8]? {
        guard index < text.endIndex else { return nil }
        let byte = text[index]
        index += 1
        switch byte {
        case UInt8(ascii: "a"): return [0x07]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "v"): return [0x0B]
        case UInt8(ascii: "s"): return [0x20]
        case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): return [byte]
        case UInt8(ascii: "x"):
            return number(text, &index, digits: 2, radix: 16).map { [UInt8(truncatingIfNeeded: $0)] }
        case UInt8(ascii: "u"): return scalar(text, &index, digits: 4)
        case UInt8(ascii: "U"): return scalar(text, &index, digits: 8)
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            index -= 1
            let value = number(text, &index, digits: 3, radix: 8)
            return value.flatMap { $0 > 255 ? nil : [UInt8(truncatingIfNeeded: $0)] }
        default: return nil
        }
    }

    /// NUL is no character of a field.
    private static func number(_ text: [UInt8], _ index: inout Int, digits: Int, radix: Int) -> UInt32? {
        guard index + digits <= text.endIndex else { return nil }
        let digitsText = text[index..<index + digits]
        guard !digitsText.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }),
            let value = UInt32(String(decoding: digitsText, as: UTF8.self), radix: radix), value != 0
        else { return nil }
        index += digits
        return value
    }

    private static func scalar(_ text: [UInt8], _ index: inout Int, digits: Int) -> [UInt8]? {
        number(text, &index, digits: digits, radix: 16).flatMap(Unicode.Scalar.init).map { Array(String($0).utf8) }
    }
}
