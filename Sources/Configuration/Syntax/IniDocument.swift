/// A text in systemd's format (`systemd.syntax(7)`): sections in brackets, `Key=Value`, comments of `#` and `;`, and a
/// backslash at a line's end that joins it with the next by a space (comments between are left out).
///
/// The parser is a pure function over bytes and takes any bytes: what is wrong is in `problems`, what is right is in
/// `sections`. It knows no keys; `KeyTable` does.
public struct IniDocument: Hashable, Sendable {
    /// The file's name, for messages.
    public let file: String
    private let limits: IniLimits
    /// In the file's order; a header that comes twice is here twice.
    public private(set) var sections: [IniSection] = []
    /// What does not parse, in the file's order.
    public private(set) var problems: [ConfigurationProblem] = []

    /// Parses a whole file.
    ///
    /// - Parameters:
    ///   - bytes: UTF-8; a byte order mark is skipped.
    ///   - file: only for messages.
    ///   - limits: beyond them nothing is read.
    public init(parsing bytes: some Collection<UInt8>, file: String, limits: IniLimits = IniLimits()) {
        self.file = file
        self.limits = limits
        guard bytes.count <= limits.bytes else {
            report(0, "the file has \(bytes.count) bytes; at most \(limits.bytes) are read")
            return
        }
        var lines = LogicalLines(bytes, limits: limits)
        var entries = 0
        while let line = lines.next() {
            switch line.content {
            case .failure(let refusal): report(line.number, refusal.text)
            case .success(let text):
                entries += 1
                guard entries <= limits.entries else {
                    report(
                        line.number, "the file has more than \(limits.entries) lines with content; the rest is not read"
                    )
                    return
                }
                take(text, at: line.number)
            }
        }
    }

    /// The sections of a header.
    public func sections(named header: String) -> [IniSection] { sections.filter { $0.header == header } }

    private mutating func take(_ text: String, at number: Int) {
        if text.first == "[" {
            guard text.last == "]", text.count > 2 else {
                report(number, "a section's header is written [NAME]")
                return
            }
            let header = text.dropFirst().dropLast().split(whereSeparator: \.isWhitespace).joined(separator: " ")
            guard !header.isEmpty, !header.contains(where: { $0 == "[" || $0 == "]" }) else {
                report(number, "a section's header is written [NAME]")
                return
            }
            sections.append(IniSection(header: header, position: Position(file, number)))
            return
        }
        guard let equals = text.firstIndex(of: "=") else {
            report(number, "neither a [Section] nor Key=Value; a comment begins with # or ;")
            return
        }
        let key = text[..<equals].trimmed
        guard !key.isEmpty else {
            report(number, "there is no key before the =")
            return
        }
        guard !sections.isEmpty else {
            report(number, "\(key)= stands before the first [Section]")
            return
        }
        let value = text[text.index(after: equals)...].trimmed
        sections[sections.count - 1].entries.append(
            IniEntry(key: key, value: value, position: Position(file, number)))
    }

    private mutating func report(_ line: Int, _ text: String) {
        guard problems.count < limits.problems else { return }
        problems.append(ConfigurationProblem(Position(file, line), section: sections.last?.header ?? "", text))
    }
}

/// A section and what is in it.
public struct IniSection: Hashable, Sendable {
    /// Without brackets: `Server main`.
    public var header: String
    public var position: Position
    public var entries: [IniEntry] = []

    /// All values of a key that still count: those after the last empty assignment.
    public func values(of key: String) -> [String] {
        entries.filter { $0.key == key }.reduce(into: []) { values, entry in
            if entry.value.isEmpty { values = [] } else { values.append(entry.value) }
        }
    }
}

/// `Key=Value`.
public struct IniEntry: Hashable, Sendable {
    public var key: String
    /// Without white space around; may be empty.
    public var value: String
    public var position: Position
}

/// How much is read of a file.
public struct IniLimits: Hashable, Sendable {
    /// Of the whole file.
    public var bytes: Int
    /// Of a line with those that it is continued by.
    public var lineBytes: Int
    /// Lines that are neither empty nor comments.
    public var entries: Int
    /// Problems that are kept; what is wrong beyond them is not said.
    public var problems: Int

    public init(bytes: Int = 1 << 20, lineBytes: Int = 1 << 14, entries: Int = 1 << 14, problems: Int = .max) {
        self.bytes = bytes
        self.lineBytes = lineBytes
        self.entries = entries
        self.problems = problems
    }
}
