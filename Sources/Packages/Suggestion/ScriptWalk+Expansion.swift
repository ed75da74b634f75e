extension ScriptWalk {
    /// The fields of a word.
    ///
    /// - Parameter splits: whether values without quotes are split at blanks: not in assignments.
    mutating func expand(_ word: ShellWord, splits: Bool = true) -> [ShellValue] {
        var fields: [ShellValue] = []
        var field: ShellValue?
        func add(_ text: String, _ certainty: ShellValue.Certainty, isPattern: Bool = false) {
            let before = field ?? ShellValue("")
            guard before.text.utf8.count + text.utf8.count <= 8192 else {
                field = ShellValue(before.text, .opaque)
                return
            }
            field = ShellValue(
                before.text + text, max(before.certainty, certainty), isPattern: before.isPattern || isPattern)
        }
        func add(_ value: ShellValue, isQuoted: Bool) {
            guard !isQuoted, splits, let text = value.known else {
                return add(value.known == nil ? value.text + "…" : value.text, value.certainty)
            }
            let parts = text.split(omittingEmptySubsequences: false) { $0 == " " || $0 == "\n" || $0 == "\t" }
            for (index, part) in parts.enumerated() where fields.count < 1000 {
                if index > 0 {
                    if let done = field { fields.append(done) }
                    field = nil
                }
                if !part.isEmpty {
                    add(String(part), value.certainty, isPattern: part.contains { "*?[".contains($0) })
                }
            }
        }
        for part in word.parts {
            switch part {
            case .text(let text, let isQuoted):
                add(text, .known, isPattern: !isQuoted && text.contains { "*?[".contains($0) })
            case .variable(let variable, let isQuoted):
                if variable.name == "@" || variable.name == "*", variable.sign.isEmpty {
                    guard let arguments else {
                        add("$@", .opaque)
                        continue
                    }
                    for (index, argument) in arguments.enumerated() {
                        if index > 0, splits, variable.name == "@" || !isQuoted {
                            fields.append(field ?? ShellValue(""))
                            field = nil
                        } else if index > 0 {
                            add(" ", .known)
                        }
                        add(argument, isQuoted: isQuoted)
                    }
                    continue
                }
                add(value(of: variable), isQuoted: isQuoted)
            case .substitution(let node, let isQuoted):
                add(substituted(node), isQuoted: isQuoted)
            case .other: add("…", .opaque)
            }
        }
        if let field { fields.append(field) }
        return fields
    }

    /// The fields as one text.
    func joined(_ fields: [ShellValue]) -> ShellValue {
        guard let first = fields.first else { return ShellValue("") }
        return fields.dropFirst().reduce(first) {
            ShellValue(
                $0.text + " " + $1.text, max($0.certainty, $1.certainty), isPattern: $0.isPattern || $1.isPattern)
        }
    }

    private mutating func value(of variable: ShellVariable) -> ShellValue {
        let value = lookUp(variable.name)
        let isColon = variable.sign.hasPrefix(":")
        func other(_ walk: inout ScriptWalk) -> ShellValue { walk.joined(walk.expand(variable.other, splits: false)) }
        switch variable.sign.last {
        case nil: return value ?? ShellValue("")
        case "+":
            guard let value, !isColon || value.known != "" else { return ShellValue("") }
            return value.known == nil ? ShellValue("", value.certainty) : other(&self)
        case "-", "=", "?":
            if let value, !isColon || value.known != "" { return value }
            let default_ = other(&self)
            if variable.sign.last == "=" { assign(variable.name, default_) }
            return default_
        default: return ShellValue("", .opaque)
        }
    }

    private func lookUp(_ name: String) -> ShellValue? {
        if let number = Int(name), number > 0 {
            guard let arguments else { return ShellValue("$\(name)", .opaque) }
            return number <= arguments.count ? arguments[number - 1] : nil
        }
        switch name {
        case "#": return arguments.map { ShellValue("\($0.count)") } ?? ShellValue("$#", .opaque)
        case "?", "$", "!", "-": return ShellValue("$\(name)", .read)
        default: return variables[name]
        }
    }

    /// What `$(…)` stands for.
    private mutating func substituted(_ node: ShellNode) -> ShellValue {
        if case .list(let nodes) = node, nodes.count == 1, case .simple(let command) = nodes[0],
            command.assignments.isEmpty
        {
            let words = command.words.flatMap { expand($0) }
            if words.first?.known == "mktemp" { return temporaryFile() }
            if let name = words.first?.known, let value = output(name, Array(words.dropFirst())) { return value }
        }
        if isReader(node) { return ShellValue("$(…)", .read) }
        report(line(of: node), "what the command in it does is not known")
        return ShellValue("$(…)", .opaque)
    }

    /// Whether the command of a `$(…)` succeeds.
    mutating func status(of node: ShellNode) -> ShellStatus {
        guard case .list(let nodes) = node, nodes.count == 1, case .simple(let command) = nodes[0] else {
            return .assumed(true)
        }
        let words = command.words.flatMap { expand($0) }
        return words.first?.known.flatMap { reading($0, Array(words.dropFirst())) } ?? .assumed(true)
    }

    /// What a command prints, where that is known.
    private func output(_ name: String, _ words: [ShellValue]) -> ShellValue? {
        let known = words.compactMap(\.known)
        guard known.count == words.count else { return nil }
        switch name {
        case "echo": return ShellValue(known.filter { $0 != "-n" }.joined(separator: " "))
        case "dirname":
            guard known.count == 1, let path = SuggestionFacts.normal(known[0]) else { return nil }
            let folder = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
            return ShellValue(folder.isEmpty ? "/" : String(folder))
        case "basename":
            guard let path = known.first else { return nil }
            var last = String(path.split(separator: "/").last ?? "")
            if known.count == 2, last.hasSuffix(known[1]) { last = String(last.dropLast(known[1].count)) }
            return ShellValue(last)
        case "which" where known.count == 1: return ShellValue("/usr/bin/\(known[0])", .assumed)
        default: return nil
        }
    }

    /// Whether commands only read the host.
    func isReader(_ node: ShellNode, depth: Int = 0) -> Bool {
        guard depth < 12 else { return false }
        func all(_ nodes: [ShellNode]) -> Bool { nodes.allSatisfy { isReader($0, depth: depth + 1) } }
        switch node {
        case .simple(let command):
            guard !command.redirections.contains(where: { $0.sign.hasPrefix(">") && !Self.isHarmless($0) }) else {
                return false
            }
            guard let name = command.words.first?.bare else { return command.words.isEmpty }
            if let body = functions[name] { return isReader(body, depth: depth + 1) }
            let program = name.hasPrefix("/") ? String(name.split(separator: "/").last ?? "") : name
            return HostReaders.reads(program, command.words.dropFirst().map { $0.bare ?? "" })
        case .pipeline(let nodes, _), .list(let nodes): return all(nodes)
        case .not(let node): return isReader(node, depth: depth + 1)
        case .and(let left, let right), .or(let left, let right), .repetition(let left, let right):
            return all([left, right])
        case .condition(let branches, let otherwise):
            return all(branches.flatMap { [$0.test, $0.body] } + (otherwise.map { [$0] } ?? []))
        case .choice(_, let arms, _): return all(arms.map(\.body))
        case .forEach(_, _, let body, _): return isReader(body, depth: depth + 1)
        case .group(let node, let redirections, _, _):
            return redirections.allSatisfy { !$0.sign.hasPrefix(">") || Self.isHarmless($0) }
                && isReader(node, depth: depth + 1)
        case .function: return true
        }
    }

    private static func isHarmless(_ redirection: ShellRedirection) -> Bool {
        redirection.target.bare.map { $0 == "/dev/null" || $0 == "-" || $0.allSatisfy(\.isNumber) } ?? false
    }

    /// What of the package's files a pattern stands for; itself if there is none.
    func expandedPattern(_ value: ShellValue) -> [ShellValue] {
        guard let pattern = value.known.flatMap({ SuggestionFacts.normal($0) }) else { return [value] }
        let known = Set(facts.entries.keys).union(host.folders.keys).union(host.made).union(host.files.keys)
        let found = known.filter { ShellPattern.matches(pattern, $0, path: true) }.sorted()
        return found.isEmpty ? [value] : found.prefix(1000).map { ShellValue($0, value.certainty) }
    }
}

/// Commands that change nothing on the host.
enum HostReaders {
    private static let names: Set = [
        "[", "test", "[[", "true", "false", ":", "echo", "printf", "cat", "cut", "awk", "gawk", "mawk", "grep", "egrep",
        "fgrep", "zgrep", "head", "tail", "tr", "sort", "uniq", "wc", "basename", "dirname", "readlink", "realpath",
        "stat",
        "ls", "id", "getent", "which", "type", "hash", "hostname", "uname", "date", "expr", "seq", "pwd", "dpkg-query",
        "dpkg-architecture", "pidof", "pgrep", "ps", "who", "whoami", "logname", "nproc", "free", "df", "du", "file",
        "cmp", "diff", "md5sum", "sha1sum", "sha256sum", "lsb_release", "systemd-detect-virt", "ischroot", "tty",
        "locale",
        "arch", "tac", "rev", "paste", "comm", "join", "tempfile", "mktemp", "ifconfig", "ucfq", "a2query", "groups",
        "lsmod", "mountpoint", "runlevel", "getconf", "sleep", "selinuxenabled", "local", "return", "exit", "set",
        "shift", "read",
        "break", "continue", "export", "unset", "uuidgen", "umask",
    ]

    /// - Parameter words: the arguments; an empty text for one that is not known.
    static func reads(_ name: String, _ words: [String]) -> Bool {
        switch name {
        case "sed": !words.contains { $0.hasPrefix("-i") || $0.hasPrefix("--in-place") || $0.hasPrefix("-ni") }
        case "find":
            !words.contains { $0.hasPrefix("-exec") || $0.hasPrefix("-ok") || $0.hasPrefix("-f") || $0 == "-delete" }
        case "command": words.first == "-v" || words.first == "-V"
        case "dpkg-statoverride": words.contains("--list")
        case "dpkg-divert": words.contains { ["--list", "--truename", "--listpackage"].contains($0) }
        case "dpkg":
            words.contains {
                ["--compare-versions", "--print-architecture", "-s", "--status", "-l", "-L", "-S", "--list"].contains(
                    $0)
                    || $0.hasPrefix("--print") || $0.hasPrefix("--assert") || $0.hasPrefix("--validate")
            }
        case "systemctl":
            words.contains { $0.hasPrefix("is-") || $0.hasPrefix("list-") || $0 == "show" || $0 == "status" }
        case "deb-systemd-helper": words.contains { $0.hasPrefix("was-") || $0 == "debian-installed" }
        case "route": !words.contains { ["add", "del", "flush"].contains($0) }
        case "sysctl": words.contains("-n") && !words.contains("-w")
        case "ip": !words.contains { ["add", "del", "set", "flush", "replace", "change"].contains($0) }
        default: names.contains(name)
        }
    }
}
