import Archive
import Configuration

/// A manifest for a package, made from its maintainer scripts, and what of them is not in it.
///
/// The scripts are read and never run. They come from outside: their size, nesting and length are bounded.
public struct ManifestSuggestion: Sendable {
    /// The manifest, with the lines that were not understood as comments.
    public let manifest: String
    /// Whether the package can be installed without it.
    public let isNeeded: Bool
    /// Lines that could matter and that the manifest does not have.
    public let notUnderstood: [SuggestionRemark]
    /// Lines that are understood and are not done, with what that means.
    public let leftOut: [SuggestionRemark]

    /// - Parameter facts: what was read of `data.tar`.
    init(controlFiles files: [String: [UInt8]], facts: SuggestionFacts, title: String) {
        var facts = facts
        facts.takeTemplates(files["templates"] ?? [])
        var host = SuggestedHost()
        var (notUnderstood, leftOut): ([SuggestionRemark], [SuggestionRemark]) = ([], [])
        for name in ["config", "preinst", "postinst", "prerm", "postrm"] {
            guard let bytes = files[name] else { continue }
            func refuse(_ line: Int, _ reason: String, _ list: inout [SuggestionRemark]) {
                let text = String(decoding: bytes.prefix(80).prefix { $0 != 0x0A }, as: UTF8.self)
                list.append(
                    SuggestionRemark(file: name, line: line, text: line == 1 ? text.plain : "…", reason: reason))
            }
            guard bytes.count <= ShellParser.sizeLimit, Self.isShell(bytes) else {
                if name == "config" {
                    // It may only ask, by Debian's policy.
                    refuse(1, "debconf is not asked, and the script is not read", &leftOut)
                } else {
                    refuse(1, "it is not a shell script, or a very long one", &notUnderstood)
                }
                continue
            }
            let node: ShellNode
            do throws(ShellSyntaxError) {
                node = try ShellParser.parse(bytes)
            } catch {
                let lines = ScriptWalk.Source(file: name, bytes: bytes).lines
                let text = lines.indices.contains(error.line - 1) ? lines[error.line - 1].trimmed : ""
                notUnderstood.append(
                    SuggestionRemark(
                        file: name, line: error.line, text: String(text.prefix(160)),
                        reason: "\(error.text); nothing of the script is read"))
                continue
            }
            var late: [SuggestionRemark] = []
            for call in Self.calls(of: name) {
                var walk = ScriptWalk(facts, host: host, script: name, bytes: bytes, phase: call.phase)
                walk.run(node, call.arguments)
                host = walk.host
                for remark in walk.notUnderstood where !notUnderstood.contains(where: remark.isAt) {
                    notUnderstood.append(remark)
                }
                late += walk.leftOut
            }
            for remark in late
            where !notUnderstood.contains(where: remark.isAt) && !leftOut.contains(where: remark.isAt) {
                leftOut.append(remark)
            }
        }
        let audit = Set(
            ScriptAudit(files, package: facts.package, skips: { _ in false }).findings.findings(.refused).map(\.file))
        let skipped = ScriptAudit.names.filter(audit.contains)
        isNeeded = !skipped.isEmpty
        self.notUnderstood = notUnderstood
        self.leftOut = leftOut
        manifest = Self.text(host, facts, skipped, notUnderstood, title)
    }

    /// Whether the first line names a shell.
    private static func isShell(_ bytes: [UInt8]) -> Bool {
        let line = String(decoding: bytes.prefix(80).prefix { $0 != 0x0A }, as: UTF8.self)
        guard line.hasPrefix("#!"), let program = line.dropFirst(2).split(separator: " ").first else { return false }
        return ["sh", "bash", "dash"].contains(program.split(separator: "/").last ?? "")
    }

    /// How dpkg calls a script.
    private static func calls(of script: String) -> [(phase: ScriptWalk.Phase, arguments: [ShellValue])] {
        let none = ShellValue("")
        let old = ShellValue("VERSION", .opaque)
        switch script {
        case "config": return [(.questions, [ShellValue("configure"), none])]
        case "postinst":
            return [(.installation, [ShellValue("configure"), none]), (.update, [ShellValue("configure"), old])]
        case "preinst":
            return [(.installation, [ShellValue("install")]), (.update, [ShellValue("upgrade"), old, old])]
        case "prerm": return [(.removal, [ShellValue("remove")]), (.update, [ShellValue("upgrade"), old])]
        default:
            return [
                (.removal, [ShellValue("remove")]), (.removal, [ShellValue("purge")]),
                (.update, [ShellValue("upgrade"), old]),
            ]
        }
    }

    private static func text(
        _ host: SuggestedHost, _ facts: SuggestionFacts, _ skipped: [String], _ open: [SuggestionRemark],
        _ title: String
    ) -> String {
        var lines = ["# Suggested by 'gatekeel package suggest' from the maintainer scripts of \(title)."]
        if !open.isEmpty {
            lines.append("# These lines were not understood. Nothing here stands for them:")
            lines += open.prefix(100).map { "#   \($0.file):\($0.line): \($0.text)".plain }
            if open.count > 100 { lines.append("#   and \(open.count - 100) others") }
        }
        lines += ["[Package]", "Format=1"]
        let users = host.users.sorted { $0.key < $1.key }.map { $0.value.isEmpty ? $0.key : "\($0.key):\($0.value)" }
        let groups = host.groups.filter { host.users[$0] == nil }.sorted()
        let members = host.members.map { "\($0.user):\($0.group)" }.sorted()
        if !users.isEmpty || !groups.isEmpty || !members.isEmpty {
            lines += ["", "[Users]"]
            lines += groups.map { "Group=\($0)" } + users.map { "User=\($0)" } + members.map { "Member=\($0)" }
        }
        let folders = host.folders.filter { path, folder in
            // The package brings it so.
            guard let entry = facts.entries[path], entry.kind == .folder else { return true }
            return (entry.owner, entry.group, entry.mode) != (folder.owner, folder.group, folder.mode)
        }
        if !folders.isEmpty {
            lines += ["", "[Directories]"]
            lines += folders.sorted { $0.key < $1.key }.map { path, folder in
                "Directory=\(path):\(folder.owner):\(folder.group):\(FileMode.text(folder.mode))"
            }
        }
        let files = host.files.values.sorted { $0.path < $1.path }.flatMap { file in
            let rule = "\(file.path):\(file.owner):\(file.group):\(file.mode)"
            if !file.source.isEmpty { return ["Copy=/\(file.source):\(rule)"] }
            let isRoots = (file.owner, file.group, file.mode) == ("root", "root", "0644")
            return (file.lines.isEmpty || !isRoots ? ["File=\(rule)"] : [])
                + file.lines.map { "Line=\(Words.quoted("\(file.path):\($0)"))" }
        }
        let links = host.links.sorted { $0.key < $1.key }.map { "Link=\($0.key):\($0.value)" }
        if !files.isEmpty || !links.isEmpty { lines += ["", "[Files]"] + files + links }
        if !skipped.isEmpty { lines += ["", "[Scripts]", "Skip=\(skipped.joined(separator: " "))"] }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension SuggestionRemark {
    /// Whether another remark is about the same line.
    func isAt(_ other: SuggestionRemark) -> Bool { file == other.file && line == other.line }
}

extension FileMode {
    /// Four octal digits.
    static func text(_ mode: UInt32) -> String {
        let digits = String(mode & 0o7777, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

extension String {
    /// With characters of ASCII only that can be shown, for texts from outside that become part of a line.
    var plain: String {
        String(String.UnicodeScalarView(unicodeScalars.map { (0x20...0x7E).contains($0.value) ? $0 : "?" }))
    }
}
