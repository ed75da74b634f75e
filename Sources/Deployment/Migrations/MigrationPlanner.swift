import Glibc
import Linux
import Packages

/// Decides what the migrations of a package, and conffiles that become folders or the reverse, change on this host.
///
/// By the rules of `dpkg-maintscript-helper(1)`, with two differences: a file that no deployment of the package made is never
/// touched, and an edited file that is in the way of a folder is kept, where dpkg replaces it.
struct MigrationPlanner {
    let store: Store
    let deployment: DeploymentRecord
    let new: ReleaseRecord
    /// The release in place.
    let old: ReleaseRecord?
    let state: PackageState
    /// The packaged bytes of a conffile in the release in place, or of the one that was removed.
    let pristine: (String) throws(Errno) -> [UInt8]?

    private var paths: HostPaths { store.paths }
    private let ofDpkg = FilesOfDpkg()

    init(
        store: Store, deployment: DeploymentRecord, new: ReleaseRecord, old: ReleaseRecord?, state: PackageState,
        pristine: @escaping (String) throws(Errno) -> [UInt8]?
    ) {
        self.store = store
        self.deployment = deployment
        self.new = new
        self.old = old
        self.state = state
        self.pristine = pristine
    }

    /// dpkg's lists, read once, and only if they are asked for: they are thousands of files.
    private final class FilesOfDpkg {
        private var owned: Set<String>?

        func contains(_ path: String, among paths: [String], _ dpkg: DpkgFiles) throws(Errno) -> Bool {
            if let owned { return owned.contains(path) }
            let found = Set(try dpkg.owners(of: paths).keys)
            owned = found
            return found.contains(path)
        }
    }

    func plan() throws -> MigrationPlan {
        var plan = MigrationPlan()
        try clearWay(&plan)
        let before = state.removedVersion.isEmpty ? deployment.oldHighest : state.removedVersion
        for due in Migration.due(to: new, from: old, old?.version ?? before) {
            if due.isBackward { try goBack(due.migration, &plan) } else { try perform(due.migration, &plan) }
        }
        try requireFolders(plan)
        return plan
    }

    // MARK: Migrations

    private func perform(_ migration: Migration, _ plan: inout MigrationPlan) throws {
        switch migration.kind {
        case .removeConffile: try dismiss(migration.path, MigrationStep.obsoleteSuffix, &plan)
        case .removeOnUpgrade: try dismiss(migration.path, MigrationStep.replacedSuffix, &plan)
        case .moveConffile: try move(migration.path, to: migration.other, &plan)
        case .linkToFolder: try replaceLink(migration.path, &plan)
        case .folderToLink: try replaceFolder(migration.path, &plan, mayBeKept: false)
        }
    }

    /// The same the other way round. What an update set aside comes back.
    private func goBack(_ migration: Migration, _ plan: inout MigrationPlan) throws {
        switch migration.kind {
        case .removeConffile: try restore(migration.path, MigrationStep.obsoleteSuffix, &plan)
        case .removeOnUpgrade: try restore(migration.path, MigrationStep.replacedSuffix, &plan)
        case .moveConffile: try move(migration.other, to: migration.path, &plan)
        case .linkToFolder: try replaceFolder(migration.path, &plan, mayBeKept: true)
        case .folderToLink: try replaceLink(migration.path, &plan)
        }
    }

    /// A conffile that the release does not have: an unedited one is removed, an edited one set aside.
    private func dismiss(_ path: String, _ suffix: String, _ plan: inout MigrationPlan) throws {
        guard !new.conffiles.contains(path), !plan.clears(path), try isOurs(path) else { return }
        let host = try paths.find(packaged: path)
        guard host != .nothing else { return }
        let action: MigrationStep.Action = try isUnedited(host, path) ? .remove : .rename
        plan.steps.append(MigrationStep(action, path, path + suffix))
    }

    /// A conffile with another name: an edited one moves, if nothing has that name.
    private func move(_ path: String, to other: String, _ plan: inout MigrationPlan) throws {
        guard new.conffiles.contains(other), plan.moved[other] == nil, try paths.find(packaged: other) == .nothing,
            !new.conffiles.contains(path), !plan.clears(path), try isOurs(path)
        else { return try dismiss(path, MigrationStep.obsoleteSuffix, &plan) }
        let host = try paths.find(packaged: path)
        guard host.file != nil, try !isUnedited(host, path) else {
            return try dismiss(path, MigrationStep.obsoleteSuffix, &plan)
        }
        plan.steps.append(MigrationStep(.rename, path, other))
        plan.moved[other] = path
    }

    /// A file that an update set aside gets its name again.
    private func restore(_ path: String, _ suffix: String, _ plan: inout MigrationPlan) throws {
        let aside = path + suffix
        guard new.conffiles.contains(path), plan.moved[path] == nil, state.aside.contains(aside),
            try paths.find(packaged: path) == .nothing, try paths.find(packaged: aside).file != nil
        else { return }
        plan.steps.append(MigrationStep(.rename, aside, path))
        plan.moved[path] = aside
        plan.restored.insert(path)
    }

    /// A link that a release made goes, so that a folder can be there. An administrator's link stays.
    private func replaceLink(_ path: String, _ plan: inout MigrationPlan) throws {
        guard let target = ownLink(path), !plan.clears(path),
            try paths.linkTarget(packaged: path) == target
        else { return }
        plan.steps.append(MigrationStep(.removeLink, path, target))
    }

    /// The target of the link that a release of the package made at a path.
    private func ownLink(_ path: String) -> String? {
        state.hostLines.lazy.compactMap(HostLine.init).first { $0.type == "L" && $0.path == path }?.last
    }

    // MARK: Folders and files

    /// Files of the package where the release has folders, and the reverse.
    private func clearWay(_ plan: inout MigrationPlan) throws {
        let before = Set(state.conffiles + (old?.conffiles ?? [])).subtracting(new.conffiles)
        for path in folders.intersection(before).sorted() where try isFile(path) {
            try dismiss(path, MigrationStep.replacedSuffix, &plan)
        }
        let oldPaths = before.union(state.folders).union(state.hostLines.compactMap { HostLine($0)?.path })
        for path in new.conffiles where oldPaths.contains(where: { $0 == path || $0.hasPrefix(path + "/") }) {
            guard try isFolder(path) else { continue }
            try replaceFolder(path, &plan, mayBeKept: true)
        }
    }

    /// Folders of the release above its conffiles and host lines, and those of the lines themselves.
    private var folders: Set<String> {
        Set(
            new.conffiles.flatMap { Self.folders(above: $0) }
                + new.manifestFolders.compactMap(HostLine.init).flatMap { line in
                    Self.folders(above: line.path) + (line.type == "d" ? [line.path] : [])
                })
    }

    /// What has the name of a folder of the release is a folder, or leads to one.
    private func requireFolders(_ plan: MigrationPlan) throws {
        for path in folders.sorted() where !plan.clears(path) {
            guard try paths.has(packaged: path),
                try paths.holdingIfPresent("\(path)/-", { (_, _) throws(Errno) in true }) == nil
            else { continue }
            throw DeploymentError(
                .conflict,
                "\(paths.host(path)) is no folder on this host, and \(new.name) \(new.version) has a folder there; move it away"
            )
        }
    }

    /// A folder goes: its files are unedited conffiles, or it is set aside as a whole.
    ///
    /// - Throws: as dpkg refuses it, if it may not be kept and has anything else.
    private func replaceFolder(_ path: String, _ plan: inout MigrationPlan, mayBeKept: Bool) throws {
        guard !plan.clears(path), try isFolder(path) else { return }
        let link = new.manifestFolders.lazy.compactMap(HostLine.init).first { $0.type == "L" && $0.path == path }
        guard try isOurs(folder: path) else {
            // Where the release has nothing of this name, the folder is left alone.
            guard link != nil || new.conffiles.contains(path) else { return }
            throw DeploymentError(
                .conflict,
                "\(paths.host(path)) is a folder that \(new.name) did not make, and \(new.name) \(new.version) has a file or link there; move it away"
            )
        }
        var steps: [MigrationStep] = []
        if let obstacle = try removal(of: path, &steps) {
            guard mayBeKept else {
                throw DeploymentError(
                    .conflict,
                    "\(paths.host(path)) becomes a link with \(new.name) \(new.version), and \(paths.host(obstacle)) is in it, which is no unedited file of the package; move it away"
                )
            }
            let aside = path + MigrationStep.replacedSuffix
            guard try !paths.has(packaged: aside) else {
                throw DeploymentError(
                    .conflict,
                    "\(paths.host(path)) cannot be set aside, for \(paths.host(aside)) is there; move that away")
            }
            steps = [MigrationStep(.rename, path, aside)]
        }
        plan.steps += steps
        if let link { plan.steps.append(MigrationStep(.makeLink, path, link.last)) }
    }

    /// The steps that remove a folder and what is in it.
    ///
    /// - Returns: what is in it and must not be removed, if anything.
    private func removal(of path: String, depth: Int = 0, _ steps: inout [MigrationStep]) throws -> String? {
        guard depth < 16 else { return path }
        let names = try paths.holdingIfPresent("\(path)/-") { (folder, _) throws(Errno) in try folder.names() } ?? []
        for name in names {
            let inner = "\(path)/\(name)"
            if try isFolder(inner) {
                if let obstacle = try removal(of: inner, depth: depth + 1, &steps) { return obstacle }
                continue
            }
            guard steps.count < Self.stepLimit, try isOurs(inner), try isUnedited(paths.find(packaged: inner), inner)
            else { return inner }
            steps.append(MigrationStep(.remove, inner, inner + MigrationStep.replacedSuffix))
        }
        let status = try paths.holding(packaged: path) { (folder, name) throws(Errno) in try folder.status(name) }
        guard let status, steps.count < Self.stepLimit else { return path }
        let attributes = FolderAttributes(
            mode: status.st_mode & 0o7777, owner: status.st_uid, group: status.st_gid)
        steps.append(MigrationStep(.removeFolder, path, attributes.text))
        return nil
    }

    /// More files than this are set aside with their folder.
    private static let stepLimit = 200

    // MARK: What is there

    private func isFolder(_ path: String) throws(Errno) -> Bool { try paths.type(packaged: path) == S_IFDIR }
    private func isFile(_ path: String) throws(Errno) -> Bool { try paths.type(packaged: path) == S_IFREG }

    private func isUnedited(_ host: HostFile.Found, _ path: String) throws(Errno) -> Bool {
        guard let bytes = host.file?.bytes else { return false }
        return try pristine(path) == bytes
    }

    /// Whether a deployment of the package made the file, and dpkg has none of that name.
    private func isOurs(_ path: String) throws(Errno) -> Bool {
        guard state.made.contains(path) else { return false }
        return try !ofDpkg.contains(path, among: state.made, DpkgFiles(folder: paths.dpkgInfo))
    }

    /// Whether a deployment of the package made the folder, and dpkg has none of that name.
    private func isOurs(folder path: String) throws(Errno) -> Bool {
        let made = state.hostLines.compactMap(HostLine.init).filter { $0.type == "d" || $0.type == HostLine.above }
        guard state.folders.contains(path) || made.contains(where: { $0.path == path }) else { return false }
        return try DpkgFiles(folder: paths.dpkgInfo).owners(of: [path])[path] == nil
    }

    /// `/etc/foo` and `/etc/foo/d` of `/etc/foo/d/bar`.
    private static func folders(above path: String) -> [String] {
        HostPaths.folders(above: path).filter { $0.utf8.count { $0 == 0x2F } > 1 }
    }
}

/// Mode and owner of a folder, as a step of the journal keeps them.
struct FolderAttributes: Hashable {
    var mode: mode_t
    var owner: uid_t
    var group: gid_t

    var text: String { "\(mode) \(owner) \(group)" }

    init(mode: mode_t, owner: uid_t, group: gid_t) { (self.mode, self.owner, self.group) = (mode, owner, group) }

    init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count == 3, let mode = mode_t(words[0]), let owner = uid_t(words[1]), let group = gid_t(words[2])
        else { return nil }
        self.init(mode: mode, owner: owner, group: group)
    }
}
