import Glibc
import Linux
import Packages
import State

/// The conffiles of one deployment: planned while the old release runs, installed at the switch, restored on the way back.
///
/// Every call may be repeated, even after an interruption.
struct ConffileTransaction: Sendable {
    let store: Store
    let deployment: DeploymentRecord
    private var paths: HostPaths { store.paths }
    private var work: String { store.work(of: deployment.id) }

    // MARK: Planning

    /// What a deployment finds on the host before it changes anything.
    struct Plan {
        var conffiles: [ConffilePlan] = []
        /// What is changed before them.
        var migrations: [MigrationStep] = []
        /// Folders of these files that the host does not have, parents first.
        var folders: [String] = []
        /// Paths of the release's host lines that the host had before the package.
        var found: [String] = []
    }

    /// Decides what to do with each conffile of the new release, and copies the host's files.
    ///
    /// A complete plan is used again: users and folders may have been made since. If only an older copy of the journal
    /// survived, the host may have been switched already, and then the old bytes exist only in this plan's copies.
    func plan(_ release: ReleaseRecord) throws -> Plan {
        let file = CheckedFile(record: "\(work)/plan")
        if let record = try file.load("conffiles").record {
            return Plan(
                conffiles: try record.all("conffile").map { (fields) throws(Corrupt) in
                    try ConffilePlan(fields: fields)
                },
                migrations: try record.all("migration").map { (fields) throws(Corrupt) in
                    try MigrationStep(fields: fields)
                },
                folders: record.strings("folder"), found: record.strings("found"))
        }
        try Files.removeTree(work)
        try Files.makeDirectories(work, mode: 0o700)
        let migration = try migrationPlan(release)
        var plans: [ConffilePlan] = []
        let rules = try rules()
        for (index, path) in release.conffiles.enumerated() {
            guard let new = try packaged(path, deployment.newRelease) else {
                throw DeploymentError(.unsupported, "the package names \(path) as a conffile and does not hold it")
            }
            let source = migration.moved[path] ?? path
            let isCleared = source == path && migration.clears(path)
            let isCopy = isCopy(path, rules)
            // Whatever is where a copy would be is not read: it may have grown without bounds since.
            func find(_ path: String) throws(Errno) -> HostFile.Found {
                guard isCopy else { return try paths.find(packaged: path) }
                return try paths.has(packaged: path) ? .other : .nothing
            }
            let host = isCleared ? .nothing : try find(source)
            let besidePath = path + ConffilePlan.besideSuffix
            let beside = migration.clears(besidePath) ? .nothing : try find(besidePath)
            let old = migration.restored.contains(path) ? new.bytes : try pristine(source)
            plans.append(
                ConffilePlan(
                    path: path,
                    choice: ConffilePlan.choice(
                        host: host, old: old, new: new.bytes, isCopy: isCopy),
                    saved: try save(host, as: "\(index)"), savedBeside: try save(beside, as: "\(index).beside")))
        }
        let steps = try MigrationTransaction(store: store, deployment: deployment).saved(migration.steps)
        let plan = Plan(
            conffiles: plans, migrations: steps, folders: try missingFolders(migration),
            found: try found(release.hostLines))
        var record = Record(kind: "conffiles")
        for conffile in plan.conffiles { record.add("conffile", fields: conffile.fields) }
        for step in plan.migrations { record.add("migration", fields: step.fields) }
        record.add("folder", each: plan.folders)
        record.add("found", each: plan.found)
        try file.save(record.bytes)
        try Files.synchronizeDirectory(Files.split(work).folder)
        return plan
    }

    private func migrationPlan(_ release: ReleaseRecord) throws -> MigrationPlan {
        let old = deployment.oldRelease
        let planner = MigrationPlanner(
            store: store, deployment: deployment, new: release,
            old: old.isEmpty ? nil : try store.record(of: deployment.package, release: old),
            state: try store.state(of: deployment.package).state
        ) { (path) throws(Errno) in try pristine(path) }
        return try planner.plan()
    }

    /// The paths of these lines that the host has, and not because of the package.
    private func found(_ lines: [String]) throws -> [String] {
        let own = Set(try store.state(of: deployment.package).state.hostLines.compactMap { HostLine($0)?.path })
        return try lines.compactMap { HostLine($0)?.path }.filter { try !own.contains($0) && paths.has(packaged: $0) }
    }

    /// The files that the deployment made where nothing was. Call it once it has succeeded.
    ///
    /// One that cannot be looked at is left out: a purge then leaves it.
    func made() throws -> [String] {
        var made: [String] = []
        // What a migration moved is the package's as before.
        let state = try store.state(of: deployment.package).state
        let before = Set(state.made + state.aside)
        let conffiles = Set(deployment.conffiles.map(\.path))
        for step in deployment.migrations
        where step.action == .rename && conffiles.contains(step.other) && before.contains(step.path) {
            made.append(step.other)
        }
        for plan in deployment.conffiles where plan.choice != .keep {
            let beside = plan.path + ConffilePlan.besideSuffix
            // If a file appeared after the plan was made, it stayed, and the packaged one was put beside it.
            guard let isBeside = try? paths.has(packaged: beside) else { continue }
            if plan.savedBeside == .nothing, isBeside {
                made.append(beside)
            } else if plan.choice == .install, plan.saved == .nothing {
                made.append(plan.path)
            }
        }
        return made
    }

    private func save(_ found: HostFile.Found, as name: String) throws(Errno) -> ConffilePlan.Saved {
        switch found {
        case .nothing: return .nothing
        case .other: return .other
        case .file(let file):
            try file.write(ours: "\(work)/\(name)")
            return .file
        }
    }

    /// The packaged file in a release.
    func packaged(_ path: String, _ release: String) throws(Errno) -> HostFile? {
        try store.tree(of: deployment.package, release: release).file(ReleaseTree.conffiles + path)
    }

    /// The new release's file with the owner and mode that it gets by the manifest; nil if it has no such file.
    func asPackaged(_ path: String) throws -> HostFile? {
        guard var file = try packaged(path, deployment.newRelease) else { return nil }
        if let rule = try rules()[path] { try file.follow(rule, HostAccounts(paths)) }
        return file
    }

    /// The packaged bytes of the release in place, or those that a removal kept.
    private func pristine(_ path: String) throws(Errno) -> [UInt8]? {
        guard deployment.hasOld else {
            return try HostFile.find(ours: "\(store.folder(of: deployment.package))/pristine\(path)").file?.bytes
        }
        return try packaged(path, deployment.oldRelease)?.bytes
    }

    // MARK: Forward

    /// Puts the new release's conffiles in place.
    func apply() throws {
        let rules = try rules()
        let accounts = rules.isEmpty ? nil : try HostAccounts(paths)
        for (index, plan) in deployment.conffiles.enumerated() {
            try store.passage("deployment.conffiles.each")
            guard plan.choice != .keep, var new = try packaged(plan.path, deployment.newRelease) else { continue }
            if let rule = rules[plan.path], let accounts { try new.follow(rule, accounts) }
            try makeFolders(for: plan.path)
            try paths.holding(packaged: plan.path) { (folder, name) throws(Errno) in
                // Made since the plan: a copy is only where nothing is.
                if isCopy(plan.path, rules), try folder.has(name) { return }
                try put(new, plan, index, name, in: folder)
            }
        }
    }

    /// Whether it is put where nothing is, once: a copy of a template, or a file of data.
    private func isCopy(_ path: String, _ rules: [String: FileRule]) -> Bool {
        rules[path]?.isCopy == true || !path.hasPrefix("/etc/")
    }

    /// What the manifest says of conffiles, by their paths.
    private func rules() throws -> [String: FileRule] {
        let files = try store.record(of: deployment.package, release: deployment.newRelease).files
        return Dictionary(files.map { ($0.path, $0) }) { first, _ in first }
    }

    private func put(
        _ new: HostFile, _ plan: ConffilePlan, _ index: Int, _ name: String, in folder: borrowing HeldFolder
    ) throws(Errno) {
        if plan.choice == .install {
            let host = try HostFile.find(name, in: folder)
            if host.file?.bytes == new.bytes { return try folder.removeTemporaries(of: name) }
            if try isAsSaved(host, plan.saved, "\(index)") {
                var file = new
                if let old = host.file, folder.isRootsAlone {
                    // As dpkg does: mode and owner of the administrator's file stay. Where others than root can have set
                    // them, those of the package count.
                    (file.mode, file.owner, file.group) = (old.mode, old.owner, old.group)
                }
                return try file.write(name, in: folder)
            }
            // Edited after the plan was made: the administrator's file stays.
        }
        try new.write(name + ConffilePlan.besideSuffix, in: folder)
    }

    /// Whether the host's file is the one that the plan saw.
    private func isAsSaved(_ found: HostFile.Found, _ saved: ConffilePlan.Saved, _ name: String) throws(Errno) -> Bool {
        switch (found, saved) {
        case (.nothing, .nothing): true
        case (.file(let file), .file): try HostFile.find(ours: "\(work)/\(name)").file?.bytes == file.bytes
        default: false
        }
    }

    // MARK: Back

    /// Restores the host's files. A file that somebody changed after the switch is kept as `.gatekeel-save.dpkg-old`.
    ///
    /// A conffile that cannot be restored does not stop the old release: it is reported, and the others are restored.
    /// - Returns: what could not be done, for people.
    func revert() throws -> [String] {
        var problems: [String] = []
        let migrations = MigrationTransaction(store: store, deployment: deployment)
        func attempt(_ path: String, _ saved: ConffilePlan.Saved, _ name: String, _ plan: ConffilePlan) {
            do {
                try restore(path, saved, name, new: try packaged(plan.path, deployment.newRelease)?.bytes)
            } catch {
                problems.append("\(paths.host(path)) could not be put back: \(error)")
            }
        }
        for (index, plan) in deployment.conffiles.enumerated() {
            try store.passage("deployment.revert-conffiles.each")
            guard plan.choice != .keep, try !migrations.isPending(above: plan.path) else { continue }
            if plan.choice == .install { attempt(plan.path, plan.saved, "\(index)", plan) }
            // After an edit between plan and switch, `install` wrote a `.dpkg-dist` too.
            attempt(plan.path + ConffilePlan.besideSuffix, plan.savedBeside, "\(index).beside", plan)
        }
        removeEmptyFolders()
        return problems
    }

    private func restore(_ path: String, _ saved: ConffilePlan.Saved, _ name: String, new: [UInt8]?) throws {
        if saved == .other { return }
        var old: HostFile?
        if saved == .file {
            old = try HostFile.find(ours: "\(work)/\(name)").file
            if old == nil { throw DeploymentError(.failed, "the saved bytes of \(path) are gone") }
        }
        func putBack(_ folder: borrowing HeldFolder, _ last: String) throws(Errno) {
            try folder.removeTemporaries(of: last)
            let found = try findChanged(last, in: folder)
            if try isAsSaved(found, saved, name) { return }
            if found != .nothing, found.file == nil || found.file?.bytes != new {
                // Others made it: an edited file, a folder, a link, a file above the limit. It is kept, and never copied.
                try folder.rename(last, to: last + ConffilePlan.savedSuffix)
            }
            if let old { try old.write(last, in: folder) } else { try folder.remove(last) }
        }
        if old == nil {
            try paths.holdingIfPresent(packaged: path) { (folder, last) throws(Errno) in try putBack(folder, last) }
        } else {
            try paths.holding(packaged: path) { (folder, last) throws(Errno) in try putBack(folder, last) }
        }
    }

    /// As `HostFile.find`; a file that has grown too large to be a conffile is `other`.
    private func findChanged(_ name: String, in folder: borrowing HeldFolder) throws(Errno) -> HostFile.Found {
        do throws(Errno) {
            return try HostFile.find(name, in: folder)
        } catch {
            guard error.code == EFBIG else { throw error }
            return .other
        }
    }

    // MARK: Folders

    /// The new release's folder of conffiles; the host's paths are below it.
    private var packagedFolder: String {
        "\(store.folder(of: deployment.package, release: deployment.newRelease))/\(ReleaseTree.conffiles)"
    }

    /// Folders of the new release's conffiles that the host does not have, parents first.
    private func missingFolders(_ migration: MigrationPlan) throws(Errno) -> [String] {
        var missing: [String] = []
        for top in ["/etc", "/srv", "/var"] {
            try walk(top, packagedFolder) { (path) throws(Errno) in
                let isThere = migration.clears(path) ? false : try paths.has(path)
                if !isThere { missing.append(path) }
            }
        }
        return missing
    }

    private func walk(_ path: String, _ base: String, _ visit: (String) throws(Errno) -> Void) throws(Errno) {
        guard try Files.isFolder(base + path) else { return }
        try visit(path)
        for name in try Files.names(in: base + path) { try walk("\(path)/\(name)", base, visit) }
    }

    /// Makes the folders that the plan found missing, with the modes and owners of the package.
    func makeFolders() throws(Errno) {
        for path in deployment.folders { try makeFolder(path) }
    }

    func makeFolders(for path: String) throws(Errno) {
        for folder in deployment.folders where path.hasPrefix(folder + "/") { try makeFolder(folder) }
    }

    private func makeFolder(_ path: String) throws(Errno) {
        // A folder that an update before this one made, and that this release does not have any more, is root's.
        let packaged = try Files.status(packagedFolder + path)
        try paths.holding(packaged: path) { (folder, name) throws(Errno) -> Void in
            try folder.makeFolder(
                name, mode: (packaged?.st_mode ?? 0o755) & 0o7777, owner: packaged?.st_uid ?? 0,
                group: packaged?.st_gid ?? 0)
        }
    }

    /// Removes those of these folders that are empty.
    func removeEmptyFolders() {
        for path in deployment.folders.reversed() { paths.removeEmptyFolder(path) }
    }
}
