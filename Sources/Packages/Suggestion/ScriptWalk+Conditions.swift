extension ScriptWalk {
    /// A command that reads the host and changes nothing; nil for any other.
    func reading(_ name: String, _ words: [ShellValue]) -> ShellStatus? {
        let known = words.map { $0.known ?? "" }
        switch name {
        case "[": return test(words.last?.text == "]" ? words.dropLast() : words[...])
        case "[[": return test(words.last?.text == "]]" ? words.dropLast() : words[...])
        case "test": return test(words[...])
        case "true", ":": return .certain(true)
        case "false": return .certain(false)
        case "echo", "printf", "cat", "sleep": return .certain(true)
        case "getent", "id", "groups": return .assumed(hasAccount(known))
        case "command" where known.first == "-v" || known.first == "-V", "which", "type", "hash": return .assumed(true)
        case "dpkg" where known.first == "--compare-versions": return compare(words.dropFirst())
        case "dpkg-statoverride" where known.contains("--list"): return .assumed(false)
        case "grep", "egrep", "fgrep", "zgrep":
            // What the host's accounts are is known as far as `getent` knows it.
            let files = ["/etc/passwd", "/etc/group", "/etc/shadow", "/etc/services", "/etc/inetd.conf", "/proc/"]
            if known.contains(where: { word in files.contains { word.hasPrefix($0) } }) { return .assumed(false) }
            return known.contains { $0.hasPrefix("/") } ? .opaque : .assumed(false)
        case "diff", "cmp":
            // What is not there differs.
            let paths = known.filter { $0.hasPrefix("/") }
            return .assumed(paths.allSatisfy { has($0, "-f") != .assumed(false) })
        case "selinuxenabled", "ischroot", "mountpoint", "systemd-detect-virt": return .assumed(false)
        case "pidof", "pgrep", "lsmod": return .assumed(false)
        default: return HostReaders.reads(name, known) ? .assumed(true) : nil
        }
    }

    private static let hostAccounts: Set = [
        "root", "daemon", "bin", "sys", "sync", "games", "man", "lp", "mail", "news", "uucp", "proxy", "www-data",
        "backup",
        "list", "irc", "nobody", "nogroup", "adm", "tty", "disk", "kmem", "dialout", "fax", "voice", "cdrom", "floppy",
        "tape", "sudo", "audio", "dip", "operator", "src", "shadow", "utmp", "video", "sasl", "plugdev", "staff",
        "users",
        "input", "kvm", "render", "crontab", "ssl-cert", "netdev", "systemd-journal", "messagebus",
    ]

    /// Whether a user or group that is asked for is on a new host, or made by a line before.
    private func hasAccount(_ words: [String]) -> Bool {
        let names = words.filter { !$0.hasPrefix("-") && !["passwd", "group", "shadow"].contains($0) }
        guard let name = names.last, !name.isEmpty else { return false }
        return Self.hostAccounts.contains(name) || host.users[name] != nil || host.groups.contains(name)
    }

    // MARK: test(1)

    private func test(_ words: ArraySlice<ShellValue>) -> ShellStatus {
        for (sign, isBoth) in [("-o", false), ("||", false), ("-a", true), ("&&", true)] {
            // An operator is not at the beginning, where it would be an argument.
            guard let index = words.indices.dropFirst().first(where: { words[$0].text == sign }) else { continue }
            let (left, right) = (test(words[..<index]), test(words[(index + 1)...]))
            return isBoth ? left && right : left || right
        }
        guard let first = words.first else { return .certain(false) }
        if first.text == "!", words.count > 1 { return !test(words.dropFirst()) }
        if first.text == "(", words.last?.text == ")" { return test(words.dropFirst().dropLast()) }
        let all = Array(words)
        switch all.count {
        case 1: return isEmpty(all[0], false)
        case 2: return unary(all[0].text, all[1])
        case 3: return binary(all[0], all[1].text, all[2])
        default: return .opaque
        }
    }

    /// `-z`, or with `false` `-n`.
    private func isEmpty(_ value: ShellValue, _ wanted: Bool) -> ShellStatus {
        switch value.certainty {
        case .known: .certain(value.text.isEmpty == wanted)
        case .assumed: .assumed(value.text.isEmpty == wanted)
        case .read: .assumed(wanted)
        case .opaque: .opaque
        }
    }

    private func unary(_ sign: String, _ value: ShellValue) -> ShellStatus {
        switch sign {
        case "-z": return isEmpty(value, true)
        case "-n": return isEmpty(value, false)
        case "-e", "-f", "-d", "-x", "-r", "-s", "-w", "-L", "-h", "-S", "-p", "-c", "-b", "-u", "-g", "-O", "-k", "-N",
            "-G":
            guard let text = value.known else { return value.certainty == .read ? .assumed(true) : .opaque }
            return has(text, sign)
        default: return .opaque
        }
    }

    /// Whether a file is there where the package has just been unpacked.
    private func has(_ text: String, _ sign: String) -> ShellStatus {
        guard let path = SuggestionFacts.normal(text) else { return .assumed(false) }
        if path == "/run/systemd/system" { return .certain(true) }
        if let entry = facts.entries[path] {
            let fits: Bool =
                switch sign {
                case "-d": entry.kind != .file
                case "-f": entry.kind != .folder
                case "-L", "-h": entry.kind == .link
                default: true
                }
            return Self.isProgram(path) && fits ? .certain(true) : .assumed(fits)
        }
        if sign == "-L" || sign == "-h" { return .assumed(false) }
        if path.hasPrefix(ShellPath.temporaryFiles) { return .assumed(true) }
        if host.folders[path] != nil { return .assumed(sign != "-f") }
        if host.made.contains(path) || host.files[path] != nil || host.links[path] != nil {
            return .assumed(sign != "-d")
        }
        if ShellPath.isOfHost(path) { return .assumed(true) }
        return .assumed(false)
    }

    private func binary(_ left: ShellValue, _ sign: String, _ right: ShellValue) -> ShellStatus {
        let certainty = max(left.certainty, right.certainty)
        guard let first = left.known, let second = right.known else {
            switch sign {
            case "=", "==", "-eq": return certainty == .read ? .assumed(false) : .opaque
            case "!=", "-ne": return certainty == .read ? .assumed(true) : .opaque
            default: return certainty == .read ? .assumed(true) : .opaque
            }
        }
        func result(_ value: Bool) -> ShellStatus { certainty == .known ? .certain(value) : .assumed(value) }
        switch sign {
        case "=", "==": return result(first == second || right.isPattern && ShellPattern.matches(second, first))
        case "!=": return result(!(first == second || right.isPattern && ShellPattern.matches(second, first)))
        case "-nt", "-ot", "-ef": return .assumed(false)
        default: break
        }
        guard let a = Int(first), let b = Int(second) else { return .opaque }
        switch sign {
        case "-eq": return result(a == b)
        case "-ne": return result(a != b)
        case "-lt": return result(a < b)
        case "-le": return result(a <= b)
        case "-gt": return result(a > b)
        case "-ge": return result(a >= b)
        default: return .opaque
        }
    }

    /// `dpkg --compare-versions`: an empty version is lower than any, and higher than any for the signs with `-nl`.
    private func compare(_ words: ArraySlice<ShellValue>) -> ShellStatus {
        var all = Array(words)
        // An empty version without quotes is no word.
        if all.count == 2, let sign = all.first?.known, Self.signs.contains(sign) { all.insert(ShellValue(""), at: 0) }
        guard all.count == 3, let left = all[0].known, let sign = all[1].known, let right = all[2].known else {
            return .opaque
        }
        guard left.isEmpty, !right.isEmpty else { return .opaque }
        switch sign {
        case "lt", "<<", "le", "<=", "<", "ne": return .certain(true)
        case "gt-nl", "ge-nl": return .certain(true)
        default: return .certain(false)
        }
    }

    private static let signs: Set = [
        "lt", "le", "eq", "ne", "ge", "gt", "lt-nl", "le-nl", "ge-nl", "gt-nl", "<<", "<=", "=", ">=", ">>", "<", ">",
    ]
}

/// What paths say by themselves.
enum ShellPath {
    /// Whether a host is expected to have it, which is not the package's.
    static func isOfHost(_ path: String) -> Bool {
        if path.hasPrefix("/usr/local/") { return false }
        return ["/usr/", "/bin/", "/sbin/", "/lib/", "/proc/", "/sys/", "/dev/"].contains { path.hasPrefix($0) }
            || path.hasPrefix("/etc/init.d/")
            || ["/etc/passwd", "/etc/group", "/etc/hostname", "/var/lib/dpkg", "/proc", "/sys", "/run", "/etc"]
                .contains(path)
    }

    /// How the names of the files of `mktemp` begin here.
    static let temporaryFiles = "/tmp/mktemp."

    /// Whether it is gone after a boot.
    static func isTemporary(_ path: String) -> Bool {
        ["/run/", "/tmp/", "/dev/shm/", "/var/tmp/"].contains { path.hasPrefix($0) }
    }
}
