import Glibc
import Linux
import Packages
import State

/// What one deployment lets systemd-sysusers and systemd-tmpfiles add to the host: surveyed before and after, undone on the way
/// back.
///
/// Every call may be repeated, even after an interruption. All calls block.
struct ProvisionTransaction: Sendable {
    let store: Store
    let deployment: DeploymentRecord
    private var paths: HostPaths { store.paths }
    private var file: CheckedFile { CheckedFile(record: "\(store.work(of: deployment.id))/provision") }

    /// What is recorded; nothing for a deployment that did not come so far.
    func additions() throws -> HostAdditions {
        try file.load(HostAdditions.kind).record.map(HostAdditions.init) ?? HostAdditions()
    }

    private func save(_ additions: HostAdditions) throws {
        try store.passage("deployment.provision.record")
        try store.reserving { () throws(Errno) in try file.save(additions.record.bytes) }
    }

    // MARK: Forward

    /// Records what the host does not have of what a release asks for. Nothing of it is there because of anybody else.
    ///
    /// - Throws: also when a folder on the way is a link that others than root can have put there.
    func survey(_ release: ReleaseRecord) throws {
        guard try file.load(HostAdditions.kind).record == nil else { return }
        var additions = HostAdditions()
        let own = release.manifestFolders.compactMap(HostLine.init).map { line in
            line.type == "L" ? "L \(line.path) \(line.last)" : "\(line.type) \(line.path)"
        }
        var seen: Set<String> = []
        for line in own + release.provision.lines {
            guard let asked = HostLine(line), try !paths.has(packaged: asked.path), seen.insert(asked.path).inserted
            else {
                continue
            }
            // systemd-tmpfiles makes the folders above as well.
            for folder in try missingFolders(above: asked.path) where seen.insert(folder).inserted {
                additions.items.append(HostAdditions.Item(line: "\(HostLine.above) \(folder)"))
            }
            additions.items.append(HostAdditions.Item(line: line))
        }
        let host = try HostAccounts(paths)
        let asked = release.provision
        additions.accounts.users = Set(asked.users.filter { host.users[$0.name] == nil })
        additions.accounts.groups = Set(asked.groups.filter { host.groups[$0.name] == nil })
        additions.accounts.members = Set(asked.members.filter { !host.isMember($0) })
        try save(additions)
    }

    private func missingFolders(above path: String) throws(Errno) -> [String] {
        var missing: [String] = []
        var folder = Files.split(path).folder
        while folder.utf8.count > 1, try !paths.has(packaged: folder) {
            missing.append(folder)
            folder = Files.split(folder).folder
        }
        return missing
    }

    /// Records what is there now of what was missing, and how it looks: that is what was made.
    func settle() throws {
        try save(try settled(try additions()))
    }

    private func settled(_ missing: HostAdditions) throws -> HostAdditions {
        if missing.isSettled { return missing }
        var made = HostAdditions()
        made.isSettled = true
        for item in missing.items {
            guard let line = HostLine(item.line), let mark = try mark(line) else { continue }
            made.items.append(HostAdditions.Item(line: item.line, mark: mark))
        }
        let host = try HostAccounts(paths)
        for user in missing.accounts.users {
            if let id = host.users[user.name] { made.accounts.users.insert(HostProvision.Account(user.name, id: id)) }
        }
        for group in missing.accounts.groups {
            if let id = host.groups[group.name]?.id {
                made.accounts.groups.insert(HostProvision.Account(group.name, id: id))
            }
        }
        made.accounts.members = missing.accounts.members.filter(host.isMember)
        return made
    }

    /// What something looks like, so that a change by others is seen; nil when it is not there.
    private func mark(_ line: HostLine) throws(Errno) -> String? {
        try paths.holdingIfPresent(packaged: line.path) { (folder, name) throws(Errno) -> String? in
            guard let status = try folder.status(name) else { return nil }
            let type = status.st_mode & S_IFMT
            // Folders fill, and links are compared by their targets.
            if type == S_IFDIR || type == S_IFLNK { return "\(type)" }
            return "\(type) \(status.st_ino) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
        } ?? nil
    }

    // MARK: Back

    /// Removes the files, links and empty folders that were made. A folder in /run goes with what is in it, as
    /// `RuntimeDirectory=` does; anywhere else what others put there stays.
    ///
    /// - Returns: what stays, for people.
    func undo() throws -> [String] {
        let made = try undone()
        var problems: [String] = []
        let items = made.items.reversed().compactMap { item in HostLine(item.line).map { (line: $0, mark: item.mark) } }
        for (line, mark) in items.sorted(by: { $0.line.depth > $1.line.depth }) {
            try store.passage("deployment.unprovision.each")
            do throws(Errno) {
                try remove(line, mark)
                guard try paths.has(packaged: line.path) else { continue }
                problems.append("\(paths.host(line.path)) is kept: others changed it or put something into it")
            } catch {
                problems.append("\(paths.host(line.path)) could not be removed: \(error)")
            }
        }
        return problems
    }

    private func remove(_ line: HostLine, _ mark: String) throws(Errno) {
        guard try self.mark(line) == mark else { return }
        try paths.holdingIfPresent(packaged: line.path) { (folder, name) throws(Errno) in
            switch line.type {
            case "L": if try folder.linkTarget(name) == line.last { try folder.remove(name) }
            case "d" where line.isRuntime: try folder.removeTree(name)
            default:
                // A copy of a folder (`C`) is removed as far as it is empty.
                if mark == "\(S_IFDIR)" { folder.removeEmptyFolder(name) } else { try folder.remove(name) }
            }
        }
    }

    /// Those of the accounts that were made that are still the same.
    func accounts() throws -> AddedAccounts { try Self.present(try undone().accounts, paths) }

    /// What was made and goes again: not what the release before asks for as well, which runs again by then.
    func undone() throws -> HostAdditions {
        var made = try settled(try additions())
        guard deployment.hasOld, deployment.operation != .remove, !made.items.isEmpty || !made.accounts.isEmpty else {
            return made
        }
        let (package, release) = (deployment.package, deployment.oldRelease)
        let (old, tree) = (try store.record(of: package, release: release), store.tree(of: package, release: release))
        let (paths, asked) = (try old.paths(in: tree), try old.provision(in: tree))
        made.items.removeAll { item in
            guard let path = HostLine(item.line)?.path else { return false }
            return paths.contains { $0 == path || $0.hasPrefix(path + "/") }
        }
        let users = Set(asked.users.map(\.name))
        let groups = users.union(asked.groups.map(\.name))
        made.accounts.users = made.accounts.users.filter { !users.contains($0.name) }
        made.accounts.groups = made.accounts.groups.filter { !groups.contains($0.name) }
        made.accounts.members.subtract(asked.members)
        return made
    }

    /// Those that are still there with the same number.
    static func present(_ accounts: AddedAccounts, _ paths: HostPaths) throws(Errno) -> AddedAccounts {
        let host = try HostAccounts(paths)
        var present = AddedAccounts()
        present.users = accounts.users.filter { $0.id != nil && host.users[$0.name] == $0.id }
        present.groups = accounts.groups.filter { $0.id != nil && host.groups[$0.name]?.id == $0.id }
        present.members = accounts.members.filter(host.isMember)
        return present
    }

    // MARK: Purge

    /// Hands the accounts over that deployments of the package made: its state is removed before they are.
    ///
    /// Those that another package asks for stay.
    func leave(_ accounts: AddedAccounts) throws {
        guard !accounts.isEmpty, try file.load(HostAdditions.kind).record == nil else { return }
        var leaving = HostAdditions()
        leaving.isSettled = true
        leaving.accounts = accounts
        for other in try store.packageNames() where other != deployment.package {
            guard let release = try store.release(.current, of: other) else { continue }
            let theirs = try store.record(of: other, release: release).provision
            let users = Set(theirs.users.map(\.name)).union(theirs.members.map(\.user))
            let groups = Set(theirs.groups.map(\.name)).union(theirs.members.map(\.group))
            leaving.accounts.users = leaving.accounts.users.filter { !users.contains($0.name) }
            leaving.accounts.groups = leaving.accounts.groups.filter {
                !groups.contains($0.name) && !users.contains($0.name)
            }
            leaving.accounts.members.subtract(theirs.members)
        }
        try Files.makeDirectories(store.work(of: deployment.id), mode: 0o700)
        try save(leaving)
    }
}

extension DeploymentRecord {
    /// Whether what provisioning added goes again: the deployment failed, or the package is purged.
    var undoesProvision: Bool {
        switch operation {
        case .install, .update, .rollback: result != .done
        case .remove: purge && result == .done
        case .activate, .deactivate: false
        }
    }
}
