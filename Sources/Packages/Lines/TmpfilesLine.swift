/// A line of `tmpfiles.d(5)`, as systemd 252 to 257 read it.
struct TmpfilesLine: Hashable, Sendable {
    /// What is wrong with a line.
    struct Problem: Error, Hashable { let text: String }

    /// The type: `d`, `L`, `z`. The names of old (`F`, `m`) are those of today (`f` with `+`, `z`).
    var type: Character
    /// `+ ! - = ~ ^ $ ?`.
    var modifiers: Set<Character>
    /// Absolute and without double slashes; specifiers are replaced, `/var/run/` and `/var/lock/` stand for `/run/` and
    /// `/run/lock/`. A glob for types that take one.
    var path: String
    /// nil stands for `-`. Without its prefixes `:` and `~`.
    var mode: UInt32?
    var owner: String?
    var group: String?
    /// There is an age: what is older is removed, in the folder or below it.
    var hasAge: Bool
    /// Of `L` and `C` the target or source with its specifiers and escapes replaced, of other types as it stands; nil stands
    /// for `-`.
    var argument: String?

    /// Types by what they do to their path.
    enum Action: Hashable, Sendable {
        /// Makes it where it is missing, and gives it owner and mode.
        case create
        /// Changes what is there.
        case alter
        /// Removes what is there.
        case remove
        /// Keeps it from being removed for its age.
        case exempt
        case device
    }

    static let types: [Character: Action] = [
        "f": .create, "w": .alter, "d": .create, "D": .create, "e": .alter, "v": .create, "q": .create, "Q": .create,
        "p": .create, "L": .create, "C": .create, "c": .device, "b": .device, "x": .exempt, "X": .exempt, "r": .remove,
        "R": .remove, "z": .alter, "Z": .alter, "t": .alter, "T": .alter, "h": .alter, "H": .alter, "a": .alter,
        "A": .alter,
    ]

    var action: Action { Self.types[type] ?? .device }

    /// Whether the line makes a folder.
    var makesFolder: Bool { "dDvqQ".contains(type) }

    /// Whether the path is a glob.
    var takesGlob: Bool { "wexXrRzZtThHaA".contains(type) }

    /// Whether the line removes something at a boot or as time passes. systemd-tmpfiles follows links on the way to that.
    /// `L+`, `f+` and `C+` replace what has the name, and `=` removes what is of another type.
    var removes: Bool {
        action == .remove || type == "D" || hasAge && action != .exempt || modifiers.contains("=")
            || modifiers.contains("+") && "LfC".contains(type)
    }

    /// - Parameter text: a line, trimmed.
    init(_ text: [UInt8]) throws(Problem) {
        guard let (fields, rest) = LineText.fields(text, atMost: 6) else {
            throw Problem(text: "a quote is not closed, or systemd does not know an escape; correct the line")
        }
        guard fields.count >= 2 else { throw Problem(text: "the path is missing; write 'TYPE PATH'") }
        let words = try fields.map { (field) throws(Problem) in try Self.string(field) }
        (type, modifiers) = try Self.type(words[0])
        path = try Self.path(words[1])
        func field(_ index: Int) -> String? {
            words.count > index && !words[index].isEmpty && words[index] != "-" ? words[index] : nil
        }
        mode = try field(2).map { (text) throws(Problem) in try Self.mode(text) }
        owner = try field(3).map { (text) throws(Problem) in try Self.account(text) }
        group = try field(4).map { (text) throws(Problem) in try Self.account(text) }
        hasAge = field(5) != nil
        let argument = try Self.string(rest)
        self.argument = argument.isEmpty || argument == "-" ? nil : argument
        guard type == "L" || type == "C" else { return }
        guard let argument = self.argument else {
            self.argument = "/usr/share/factory\(path)"
            return
        }
        guard let unescaped = LineText.unescaped(Array(argument.utf8)) else {
            throw Problem(text: "systemd does not know an escape of '\(argument)'; correct the line")
        }
        self.argument = try Self.expanded(try Self.string(unescaped))
    }

    private static func string(_ bytes: [UInt8]) throws(Problem) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Problem(text: "the line is not UTF-8; correct it")
        }
        return text
    }

    private static func expanded(_ text: String) throws(Problem) -> String {
        do throws(LineSpecifiers.Problem) {
            return try LineSpecifiers.expanded(text)
        } catch { throw Problem(text: error.text) }
    }

    private static func type(_ word: String) throws(Problem) -> (Character, Set<Character>) {
        guard let letter = word.first else { throw Problem(text: "the type is missing") }
        var modifiers: Set<Character> = []
        for modifier in word.dropFirst() {
            guard "+!-=~^$?".contains(modifier), modifiers.insert(modifier).inserted else {
                throw Problem(text: "systemd does not know '\(modifier)' in '\(word)'; remove it")
            }
        }
        // As systemd translates its former types.
        switch letter {
        case "F": return ("f", modifiers.union(["+"]))
        case "m": return ("z", modifiers)
        default: break
        }
        guard types[letter] != nil else {
            throw Problem(text: "systemd does not know the type '\(letter)'; see tmpfiles.d(5)")
        }
        return (letter, modifiers)
    }

    private static func path(_ word: String) throws(Problem) -> String {
        let text = try expanded(word)
        guard text.hasPrefix("/") else { throw Problem(text: "'\(text)' is no absolute path; begin it with '/'") }
        // A path with others would not be the same path to all that reads it.
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"%\\\"'".utf8.contains($0) }), text.utf8.count < 1024
        else {
            throw Problem(
                text: "a path may have printable ASCII without blanks, quotes, '%' and '\\'; choose another name")
        }
        // systemd-tmpfiles expands them (GLOB_BRACE), also to '..'.
        guard !text.utf8.contains(where: "{}".utf8.contains) else {
            throw Problem(text: "'\(text)' has braces in it; write a line for each path")
        }
        let parts = text.split(separator: "/")
        guard !parts.contains(".."), !parts.contains(".") else {
            throw Problem(text: "'\(text)' has '.' or '..' in it; write the path that it leads to")
        }
        let path = "/" + parts.joined(separator: "/")
        if let rest = path.dropPrefix("/var/run/") { return "/run/\(rest)" }
        if let rest = path.dropPrefix("/var/lock/") { return "/run/lock/\(rest)" }
        return path
    }

    private static func mode(_ word: String) throws(Problem) -> UInt32 {
        let digits = word.drop { $0 == "~" || $0 == ":" }
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x37).contains($0) }),
            let mode = UInt32(digits, radix: 8), mode <= 0o7777
        else { throw Problem(text: "'\(word)' is no mode; write four octal digits") }
        return mode
    }

    private static func account(_ word: String) throws(Problem) -> String {
        let name = try expanded(word.hasPrefix(":") ? String(word.dropFirst()) : word)
        guard PackageManifest.isUser(name) || UInt32(name) != nil else {
            throw Problem(text: "'\(word)' is no user or group; write its name")
        }
        return name
    }
}

extension TmpfilesLine {
    /// A line of a file, or what is wrong with it.
    struct Read: Sendable {
        var number: Int
        var line: Result<TmpfilesLine, Problem>
    }

    /// All lines of a file.
    static func read(_ bytes: [UInt8]) -> [Read] {
        LineText.lines(bytes).map { line in
            do throws(Problem) {
                return Read(number: line.number, line: .success(try TmpfilesLine(line.text)))
            } catch { return Read(number: line.number, line: .failure(error)) }
        }
    }
}
