/// A paragraph of `deb822(5)`: fields with values that may go on over lines.
public struct ControlParagraph: Hashable, Sendable {
    /// In the text's order, values as written: later lines keep their first blank, and a line of " ." stays one.
    public private(set) var fields: [ControlField] = []

    /// The value of a field, whatever the case of its name.
    public subscript(name: String) -> String? {
        let wanted = name.lowercased()
        return fields.first { $0.key == wanted }?.value
    }

    /// Parses all paragraphs of a text.
    ///
    /// - Parameters:
    ///   - file: only for messages.
    ///   - limit: bytes that are taken.
    public static func parse(
        _ bytes: some Collection<UInt8>, file: String, limit: Int = 1 << 20
    ) throws(ControlError) -> [ControlParagraph] {
        guard bytes.count <= limit else {
            throw ControlError(
                file: file, line: 0, text: "the file has \(bytes.count) bytes; at most \(limit) are read")
        }
        var paragraphs: [ControlParagraph] = []
        var current = ControlParagraph()
        var number = 0
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            func refused(_ text: String) -> ControlError { ControlError(file: file, line: number, text: text) }
            guard let text = String(validating: line, as: UTF8.self) else { throw refused("the line is not UTF-8") }
            if text.unicodeScalars.contains(where: { ($0.value < 0x20 && $0 != "\t" && $0 != "\r") || $0.value == 0x7F }
            ) {
                throw refused("the line has control characters")
            }
            if text.allSatisfy(\.isWhitespace) {
                if !current.fields.isEmpty { paragraphs.append(current) }
                current = ControlParagraph()
            } else if text.first == " " || text.first == "\t" {
                guard !current.fields.isEmpty else { throw refused("a line that continues nothing") }
                current.fields[current.fields.count - 1].value += "\n" + text.trimmedEnd
            } else if text.first != "#" {
                guard let colon = text.firstIndex(of: ":"), colon > text.startIndex else {
                    throw refused("neither Field: value nor a line that continues one")
                }
                let name = text[..<colon]
                guard name.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), name.first != "-" else {
                    throw refused("a field's name has characters that are not allowed")
                }
                let field = ControlField(
                    name: String(name), value: String(text[text.index(after: colon)...]).trimmedBlanks, line: number)
                guard !current.fields.contains(where: { $0.key == field.key }) else {
                    throw refused("the field \(name) comes twice")
                }
                current.fields.append(field)
            }
        }
        if !current.fields.isEmpty { paragraphs.append(current) }
        return paragraphs
    }
}

/// A field of a paragraph.
public struct ControlField: Hashable, Sendable {
    public let name: String
    public fileprivate(set) var value: String
    /// Where it begins, counted from 1.
    public let line: Int
    /// The name in lower case.
    let key: String

    init(name: String, value: String, line: Int) {
        self.name = name
        self.value = value
        self.line = line
        key = name.lowercased()
    }
}

/// Why a control file is refused.
public struct ControlError: Error, Hashable, Sendable, CustomStringConvertible {
    public var file: String
    /// 0 stands for the whole.
    public var line: Int
    public var text: String

    public init(file: String, line: Int, text: String) {
        self.file = file
        self.line = line
        self.text = text
    }

    public var description: String { line > 0 ? "\(file):\(line): \(text)" : "\(file): \(text)" }
}

extension String {
    var trimmedEnd: String {
        lastIndex { !$0.isWhitespace }.map { String(self[...$0]) } ?? ""
    }

    var trimmedBlanks: String { String(drop(while: \.isWhitespace)).trimmedEnd }
}
