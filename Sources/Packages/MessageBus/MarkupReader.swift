/// The elements of a small XML document without text, entities and declarations of its own: what it would have to understand
/// differently from the host's XML parser is refused.
struct MarkupReader {
    struct Tag {
        var name: String
        var attributes: [String: String] = [:]
        /// `</name>`.
        var isEnd = false
        /// `<name/>`.
        var isEmpty = false
        var line: Int

        func refusal(_ text: String) -> BusPolicy.Refusal { BusPolicy.Refusal(line: line, text: text) }
    }

    private let bytes: [UInt8]
    private var index = 0
    /// The line that is being read, from 1.
    private(set) var line = 1

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The next element's begin or end; nil at the end of the document.
    mutating func next() throws(BusPolicy.Refusal) -> Tag? {
        while true {
            skipBlanks()
            guard index < bytes.count else { return nil }
            if skip("<!--") {
                try skip(past: "-->")
            } else if skip("<?") {
                try checkDeclaration()
            } else if skip("<!DOCTYPE") {
                let start = index
                try skip(past: ">")
                // Declarations of its own could give other elements.
                guard !bytes[start..<index].contains(where: { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "<") })
                else {
                    throw refusal("the DOCTYPE has declarations; remove them")
                }
            } else if skip("</") {
                var tag = Tag(name: try word(), line: line)
                tag.isEnd = true
                skipBlanks()
                guard skip(">") else { throw refusal("'</\(tag.name)' is not ended by '>'; correct it") }
                return tag
            } else if skip("<") {
                return try element()
            } else {
                throw refusal("there is text where an element must begin; remove it")
            }
        }
    }

    private mutating func element() throws(BusPolicy.Refusal) -> Tag {
        var tag = Tag(name: try word(), line: line)
        while true {
            let hadBlanks = skipBlanks()
            if skip("/>") {
                tag.isEmpty = true
                return tag
            }
            if skip(">") { return tag }
            guard hadBlanks else { throw refusal("a blank must be before each attribute; correct it") }
            let key = try word()
            skipBlanks()
            guard skip("=") else { throw refusal("'\(key)' has no value; write \(key)=\"…\"") }
            skipBlanks()
            guard tag.attributes.updateValue(try quoted(key), forKey: key) == nil else {
                throw refusal("'\(key)' is there twice; remove one")
            }
        }
    }

    /// `<?xml version="1.0" encoding="UTF-8"?>`. In another encoding the bytes would mean something else.
    private mutating func checkDeclaration() throws(BusPolicy.Refusal) {
        let start = index
        try skip(past: "?>")
        let text = String(decoding: bytes[start..<index - 2], as: UTF8.self)
        guard text.hasPrefix("xml"), start == 2 else { throw refusal("a processing instruction; remove it") }
        let words = text.lowercased().split { $0.isWhitespace || $0 == "=" || $0 == "\"" || $0 == "'" }
        guard let position = words.firstIndex(of: "encoding") else { return }
        let encoding = position + 1 < words.count ? words[position + 1] : ""
        guard encoding == "utf-8" || encoding == "us-ascii" else { throw refusal("the encoding must be UTF-8") }
    }

    private mutating func quoted(_ key: String) throws(BusPolicy.Refusal) -> String {
        guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") || bytes[index] == UInt8(ascii: "'") else {
            throw refusal("the value of '\(key)' is not quoted; write \(key)=\"…\"")
        }
        let quote = bytes[index]
        index += 1
        let start = index
        while index < bytes.count, bytes[index] != quote {
            // Printable ASCII is enough for names; an entity would stand for other characters.
            guard (0x20..<0x7F).contains(bytes[index]), bytes[index] != UInt8(ascii: "&"),
                bytes[index] != UInt8(ascii: "<")
            else { throw refusal("the value of '\(key)' has a character that no name has; correct it") }
            index += 1
        }
        guard index < bytes.count else { throw refusal("the value of '\(key)' has no closing quote; correct it") }
        index += 1
        return String(decoding: bytes[start..<index - 1], as: UTF8.self)
    }

    private mutating func word() throws(BusPolicy.Refusal) -> String {
        let start = index
        while index < bytes.count, bytes[index].isNameByte { index += 1 }
        guard start < index else { throw refusal("a name must be here; correct it") }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    @discardableResult
    private mutating func skipBlanks() -> Bool {
        let start = index
        while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { advance() }
        return index > start
    }

    private mutating func advance() {
        if bytes[index] == 0x0A { line += 1 }
        index += 1
    }

    private mutating func skip(_ text: String) -> Bool {
        guard bytes[index...].starts(with: text.utf8) else { return false }
        index += text.utf8.count
        return true
    }

    private mutating func skip(past text: String) throws(BusPolicy.Refusal) {
        let begin = line
        while index < bytes.count {
            if skip(text) { return }
            advance()
        }
        throw BusPolicy.Refusal(line: begin, text: "'\(text)' is missing; correct it")
    }

    private func refusal(_ text: String) -> BusPolicy.Refusal { BusPolicy.Refusal(line: line, text: text) }
}

extension UInt8 {
    /// Of names in D-Bus policies: letters, digits, `_` and `-`.
    fileprivate var isNameByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
