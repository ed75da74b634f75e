extension ScriptWalk {
    /// Commands that make users, groups and memberships.
    mutating func account(_ name: String, _ words: [ShellValue]) -> Outcome {
        guard phase != .removal else { return .unknown("it makes users at the removal") }
        concern()
        switch name {
        case "adduser", "addgroup": return adduser(name, words)
        case "useradd": return useradd(words)
        case "groupadd":
            let options = CommandOptions(
                words, valued: ["-g", "--gid", "-K", "--key", "-p", "--password"],
                flags: ["-r", "--system", "-f", "--force", "-o", "--non-unique"])
            if let unknown = options.unknown { return Self.refusal(unknown) }
            return addGroup(options.arguments)
        case "usermod": return usermod(words)
        default:
            let options = CommandOptions(words, valued: ["-a", "--add"], flags: ["-d"])
            guard options.unknown == nil, !options.has("-d"), let user = options.value("-a", "--add"),
                options.arguments.count == 1
            else { return .unknown("only '-a USER GROUP' is understood") }
            return addMember(user, options.arguments[0])
        }
    }

    private static func refusal(_ option: String) -> Outcome { .unknown("the option \(option) is not known") }

    private mutating func adduser(_ name: String, _ words: [ShellValue]) -> Outcome {
        let options = CommandOptions(
            words,
            valued: [
                "--home", "-h", "--shell", "-s", "--gecos", "--comment", "--ingroup", "--uid", "-u", "--gid", "-g",
                "--firstuid", "--lastuid", "--firstgid", "--lastgid", "--conf", "-c", "--add_extra_groups",
            ],
            flags: [
                "--system", "--group", "--quiet", "-q", "--no-create-home", "--disabled-password", "--disabled-login",
                "--force-badname", "--allow-badname", "--allow-bad-names", "--allow-badnames", "--allow-all-names",
                "--debug",
                "--verbose", "-S", "-G", "-D", "-H",
            ])
        if let unknown = options.unknown { return Self.refusal(unknown) }
        if options.arguments.count == 2 { return addMember(options.arguments[0], options.arguments[1]) }
        guard options.arguments.count == 1 else { return .unknown("it names no user") }
        if name == "addgroup" || options.has("--group") && !options.has("--system") {
            return addGroup(options.arguments)
        }
        guard options.has("--system") else { return .unknown("it makes a user who may log in") }
        if options.has("--group") { _ = addGroup(options.arguments) }
        return addUser(
            options.arguments[0], home: options.value("--home", "-h"),
            group: options.value("--ingroup", "--gid", "-g")
                ?? (options.has("--group") ? options.arguments[0] : ShellValue("nogroup")),
            makesHome: !options.has("--no-create-home"), others: nil,
            isNumbered: options.has("--uid", "-u"), shell: options.value("--shell", "-s"))
    }

    private mutating func useradd(_ words: [ShellValue]) -> Outcome {
        let options = CommandOptions(
            words,
            valued: [
                "-b", "--base-dir", "-c", "--comment", "-d", "--home-dir", "--home", "-e", "--expiredate", "-f",
                "--inactive",
                "-g", "--gid", "-G", "--groups", "-k", "--skel", "-K", "--key", "-p", "--password", "-s", "--shell",
                "-u",
                "--uid",
            ],
            flags: [
                "-r", "--system", "-M", "--no-create-home", "-m", "--create-home", "-N", "--no-user-group", "-U",
                "--user-group", "-l", "--no-log-init", "-o", "--non-unique",
            ])
        if let unknown = options.unknown { return Self.refusal(unknown) }
        guard options.arguments.count == 1 else { return .unknown("it names no user") }
        guard options.has("-r", "--system") || Self.cannotLogIn(options.value("-s", "--shell")) else {
            return .unknown("it makes a user who may log in")
        }
        return addUser(
            options.arguments[0], home: options.value("-d", "--home-dir", "--home"),
            group: options.value("-g", "--gid") ?? options.arguments[0],
            makesHome: options.has("-m", "--create-home"), others: options.value("-G", "--groups"),
            isNumbered: options.has("-u", "--uid"), shell: options.value("-s", "--shell"))
    }

    private static func cannotLogIn(_ shell: ShellValue?) -> Bool {
        guard let name = shell?.known?.split(separator: "/").last else { return false }
        return name == "nologin" || name == "false" || name == "true"
    }

    private mutating func addUser(
        _ user: ShellValue, home: ShellValue?, group: ShellValue, makesHome: Bool, others: ShellValue?,
        isNumbered: Bool, shell: ShellValue?
    ) -> Outcome {
        guard let name = user.known, let group = group.known else { return .unknown("a name is not known") }
        guard PackageManifest.isUser(name) else { return .unknown("'\(name)' is no name for a user") }
        if case .refused(let why) = GroupTable.verdict(name) { return .unknown(why) }
        var path = home?.known.flatMap { SuggestionFacts.normal($0) } ?? ""
        if path == "/nonexistent" || path == "/" || path == "/dev/null" { path = "" }
        guard path.isEmpty || PackageManifest.user("\(name):\(path)") != nil else {
            return .unknown("'\(path)' is no path that a manifest can name")
        }
        let refusal = path.isEmpty ? nil : SysusersAudit.refusal(ofHome: path)
        if refusal != nil { path = "" }
        if isRecorded, !facts.accounts.contains(name) { host.users[name] = path }
        if makesHome, !path.isEmpty, PlaceTable.verdict(path, .manifestFolder) == .allowed {
            make(path, owner: name, group: group, mode: nil)
        }
        if group != name, group != "nogroup", Int(group) == nil, isRecorded {
            if case .unknown(let why) = addMember(user, ShellValue(group)) { return .unknown(why) }
        }
        for other in others?.known?.split(separator: ",") ?? [] {
            if case .unknown(let why) = addMember(user, ShellValue(String(other))) { return .unknown(why) }
        }
        if let home, home.known == nil { return .unknown("the home is not known, and the user gets none") }
        if let refusal { return .leftOut("the user '\(name)' gets no home: \(refusal)") }
        if isNumbered { return .leftOut("systemd chooses the number of the user") }
        if let shell, !Self.cannotLogIn(shell) { return .leftOut("the user '\(name)' gets no shell") }
        return .understood()
    }

    private mutating func addGroup(_ words: [ShellValue]) -> Outcome {
        guard words.count == 1, let name = words[0].known else { return .unknown("the name of the group is not known") }
        guard PackageManifest.isUser(name) else { return .unknown("'\(name)' is no name for a group") }
        if isRecorded, !facts.accounts.contains(name) { host.groups.insert(name) }
        return .understood()
    }

    private mutating func addMember(_ user: ShellValue, _ group: ShellValue) -> Outcome {
        guard let user = user.known, let group = group.known else { return .unknown("a name is not known") }
        guard PackageManifest.isUser(user), PackageManifest.isUser(group) else {
            return .unknown("'\(user)' or '\(group)' is no name for a user or group")
        }
        if case .refused(let why) = GroupTable.verdict(group) {
            return .unknown("'\(user)' may not join '\(group)': \(why)")
        }
        if isRecorded, user != group { host.members.insert(PackageManifest.Member(user: user, group: group)) }
        return .understood()
    }

    private mutating func usermod(_ words: [ShellValue]) -> Outcome {
        let options = CommandOptions(
            words,
            valued: [
                "-c", "--comment", "-d", "--home", "-e", "--expiredate", "-f", "--inactive", "-g", "--gid", "-G",
                "--groups",
                "-p", "--password", "-s", "--shell",
            ], flags: ["-a", "--append", "-L", "--lock", "-m", "--move-home"])
        if let unknown = options.unknown { return Self.refusal(unknown) }
        guard options.arguments.count == 1, let name = options.arguments[0].known else {
            return .unknown("it names no user")
        }
        if options.has("-p", "-m") { return .unknown("it changes a user that is there") }
        let groups = (options.value("-G", "--groups")?.text ?? "").split(separator: ",").map(String.init)
        if options.value("-G", "--groups").map({ $0.known == nil }) ?? false { return .unknown("a name is not known") }
        for group in groups + (options.value("-g", "--gid").map { [$0.known ?? "?"] } ?? []) {
            if case .unknown(let why) = addMember(options.arguments[0], ShellValue(group)) { return .unknown(why) }
        }
        if let home = options.value("-d", "--home") {
            guard let path = home.known.flatMap({ SuggestionFacts.normal($0) }) else {
                return .unknown("the home is not known")
            }
            if isRecorded, host.users[name] != nil, PackageManifest.user("\(name):\(path)") != nil,
                SysusersAudit.refusal(ofHome: path) == nil
            {
                host.users[name] = path == "/nonexistent" ? "" : path
            }
        }
        return .understood()
    }
}
