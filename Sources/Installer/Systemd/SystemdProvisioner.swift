import Deployment
import EventLoop
import Linux
import Packages

/// Makes users and folders by `systemd-sysusers(8)` and `systemd-tmpfiles(8)`, as transient units: they write where this
/// daemon's hardening does not let it.
@LoopActor
public final class SystemdProvisioner: HostProvisioner {
    private let runner: TransientRunner
    private let timeout: Duration = .seconds(60)
    /// The search for an account's files reads all local file systems.
    private let searchTimeout: Duration = .seconds(300)

    public init(_ systemd: SystemdConnection, scheduler: any Scheduler) {
        runner = TransientRunner(systemd, scheduler: scheduler)
    }

    public func makeUsers(from files: [String]) async throws {
        try await make("users", ["/usr/bin/systemd-sysusers"] + files, files)
    }

    public func makeFiles(from files: [String], excluding prefixes: [String]) async throws {
        let options = ["--create"] + prefixes.map { "--exclude-prefix=\($0)" }
        try await make("files", ["/usr/bin/systemd-tmpfiles"] + options + files, files)
    }

    private func make(_ what: String, _ command: [String], _ files: [String]) async throws {
        guard !files.isEmpty else { return }
        let unit = unit(what, "A package's \(what), by Gatekeel", command, timeout)
        if let end = await runner.run(unit) {
            throw DeploymentError(
                .failed,
                "\(command[0]) failed for \(files.joined(separator: ", ")): \(end); see journalctl -u \(unit.name)")
        }
    }

    private func unit(
        _ what: String, _ description: String, _ command: [String], _ timeout: Duration
    ) -> TransientUnit {
        TransientUnit(
            name: "gatekeel-\(what)-\(randomBytes(4).hexadecimal).service", description: description, command: command,
            timeout: timeout)
    }

    // MARK: Removing

    public func remove(_ accounts: AddedAccounts) async -> [String] {
        var kept: [String] = []
        for member in accounts.members.sorted(by: { ($0.group, $0.user) < ($1.group, $1.user) }) {
            // A user that is removed leaves its groups with that.
            guard !accounts.users.contains(where: { $0.name == member.user }) else { continue }
            if let end = await run(["/usr/bin/gpasswd", "-d", member.user, member.group]) {
                kept.append(
                    "the user '\(member.user)' is still a member of '\(member.group)': \(end); remove it with 'gpasswd -d \(member.user) \(member.group)'"
                )
            }
        }
        for user in accounts.users.sorted(by: { $0.name < $1.name }) {
            if let text = await remove("user", user, "/usr/sbin/userdel") { kept.append(text) }
        }
        for group in accounts.groups.sorted(by: { $0.name < $1.name }) {
            if let text = await remove("group", group, "/usr/sbin/groupdel") { kept.append(text) }
        }
        return kept
    }

    /// - Returns: why it stays.
    private func remove(_ what: String, _ account: HostProvision.Account, _ program: String) async -> String? {
        guard let id = account.id else { return nil }
        let test = AccountSearch.test(of: what)
        let hint =
            "; 'find / -path /proc -prune -o \(test) \(id) -print' lists its files, '\(program) \(account.name)' removes it"
        let search = unit(
            "search", "A search for files of a removed package, by Gatekeel", AccountSearch(what, id).command,
            searchTimeout)
        if let end = await runner.run(search) {
            return "the \(what) '\(account.name)' is kept: \(AccountSearch.text(end, unit: search.name))\(hint)"
        }
        guard let end = await run([program, account.name]) else { return nil }
        // It was there when it was looked for: somebody else removed it meanwhile.
        if end == .exited(status: Self.unknown) { return nil }
        return "the \(what) '\(account.name)' is kept: \(program): \(end)\(hint)"
    }

    private func run(_ command: [String]) async -> UnitFailure? {
        await runner.run(unit("accounts", "Users of a removed package, by Gatekeel", command, timeout))
    }

    /// Status of `userdel(8)` and `groupdel(8)` for a name that is not there.
    private nonisolated static let unknown = 6
}
