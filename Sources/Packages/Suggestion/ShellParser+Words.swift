extension ShellParser {
    /// The word that comes next; nil if none does.
    mutating func word() throws(ShellSyntaxError) -> ShellWord? {
        var parts: [ShellPart] = []
        var text: [UInt8] = []
        func flush() {
            guard !text.isEmpty else { return }
            parts.append(.text(String(decoding: text, as: UTF8.self), isQuoted: false))
            text = []
        }
        while let byte = next, !Self.isSeparator(byte) {
            switch byte {
            case 0x5C:
                index += 1
                guard let escaped = next else { throw error("a backslash ends the script") }
                index += 1
                if escaped == 0x0A {
                    line += 1
                } else {
                    flush()
                    parts.append(.text(character(from: escaped), isQuoted: true))
                }
            case 0x27:
                flush()
                parts.append(.text(try single(), isQuoted: true))
            case 0x22:
                flush()
                parts += try double()
            case 0x24, 0x60:
                if let part = try dollar(isQuoted: false) {
                    flush()
                    parts.append(part)
                } else {
                    text.append(byte)
                    index += 1
                }
            default:
                text.append(byte)
                index += 1
            }
        }
        flush()
        return parts.isEmpty ? nil : ShellWord(parts: parts)
    }

    /// An escaped character, whose first byte is taken already.
    private mutating func character(from first: UInt8) -> String {
        var all = [first]
        while first >= 0x80, let byte = next, byte & 0xC0 == 0x80 {
            all.append(byte)
            index += 1
        }
        return String(decoding: all, as: UTF8.self)
    }

    /// `'…'`.
    private mutating func single() throws(ShellSyntaxError) -> String {
        let start = line
        index += 1
        guard let end = bytes[index...].firstIndex(of: 0x27) else {
            throw ShellSyntaxError(line: start, text: "a quote is not closed")
        }
        let text = bytes[index..<end]
        index = end + 1
        line += text.count { $0 == 0x0A }
        return String(decoding: text, as: UTF8.self)
    }

    /// `"…"`: at least one part, perhaps an empty one.
    private mutating func double() throws(ShellSyntaxError) -> [ShellPart] {
        let start = line
        index += 1
        var parts: [ShellPart] = []
        var text: [UInt8] = []
        func flush() {
            guard !text.isEmpty else { return }
            parts.append(.text(String(decoding: text, as: UTF8.self), isQuoted: true))
            text = []
        }
        while let byte = next {
            switch byte {
            case 0x22:
                index += 1
                flush()
                return parts.isEmpty ? [.text("", isQuoted: true)] : parts
            case 0x5C:
                let following = peek(1)
                if following == 0x0A {
                    line += 1
                    index += 2
                } else if let following, "$`\"\\".utf8.contains(following) {
                    text.append(following)
                    index += 2
                } else {
                    text.append(byte)
                    index += 1
                }
            case 0x24, 0x60:
                if let part = try dollar(isQuoted: true) {
                    flush()
                    parts.append(part)
                } else {
                    text.append(byte)
                    index += 1
                }
            default:
                if byte == 0x0A { line += 1 }
                text.append(byte)
                index += 1
            }
        }
        throw ShellSyntaxError(line: start, text: "a quote is not closed")
    }

    /// What a `$` or a backquote begins; nil if it stands for itself.
    private mutating func dollar(isQuoted: Bool) throws(ShellSyntaxError) -> ShellPart? {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else { throw error("it is nested too deeply") }
        if next == 0x60 { return try backquoted(isQuoted: isQuoted) }
        if starts(with: "$((") {
            try skipArithmetic()
            return .other(isQuoted: isQuoted)
        }
        if take("$(") {
            let node = try list(until: [])
            guard take(")") else { throw error("')' is missing") }
            return .substitution(node, isQuoted: isQuoted)
        }
        if starts(with: "${") {
            index += 2
            return try braced(isQuoted: isQuoted)
        }
        guard let first = peek(1) else { return nil }
        if "@*#?$!-0123456789".utf8.contains(first) {
            index += 2
            return .variable(ShellVariable(name: String(decoding: [first], as: UTF8.self)), isQuoted: isQuoted)
        }
        guard Self.isNameByte(first) else { return nil }
        index += 1
        return .variable(ShellVariable(name: takeName()), isQuoted: isQuoted)
    }

    private mutating func takeName() -> String {
        let start = index
        while let byte = next, Self.isNameByte(byte) { index += 1 }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    /// `${…}` after its brace.
    private mutating func braced(isQuoted: Bool) throws(ShellSyntaxError) -> ShellPart {
        var name = takeName()
        if name.isEmpty, let byte = next, "@*#?$!-".utf8.contains(byte), peek(1) == 0x7D || peek(1) == 0x3A {
            name = String(decoding: [byte], as: UTF8.self)
            index += 1
        }
        if take("}"), !name.isEmpty { return .variable(ShellVariable(name: name), isQuoted: isQuoted) }
        for sign in [":-", ":=", ":+", ":?", "-", "=", "+", "?"] where !name.isEmpty && take(sign) {
            let other = try wordInBraces()
            return .variable(ShellVariable(name: name, sign: sign, other: other), isQuoted: isQuoted)
        }
        // A form that cuts or replaces.
        _ = try wordInBraces()
        return .other(isQuoted: isQuoted)
    }

    /// The rest of `${…}`, with its brace.
    private mutating func wordInBraces() throws(ShellSyntaxError) -> ShellWord {
        let start = line
        var word = ShellWord()
        var text: [UInt8] = []
        func flush() {
            guard !text.isEmpty else { return }
            word.parts.append(.text(String(decoding: text, as: UTF8.self), isQuoted: false))
            text = []
        }
        while let byte = next {
            switch byte {
            case 0x7D:
                index += 1
                flush()
                return word
            case 0x5C:
                index += 1
                if let escaped = next {
                    text.append(escaped)
                    index += 1
                }
            case 0x27:
                flush()
                word.parts.append(.text(try single(), isQuoted: true))
            case 0x22:
                flush()
                word.parts += try double()
            case 0x24, 0x60:
                if let part = try dollar(isQuoted: false) {
                    flush()
                    word.parts.append(part)
                } else {
                    text.append(byte)
                    index += 1
                }
            default:
                if byte == 0x0A { line += 1 }
                text.append(byte)
                index += 1
            }
        }
        throw ShellSyntaxError(line: start, text: "a brace is not closed")
    }

    private mutating func backquoted(isQuoted: Bool) throws(ShellSyntaxError) -> ShellPart {
        let start = line
        index += 1
        var text: [UInt8] = []
        while let byte = next, byte != 0x60 {
            if byte == 0x5C, let following = peek(1), "`\\$".utf8.contains(following) {
                text.append(following)
                index += 2
                continue
            }
            if byte == 0x0A { line += 1 }
            text.append(byte)
            index += 1
        }
        guard take("`") else { throw ShellSyntaxError(line: start, text: "a backquote is not closed") }
        return .substitution(try Self.parse(text, line: start, depth: depth), isQuoted: isQuoted)
    }

    private mutating func skipArithmetic() throws(ShellSyntaxError) {
        let start = line
        var open = 0
        index += 1
        while let byte = next {
            index += 1
            if byte == 0x28 { open += 1 }
            if byte == 0x29 { open -= 1 }
            if byte == 0x0A { line += 1 }
            if open == 0 { return }
        }
        throw ShellSyntaxError(line: start, text: "arithmetic is not closed")
    }
}
