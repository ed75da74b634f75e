import Glibc
import Linux
import State

/// The conffiles of one deployment: planned while the old release runs, put in place at the switch, taken back.
///
/// Every call may be repeated, also after it was interrupted.
struct ConffileTransaction: Sendable {
    let store: Store
    let deployment: DeploymentRecord
    private var paths: HostPaths { store.paths }
    private var work: String { store.work(of: deployment.id) }

    // MARK: Planning

    /// Decides for each conffile of the new release, and keeps a copy of what is there.
    ///
    /// A plan that was finished is used again: were the journal lost and only its previous copy left, the host might be
    /// switched by now, and the old bytes are nowhere else.
    func plan(_ conffiles: [String]) throws -> [ConffilePlan] {
        let file = CheckedFile(record: "\(work)/plan")
        if let record = try file.load("conffiles").record {
            return try record.all("conffile").map { (fields) throws(Corrupt) in try ConffilePlan(fields: fields) }
        }
        try Files.removeTree(work)
        try Files.makeDirectories(work, mode: 0o700)
        var plans: [ConffilePlan] = []
        for (index, path) in conffiles.enumerated() {
            guard let new = try packaged(path, deployment.newRelease) else {
                throw DeploymentError(.unsupported, "the package names \(path) as a conffile and does not hold it")
            }
            let host = try HostFile.find(paths.host(path))
            let beside = try HostFile.find(paths.host(path + ConffilePlan.besideSuffix))
            plans.append(
                ConffilePlan(
                    path: path,
                    choice: ConffilePlan.choice(host: host, old: try pristine(path), new: new.bytes),
                    saved: try save(host, as: "\(index)"), savedBeside: try save(beside, as: "\(index).beside")))
        }
        var record = Record(kind: "conffiles")
        for plan in plans { record.add("conffile", fields: plan.fields) }
        try file.save(record.bytes)
        try Files.synchronizeDirectory(Files.split(work).folder)
        return plans
    }

    private func save(_ found: HostFile.Found, as name: String) throws(Errno) -> ConffilePlan.Saved {
        switch found {
        case .nothing: return .nothing
        case .other: return .other
        case .file(let file):
            try file.write(to: "\(work)/\(name)")
            return .file
        }
    }

    /// The packaged file in a release.
    private func packaged(_ path: String, _ release: String) throws(Errno) -> HostFile? {
        try store.tree(of: deployment.package, release: release).file(ReleaseTree.conffiles + path)
    }

    /// The bytes that what is in place was packaged with: the old release's, or what a removal left.
    private func pristine(_ path: String) throws(Errno) -> [UInt8]? {
        guard deployment.hasOld else {
            return try HostFile.find("\(store.folder(of: deployment.package))/pristine\(path)").file?.bytes
        }
        return try packaged(path, deployment.oldRelease)?.bytes
    }

    // MARK: Forward

    /// Puts the new release's conffiles in place.
    func apply() throws {
        for (index, plan) in deployment.conffiles.enumerated() {
            try store.passage("deployment.conffiles.each")
            guard plan.choice != .keep, let new = try packaged(plan.path, deployment.newRelease) else { continue }
            let path = paths.host(plan.path)
            let host = try HostFile.find(path)
            if plan.choice == .install {
                if host.file?.bytes == new.bytes { continue }
                if try isAsSaved(host, plan.saved, "\(index)") {
                    var file = new
                    if let old = host.file {
                        // As dpkg does: the administrator's mode and owner stay.
                        (file.mode, file.owner, file.group) = (old.mode, old.owner, old.group)
                    }
                    try makeFolders(for: plan.path)
                    try file.write(to: path)
                    continue
                }
                // Edited since the plan was made: the administrator's stays.
            }
            try makeFolders(for: plan.path)
            try new.write(to: path + ConffilePlan.besideSuffix)
        }
    }

    /// Whether what is there is what the plan saw.
    private func isAsSaved(_ found: HostFile.Found, _ saved: ConffilePlan.Saved, _ name: String) throws -> Bool {
        switch (found, saved) {
        case (.nothing, .nothing): true
        case (.file(let file), .file): try HostFile.find("\(work)/\(name)").file?.bytes == file.bytes
        default: false
        }
    }

    // MARK: Back

    /// Puts back what was there. What someone wrote meanwhile over a file of ours is kept as `.gatekeel-save`.
    ///
    /// No conffile holds the old release back: one that cannot be put back is told of, and the others go on.
    /// - Returns: what could not be done, for people.
    func revert() throws -> [String] {
        var problems: [String] = []
        func attempt(_ path: String, _ saved: ConffilePlan.Saved, _ name: String, _ plan: ConffilePlan) {
            do {
                try restore(path, saved, name, new: try packaged(plan.path, deployment.newRelease)?.bytes)
            } catch {
                problems.append("\(path) could not be put back: \(error)")
            }
        }
        for (index, plan) in deployment.conffiles.enumerated() {
            try store.passage("deployment.revert-conffiles.each")
            guard plan.choice != .keep else { continue }
            let path = paths.host(plan.path)
            if plan.choice == .install { attempt(path, plan.saved, "\(index)", plan) }
            // An edit between plan and switch makes a `.dpkg-dist` of an `install` too.
            attempt(path + ConffilePlan.besideSuffix, plan.savedBeside, "\(index).beside", plan)
        }
        removeEmptyFolders()
        return problems
    }

    private func restore(_ path: String, _ saved: ConffilePlan.Saved, _ name: String, new: [UInt8]?) throws {
        if saved == .other { return }
        switch try findChanged(path) {
        case .other:
            // A folder, a link, or more than a conffile may hold: others made it. It is kept, unread.
            try retrying("rename \(path)") { rename(path, path + ConffilePlan.savedSuffix) }
            try Files.synchronizeDirectory(Files.split(path).folder)
        case let found:
            if try isAsSaved(found, saved, name) { return }
            if let file = found.file, file.bytes != new { try file.write(to: path + ConffilePlan.savedSuffix) }
        }
        switch saved {
        case .file:
            guard let old = try HostFile.find("\(work)/\(name)").file else {
                throw DeploymentError(.failed, "the saved bytes of \(path) are gone")
            }
            try old.write(to: path)
        case .nothing: try Files.remove(path)
        case .other: break
        }
    }

    /// As `HostFile.find`; a file that has grown too large to be a conffile is `other`.
    private func findChanged(_ path: String) throws(Errno) -> HostFile.Found {
        do throws(Errno) {
            return try HostFile.find(path)
        } catch {
            guard error.code == EFBIG else { throw error }
            return .other
        }
    }

    // MARK: Folders

    /// Where the new release has the host's paths of its conffiles.
    private var packagedFolder: String {
        "\(store.folder(of: deployment.package, release: deployment.newRelease))/\(ReleaseTree.conffiles)"
    }

    /// Folders of the new release's conffiles that the host lacks, those above first. To be called before the switch.
    func missingFolders() throws(Errno) -> [String] {
        var missing: [String] = []
        try walk("/etc", packagedFolder) { (path) throws(Errno) in
            if try !Files.exists(paths.host(path)) { missing.append(path) }
        }
        return missing
    }

    private func walk(_ path: String, _ base: String, _ visit: (String) throws(Errno) -> Void) throws(Errno) {
        guard try Files.isFolder(base + path) else { return }
        try visit(path)
        for name in try Files.names(in: base + path) { try walk("\(path)/\(name)", base, visit) }
    }

    /// Makes the folders that the plan found missing, with the package's modes and owners.
    func makeFolders() throws(Errno) {
        for path in deployment.folders { try makeFolder(path) }
    }

    private func makeFolders(for path: String) throws(Errno) {
        for folder in deployment.folders where path.hasPrefix(folder + "/") { try makeFolder(folder) }
    }

    private func makeFolder(_ path: String) throws(Errno) {
        let host = paths.host(path)
        let packaged = try Files.status(packagedFolder + path)
        if mkdir(host, 0o755) != 0 {
            let code = errno
            if code == EEXIST { return }
            throw Errno(code, "mkdir \(host)")
        }
        if let status = packaged {
            if chown(host, status.st_uid, status.st_gid) != 0, geteuid() == 0 { throw Errno.current("chown \(host)") }
            try retrying("chmod \(host)") { chmod(host, status.st_mode & 0o7777) }
        }
        try Files.synchronizeDirectory(Files.split(host).folder)
    }

    /// Removes those that are empty (again).
    func removeEmptyFolders() {
        for path in deployment.folders.reversed() { rmdir(paths.host(path)) }
    }
}
