extension ScriptWalk {
    /// What a command of a script comes to.
    mutating func execute(_ name: String, _ words: [ShellValue], line: Int) -> Outcome {
        let name = name.hasPrefix("/") ? String(name.split(separator: "/").last ?? "") : name
        if let status = reading(name, words) { return .understood(status) }
        if Self.native.contains(name) { return .understood(.assumed(true)) }
        if name.hasPrefix("db_") { return debconf(name, words) }
        if let reason = Self.leftOutCommands[name] { return .leftOut(reason) }
        if let reason = Self.unknownCommands[name] { return .unknown(reason) }
        let isRemoval = phase == .removal
        switch name {
        case "adduser", "addgroup", "useradd", "groupadd", "usermod", "gpasswd": return account(name, words)
        case "chown", "chgrp", "chmod", "mkdir", "install", "dpkg-statoverride": return change(name, words)
        case "deluser", "delgroup", "userdel", "groupdel":
            return isRemoval
                ? .understood(.assumed(true)) : .leftOut("the host's users and groups are kept", .assumed(true))
        case "rm", "rmdir", "unlink", "shred":
            if isRemoval { return .understood(.assumed(true)) }
            return remove(words)
        case "find":
            if isRemoval { return .understood(.assumed(true)) }
            return find(words)
        case "killall", "pkill", "kill", "start-stop-daemon":
            if isRemoval { return .understood(.assumed(true)) }
            let stops = name != "start-stop-daemon" || words.contains { $0.text == "--stop" || $0.text == "-K" }
            return stops ? .understood(.assumed(true)) : .unknown("it starts a program")
        case "ln", "touch", "cp", "mv", "ucf", "tar", "gzip", "rsync": return copy(name, words)
        case "update-alternatives":
            if words.contains(where: { $0.text == "--install" }), !isRemoval {
                return .leftOut("its alternatives are not registered on the host")
            }
            return .understood(.assumed(true))
        case "setcap":
            return isRemoval
                ? .understood() : .unknown("capabilities of files are not set; give the unit AmbientCapabilities=")
        case "sed": return .change("it edits a file")
        case "dpkg-divert":
            return isRemoval || words.contains { $0.text == "--remove" }
                ? .understood(.assumed(true)) : .unknown("files of other packages are not diverted")
        case "command", "nice", "ionice", "env":
            // What follows is the command.
            let rest = words.drop { $0.text.hasPrefix("-") || $0.text.contains("=") }
            guard let next = rest.first?.known else { return .unknown("the command is not known") }
            return execute(next, Array(rest.dropFirst()), line: line)
        default: return .unknown("the command '\(name.prefix(40))' is not known")
        }
    }

    /// Commands whose work Gatekeel does, or which there is nothing to do for: caches of the host, and what dpkg keeps.
    private static let native: Set = [
        "deb-systemd-helper", "deb-systemd-invoke", "systemctl", "systemd-tmpfiles", "systemd-sysusers", "invoke-rc.d",
        "update-rc.d", "service", "ldconfig", "py3compile", "py3clean", "pycompile", "pyclean", "py3versions",
        "dpkg-maintscript-helper", "dpkg-trigger", "umask", "cd", "trap", "wait", "sync", "mandb", "install-info",
        "update-mime-database", "update-desktop-database", "gtk-update-icon-cache", "update-menus",
        "glib-compile-schemas",
        "update-shells", "restorecon", "journalctl", "pathfind", "log_daemon_msg", "log_end_msg", "log_warning_msg",
        "initctl", "status", "add-shell", "remove-shell", "chfn", "chage", "passwd", "dpkg-vendor", "let", "alias",
        "times",
        "rm_conffile", "phpquery", "logger", "getopts", "ucfr",
    ]

    private static let leftOutCommands = [
        "apparmor_parser": "an AppArmor profile is loaded at the next boot",
        "aa-status": "an AppArmor profile is loaded at the next boot",
        "udevadm": "udev reads rules when it reloads them",
        "update-initramfs": "the host's initramfs is not built again",
        "update-inetd": "the host's inetd is not configured; use a socket unit",
        "notify-reboot-required": "nobody is told to boot",
        "newaliases": "the host's mail aliases are not changed",
        "aa-enforce": "an AppArmor profile is loaded at the next boot",
    ]

    private static let unknownCommands = [
        "modprobe": "kernel modules are not loaded; use modules-load.d(5)",
        "setfacl": "access control lists are not set; use a line of tmpfiles.d(5)",
        "dbconfig-common": "databases are not made",
        "dbc_go": "databases are not made",
    ]

    // MARK: debconf

    /// Questions are not asked. Their defaults stand for the answers.
    private mutating func debconf(_ name: String, _ words: [ShellValue]) -> Outcome {
        let question = words.first?.known ?? ""
        switch name {
        case "db_get":
            guard let answer = facts.answers[question] else {
                assign("RET", ShellValue("", .opaque))
                return .understood(.assumed(true))
            }
            assign("RET", ShellValue(answer, .assumed))
            return .leftOut("debconf is not asked; the answer is taken as '\(answer)', the default", .assumed(true))
        case "db_fget":
            assign("RET", ShellValue("false", .assumed))
        case "db_metaget":
            assign("RET", ShellValue("", .opaque))
        default: break
        }
        return .understood(.assumed(true))
    }

    // MARK: Files

    /// `rm` while the package is installed: what it removes is not there, unless the package brings it or a line made it.
    private mutating func remove(_ words: [ShellValue]) -> Outcome {
        let paths = words.filter { !$0.text.hasPrefix("-") }
        for value in paths {
            guard let path = value.known.flatMap({ SuggestionFacts.normal($0) }) else {
                // A temporary file, or what a line before found.
                if value.certainty == .read { continue }
                return .unknown("what it removes is not known")
            }
            if facts.entries[path] != nil { return .unknown("it removes a file of the package") }
            if isRecorded, unlikely == 0 {
                host.made.remove(path)
                host.files[path] = nil
                host.links[path] = nil
            }
        }
        return .understood(.assumed(true))
    }

    /// `find FOLDER -type d -exec chmod 750 {} +` changes what the package has there. `-delete` finds nothing that is not the package's.
    private mutating func find(_ words: [ShellValue]) -> Outcome {
        let known = words.compactMap(\.known)
        guard known.count == words.count, let first = known.firstIndex(where: { $0.hasPrefix("-") || $0 == "(" }) else {
            return .change("it changes what it finds")
        }
        guard let start = known.firstIndex(of: "-exec"),
            let end = known[start...].firstIndex(where: { $0 == ";" || $0 == "+" }),
            end == known.count - 1, !known.contains("-delete")
        else {
            let acts = known.contains {
                $0.hasPrefix("-exec") || $0.hasPrefix("-ok") || $0.hasPrefix("-f") && $0 != "-follow"
            }
            return acts
                ? .change("it changes what it finds") : .leftOut("it removes what a package that is new does not have")
        }
        let (test, command) = (known[first..<start], known[(start + 1)..<end])
        guard let name = command.first, ["chown", "chgrp", "chmod"].contains(name), command.last == "{}",
            test.isEmpty || test.count == 2 && test.first == "-type" && ["d", "f"].contains(test.last ?? "")
        else { return .change("it changes what it finds") }
        let kind = test.last.map { $0 == "d" ? SuggestionFacts.Kind.folder : .file }
        var found: [ShellValue] = []
        for folder in known[..<first].compactMap({ SuggestionFacts.normal($0) }) {
            let own = (folder, facts.entries[folder]?.kind ?? .folder)
            let below = facts.beneath(folder).map { ($0.path, $0.entry.kind) }
            let all = ([own] + below).filter { $0.1 != .link && (kind == nil || $0.1 == kind) }
            found += all.map { ShellValue($0.0) }
        }
        guard !found.isEmpty else { return .understood() }
        return change(name, command.dropFirst().dropLast().map { ShellValue($0) } + found)
    }

    /// Commands that make files and links.
    private mutating func copy(_ name: String, _ words: [ShellValue]) -> Outcome {
        let plain =
            name == "ucf"
            ? CommandOptions(words, valued: ["-s", "--src-dir", "--sum-file", "--state-dir"], flags: Self.ucfFlags)
                .arguments
            : words.filter { !$0.text.hasPrefix("-") }
        if name == "ucf" || name == "ucfr", words.contains(where: { $0.text == "--purge" || $0.text == "-p" }) {
            return .understood(.assumed(true))
        }
        if phase == .removal || name == "tar" || name == "gzip" || name == "rsync" {
            return .change("it makes or changes files")
        }
        guard var target = plain.last?.known.flatMap({ SuggestionFacts.normal($0) }) else {
            return plain.last?.certainty == .read
                ? .understood(.assumed(true)) : .change("which file it makes is not known")
        }
        if ShellPath.isTemporary(target) {
            if plain.count == 2, let source = plain[0].known,
                copyTemplate(source, to: target, owner: "root", group: "root", mode: nil)
            {
                return .understood()
            }
            return .temporary
        }
        if name == "touch" {
            return each(plain) { walk, path in
                // What is there only gets another time.
                if walk.facts.entries[path] != nil || walk.host.files[path] != nil || walk.host.folders[path] != nil {
                    return .understood()
                }
                if walk.makeFile(path, owner: "root", group: "root", mode: 0o644) { return .understood() }
                if walk.isRecorded { walk.host.made.insert(path) }
                return .change("files are not made; let the service make it, or a line of tmpfiles.d(5)")
            }
        }
        let isFolder = facts.entries[target]?.kind == .folder || host.folders[target] != nil
        if isFolder || plain.last?.text.hasSuffix("/") == true, name != "touch",
            let last = plain.first?.known?.split(separator: "/").last
        {
            target += "/\(last)"
        }
        if plain.count == 2, let first = plain[0].known {
            if name == "ln", link(target, to: first) { return .understood() }
            let isCopied = ["ucf", "cp"].contains(name) || name == "mv" && facts.entries[first] == nil
            if isCopied,
                copyWritten(first, to: target)
                    || copyTemplate(first, to: target, owner: "root", group: "root", mode: nil)
            {
                if name == "mv", isRecorded, unlikely == 0 { host.files[SuggestionFacts.normal(first) ?? ""] = nil }
                return .understood()
            }
        }
        concern()
        if isRecorded, unlikely == 0 { host.made.insert(target) }
        switch name {
        case "ln": return .change("such a link is not made; bring it in the package, or in a tmpfiles.d(5) file")
        case "mv": return .change("it moves a file")
        default: return .change("it copies a file that is no template of the package, or to where Copy= may not")
        }
    }

    private static let ucfFlags: Set = [
        "-n", "--no-action", "--purge", "-v", "--verbose", "--three-way", "--debconf-ok", "--debconf-template", "-d",
        "--debug",
    ]

    /// The template that a file is, or is a copy of; nil if it is neither.
    private func template(of source: String) -> String? {
        guard let path = SuggestionFacts.normal(source) else { return nil }
        let copied = host.files[path].flatMap { $0.isCopy ? "/\($0.source)" : nil }
        let template = host.origins[path] ?? copied ?? path
        guard template.hasPrefix("/usr/"), facts.entries[template]?.kind == .file else { return nil }
        return template
    }

    /// A copy of a file whose text is known.
    ///
    /// - Returns: whether it is one, and a manifest can say it.
    mutating func copyWritten(_ source: String, to path: String) -> Bool {
        guard let source = SuggestionFacts.normal(source), var file = host.files[source], !file.lines.isEmpty,
            facts.entries[path] == nil, PackageManifest.refusal(ofFile: path) == nil
        else { return false }
        file.path = path
        if isRecorded, unlikely == 0, claim(path) { host.files[path] = file }
        return true
    }

    /// `Copy=`. Of a copy in a temporary file it is remembered what it is of.
    ///
    /// - Parameter mode: nil for the template's.
    /// - Returns: whether a manifest can say it.
    mutating func copyTemplate(_ source: String, to path: String, owner: String, group: String, mode: UInt32?) -> Bool {
        let given = SuggestionFacts.normal(source)
        guard let source = template(of: source), let entry = facts.entries[source] else { return false }
        // A copy of what a line made, where the package is not new: `[ -e /etc/foo ] && cp /etc/foo /etc/foo.old`.
        if source != given, unlikely > 0 { return true }
        if path.hasPrefix("/tmp/") {
            if host.origins.count < 1000 { host.origins[path] = source }
            return true
        }
        guard facts.entries[path] == nil, PackageManifest.refusal(ofFile: path) == nil else { return false }
        let text = FileMode.text((mode ?? entry.mode) & 0o777)
        let words = [source, path, owner, group, text]
        guard let rule = PackageManifest.copy(words.joined(separator: ":")) else { return false }
        if isRecorded, claim(path) {
            host.files[path] = rule
            host.made.remove(path)
        }
        return true
    }

    /// `File=` of an empty file beneath /var.
    ///
    /// - Returns: whether a manifest can say it.
    mutating func makeFile(_ path: String, owner: String, group: String, mode: UInt32) -> Bool {
        let word = [path, owner, group, FileMode.text(mode)].joined(separator: ":")
        guard let rule = PackageManifest.file(word), rule.isData,
            PackageManifest.refusal(ofFile: path) == nil
        else { return false }
        if isRecorded, claim(path) { host.files[path] = rule }
        return true
    }

    /// `Link=`.
    private mutating func link(_ path: String, to target: String) -> Bool {
        guard facts.entries[path] == nil, PackageManifest.refusal(of: path, .link) == nil,
            let link = PackageManifest.link("\(path):\(target)"),
            !LinkTarget.verdict(ofLinkAt: path, to: target).isRefused
        else { return false }
        if isRecorded { host.links[link.path] = link.target }
        return true
    }
}
