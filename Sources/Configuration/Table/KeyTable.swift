import Linux

/// All that a configuration file may hold: the one source for its reader, its packaged copy and its man page.
public struct KeyTable: Sendable {
    /// `gatekeeld.conf`.
    public let file: String
    /// What the file is for, one line, lower case: the man page's NAME.
    public let summary: String
    /// Paragraphs on the file as a whole.
    public let documentation: [String]
    public let sections: [SectionDeclaration]
    /// For the man page: what somebody wants, and the lines of a file that do it.
    public let examples: [(text: String, lines: [String])]

    public init(
        file: String, summary: String, documentation: [String] = [], sections: [SectionDeclaration],
        examples: [(text: String, lines: [String])] = []
    ) {
        self.file = file
        self.summary = summary
        self.documentation = documentation
        self.sections = sections
        self.examples = examples
    }

    /// Reads documents, earlier ones first, so that later ones win.
    ///
    /// - Returns: what holds, and all that is wrong.
    public func read(_ documents: [IniDocument]) -> (settings: Settings, problems: [ConfigurationProblem]) {
        var settings = Settings()
        var problems: [ConfigurationProblem] = []
        for document in documents {
            problems += document.problems
            for section in document.sections {
                switch declaration(of: section) {
                case .failure(let error): problems += error.problems
                case .success(let declaration):
                    problems += read(section, declaration, into: &settings)
                }
            }
        }
        return (settings, problems)
    }

    private func declaration(of section: IniSection) -> Result<SectionDeclaration, ConfigurationError> {
        func refused(_ text: String) -> Result<SectionDeclaration, ConfigurationError> {
            .failure(ConfigurationError([ConfigurationProblem(section.position, section: section.header, text)]))
        }
        let (type, name) = section.typeAndName
        guard let declaration = sections.first(where: { $0.type == type }) else {
            return refused("unknown section; the sections of \(file) are \(sections.map(\.header).listed)")
        }
        if declaration.isNamed {
            guard !name.isEmpty else { return refused("the section needs a name: \(declaration.header)") }
            guard Self.isName(name) else {
                return refused("a name has at most 63 letters, digits, and the characters - _ . only")
            }
        } else if !name.isEmpty {
            return refused("the section takes no name: [\(type)]")
        }
        return .success(declaration)
    }

    private func read(
        _ section: IniSection, _ declaration: SectionDeclaration, into settings: inout Settings
    ) -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        settings.open(section)
        for entry in section.entries {
            func refuse(_ text: String) {
                // What is no name of a key may be a secret on a line of its own.
                let name = Self.isKeyName(entry.key) ? entry.key : ""
                problems.append(ConfigurationProblem(entry.position, section: section.header, key: name, text))
            }
            guard let key = declaration.keys.first(where: { $0.name == entry.key }) else {
                let near = declaration.keys.first { $0.name.lowercased() == entry.key.lowercased() }
                refuse(
                    near.map { "unknown key; did you mean \($0.name)= ?" }
                        ?? "unknown key; the keys of \(declaration.header) are \(declaration.keys.map(\.name).listed)")
                continue
            }
            guard entry.value.isEmpty || key.accepts(entry.value) else {
                let why = key.explain(entry.value).map { ": \($0)" } ?? ""
                let value = key.isShown ? (key.fault(entry.value) ?? entry.value).shown : "this value"
                refuse("\(value) is not allowed\(why); expected: \(key.allowed)")
                settings.refuse(entry, in: section.header)
                continue
            }
            settings.assign(entry, in: section.header, isList: key.isList)
        }
        return problems
    }

    private static func isKeyName(_ name: String) -> Bool {
        name.utf8.count <= 40 && name.allSatisfy { $0.isASCII && $0.isLetter }
    }

    private static func isName(_ name: String) -> Bool {
        name.utf8.count <= 63
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" || $0 == ".") }
    }
}

/// A section and its keys.
public struct SectionDeclaration: Sendable {
    /// `Server`.
    public let type: String
    /// The placeholder of the name, `NAME` in `[Server NAME]`, of a section that can occur several times; otherwise nil.
    public let placeholder: String?
    public let documentation: String
    public let keys: [KeyDeclaration]

    public init(_ type: String, named placeholder: String? = nil, _ documentation: String, _ keys: [KeyDeclaration]) {
        self.type = type
        self.placeholder = placeholder
        self.documentation = documentation
        self.keys = keys
    }

    public var isNamed: Bool { placeholder != nil }

    /// `[Server NAME]`.
    public var header: String { "[\(type)\(placeholder.map { " \($0)" } ?? "")]" }
}

extension IniSection {
    /// `[Server main]` is of the type Server and of the name main.
    public var typeAndName: (type: String, name: String) {
        guard let space = header.firstIndex(where: \.isWhitespace) else { return (header, "") }
        return (String(header[..<space]), header[space...].trimmed)
    }
}

extension [String] {
    /// `a, b and c`.
    var listed: String {
        count < 2 ? first ?? "" : dropLast().joined(separator: ", ") + " and \(self[count - 1])"
    }
}

extension String {
    /// Fit for a message: quoted, of a bounded length, and without what may be a secret: a key in hexadecimal digits that
    /// was written where its file should be, the user information and the query of an address.
    var shown: String {
        if count >= 16, allSatisfy({ $0.isHexDigit || $0.isWhitespace || $0 == ":" }) { return "this value" }
        var text = self
        if let scheme = firstOccurrence(of: "://") {
            var rest = self[scheme.upperBound...].prefix { $0 != "?" && $0 != "#" }
            if let at = rest.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
            text = String(self[..<scheme.upperBound]) + String(rest)
        } else if contains("@") {
            return "this value"
        }
        return text.count <= 60 ? "'\(text)'" : "'\(text.prefix(57))…'"
    }
}
