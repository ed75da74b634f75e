/// Reads a shell script: POSIX's language, and of bash's only `[[`, `function` and `&>`.
///
/// The script comes from outside. Its nesting is bounded, and its size by the caller; every character is read a bounded number of
/// times.
struct ShellParser {
    var bytes: [UInt8]
    var index = 0
    var line: Int
    var depth = 0
    /// Here-documents whose text begins after the next line break: what ends them, and whether tabs are removed.
    var pending: [(end: [UInt8], isIndented: Bool)] = []

    static let depthLimit = 40
    /// The largest script, in bytes.
    static let sizeLimit = 1 << 18

    private init(_ bytes: [UInt8], line: Int, depth: Int) {
        self.bytes = bytes
        self.line = line
        self.depth = depth
    }

    /// Reads a whole script.
    static func parse(_ bytes: [UInt8], line: Int = 1, depth: Int = 0) throws(ShellSyntaxError) -> ShellNode {
        var parser = ShellParser(bytes, line: line, depth: depth)
        let node = try parser.list(until: [])
        parser.skipSpace()
        guard parser.index == parser.bytes.count else { throw parser.error("this is not expected here") }
        return node
    }

    func error(_ text: String) -> ShellSyntaxError { ShellSyntaxError(line: line, text: text) }

    // MARK: Characters

    var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    func peek(_ offset: Int) -> UInt8? { index + offset < bytes.count ? bytes[index + offset] : nil }

    func starts(with text: String) -> Bool { bytes[index...].starts(with: text.utf8) }

    mutating func take(_ text: String) -> Bool {
        guard starts(with: text) else { return false }
        index += text.utf8.count
        return true
    }

    /// Blanks, continued lines and comments.
    mutating func skipBlanks() {
        while let byte = next {
            if byte == 0x20 || byte == 0x09 || byte == 0x0D {
                index += 1
            } else if byte == 0x5C, peek(1) == 0x0A {
                index += 2
                line += 1
            } else if byte == 0x23 {
                while let byte = next, byte != 0x0A { index += 1 }
            } else {
                return
            }
        }
    }

    /// Blanks and line breaks.
    mutating func skipSpace() {
        skipBlanks()
        while next == 0x0A {
            takeLineBreak()
            skipBlanks()
        }
    }

    private mutating func takeLineBreak() {
        index += 1
        line += 1
        for document in pending { skipDocument(document.end, isIndented: document.isIndented) }
        pending = []
    }

    private mutating func skipDocument(_ end: [UInt8], isIndented: Bool) {
        while index < bytes.count {
            let stop = bytes[index...].firstIndex(of: 0x0A) ?? bytes.count
            var text = bytes[index..<stop]
            if isIndented { text = text.drop { $0 == 0x09 } }
            index = min(stop + 1, bytes.count)
            line += 1
            if text.elementsEqual(end) { return }
        }
    }

    /// The reserved word or word of a list's end that comes next, without taking it.
    private func reserved() -> String? {
        var end = index
        while end < bytes.count, !Self.isSeparator(bytes[end]) {
            guard (0x61...0x7A).contains(bytes[end]) || "{}![]".utf8.contains(bytes[end]) else { return nil }
            end += 1
        }
        let text = String(decoding: bytes[index..<end], as: UTF8.self)
        return Self.reservedWords.contains(text) ? text : nil
    }

    static func isSeparator(_ byte: UInt8) -> Bool { " \t\r\n;&|<>()".utf8.contains(byte) }

    private static let reservedWords: Set = [
        "if", "then", "elif", "else", "fi", "case", "esac", "for", "while", "until", "do", "done", "{", "}", "!", "in",
        "function",
    ]

    private mutating func expect(_ word: String) throws(ShellSyntaxError) {
        skipSpace()
        guard reserved() == word else { throw error("'\(word)' is missing") }
        index += word.utf8.count
    }

    // MARK: Commands

    /// Commands up to one of these words, which is not taken; `)` and `;;` end every list.
    mutating func list(until ends: Set<String>) throws(ShellSyntaxError) -> ShellNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else { throw error("it is nested too deeply") }
        var nodes: [ShellNode] = []
        while true {
            skipSpace()
            guard let byte = next, byte != 0x29, !starts(with: ";;") else { break }
            if let word = reserved(), ends.contains(word) { break }
            nodes.append(try andOr())
            skipBlanks()
            if starts(with: ";;") { break }
            if next == 0x3B || next == 0x26 { index += 1 }
        }
        return .list(nodes)
    }

    private mutating func andOr() throws(ShellSyntaxError) -> ShellNode {
        var left = try pipeline()
        while true {
            skipBlanks()
            if take("&&") {
                skipSpace()
                left = .and(left, try pipeline())
            } else if take("||") {
                skipSpace()
                left = .or(left, try pipeline())
            } else {
                return left
            }
        }
    }

    private mutating func pipeline() throws(ShellSyntaxError) -> ShellNode {
        skipBlanks()
        var isNegated = false
        while reserved() == "!" {
            index += 1
            isNegated.toggle()
            skipBlanks()
        }
        let start = line
        var parts = [try command()]
        skipBlanks()
        while next == 0x7C, peek(1) != 0x7C {
            index += 1
            if next == 0x26 { index += 1 }
            skipSpace()
            parts.append(try command())
            skipBlanks()
        }
        let node = parts.count == 1 ? parts[0] : .pipeline(parts, line: start)
        return isNegated ? .not(node) : node
    }

    private mutating func command() throws(ShellSyntaxError) -> ShellNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else { throw error("it is nested too deeply") }
        skipBlanks()
        let start = line
        if next == 0x28 {
            guard peek(1) != 0x28 else { throw error("arithmetic is not understood") }
            index += 1
            let body = try list(until: [])
            guard take(")") else { throw error("')' is missing") }
            return .group(body, try redirections(), isSubshell: true, line: start)
        }
        guard let word = reserved() else { return try simple() }
        switch word {
        case "{":
            index += 1
            let body = try list(until: ["}"])
            try expect("}")
            return .group(body, try redirections(), isSubshell: false, line: start)
        case "if": return try condition()
        case "case": return try choice()
        case "for": return try forEach()
        case "while", "until":
            index += word.utf8.count
            let test = try list(until: ["do"])
            try expect("do")
            let body = try list(until: ["done"])
            try expect("done")
            return .group(.repetition(test, body), try redirections(), isSubshell: false, line: start)
        case "function":
            index += word.utf8.count
            skipBlanks()
            guard let name = try self.word()?.bare else { throw error("the name of the function is missing") }
            skipBlanks()
            if take("(") {
                skipBlanks()
                guard take(")") else { throw error("')' is missing") }
            }
            skipSpace()
            return .function(name, try command())
        default: throw error("'\(word)' is not expected here")
        }
    }

    private mutating func condition() throws(ShellSyntaxError) -> ShellNode {
        var branches: [ShellBranch] = []
        var word = "if"
        while true {
            try expect(word)
            let start = line
            let test = try list(until: ["then"])
            try expect("then")
            branches.append(ShellBranch(test: test, body: try list(until: ["elif", "else", "fi"]), line: start))
            skipSpace()
            guard reserved() == "elif" else { break }
            word = "elif"
        }
        var otherwise: ShellNode?
        if reserved() == "else" {
            try expect("else")
            otherwise = try list(until: ["fi"])
        }
        try expect("fi")
        let start = branches[0].line
        return .group(.condition(branches, otherwise: otherwise), try redirections(), isSubshell: false, line: start)
    }

    private mutating func choice() throws(ShellSyntaxError) -> ShellNode {
        let start = line
        try expect("case")
        skipBlanks()
        guard let value = try word() else { throw error("the word of 'case' is missing") }
        try expect("in")
        var arms: [ShellArm] = []
        while true {
            skipSpace()
            if reserved() == "esac" { break }
            _ = take("(")
            var patterns: [ShellWord] = []
            while true {
                skipBlanks()
                guard let pattern = try word() else { throw error("a pattern is missing") }
                patterns.append(pattern)
                skipBlanks()
                if take(")") { break }
                guard take("|") else { throw error("')' is missing") }
            }
            arms.append(ShellArm(patterns: patterns, body: try list(until: ["esac"])))
            skipSpace()
            if take(";;") { continue }
            guard reserved() == "esac" else { throw error("';;' is missing") }
        }
        try expect("esac")
        return .group(.choice(value, arms, line: start), try redirections(), isSubshell: false, line: start)
    }

    private mutating func forEach() throws(ShellSyntaxError) -> ShellNode {
        let start = line
        try expect("for")
        skipBlanks()
        guard let name = try word()?.bare else { throw error("the name after 'for' is missing") }
        skipSpace()
        var words: [ShellWord]?
        if reserved() == "in" {
            try expect("in")
            words = []
            skipBlanks()
            while let word = try word() {
                words?.append(word)
                skipBlanks()
            }
        }
        skipBlanks()
        if next == 0x3B { index += 1 }
        try expect("do")
        let body = try list(until: ["done"])
        try expect("done")
        return .group(
            .forEach(name, words, body, line: start), try redirections(), isSubshell: false, line: start)
    }

    private mutating func redirections() throws(ShellSyntaxError) -> [ShellRedirection] {
        var all: [ShellRedirection] = []
        while true {
            skipBlanks()
            guard let one = try redirection() else { return all }
            all.append(one)
        }
    }

    /// A redirection, if one comes next.
    private mutating func redirection() throws(ShellSyntaxError) -> ShellRedirection? {
        var start = index
        while start < bytes.count, (0x30...0x39).contains(bytes[start]) { start += 1 }
        guard start < bytes.count else { return nil }
        if bytes[start] == 0x26 {
            // bash: &> and &>>.
            guard start == index, peek(1) == 0x3E else { return nil }
            start += 1
        }
        guard bytes[start] == 0x3C || bytes[start] == 0x3E else { return nil }
        index = start
        let signs = ["<<<", "<<-", "<<", "<&", "<>", "<(", ">>", ">&", ">|", ">(", "<", ">"]
        guard let sign = signs.first(where: { starts(with: $0) }) else { return nil }
        guard sign.last != "(" else { throw error("a process substitution is not understood") }
        index += sign.utf8.count
        skipBlanks()
        guard let target = try word() else { throw error("the file of a redirection is missing") }
        if sign == "<<" || sign == "<<-" {
            let end = target.parts.map { part in
                if case .text(let text, _) = part { text } else { "" }
            }.joined()
            let isQuoted = target.parts.contains { if case .text(_, isQuoted: true) = $0 { true } else { false } }
            let text = pending.isEmpty ? document(Array(end.utf8), isIndented: sign == "<<-") : nil
            pending.append((Array(end.utf8), sign == "<<-"))
            return ShellRedirection(
                sign: sign, target: target,
                text: text.flatMap { isQuoted ? ShellWord(parts: [.text($0, isQuoted: true)]) : expanded($0) })
        }
        return ShellRedirection(sign: sign, target: target)
    }

    /// The text of the here-document that begins after this line; nil when the line goes on in the next one.
    private func document(_ end: [UInt8], isIndented: Bool) -> String? {
        guard let lineBreak = bytes[index...].firstIndex(of: 0x0A),
            !bytes[index..<lineBreak].contains(where: { "\"'`\\$(".utf8.contains($0) })
        else { return nil }
        var lines: [UInt8] = []
        for line in bytes[(lineBreak + 1)...].split(separator: 0x0A, omittingEmptySubsequences: false).prefix(1000) {
            let line = isIndented ? line.drop { $0 == 0x09 } : line
            if line.elementsEqual(end) { return String(validating: lines, as: UTF8.self) }
            lines += line + [0x0A]
        }
        return nil
    }

    /// A text with the variables of the shell in it.
    private func expanded(_ text: String) -> ShellWord? {
        guard !text.contains(where: { "\\`".contains($0) }), !text.holds("$(") else { return nil }
        let quoted = text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"")
        var parser = ShellParser(Array("\"\(quoted)\"".utf8), line: line, depth: depth + 1)
        guard let word = try? parser.word(), parser.index == parser.bytes.count else { return nil }
        return word
    }

    private mutating func simple() throws(ShellSyntaxError) -> ShellNode {
        var command = ShellCommand(line: line)
        while true {
            skipBlanks()
            if let redirection = try redirection() {
                command.redirections.append(redirection)
                continue
            }
            if next == 0x28, command.words.count == 1, let name = command.words[0].bare, command.assignments.isEmpty {
                index += 1
                skipBlanks()
                guard take(")") else { throw error("')' is missing") }
                skipSpace()
                return .function(name, try self.command())
            }
            if command.words.isEmpty, let name = assignedName() {
                index += name.utf8.count + 1
                guard next != 0x28 else { throw error("arrays are not understood") }
                command.assignments.append((name, try word() ?? ShellWord()))
                continue
            }
            guard let word = try word() else { break }
            command.words.append(word)
            if word.bare == "[[" { try takeTest(into: &command) }
        }
        if command.words.isEmpty, command.assignments.isEmpty, command.redirections.isEmpty {
            throw error("a command is missing")
        }
        return .simple(command)
    }

    /// bash's `[[ … ]]`, in which `&&` and `<` are words.
    private mutating func takeTest(into command: inout ShellCommand) throws(ShellSyntaxError) {
        while true {
            skipSpace()
            if let word = try word() {
                command.words.append(word)
                if word.bare == "]]" { return }
            } else if let byte = next, byte != 0x3B {
                index += 1
                command.words.append(
                    ShellWord(parts: [.text(String(decoding: [byte], as: UTF8.self), isQuoted: false)]))
            } else {
                throw error("']]' is missing")
            }
        }
    }

    /// `NAME` if `NAME=` comes next.
    private func assignedName() -> String? {
        var end = index
        while end < bytes.count, Self.isNameByte(bytes[end]) { end += 1 }
        guard end > index, end < bytes.count, bytes[end] == 0x3D, !(0x30...0x39).contains(bytes[index]) else {
            return nil
        }
        return String(decoding: bytes[index..<end], as: UTF8.self)
    }

    static func isNameByte(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F
    }
}
