/// The commands; what each of them takes is declared in `CommandTable`.
enum Command: String, CaseIterable {
    case status, objects, read, packages, install, remove, activate, deactivate, rollback, history, watch
    case staged, discard, cancel, log, run
    case links, link
    case access, send, reconnect, reload, metrics, diagnose
    case packageSign = "package sign"
    case packageVerify = "package verify"
    case packageInfo = "package info"
    case packageSuggest = "package suggest"
    case keyringAdd = "keyring add"
    case keyringRemove = "keyring remove"
    case keyringList = "keyring list"
    case timeReset = "time reset"
    case configCheck = "config check"

    var words: [String] { rawValue.split(separator: " ").map(String.init) }
}

/// A command as it is declared: the source of its parsing, its help, its part of the man page and its completion.
struct CommandDeclaration: Sendable {
    let command: Command
    /// One line, without a full stop.
    let summary: String
    /// Sentences, for the man page and `--help`.
    let documentation: String
    let arguments: [ArgumentDeclaration]
    let options: [OptionDeclaration]

    init(
        _ command: Command, _ summary: String, _ documentation: String, arguments: [ArgumentDeclaration] = [],
        options: [OptionDeclaration] = []
    ) {
        self.command = command
        self.summary = summary
        self.documentation = documentation
        self.arguments = arguments
        self.options = options
    }

    /// `install [--purge] FILE`.
    var usage: String {
        var words = [command.rawValue]
        words += options.map { $0.isRequired ? $0.usage : "[\($0.usage)]" }
        words += arguments.map { ($0.isRequired ? $0.name : "[\($0.name)]") + ($0.isRepeated ? "…" : "") }
        return words.joined(separator: " ")
    }
}

/// What completion offers for a word.
enum Completion: Sendable {
    case nothing, file, folder, package, deployment, certificate, staged, link
    case words([String])
}

/// A word that a command takes by its place.
struct ArgumentDeclaration: Sendable {
    /// Upper case: `FILE`.
    let name: String
    let isRequired: Bool
    /// All words from this one on.
    let isRepeated: Bool
    let completion: Completion

    init(_ name: String, required: Bool = true, repeated: Bool = false, _ completion: Completion) {
        self.name = name
        isRepeated = repeated
        isRequired = required
        self.completion = completion
    }
}

/// `--name` or `--name=VALUE`, some of them also `-n VALUE`.
struct OptionDeclaration: Sendable {
    let name: String
    let short: Character?
    /// nil for a flag.
    let value: String?
    let isRequired: Bool
    let documentation: String
    let completion: Completion

    init(
        _ name: String, short: Character? = nil, value: String? = nil, required: Bool = false,
        completes completion: Completion = .nothing, _ documentation: String
    ) {
        self.name = name
        self.short = short
        self.value = value
        isRequired = required
        self.documentation = documentation
        self.completion = completion
    }

    /// `--lines=COUNT`.
    var usage: String { "--\(name)\(value.map { "=\($0)" } ?? "")" }

    /// `-n, --lines=COUNT`.
    var allForms: String { (short.map { "-\($0), " } ?? "") + usage }
}
