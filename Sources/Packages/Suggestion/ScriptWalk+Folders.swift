extension ScriptWalk {
    /// Commands that make folders, or change owners and modes.
    mutating func change(_ name: String, _ words: [ShellValue]) -> Outcome {
        guard phase != .removal else {
            if name == "dpkg-statoverride", words.contains(where: { $0.text == "--remove" }) {
                return .understood(.assumed(true))
            }
            return .change("it makes or changes files")
        }
        concern()
        switch name {
        case "mkdir": return mkdir(words)
        case "install": return install(words)
        case "dpkg-statoverride": return override(words)
        default: return own(name, words)
        }
    }

    private static func refusal(_ option: String) -> Outcome { .unknown("the option \(option) is not known") }

    private mutating func mkdir(_ words: [ShellValue]) -> Outcome {
        let options = CommandOptions(
            words, valued: ["-m", "--mode"], flags: ["-p", "--parents", "-v", "--verbose", "-Z"])
        if let unknown = options.unknown { return Self.refusal(unknown) }
        var mode: UInt32?
        if let text = options.value("-m", "--mode") {
            mode = text.known.flatMap { FileMode.applied($0, to: 0o755) }
            guard mode != nil else { return .unknown("the mode is not understood") }
        }
        return each(options.arguments) { walk, path in
            // A folder that is there keeps its mode.
            let isThere = walk.host.folders[path] != nil || walk.facts.entries[path]?.kind == .folder
            return walk.makeOrRefuse(path, owner: nil, group: nil, mode: isThere ? nil : mode)
        }
    }

    private mutating func install(_ words: [ShellValue]) -> Outcome {
        let options = CommandOptions(
            words,
            valued: ["-m", "--mode", "-o", "--owner", "-g", "--group", "-t", "--target-directory", "-S", "--suffix"],
            flags: ["-d", "--directory", "-v", "--verbose", "-D", "-p", "-T", "-c", "-s", "-C", "-b", "-Z"])
        if let unknown = options.unknown { return Self.refusal(unknown) }
        guard options.has("-d", "--directory") else {
            return installFile(options)
        }
        let (owner, group) = (options.value("-o", "--owner"), options.value("-g", "--group"))
        guard owner.map({ $0.known != nil }) ?? true, group.map({ $0.known != nil }) ?? true else {
            return .unknown("the owner is not known")
        }
        let text = options.value("-m", "--mode") ?? ShellValue("0755")
        guard let mode = text.known.flatMap({ FileMode.applied($0, to: 0o755) }) else {
            return .unknown("the mode is not understood")
        }
        return each(options.arguments) { walk, path in
            walk.makeOrRefuse(path, owner: owner?.known ?? "root", group: group?.known ?? "root", mode: mode)
        }
    }

    /// `install -m 0640 TEMPLATE PATH`; of /dev/null an empty file.
    private mutating func installFile(_ options: CommandOptions) -> Outcome {
        let known = options.arguments.compactMap(\.known)
        guard known.count == 2, options.arguments.count == 2, !options.has("-t", "--target-directory"),
            var path = SuggestionFacts.normal(known[1])
        else { return .change("which file it makes is not known") }
        if facts.entries[path]?.kind == .folder || host.folders[path] != nil,
            let last = known[0].split(separator: "/").last
        {
            path += "/\(last)"
        }
        let mode = options.value("-m", "--mode").map { $0.known.flatMap { FileMode.applied($0, to: 0o755) } } ?? 0o755
        let owner = options.value("-o", "--owner").map { $0.known.flatMap { name($0) } } ?? "root"
        let group = options.value("-g", "--group").map { $0.known.flatMap { name($0) } } ?? "root"
        if let mode, let owner, let group, known[0] == "/dev/null",
            makeFile(path, owner: owner, group: group, mode: mode)
        {
            return .understood()
        }
        if let mode, let owner, let group, copyTemplate(known[0], to: path, owner: owner, group: group, mode: mode) {
            return .understood()
        }
        if isRecorded { host.made.insert(path) }
        return .change("it copies a file that is no template of the package, or to where Copy= may not")
    }

    /// `dpkg-statoverride --add OWNER GROUP MODE PATH`. Without `--update` dpkg would change the file when it unpacks it.
    private mutating func override(_ words: [ShellValue]) -> Outcome {
        let options = CommandOptions(
            words, valued: ["--admindir"],
            flags: [
                "--add", "--update", "--force", "--force-all", "--quiet", "--remove", "--list",
                "--force-statoverride-add", "--force-statoverride-remove",
            ])
        if let unknown = options.unknown { return Self.refusal(unknown) }
        if options.has("--remove") { return .understood(.assumed(true)) }
        guard options.has("--add"), options.arguments.count == 4 else { return .unknown("only '--add' is understood") }
        let known = options.arguments.compactMap(\.known)
        guard known.count == 4, let mode = FileMode.applied(known[2], to: 0) else {
            return .unknown("owner, mode or path is not known")
        }
        return each([options.arguments[3]]) { walk, path in
            walk.modify(path, owner: known[0], group: known[1], mode: { _ in mode }, isRecursive: false)
        }
    }

    /// `chown`, `chgrp`, `chmod`.
    private mutating func own(_ name: String, _ words: [ShellValue]) -> Outcome {
        // A symbolic mode may begin with a minus.
        var words = words
        if name == "chmod",
            let index = words.firstIndex(where: { $0.text.hasPrefix("-") && FileMode.isSymbolic($0.text) })
        {
            words.insert(ShellValue("--"), at: index)
        }
        let options = CommandOptions(
            words, valued: ["--from", "--reference"],
            flags: [
                "-R", "--recursive", "-f", "--quiet", "--silent", "-h", "--no-dereference", "-c", "--changes", "-v",
                "--verbose", "-H", "-L", "-P", "--dereference", "--preserve-root",
            ])
        if let unknown = options.unknown { return Self.refusal(unknown) }
        if options.has("--reference") { return .unknown("what it is set to is not known") }
        let isRecursive = options.has("-R", "--recursive")
        guard let first = options.arguments.first?.known, !first.isEmpty, options.arguments.count > 1 else {
            return .unknown("what it is set to is not known")
        }
        let paths = Array(options.arguments.dropFirst())
        if name == "chmod" {
            guard FileMode.applied(first, to: 0) != nil else { return .unknown("the mode is not understood") }
            return each(paths) { walk, path in
                walk.modify(
                    path, owner: nil, group: nil, mode: { FileMode.applied(first, to: $0) ?? $0 },
                    isRecursive: isRecursive)
            }
        }
        let (owner, group) = name == "chgrp" ? (nil, first) : Self.owners(first)
        return each(paths) { walk, path in
            walk.modify(path, owner: owner, group: group, mode: { $0 }, isRecursive: isRecursive)
        }
    }

    /// `OWNER`, `OWNER:GROUP`, `:GROUP`, `OWNER:`, which takes the owner's group, and `OWNER.GROUP` of old.
    private static func owners(_ text: String) -> (owner: String?, group: String?) {
        let sign: Character = text.contains(":") ? ":" : "."
        let parts = text.split(separator: sign, maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let owner = parts[0].isEmpty ? nil : parts[0]
        guard parts.count == 2 else { return (owner, nil) }
        return (owner, parts[1].isEmpty ? owner : parts[1])
    }

    /// Does the same with all paths; what cannot be done with one of them is the outcome.
    mutating func each(
        _ values: [ShellValue], _ body: (inout ScriptWalk, String) -> Outcome
    ) -> Outcome {
        var outcome = Outcome.understood()
        guard !values.isEmpty else { return .unknown("it names no path") }
        for value in values {
            for one in value.isPattern ? expandedPattern(value) : [value] {
                guard let path = one.known.flatMap({ SuggestionFacts.normal($0) }) else {
                    return .unknown(one.known == nil ? "the path is not known" : "the path is not absolute")
                }
                if one.isPattern { return .unknown("no file of the package has such a name") }
                let result = body(&self, path)
                switch (outcome, result) {
                case (.unknown, _), (.change, _), (_, .understood): break
                default: outcome = result
                }
            }
        }
        return outcome
    }

    // MARK: Paths

    private mutating func makeOrRefuse(_ path: String, owner: String?, group: String?, mode: UInt32?) -> Outcome {
        if facts.folders.contains(path) { return .understood() }
        if ShellPath.isTemporary(path) { return .temporary }
        // The host has it, or another package does.
        if ShellPath.isOfHost(path), path.hasPrefix("/usr/") == false { return .understood() }
        switch PlaceTable.verdict(path, .manifestFolder) {
        case .refused(let why):
            let isPlain = owner.map { Self.isRoot($0) } ?? true
            if isPlain, PlaceTable.verdict(path, .folder) != .refused(why) { return .understood() }
            return .unknown("'\(path)' is no place for a folder of a package: \(why)")
        default: break
        }
        if let owner, name(owner) == nil { return .unknown("'\(owner)' is no name for a user") }
        if let group, name(group) == nil { return .unknown("'\(group)' is no name for a group") }
        guard Place(path)?.isPlain == true, !path.contains(":") else {
            return .unknown("'\(path)' is no path that a manifest can name")
        }
        guard !isRecorded || claim(path) else { return .leftOut(Self.notNew) }
        // Set-user-ID has no meaning for a folder.
        make(path, owner: owner, group: group, mode: mode.map { $0 & 0o3777 })
        return .understood()
    }

    private static func isRoot(_ name: String) -> Bool { name == "root" || name == "0" }

    /// The name of a user or group; the number of root stands for its name.
    private func name(_ text: String) -> String? {
        Self.isRoot(text) ? "root" : PackageManifest.isUser(text) ? text : nil
    }

    static let notNew = "not run where the package is new"

    /// Whether a line may say something of a path: what is not run where the package is new does not win over what is.
    mutating func claim(_ path: String) -> Bool {
        guard unlikely > 0 else {
            host.unlikely.remove(path)
            return true
        }
        guard host.folders[path] == nil && host.files[path] == nil || host.unlikely.contains(path) else { return false }
        host.unlikely.insert(path)
        return true
    }

    /// Notes a folder, with what is said of it; the rest is as the package or a line before has it.
    mutating func make(_ path: String, owner: String?, group: String?, mode: UInt32?) {
        guard isRecorded else { return }
        guard claim(path) else { return }
        var folder = current(path) ?? SuggestedHost.Folder(owner: "root", group: "root", mode: 0o755)
        if let owner { folder.owner = name(owner) ?? folder.owner }
        if let group { folder.group = name(group) ?? folder.group }
        if let mode { folder.mode = mode }
        host.folders[path] = folder
    }

    /// How a folder is before a line changes it; nil if it is none.
    private func current(_ path: String) -> SuggestedHost.Folder? {
        if let folder = host.folders[path] { return folder }
        guard let entry = facts.entries[path], entry.kind == .folder else { return nil }
        return SuggestedHost.Folder(owner: entry.owner, group: entry.group, mode: entry.mode)
    }

    /// Changes owner, group and mode of what is at a path, and with `isRecursive` below it.
    private mutating func modify(
        _ path: String, owner: String?, group: String?, mode: (UInt32) -> UInt32, isRecursive: Bool
    ) -> Outcome {
        if facts.folders.contains(path) { return .understood() }
        if let rule = host.files[path] {
            let file = SuggestionFacts.Entry(
                kind: .file, mode: UInt32(rule.mode, radix: 8) ?? 0o644, owner: rule.owner, group: rule.group)
            return modify(file, at: path, owner: owner, group: group, mode: mode)
        }
        if let file = facts.entries[path], file.kind != .folder {
            return modify(file, at: path, owner: owner, group: group, mode: mode)
        }
        guard let before = current(path) else {
            if host.made.contains(path) { return .change("the file is not made") }
            if ShellPath.isTemporary(path) { return .temporary }
            // With -R it is a folder; who makes it is not known.
            guard isRecursive, PlaceTable.verdict(path, .manifestFolder) == .allowed else {
                return .unknown("neither the package nor a line before makes it")
            }
            return makeOrRefuse(path, owner: owner, group: group, mode: mode(0o755))
        }
        var outcome = makeOrRefuse(path, owner: owner, group: group, mode: mode(before.mode))
        guard isRecursive else { return outcome }
        for (below, entry) in facts.beneath(path) {
            let result =
                entry.kind == .folder
                ? makeOrRefuse(below, owner: owner, group: group, mode: mode(current(below)?.mode ?? entry.mode))
                : entry.kind == .link ? .understood() : modify(entry, at: below, owner: owner, group: group, mode: mode)
            switch result {
            case .understood, .leftOut: break
            case .unknown, .change: outcome = result
            }
        }
        for below in host.folders.keys.sorted() where below.hasPrefix(path + "/") && facts.entries[below] == nil {
            _ = makeOrRefuse(below, owner: owner, group: group, mode: mode(host.folders[below]?.mode ?? 0o755))
        }
        return outcome
    }

    /// A file of the package: there is nothing to do if it comes so.
    private mutating func modify(
        _ file: SuggestionFacts.Entry, at path: String, owner: String?, group: String?, mode: (UInt32) -> UInt32
    ) -> Outcome {
        let isSame =
            (owner.map { name($0) == file.owner } ?? true) && (group.map { name($0) == file.group } ?? true)
            && mode(file.mode) == file.mode
        if isSame { return .understood() }
        let made = host.files[path]
        let words = [
            path, owner.flatMap { name($0) } ?? file.owner, group.flatMap { name($0) } ?? file.group,
            FileMode.text(mode(file.mode)),
        ]
        if file.kind == .file, PackageManifest.refusal(ofFile: path) == nil,
            owner.map({ name($0) != nil }) ?? true,
            group.map({ name($0) != nil }) ?? true, var rule = PackageManifest.file(words.joined(separator: ":"))
        {
            (rule.source, rule.lines) = (made?.source ?? "", made?.lines ?? [])
            guard !isRecorded || claim(path) else { return .leftOut(Self.notNew) }
            if isRecorded { host.files[path] = rule }
            return .understood()
        }
        return .change("owner and mode of a file of the package cannot be changed so")
    }
}

/// Modes as `chmod(1)` takes them.
enum FileMode {
    /// - Parameter mode: what a symbolic mode changes.
    /// - Returns: nil for what is no mode.
    static func applied(_ text: String, to mode: UInt32) -> UInt32? {
        if let number = UInt32(text, radix: 8), number <= 0o7777, text.utf8.allSatisfy({ (0x30...0x37).contains($0) }) {
            return number
        }
        var mode = mode
        for clause in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let changed = clauseApplied(clause, to: mode) else { return nil }
            mode = changed
        }
        return mode
    }

    static func isSymbolic(_ text: String) -> Bool {
        text.count > 1 && text.first == "-" && text.dropFirst().allSatisfy { "rwxXst".contains($0) }
    }

    private static func clauseApplied(_ clause: Substring, to mode: UInt32) -> UInt32? {
        var mode = mode
        let who = clause.prefix { "ugoa".contains($0) }
        var rest = clause.dropFirst(who.count)
        let users = who.isEmpty || who.contains("a") ? "ugo" : String(who)
        guard !rest.isEmpty else { return nil }
        while let sign = rest.popFirst() {
            guard "+-=".contains(sign) else { return nil }
            let letters = rest.prefix { "rwxXstugo".contains($0) }
            rest = rest.dropFirst(letters.count)
            var bits: UInt32 = 0
            var mask: UInt32 = 0
            let shifts: [(Character, UInt32)] = [("u", 6), ("g", 3), ("o", 0)]
            for (user, shift) in shifts where users.contains(user) {
                mask |= 7 << shift
                for letter in letters {
                    switch letter {
                    case "r": bits |= 4 << shift
                    case "w": bits |= 2 << shift
                    // Of a folder every one may be entered.
                    case "x", "X": bits |= 1 << shift
                    case "s": bits |= user == "u" ? 0o4000 : user == "g" ? 0o2000 : 0
                    case "t": bits |= 0o1000
                    case "u": bits |= (mode >> 6 & 7) << shift
                    case "g": bits |= (mode >> 3 & 7) << shift
                    default: bits |= (mode & 7) << shift
                    }
                }
            }
            switch sign {
            case "+": mode |= bits
            case "-": mode &= ~bits
            default: mode = mode & ~mask | bits
            }
        }
        return mode
    }
}
