import Configuration

/// Finds paths in a unit that systemd itself looks for on the host and does not find. Only the unit's processes see the
/// overlay.
struct UnitAudit: Sendable {
    let unit: UnitFile
    let tree: PackagedPaths
    /// Whether the package itself names instances of the unit, which is a template.
    var startsInstances = false

    func findings() -> FindingList {
        var findings = FindingList(
            unit.ambiguities.lazy.map { Finding(.refused, .unsupported, unit.path, line: $0.line, $0.text) })
        findings.add(
            unit.document.problems.lazy.map {
                // systemd may read a setting in it all the same, and nothing would have checked that.
                Finding(
                    .refused, .unsupported, unit.path, line: $0.position.line,
                    "this line cannot be checked, for systemd may read it in another way: \($0.text)")
            })
        for section in unit.document.sections {
            for entry in section.entries {
                if let (severity, text) = verdict(section.header, entry) {
                    findings.add(
                        Finding(
                            severity, .unsupported, unit.path, line: entry.position.line,
                            "\(entry.key)=\(entry.value): \(text)"))
                }
            }
        }
        return findings
    }

    private func verdict(_ section: String, _ entry: IniEntry) -> (Finding.Severity, String)? {
        switch (section, entry.key) {
        case ("Unit", let key) where Self.conditions.contains(key) || key.hasPrefix("Assert") && entry.value.isEmpty:
            return condition(entry)
        case ("Service", "EnvironmentFile"), ("Socket", "EnvironmentFile"):
            let isOptional = entry.value.hasPrefix("-")
            guard names(String(entry.value.drop { $0 == "-" })) else { return nil }
            return isOptional
                ? (.warning, "systemd looks for it on the host, does not find it and continues without it")
                : (
                    .refused,
                    "systemd looks for it on the host and does not find it, so the unit would not start; put the file into /etc"
                )
        case ("Service", "LoadCredential"), ("Service", "LoadCredentialEncrypted"):
            guard let colon = entry.value.firstIndex(of: ":"),
                names(String(entry.value[entry.value.index(after: colon)...]))
            else { return nil }
            return (
                .refused,
                "systemd looks for it on the host and does not find it, so the unit would not start; put the file into /etc"
            )
        case ("Service", "StandardInput"):
            guard entry.value.hasPrefix("file:"), names(String(entry.value.dropFirst(5))) else { return nil }
            return (.refused, "systemd opens it on the host, where it does not exist; put the file into /etc")
        case ("Unit", let key) where Self.actions.contains(key), ("Service", let key) where Self.actions.contains(key):
            return ["", "none"].contains(entry.value)
                ? nil : (.refused, "a package does not reboot or power off the gateway; remove this setting")
        case ("Unit", "OnFailureJobMode"), ("Unit", "OnSuccessJobMode"):
            return ["", "fail", "replace"].contains(entry.value)
                ? nil
                : (.refused, "units of the host would be stopped or not started; use 'replace', or remove this setting")
        case ("Unit", "OnFailureIsolate"):
            return Self.isFalse(entry.value)
                ? nil : (.refused, "all other units of the host would be stopped; remove this setting")
        case (_, "SurviveFinalKillSignal"):
            return Self.isFalse(entry.value)
                ? nil : (.refused, "its processes would hold up a shutdown; remove this setting")
        case ("Unit", "RefuseManualStop"):
            return Self.isFalse(entry.value)
                ? nil : (.refused, "an update and a removal stop the unit by hand; remove this setting")
        case ("Service", "KillMode") where entry.value == "none":
            return (.warning, "processes of the unit survive its stop, and so an update; prefer KillMode=mixed")
        case ("Service", "User"), ("Socket", "User"), ("Socket", "SocketUser"): return user(entry)
        case ("Socket", "SocketGroup"): return account(entry.value, entry.key).map { (.refused, $0) }
        case ("Service", "Group"), ("Service", "SupplementaryGroups"), ("Socket", "Group"),
            ("Socket", "SupplementaryGroups"):
            return groups(entry)
        case ("Service", "RootDirectory"), ("Service", "RootImage"), ("Socket", "RootDirectory"),
            ("Socket", "RootImage"):
            return (.refused, "a unit with its own root file system cannot use the overlay; remove this setting")
        case ("Path", let key) where Self.watched.contains(key):
            guard key == "PathExistsGlob" ? tree.matches(entry.value) : names(entry.value) else { return nil }
            return (
                .refused, "systemd watches the host, where it does not exist; watch a path beneath /etc, /run or /var"
            )
        case ("Service", let key) where Self.bound.contains(key), ("Socket", let key) where Self.bound.contains(key):
            return bind(entry)
        case ("Service", let key) where Self.overlaid.contains(key),
            ("Socket", let key) where Self.overlaid.contains(key):
            return (.refused, "the overlay of the unit's files is Gatekeel's; put the files into the package")
        default: return nil
        }
    }

    /// The user of the processes.
    private func user(_ entry: IniEntry) -> (Finding.Severity, String)? {
        // Whoever starts an instance by hand says with its name as whom it runs, as with Debian's syncthing@.service.
        if unit.name.isTemplate, entry.key == "User", ["%i", "%I"].contains(entry.value), !startsInstances {
            return nil
        }
        if let why = account(entry.value, entry.key) { return (.refused, why) }
        return (expandedFully(entry.value) ?? entry.value).hasPrefix("gatekeel")
            ? (.refused, "this user controls Gatekeel; run the service as a user of its own") : nil
    }

    /// The groups of the processes: as with `Member=` of the manifest, none whose members become root.
    private func groups(_ entry: IniEntry) -> (Finding.Severity, String)? {
        for word in entry.value.split(whereSeparator: \.isWhitespace).map(String.init) where word != "root" {
            if let why = account(word, entry.key) { return (.refused, why) }
            let group = expandedFully(word) ?? word
            guard case .refused(let why) = GroupTable.verdict(group) else { continue }
            return (.refused, "the group '\(group)': \(why)")
        }
        return nil
    }

    /// Why a word does not say on every host the same user or group; nil if it does.
    private func account(_ word: String, _ key: String) -> String? {
        // systemd removes them in lists.
        guard !word.contains(where: { "\"'\\".contains($0) }) else {
            return "write the name without quotes and backslashes"
        }
        guard let name = expandedFully(word) else {
            return "the instance or the host decides who this is; write the name out"
        }
        guard let number = UInt32(name), number != 0 else { return nil }
        return "the \(key.hasSuffix("User") ? "user" : "group") \(number) is another one on each host; write its name"
    }

    /// With the specifiers replaced that depend on the unit's name alone; nil if there are others.
    private func expandedFully(_ value: String) -> String? {
        guard case .name(let text) = InstallSpecifiers(unit: unit.name).expand(value) else { return nil }
        // Of a template the instance is not known.
        return text
    }

    private static func isFalse(_ value: String) -> Bool {
        ["", "no", "false", "0", "off", "n", "f"].contains(value.lowercased())
    }

    /// `ConditionPathExists=|!/usr/share/foo`.
    private func condition(_ entry: IniEntry) -> (Finding.Severity, String)? {
        if entry.value.isEmpty, entry.key.hasPrefix("Assert") {
            return (
                .refused, "this takes away the assertion that keeps the unit down during an update; remove the line"
            )
        }
        let isAlternative = entry.value.hasPrefix("|")
        var path = entry.value.drop { $0 == "|" }.drop(while: \.isWhitespace)
        let isNegated = path.first == "!"
        path = path.drop { $0 == "!" }.drop(while: \.isWhitespace)
        let isOwn = entry.key.hasSuffix("Glob") ? tree.matches(String(path)) : names(String(path))
        // A negated condition holds: systemd checks it on the host, where the path does not exist.
        guard isOwn, !isNegated else { return nil }
        return isAlternative
            ? (.warning, "systemd checks the host, where it does not exist: this alternative is never true")
            : (
                .refused,
                "systemd checks the host, where it does not exist, so the unit would be skipped without an error; remove it"
            )
    }

    /// `BindReadOnlyPaths=-/usr/share/foo:/run/foo`: systemd looks for the first path on the host.
    private func bind(_ entry: IniEntry) -> (Finding.Severity, String)? {
        for word in entry.value.split(whereSeparator: { $0.isWhitespace || $0 == "\"" || $0 == "'" }) {
            let isOptional = word.hasPrefix("-")
            let path = word.drop { $0 == "-" || $0 == "+" }.prefix { $0 != ":" }
            guard names(String(path)) else { continue }
            return isOptional
                ? (.warning, "systemd looks for \(path) on the host, does not find it and continues without it")
                : (
                    .refused,
                    "systemd looks for \(path) on the host and does not find it, so the unit would not start; the unit sees the package's files without it: remove it"
                )
        }
        return nil
    }

    private func names(_ path: String) -> Bool { unit.expanded(path).map(tree.holds) ?? false }

    private static let bound: Set<String> = ["BindPaths", "BindReadOnlyPaths", "MountImages", "OpenFile"]

    private static let actions: Set<String> = [
        "FailureAction", "SuccessAction", "StartLimitAction", "JobTimeoutAction",
    ]

    /// An empty assignment of the first would take our own away.
    private static let overlaid: Set<String> = ["ExtensionDirectories", "ExtensionImages"]

    private static let watched: Set<String> = [
        "PathExists", "PathExistsGlob", "PathChanged", "PathModified", "DirectoryNotEmpty",
    ]

    private static let conditions: Set<String> = Set(
        [
            "PathExists", "PathExistsGlob", "PathIsDirectory", "PathIsSymbolicLink", "PathIsMountPoint",
            "PathIsReadWrite", "PathIsEncrypted", "DirectoryNotEmpty", "FileNotEmpty", "FileIsExecutable",
        ].flatMap { ["Condition\($0)", "Assert\($0)"] })
}
