import Linux

/// Checks whether maintainer scripts, which are never run, hold anything that the package needs.
///
/// Sections that debhelper adds are recognised by the tool's name. Otherwise a script may hold only comments, `set -e`, empty
/// cases and similar lines. Any other line refuses the package with script and line, unless the manifest skips the script.
public struct ScriptAudit: Sendable {
    public private(set) var findings = FindingList()
    /// Units that the scripts would enable; nil if nothing in them concerns units.
    public private(set) var enabledUnits: Set<String>?
    /// Units that the scripts would start at the first installation; nil as for `enabledUnits`.
    public private(set) var startedUnits: Set<String>?
    /// Init scripts that the package enables: `update-rc.d NAME defaults`.
    public private(set) var enabledInitScripts: Set<String> = []
    /// What the scripts would have `dpkg-maintscript-helper(1)` do, each once, in their order.
    public private(set) var migrations: [Migration] = []

    /// Scripts that dpkg or debconf would run.
    public static let names = ["preinst", "postinst", "prerm", "postrm", "config"]

    /// - Parameters:
    ///   - files: the members of `control.tar`.
    ///   - package: the package's name.
    ///   - skips: whether the manifest skips the named script.
    public init(_ files: [String: [UInt8]], package: String, skips: (String) -> Bool) {
        self.package = package
        for name in Self.names {
            guard let bytes = files[name] else { continue }
            examine(bytes, name: name, isSkipped: skips(name))
        }
        if let bytes = files["triggers"], !skips("triggers") { examineTriggers(bytes) }
    }

    private mutating func examine(_ bytes: [UInt8], name: String, isSkipped: Bool) {
        guard bytes.count <= 1 << 20, let text = String(validating: bytes, as: UTF8.self), text.hasPrefix("#!") else {
            if !isSkipped { refuse(name, 1, "it is not a shell script") }
            return
        }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if name == "postinst" {
            for line in lines {
                takeInitScripts(line)
                takeUnits(line.trimmed)
            }
        }
        let interpreter = (lines.first ?? "").dropFirst(2).split(separator: " ")
        let shells = ["/bin/sh", "/bin/bash", "/bin/dash", "/usr/bin/sh", "/usr/bin/bash", "/usr/bin/dash"]
        guard let shell = interpreter.first, shells.contains(String(shell)) else {
            if !isSkipped {
                refuse(name, 1, "it is not a shell script but runs '\(interpreter.joined(separator: " "))'")
            }
            return
        }
        var section: (tool: String, line: Int)?
        var skeleton = ShellSkeleton()
        // Within a call of dpkg-maintscript-helper of several lines.
        var isContinued = false
        for (index, line) in lines.enumerated().dropFirst() {
            let number = index + 1
            let text = line.trimmed
            if isContinued {
                isContinued = text.last == Self.continuation
            } else if let call = helperCall(in: text, followedBy: lines[number...]) {
                isContinued = text.last == Self.continuation
                take(call, name, number, isSkipped: isSkipped)
            } else if let tool = Self.toolOfHeader(text) {
                if section != nil, !isSkipped { refuse(name, number, "a debhelper section begins inside another one") }
                section = (tool, number)
                if !isSkipped { judge(tool, name, number) }
            } else if text == "# End automatically added section" {
                section = nil
            } else if let open = section {
                take(text, of: open.tool, in: name)
            } else if !isSkipped, let reason = skeleton.refusal(of: text) {
                refuse(name, number, reason)
                // Report only the first such line: it says where to look.
                section = nil
                collectUnits(lines.dropFirst(number), name)
                return
            }
        }
        if let open = section, !isSkipped { refuse(name, open.line, "the section of \(open.tool) has no end") }
    }

    /// Collects the units from the sections after a refused line.
    private mutating func collectUnits(_ lines: ArraySlice<Substring>, _ name: String) {
        var tool: String?
        for (index, line) in zip(lines.indices, lines) {
            let text = line.trimmed
            if let call = helperCall(in: text, followedBy: lines[(index + 1)...]) {
                take(call, name, index + 1, isSkipped: true)
            } else if let header = Self.toolOfHeader(text) {
                tool = header
            } else if text == "# End automatically added section" {
                tool = nil
            } else if let tool {
                take(text, of: tool, in: name)
            }
        }
    }

    private mutating func takeInitScripts(_ line: Substring) {
        guard enabledInitScripts.count < PackageLimits.units, let range = line.firstOccurrence(of: "update-rc.d ")
        else {
            return
        }
        let words = line[range.upperBound...].split(separator: " ").prefix(2)
        if words.count == 2, words[1] == "defaults" { enabledInitScripts.insert(String(words[0])) }
    }

    /// What a script says of units without debhelper, by the same commands.
    private mutating func takeUnits(_ line: String) {
        guard !line.hasPrefix("#") else { return }
        let enabled = Self.units(line, after: "deb-systemd-helper enable ")
        let started = Self.units(line, after: "deb-systemd-invoke start ")
        guard enabled?.isEmpty == false || started?.isEmpty == false else { return }
        enabledUnits = (enabledUnits ?? []).union(enabled ?? [])
        startedUnits = (startedUnits ?? []).union(started ?? [])
    }

    private static let continuation: Character = "\\"

    /// The call of `dpkg-maintscript-helper` in a line, and in those that continue it.
    private func helperCall(
        in line: String, followedBy rest: ArraySlice<Substring>
    ) -> MaintscriptHelper.Call? {
        var line = line
        guard MaintscriptHelper.begins(line) else { return nil }
        for next in rest.prefix(8) where line.last == Self.continuation { line = line.dropLast() + next.trimmed }
        return MaintscriptHelper.call(in: line, package: package)
    }

    private mutating func take(_ call: MaintscriptHelper.Call, _ name: String, _ line: Int, isSkipped: Bool) {
        switch call {
        case .idle: break
        case .migration(let migration):
            guard !migrations.contains(migration) else { break }
            if migrations.count < PackageLimits.migrations { return migrations.append(migration) }
            refuse(name, line, "more than \(PackageLimits.migrations) different calls of dpkg-maintscript-helper")
        case .unclear(let why):
            guard !isSkipped else { break }
            refuse(name, line, "this call of dpkg-maintscript-helper is not understood: \(why)")
        }
    }

    /// `# Automatically added by dh_installsystemd/13.11.4`.
    static func toolOfHeader(_ line: String) -> String? {
        let prefix = "# Automatically added by "
        guard line.hasPrefix(prefix) else { return nil }
        return String(line.dropFirst(prefix.count).prefix { $0 != "/" && !$0.isWhitespace })
    }

    private mutating func judge(_ tool: String, _ name: String, _ line: Int) {
        switch DebhelperTool.verdict(tool) {
        case .done, .needless: break
        case .missing(let what):
            if warned.insert(tool).inserted {
                findings.add(Finding(.warning, .unsupported, name, line: line, "\(tool): \(what)"))
            }
        case .refused(let why): refuse(name, line, "\(tool): \(why)")
        case nil: refuse(name, line, "Gatekeel does not know \(tool)")
        }
    }

    private mutating func take(_ line: String, of tool: String, in name: String) {
        let tools = ["dh_installsystemd", "dh_systemd_enable", "dh_systemd_start"]
        guard name == "postinst", tools.contains(tool) else { return }
        enabledUnits = enabledUnits ?? []
        startedUnits = startedUnits ?? []
        if let units = Self.units(line, after: "deb-systemd-helper enable ") { enabledUnits?.formUnion(units) }
        for verb in ["deb-systemd-invoke $_dh_action ", "deb-systemd-invoke start "] {
            if let units = Self.units(line, after: verb) { startedUnits?.formUnion(units) }
        }
        // "dont-enable": this section only enables again what an earlier version of the package had enabled.
        if let units = Self.units(line, after: "deb-systemd-helper debian-installed ") {
            notEnabled.formUnion(units)
        }
        enabledUnits?.subtract(notEnabled)
    }

    private let package: String
    private var notEnabled: Set<String> = []
    /// Tools of which something is missing.
    private var warned: Set<String> = []

    /// The words after a command, without quotes, up to a redirection or the end of the command.
    private static func units(_ line: String, after command: String) -> [String]? {
        guard let range = line.firstOccurrence(of: command) else { return nil }
        return line[range.upperBound...].split(separator: " ")
            .prefix { !$0.hasPrefix(">") && !$0.hasPrefix("|") && !$0.hasPrefix(";") && !$0.hasPrefix("&") }
            .map { word in word.filter { $0 != "'" && $0 != "\"" && $0 != ";" } }
            // A variable of the script, whose value is not known.
            .filter { !$0.isEmpty && !$0.contains("$") }
    }

    private mutating func examineTriggers(_ bytes: [UInt8]) {
        let text = String(decoding: bytes.prefix(1 << 16), as: UTF8.self)
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).map(String.init)
            guard let directive = words.first else { continue }
            // The linker finds libraries of a release in the standard folders; the host's cache does not list them.
            if directive.hasPrefix("activate"), words.dropFirst() == ["ldconfig"] { continue }
            findings.add(
                Finding(
                    .warning, .unsupported, "triggers", line: index + 1,
                    "the trigger '\(words.joined(separator: " "))' is ignored"))
        }
    }

    private mutating func refuse(_ name: String, _ line: Int, _ text: String) {
        findings.add(
            Finding(
                .refused, .unsupported, name, line: line,
                "\(text); maintainer scripts are not run: sign the package with a manifest that says what to do instead, with [Scripts] Skip=\(name)"
            ))
    }
}
