import Configuration

/// Follows a maintainer script as dpkg would run it where the package has not been before, without running anything.
///
/// Where a condition depends on the host, both ways are followed; where it depends on what cannot be known, the condition itself is
/// reported if a command below it matters.
struct ScriptWalk: Sendable {
    /// When dpkg would run it. A `config` script only asks debconf's questions.
    enum Phase: Sendable { case questions, installation, update, removal }

    /// What a command comes to.
    enum Outcome: Sendable {
        /// Understood: it is in `host`, or Gatekeel does the same, or there is nothing to do.
        case understood(ShellStatus = .certain(true))
        /// Understood and not done, with what that means.
        case leftOut(String, ShellStatus = .certain(true))
        /// A change of files that a manifest cannot say.
        case change(String)
        case unknown(String)

        /// What a folder or file below /run comes to: Debian loses it at the next boot too.
        static let temporary = leftOut("it is gone after a boot, so the service must make it itself")
    }

    /// Why the commands that follow are not reached.
    private enum End { case exit, function, loop }

    let facts: SuggestionFacts
    var host: SuggestedHost
    private(set) var notUnderstood: [SuggestionRemark] = []
    private(set) var leftOut: [SuggestionRemark] = []

    var phase: Phase
    var variables: [String: ShellValue] = [:]
    /// nil: not known.
    var arguments: [ShellValue]? = []
    var functions: [String: ShellNode] = [:]
    var source: Source
    private var end: End?
    private var steps = 0
    private var calls = 0
    /// A command below an opaque condition mattered.
    private var concerns = 0
    /// Whether these commands are run only where something is there that is missing at first.
    var unlikely = 0
    /// Whether it is not known if these commands are run.
    private var uncertain = 0
    private var seen: Set<String> = []
    /// How many temporary files were made.
    private var temporaries = 0

    /// A file that is read, with what is needed to name its lines.
    struct Source: Sendable {
        var file: String
        var lines: [Substring]
        /// The debhelper tool that added a line.
        var tools: [Int: String]

        init(file: String, bytes: [UInt8]) {
            self.file = file
            lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            tools = [:]
            var tool: String?
            for (index, line) in lines.enumerated() {
                let text = line.trimmed
                if let name = ScriptAudit.toolOfHeader(text) { tool = name }
                if text == "# End automatically added section" { tool = nil }
                if let tool { tools[index + 1] = tool }
            }
        }
    }

    static let stepLimit = 20_000
    static let remarkLimit = 500

    init(_ facts: SuggestionFacts, host: SuggestedHost, script: String, bytes: [UInt8], phase: Phase) {
        self.facts = facts
        self.host = host
        self.phase = phase
        source = Source(file: script, bytes: bytes)
        variables["0"] = ShellValue("/var/lib/dpkg/info/\(facts.package).\(script)")
        variables["DPKG_MAINTSCRIPT_NAME"] = ShellValue(script)
        variables["DPKG_MAINTSCRIPT_PACKAGE"] = ShellValue(facts.package)
        variables["DPKG_ROOT"] = ShellValue("")
        variables["DEBCONF_HAS_FRONTEND"] = ShellValue("1")
        for name in ["PATH", "HOME", "IFS", "DPKG_RUNNING_VERSION", "DPKG_MAINTSCRIPT_ARCH", "PWD", "PPID"] {
            variables[name] = ShellValue("", .read)
        }
    }

    /// Follows the script, called with these arguments.
    mutating func run(_ node: ShellNode, _ arguments: [ShellValue]) {
        self.arguments = arguments
        end = nil
        _ = walk(node)
        if steps >= Self.stepLimit { report(1, "the script is too long, and its rest was not read") }
    }

    // MARK: Remarks

    /// Notes a command that is not understood.
    ///
    /// - Parameter isChange: whether it is known to change a file.
    mutating func report(_ line: Int, _ reason: String, isChange: Bool = false) {
        concerns += 1
        switch phase {
        case .installation, .questions, .removal:
            if phase == .questions, !isChange {
                remark(\.leftOut, line, "debconf is not asked; \(reason)")
            } else if phase == .removal, isChange {
                remark(\.leftOut, line, "files are not changed at the removal; \(reason)")
            } else if unlikely > 0 {
                remark(\.leftOut, line, "not run where the package is new; \(reason)")
            } else {
                remark(\.notUnderstood, line, reason)
            }
        case .update: remark(\.leftOut, line, "only at an update from an earlier version; \(reason)")
        }
    }

    /// Notes a condition that decides on something and is not understood.
    private mutating func reportCondition(_ line: Int) {
        if phase != .update { report(line, "the condition is not understood", isChange: phase == .removal) }
    }

    private mutating func leave(_ line: Int, _ reason: String) { remark(\.leftOut, line, reason) }

    private mutating func remark(_ list: WritableKeyPath<Self, [SuggestionRemark]>, _ line: Int, _ reason: String) {
        guard self[keyPath: list].count < Self.remarkLimit, seen.insert("\(source.file):\(line):\(reason)").inserted,
            !self[keyPath: list].contains(where: { $0.file == source.file && $0.line == line })
        else { return }
        self[keyPath: list].append(
            SuggestionRemark(file: source.file, line: line, text: text(of: line), reason: reason))
    }

    private func text(of line: Int) -> String {
        guard source.lines.indices.contains(line - 1) else { return "" }
        let text = source.lines[line - 1].trimmed.split(whereSeparator: \.isWhitespace).joined(separator: " ").plain
        return text.count > 160 ? String(text.prefix(157)) + "..." : text
    }

    /// Whether what a command makes belongs into the manifest.
    var isRecorded: Bool { phase == .installation || phase == .questions }

    /// The name of a file that `mktemp` makes.
    mutating func temporaryFile() -> ShellValue {
        temporaries += 1
        return ShellValue("\(ShellPath.temporaryFiles)\(temporaries)")
    }

    /// Notes that a command makes or changes something.
    mutating func concern() { concerns += 1 }

    // MARK: Walk

    @discardableResult
    private mutating func walk(_ node: ShellNode) -> ShellStatus {
        guard end == nil, steps < Self.stepLimit else { return .opaque }
        steps += 1
        switch node {
        case .simple(let command): return run(command)
        case .pipeline(let parts, let line): return pipe(parts, line)
        case .not(let node): return !walk(node)
        case .and(let left, let right):
            return follow(left, isTrue: { $0 }, right) { $0 && $1 }
        case .or(let left, let right):
            return follow(left, isTrue: { !$0 }, right) { $0 || $1 }
        case .list(let nodes):
            var status = ShellStatus.certain(true)
            for node in nodes where end == nil { status = walk(node) }
            return status
        case .condition(let branches, let otherwise): return walk(branches[...], otherwise: otherwise)
        case .choice(let word, let arms, let line): return choose(word, arms, line)
        case .forEach(let name, let words, let body, _): return each(name, words, body)
        case .repetition(let test, let body):
            let (unknown, _) = condition(test)
            branch(unknown ? .opaque : .assumed(true), line(of: test), body, otherwise: nil)
            return .opaque
        case .function(let name, let body):
            if functions.count < 200 { functions[name] = body }
            return .certain(true)
        case .group(let node, let redirections, let isSubshell, let line):
            if let reason = writing(redirections) { report(line, reason, isChange: true) }
            guard isSubshell else { return walk(node) }
            let before = variables
            let status = walk(node)
            variables = before
            end = nil
            return status
        }
    }

    /// Runs a condition.
    ///
    /// - Returns: whether it is opaque, and what it comes to.
    private mutating func condition(_ node: ShellNode) -> (Bool, ShellStatus) {
        let status = walk(node)
        return (status == .opaque, status)
    }

    /// `a && b` and `a || b`.
    private mutating func follow(
        _ left: ShellNode, isTrue: (Bool) -> Bool, _ right: ShellNode,
        _ join: (ShellStatus, ShellStatus) -> ShellStatus
    ) -> ShellStatus {
        let status = walk(left)
        guard end == nil else { return status }
        switch status {
        case .certain(let value): return isTrue(value) ? walk(right) : status
        case .assumed(let value):
            return join(status, branch(.assumed(isTrue(value)), line(of: left), right, otherwise: nil))
        case .opaque: return join(status, branch(.opaque, line(of: left), right, otherwise: nil))
        }
    }

    private mutating func walk(_ branches: ArraySlice<ShellBranch>, otherwise: ShellNode?) -> ShellStatus {
        guard let first = branches.first else { return otherwise.map { walk($0) } ?? .certain(true) }
        let status = walk(first.test)
        guard end == nil else { return status }
        let rest: ShellNode? =
            branches.count > 1 ? .condition(Array(branches.dropFirst()), otherwise: otherwise) : otherwise
        switch status {
        case .certain(true): return walk(first.body)
        case .certain(false): return rest.map { walk($0) } ?? .certain(true)
        default: return branch(status, first.line, first.body, otherwise: rest)
        }
    }

    /// Follows both ways of a condition that is not certain; the likely one last, so that it holds.
    @discardableResult
    private mutating func branch(
        _ status: ShellStatus, _ line: Int, _ body: ShellNode, otherwise: ShellNode?
    ) -> ShellStatus {
        let before = variables
        var result = ShellStatus.certain(true)
        func follow(_ node: ShellNode?, isLikely: Bool, _ walk: inout ScriptWalk) -> [String: ShellValue] {
            walk.variables = before
            walk.unlikely += isLikely ? 0 : 1
            if let node { result = walk.walk(node) }
            walk.unlikely -= isLikely ? 0 : 1
            walk.end = nil
            return walk.variables
        }
        if case .assumed(let value) = status {
            _ = follow(value ? otherwise : body, isLikely: false, &self)
            _ = follow(value ? body : otherwise, isLikely: true, &self)
            return result == .certain(true) ? .assumed(true) : result
        }
        let marks = concerns
        uncertain += 1
        let first = follow(otherwise, isLikely: true, &self)
        let second = follow(body, isLikely: true, &self)
        uncertain -= 1
        if concerns > marks { reportCondition(line) }
        for name in Set(first.keys).union(second.keys) where first[name] != second[name] {
            variables[name] = ShellValue("", .opaque)
        }
        return .opaque
    }

    private mutating func choose(_ word: ShellWord, _ arms: [ShellArm], _ line: Int) -> ShellStatus {
        let value = joined(expand(word, splits: false))
        guard let text = value.known, value.certainty == .known else {
            let marks = concerns
            let before = variables
            for arm in arms {
                if let text = value.known, arm.patterns.contains(where: { matches($0, text) }) { continue }
                variables = before
                unlikely += value.certainty <= .read ? 1 : 0
                walk(arm.body)
                unlikely -= value.certainty <= .read ? 1 : 0
                end = nil
            }
            variables = before
            if let text = value.known, let arm = arms.first(where: { $0.patterns.contains { matches($0, text) } }) {
                walk(arm.body)
                end = nil
            } else if concerns > marks, value.certainty == .opaque {
                reportCondition(line)
            }
            return .opaque
        }
        for arm in arms where arm.patterns.contains(where: { matches($0, text) }) { return walk(arm.body) }
        return .certain(true)
    }

    private mutating func matches(_ word: ShellWord, _ text: String) -> Bool {
        guard let pattern = joined(expand(word, splits: false)).known else { return false }
        return ShellPattern.matches(pattern, text)
    }

    private mutating func each(_ name: String, _ words: [ShellWord]?, _ body: ShellNode) -> ShellStatus {
        let values = words.map { $0.flatMap { expand($0) } } ?? arguments ?? [ShellValue("", .opaque)]
        for value in values.prefix(64) {
            for one in value.isPattern ? expandedPattern(value) : [value] {
                variables[name] = one
                walk(body)
                if end == .loop { end = nil }
                if end != nil { return .opaque }
            }
        }
        if values.count > 64 { report(line(of: body), "the loop is too long") }
        return .certain(true)
    }

    private mutating func pipe(_ parts: [ShellNode], _ line: Int) -> ShellStatus {
        var status = ShellStatus.certain(true)
        for (index, part) in parts.enumerated() {
            let before = variables
            if index > 0, case .simple(let command) = part, let name = command.words.first?.bare,
                ["sh", "bash", "chpasswd", "debconf-set-selections", "tee", "xargs"].contains(name)
            {
                report(line, "it gives a text to '\(name)'")
                continue
            }
            let one = walk(part)
            // `yes | command`, `command | grep`.
            status = index == 0 ? one : Self.worse(status, one)
            variables = before
            end = nil
        }
        return status == .certain(true) ? .assumed(true) : status
    }

    private static func worse(_ left: ShellStatus, _ right: ShellStatus) -> ShellStatus {
        switch (left, right) {
        case (.opaque, _), (_, .opaque): .opaque
        case (_, .certain(true)): left
        default: right
        }
    }

    /// The line on which a command begins.
    func line(of node: ShellNode) -> Int {
        switch node {
        case .simple(let command): command.line
        case .pipeline(_, let line), .choice(_, _, let line), .forEach(_, _, _, let line), .group(_, _, _, let line):
            line
        case .not(let node), .repetition(let node, _), .function(_, let node): line(of: node)
        case .and(let node, _), .or(let node, _): line(of: node)
        case .list(let nodes): nodes.first.map { line(of: $0) } ?? 1
        case .condition(let branches, _): branches.first?.line ?? 1
        }
    }

    // MARK: Commands

    private mutating func run(_ command: ShellCommand) -> ShellStatus {
        if let tool = source.tools[command.line] {
            switch DebhelperTool.verdict(tool) {
            case .done, .needless: return .assumed(true)
            case .missing(let what):
                leave(command.line, "\(tool): \(what)")
                return .assumed(true)
            case .refused, nil: break
            }
        }
        let words = command.words.flatMap { expand($0) }
        guard let first = words.first else {
            for (name, word) in command.assignments {
                let value = joined(expand(word, splits: false))
                assign(name, ShellValue(value.text, value.certainty))
            }
            if let reason = writing(command.redirections) { report(command.line, reason, isChange: true) }
            guard let last = command.assignments.last else { return .certain(true) }
            // `user=$(getent passwd foo)` has the status of its command.
            if last.value.parts.count == 1, case .substitution(let node, _) = last.value.parts[0] {
                return status(of: node)
            }
            let isRead = last.value.parts.contains { if case .substitution = $0 { true } else { false } }
            return isRead ? .assumed(true) : .certain(true)
        }
        guard let name = first.known else {
            report(command.line, "the name of the command is not known")
            return .opaque
        }
        if let body = functions[name] { return call(body, Array(words.dropFirst()), command) }
        if let status = control(name, Array(words.dropFirst()), command.line) { return status }
        if name.hasPrefix("/etc/init.d/") { return .assumed(true) }
        let outcome = execute(name, Array(words.dropFirst()), line: command.line)
        if writesText(name, Array(words.dropFirst()), command.redirections) { return .certain(true) }
        if let isWhole = copiesByRedirection(name, Array(words.dropFirst()), command.redirections) {
            if !isWhole {
                report(command.line, "the template is copied without what the command changes in it", isChange: true)
            }
            return .certain(true)
        }
        // What a file gets can matter, whatever writes it.
        if let reason = writing(command.redirections) {
            report(command.line, reason, isChange: true)
            return .certain(true)
        }
        switch outcome {
        case .understood(let status): return status
        case .leftOut(let reason, let status):
            if isRecorded { leave(command.line, reason) }
            return status
        case .change(let reason):
            report(command.line, reason, isChange: true)
            return .assumed(true)
        case .unknown(let reason):
            report(command.line, reason)
            return .opaque
        }
    }

    mutating func assign(_ name: String, _ value: ShellValue) {
        guard variables.count < 1000 || variables[name] != nil, value.text.utf8.count <= 8192 else { return }
        variables[name] = value
    }

    private mutating func call(_ body: ShellNode, _ words: [ShellValue], _ command: ShellCommand) -> ShellStatus {
        guard calls < 12 else {
            report(command.line, "the function calls itself too often")
            return .opaque
        }
        calls += 1
        defer { calls -= 1 }
        let before = arguments
        arguments = words
        let status = walk(body)
        arguments = before
        if end == .function { end = nil }
        return status
    }

    /// Commands of the shell that change where the script goes on, or its variables.
    private mutating func control(_ name: String, _ words: [ShellValue], _ line: Int) -> ShellStatus? {
        switch name {
        case "exit": end = .exit
        case "return": end = .function
        case "break", "continue": end = .loop
        case "export", "local", "readonly", "declare", "typeset":
            for word in words {
                let parts = word.text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2 else { continue }
                assign(String(parts[0]), ShellValue(String(parts[1]), word.certainty))
            }
        case "unset": for word in words { variables[word.text] = nil }
        case "read": for word in words where !word.text.hasPrefix("-") { assign(word.text, ShellValue("", .opaque)) }
        case "shift":
            let count = words.first.map { $0.known.flatMap { Int($0) } ?? -1 } ?? 1
            guard let all = arguments, count >= 0 else {
                arguments = nil
                break
            }
            arguments = Array(all.dropFirst(count))
        case "set":
            guard let first = words.first,
                !first.text.hasPrefix("-") && !first.text.hasPrefix("+") || first.text == "--"
            else { break }
            arguments = words.first?.text == "--" ? Array(words.dropFirst()) : words
        case ".", "source": return read(words, line)
        case "eval":
            report(line, "the shell computes it when it runs")
            return .opaque
        case "exec":
            if !words.isEmpty { report(line, "another program goes on in its place") }
        default: return nil
        }
        return .certain(true)
    }

    /// `. FILE`.
    private mutating func read(_ words: [ShellValue], _ line: Int) -> ShellStatus {
        guard let path = words.first?.known else {
            report(line, "the name of the file is not known")
            return .opaque
        }
        if path == "/usr/share/debconf/confmodule" || path == "/lib/lsb/init-functions" { return .certain(true) }
        guard let normal = SuggestionFacts.normal(path), let bytes = facts.texts[normal] else {
            if facts.entries[SuggestionFacts.normal(path) ?? ""] == nil, !Self.isProgram(path) {
                return .assumed(false)
            }
            report(line, "it reads a file of commands")
            return .opaque
        }
        guard calls < 12 else { return .opaque }
        calls += 1
        defer { calls -= 1 }
        let before = source
        source = Source(file: String(normal.dropFirst()), bytes: bytes)
        defer { source = before }
        do throws(ShellSyntaxError) {
            _ = walk(try ShellParser.parse(bytes))
        } catch { report(error.line, error.text) }
        return .assumed(true)
    }

    static func isProgram(_ path: String) -> Bool {
        ["/usr/", "/bin/", "/sbin/", "/lib/", "/etc/init.d/"].contains { path.hasPrefix($0) }
    }

    /// `echo TEXT >FILE`, `cat >FILE <<EOF`: a text that is known becomes the file of the manifest.
    ///
    /// - Returns: whether a manifest can say it.
    private mutating func writesText(
        _ name: String, _ words: [ShellValue], _ redirections: [ShellRedirection]
    ) -> Bool {
        let outputs = redirections.filter { $0.sign.hasPrefix(">") }
        guard outputs.count == 1, [">", ">>", ">|"].contains(outputs[0].sign), ["echo", "cat"].contains(name) else {
            return false
        }
        let value: ShellValue
        if name == "echo" {
            guard words.first?.text.hasPrefix("-") != true else { return false }
            value = joined(words)
            // What a backslash does differs between shells.
            guard !value.text.contains("\\") else { return false }
        } else {
            guard words.isEmpty, let text = redirections.first(where: { $0.sign.hasPrefix("<") })?.text else {
                return false
            }
            value = joined(expand(text, splits: false))
        }
        guard let text = value.known, !value.isPattern || name == "cat",
            let path = joined(expand(outputs[0].target, splits: false)).known.flatMap({ SuggestionFacts.normal($0) })
        else { return false }
        return write(text, to: path, appends: outputs[0].sign == ">>")
    }

    /// `Line=`.
    private mutating func write(_ text: String, to path: String, appends: Bool) -> Bool {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        let before = host.files[path]
        // debconf's script only asks, by Debian's policy.
        guard phase != .questions, !lines.isEmpty, lines.count <= 200,
            lines.allSatisfy({ PackageManifest.line("\(path):\($0)") != nil }),
            facts.entries[path] == nil, PackageManifest.refusal(ofFile: path) == nil,
            // What is added has to be certain, and so has what comes in the place of something else.
            before == nil && !appends || before?.lines.isEmpty == false && unlikely == 0 && uncertain == 0
        else { return false }
        concern()
        guard isRecorded, claim(path) else { return true }
        var file = before ?? FileRule(path: path, owner: "root", group: "root", mode: "0644")
        file.lines = appends ? file.lines + lines : lines
        host.files[path] = file
        host.made.remove(path)
        return true
    }

    /// `sed … TEMPLATE >FILE`, `cat <TEMPLATE >FILE`: the file is a copy of a template.
    ///
    /// - Returns: whether it is a copy without changes; nil if no template is read, or a manifest cannot say it.
    private mutating func copiesByRedirection(
        _ name: String, _ words: [ShellValue], _ redirections: [ShellRedirection]
    ) -> Bool? {
        var read = words.last
        var written: ShellValue?
        for redirection in redirections {
            let target = joined(expand(redirection.target, splits: false))
            switch redirection.sign {
            case "<": read = target
            case ">", ">|": if target.text != "/dev/null" { written = target }
            default: break
            }
        }
        guard let source = read?.known, let path = written?.known.flatMap({ SuggestionFacts.normal($0) }),
            copyWritten(source, to: path)
                || copyTemplate(source, to: path, owner: "root", group: "root", mode: 0o644)
        else { return nil }
        return name == "cat" && words.count <= 1
    }

    /// Why redirections matter: a file is written. nil if none is.
    private mutating func writing(_ redirections: [ShellRedirection]) -> String? {
        for redirection in redirections where [">", ">>", ">|", ">&", "<>"].contains(redirection.sign) {
            let target = joined(expand(redirection.target, splits: false))
            let text = target.text
            if redirection.sign == ">&", text == "-" || text.allSatisfy(\.isNumber) { continue }
            if text == "/dev/null" || text == "/dev/stderr" || text == "/dev/stdout" || text == "/dev/tty" { continue }
            guard let path = target.known.flatMap({ SuggestionFacts.normal($0) }) else {
                // A file that `mktemp` made.
                if target.certainty == .read { continue }
                return "it writes a file whose name is not known"
            }
            if ShellPath.isTemporary(path) { continue }
            concern()
            if isRecorded { host.made.insert(path) }
            return "it writes the file \(path)"
        }
        return nil
    }
}
