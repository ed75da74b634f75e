/// A command of a shell script, as POSIX.1-2017 (Shell Command Language, 2.9) has them. It is read and never run.
indirect enum ShellNode: Sendable {
    case simple(ShellCommand)
    case pipeline([ShellNode], line: Int)
    case not(ShellNode)
    case and(ShellNode, ShellNode)
    case or(ShellNode, ShellNode)
    case list([ShellNode])
    /// `if`, with its `elif` branches.
    case condition([ShellBranch], otherwise: ShellNode?)
    case choice(ShellWord, [ShellArm], line: Int)
    /// `for NAME in WORDS`; nil stands for `"$@"`.
    case forEach(String, [ShellWord]?, ShellNode, line: Int)
    /// `while` and `until`.
    case repetition(ShellNode, ShellNode)
    case function(String, ShellNode)
    /// `{ … }` and `( … )`.
    case group(ShellNode, [ShellRedirection], isSubshell: Bool, line: Int)
}

/// A branch of `if`.
struct ShellBranch: Sendable {
    var test: ShellNode
    var body: ShellNode
    var line: Int
}

/// An arm of `case`.
struct ShellArm: Sendable {
    var patterns: [ShellWord]
    var body: ShellNode
}

/// Assignments, a command with its arguments, and redirections.
struct ShellCommand: Sendable {
    var assignments: [(name: String, value: ShellWord)] = []
    var words: [ShellWord] = []
    var redirections: [ShellRedirection] = []
    /// Counted from 1.
    var line: Int
}

/// `2>/dev/null`, `<<EOF`.
struct ShellRedirection: Sendable {
    /// `>`, `>>`, `<`, `>&`, `<<` and so on.
    var sign: String
    var target: ShellWord
    /// The text of a here-document; nil for any other, and for one with a backslash or a command in it.
    var text: ShellWord?
}

/// A word before its expansion.
struct ShellWord: Sendable {
    var parts: [ShellPart] = []

    /// The text of a word that is nothing but unquoted characters, such as a reserved word; nil for any other.
    var bare: String? {
        guard parts.count == 1, case .text(let text, isQuoted: false) = parts[0] else { return nil }
        return text
    }
}

/// A part of a word.
enum ShellPart: Sendable {
    case text(String, isQuoted: Bool)
    /// `$name`, `${name}`, `${name:-word}`.
    case variable(ShellVariable, isQuoted: Bool)
    /// `$(…)` and `` `…` ``.
    case substitution(ShellNode, isQuoted: Bool)
    /// `$((…))`, and forms of `${…}` that are not understood.
    case other(isQuoted: Bool)
}

/// `${name}`, perhaps with another value where it has none.
struct ShellVariable: Sendable {
    /// Also `1`, `@`, `#`.
    var name: String
    /// `-`, `=`, `+`, `?`, each perhaps after a colon; empty for none.
    var sign = ""
    var other = ShellWord()
}

/// A script is not what the parser knows of the shell's language.
struct ShellSyntaxError: Error, Hashable {
    var line: Int
    var text: String
}
