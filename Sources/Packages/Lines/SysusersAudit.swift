/// Holds a package's lines of `sysusers.d(5)` to users and groups of its own: systemd-sysusers runs them as root.
struct SysusersAudit {
    private(set) var findings = FindingList()
    private(set) var users: [HostProvision.Account] = []
    private(set) var groups: [HostProvision.Account] = []
    private(set) var members: [HostProvision.Member] = []

    /// Audits all files of the package.
    ///
    /// - Parameter others: lines that Gatekeel makes of the manifest, whose values were audited when it was read.
    mutating func audit(_ files: [TmpfilesAudit.File], others: [String]) {
        var read: [(file: String, number: Int, line: SysusersLine)] = []
        for text in others {
            // systemd would read something, and nothing would have checked that.
            do throws(SysusersLine.Problem) {
                read.append(("", 0, try SysusersLine(Array(text.utf8))))
            } catch { refuse("_gkmanifest", 0, error.text) }
        }
        for file in files {
            for line in SysusersLine.read(file.bytes) {
                switch line.line {
                case .success(let entry): read.append((file.path, line.number, entry))
                case .failure(let problem): refuse(file.path, line.number, problem.text)
                }
            }
        }
        for (_, _, line) in read { note(line) }
        for (file, number, line) in read where !file.isEmpty {
            if let text = refusal(line) { refuse(file, number, text) }
            if case .member(let user, let group) = line.entry, case .warned(let text) = GroupTable.verdict(group) {
                findings.add(
                    Finding(.warning, .unsupported, file, line: number, "'\(user)' joins '\(group)': \(text)"))
            }
            if case .user(let name, _, _, _, let shell?, _) = line.entry, Self.isLogin(shell) {
                findings.add(
                    Finding(
                        .warning, .unsupported, file, line: number,
                        "the user '\(name)' gets the shell \(shell); /usr/sbin/nologin is enough for a service"))
            }
        }
    }

    private mutating func note(_ line: SysusersLine) {
        switch line.entry {
        case .user(let name, let id, let group, _, _, _):
            guard !users.contains(where: { $0.name == name }) else { return }
            users.append(HostProvision.Account(name, id: id.number))
            // systemd-sysusers gives it a group of its name.
            guard group == .own, !groups.contains(where: { $0.name == name }) else { return }
            groups.append(HostProvision.Account(name, id: id.number))
        case .group(let name, let id):
            guard !groups.contains(where: { $0.name == name }) else { return }
            groups.append(HostProvision.Account(name, id: id.number))
        case .member(let user, let group):
            members.append(HostProvision.Member(user, of: group))
        case .range: break
        }
    }

    // MARK: Rules

    private func refusal(_ line: SysusersLine) -> String? {
        switch line.entry {
        case .user(let name, let id, let group, let home, let shell, _):
            if case .refused(let why) = GroupTable.verdict(name) {
                return "'\(name)' is a group of the host, which the user would get: \(why)"
            }
            return account(name, id) ?? primary(group) ?? home.flatMap(Self.refusal(ofHome:)) ?? program(shell)
        case .group(let name, let id): return account(name, id)
        case .member(let user, let group):
            if case .refused(let why) = GroupTable.verdict(group) { return "'\(user)' may not join '\(group)': \(why)" }
            return users.contains { $0.name == user }
                ? nil : "'\(user)' is no user of the package; make it with a 'u' line, or remove the line"
        case .range(let range):
            return AccountNumbers.chosen.contains(range.lowerBound) && AccountNumbers.chosen.contains(range.upperBound)
                ? nil : "systemd chooses numbers for packages from 100 to 999; choose a range within"
        }
    }

    private func account(_ name: String, _ id: SysusersLine.Identifier) -> String? {
        if name == "root" { return "'root' is the host's; remove the line" }
        switch id {
        case .any: return nil
        case .number(let number):
            return AccountNumbers.isForPackages(number)
                ? nil
                : "the number \(number) is not for users of packages (100 to 999, and 60000 to 64999 as Debian gave them); write '-', and systemd chooses one"
        case .ofFile(let path):
            return "'\(path)' would make its owner the user's number; write '-', and systemd chooses one"
        }
    }

    private func primary(_ group: SysusersLine.PrimaryGroup) -> String? {
        switch group {
        case .own: return nil
        case .number(let number):
            // On some host the number is that of another group.
            return "the group \(number) may be any group of the host; name a group of the package"
        case .named(let name):
            guard case .refused(let why) = GroupTable.verdict(name) else { return nil }
            return "a user of the package may not have the group '\(name)': \(why)"
        }
    }

    /// Why a user of a package may not have this home; nil if it may.
    static func refusal(ofHome home: String) -> String? {
        // Folders that all share are the homes of some daemons of Debian.
        let shared = [
            "/", "/nonexistent", "/dev/null", "/usr", "/opt", "/run", "/srv", "/var/run", "/var/lib", "/var/cache",
            "/var/spool", "/var/log", "/var/www", "/var/empty",
        ]
        guard !shared.contains(home), case .refused(let why) = PlaceTable.verdict(home, .linkTarget) else { return nil }
        return "the home '\(home)': \(why)"
    }

    private static let shells = ["sh", "bash", "dash", "rbash"]
    private static func isLogin(_ shell: String) -> Bool {
        shells.contains { shell == "/bin/\($0)" || shell == "/usr/bin/\($0)" }
    }

    private func program(_ shell: String?) -> String? {
        guard let shell else { return nil }
        let none = [
            "/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/usr/bin/false", "/bin/sync", "/bin/true",
            "/usr/bin/true",
        ]
        return none.contains(shell) || Self.isLogin(shell)
            ? nil : "'\(shell)' is no shell of the host; write '/usr/sbin/nologin'"
    }

    private mutating func refuse(_ file: String, _ line: Int, _ text: String) {
        findings.add(Finding(.refused, .unsupported, file, line: line, text))
    }
}

extension SysusersLine.Identifier {
    fileprivate var number: UInt32? { if case .number(let number) = self { number } else { nil } }
}
