/// A paragraph of `deb822(5)`: fields whose values may continue over several lines.
public struct ControlParagraph: Hashable, Sendable {
    /// The fields in the order of the text. Values are as written: a continuation line keeps its leading blank, and a line
    /// of " ." is not translated.
    public private(set) var fields: [ControlField] = []

    /// The value of a field. The case of its name does not matter.
    public subscript(name: String) -> String? {
        let wanted = name.lowercased()
        return fields.first { $0.key == wanted }?.value
    }

    /// Parses all paragraphs of a text.
    ///
    /// - Parameters:
    ///   - file: the name to show in messages.
    ///   - limit: the most bytes that are accepted.
    public static func parse(
        _ bytes: some Collection<UInt8>, file: String, limit: Int = 1 << 20
    ) throws(ControlError) -> [ControlParagraph] {
        guard bytes.count <= limit else {
            throw ControlError(
                file: file, line: 0, text: "the file has \(bytes.count) bytes; the limit is \(limit)")
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
                guard !current.fields.isEmpty else {
                    throw refused("the line begins with a blank but continues no field")
                }
                current.fields[current.fields.count - 1].value += "\n" + text.trimmedEnd
            } else if text.first != "#" {
                guard let colon = text.firstIndex(of: ":"), colon > text.startIndex else {
                    throw refused("expected 'Field: value' or a continuation line that begins with a blank")
                }
                let name = text[..<colon]
                guard name.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), name.first != "-" else {
                    throw refused(
                        "the field's name has characters that are not allowed; use printable ASCII without blanks")
                }
                let field = ControlField(
                    name: String(name), value: String(text[text.index(after: colon)...]).trimmedBlanks, line: number)
                guard !current.fields.contains(where: { $0.key == field.key }) else {
                    throw refused("the field '\(name)' occurs twice; remove one")
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
    /// The line where the field begins, counted from 1.
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
    /// Counted from 1; 0 stands for the whole file.
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
