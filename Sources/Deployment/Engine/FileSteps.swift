import Glibc
import Linux
import Packages

/// The steps that only change files, for the engine (on the worker's thread) and for recovery early at boot.
///
/// Each may be repeated, even after an interruption in the middle of it.
struct FileSteps: Sendable {
    let store: Store
    let deployment: DeploymentRecord
    private var package: String { deployment.package }
    private var passage: Passage { store.passage }
    private var paths: HostPaths { store.paths }
    private var conffiles: ConffileTransaction { ConffileTransaction(store: store, deployment: deployment) }

    private var migrations: MigrationTransaction { MigrationTransaction(store: store, deployment: deployment) }

    /// - Returns: problems that do not stop the deployment, for people.
    func perform(_ step: Step) throws -> [String] {
        switch step {
        case .mark: try mark()
        case .unmark: try Files.remove(store.marker(of: package))
        case .conffiles:
            try migrations.apply()
            try conffiles.makeFolders()
            try conffiles.apply()
        case .attach:
            let packages = try PackagesInPlace(store, with: package, at: deployment.newRelease)
            try attachment(deployment.newRelease, packages).attach(
                replacing: files(of: deployment.oldRelease), passage: passage)
            try neighbours.attach(packages)
        case .links:
            let current = deployment.operation == .remove ? "" : deployment.newRelease
            let previous = deployment.keepsPrevious ? deployment.oldPrevious : deployment.oldRelease
            try store.set(current: current, previous: current.isEmpty ? "" : previous, of: package)
        case .unlink:
            // Of a package that stays, what an administrator has made stays.
            let kept = deployment.enables ? deployment.byHand : []
            try EnablementLink.set(kept, for: unitNames(), paths)
        case .detach:
            try Attachment.detach(files(of: deployment.oldRelease), paths, passage: passage)
            paths.removeEmptyFolder(paths.attachedUnits)
            return try attachNeighbours(seeing: "")
        case .forget: return try forget()
        case .delete: try delete()
        case .revertConffiles:
            let problems = try conffiles.revert() + migrations.revert()
            conffiles.removeEmptyFolders()
            return problems
        case .revertAttach: return try revertAttach()
        case .revertLinks:
            try store.set(current: deployment.oldRelease, previous: deployment.oldPrevious, of: package)
        case .revertEnablement: try EnablementLink.set(deployment.oldLinks, for: unitNames(), paths)
        case .verify, .unpack, .provision, .plan, .rest, .stop, .reload, .enable, .start, .probe, .commit, .revertStop,
            .revertStart, .unprovision, .clean:
            preconditionFailure("\(step) is no step of files")
        }
        return []
    }

    private func mark() throws {
        // A removal that was interrupted after its last step has no folder left.
        guard try Files.exists(store.folder(of: package)) else { return }
        try Files.replace(store.marker(of: package), with: Array("\(deployment.id)\n".utf8), mode: 0o644)
    }

    // MARK: Attachment

    private func attachment(_ release: String, _ packages: PackagesInPlace? = nil) throws -> Attachment {
        Attachment(
            store: store, release: release, record: try store.record(of: package, release: release), among: packages)
    }

    /// On the way back and away, a package that cannot be read must not hold up this one.
    private func attachNeighbours(seeing release: String) throws -> [String] {
        do {
            try neighbours.attach(try PackagesInPlace(store, with: package, at: release))
            return []
        } catch {
            #if DEBUG
                if error is Killed { throw error }
            #endif
            return [
                "the units of other packages that see the files of \(package) could not be looked after: \(error); restart gatekeel-installd"
            ]
        }
    }

    private var neighbours: Neighbours { Neighbours(store: store, package: package) }

    /// The attached files of a release, to remove them; empty without one.
    private func files(of release: String) throws -> [AttachedFile] {
        guard !release.isEmpty, try Files.exists(store.folder(of: package, release: release)) else { return [] }
        return try attachment(release).filesToRemove()
    }

    /// - Returns: that the release in place before is damaged, for people. Then nothing is attached.
    private func revertAttach() throws -> [String] {
        let new = try files(of: deployment.newRelease)
        let old =
            deployment.hasOld
            ? try attachment(
                deployment.oldRelease, PackagesInPlace(store, with: package, at: deployment.oldRelease)) : nil
        if let old, try old.isWhole() {
            try old.attach(replacing: new, passage: passage)
            return try attachNeighbours(seeing: deployment.oldRelease)
        }
        try Attachment.detach(new, paths, passage: passage)
        let problems = try attachNeighbours(seeing: "")
        return old == nil
            ? problems
            : problems + ["the release that was in place is damaged and cannot be put back: install the package again"]
    }

    /// The units of both releases.
    private func unitNames() throws -> Set<String> {
        var names: Set<String> = []
        for release in [deployment.oldRelease, deployment.newRelease] where !release.isEmpty {
            guard try Files.exists(store.folder(of: package, release: release)) else { continue }
            names.formUnion(try store.record(of: package, release: release).units.map(\.name))
        }
        return names
    }

    // MARK: Removal

    /// With purge the conffiles are removed. Without it the packaged ones are kept, so that a later install can tell which
    /// conffiles were edited.
    ///
    /// - Returns: data that could not be removed, for people.
    private func forget() throws -> [String] {
        let folder = store.folder(of: package)
        guard deployment.purge else {
            let problems = try purgeData(
                store.state(of: package).state.hostLines.filter { HostLine($0)?.isRuntime == true })
            let source = "\(folder)/\(deployment.oldRelease)/\(ReleaseTree.conffiles)"
            guard !deployment.oldRelease.isEmpty, try Files.exists(source) else { return problems }
            try Files.removeTree("\(folder)/pristine")
            try retrying("keep the packaged conffiles") { rename(source, "\(folder)/pristine") }
            try Files.synchronizeDirectory(folder)
            return problems
        }
        let state = try store.state(of: package).state
        try ProvisionTransaction(store: store, deployment: deployment).leave(state.accounts)
        var problems: [String] = []
        for path in withoutThoseOfDpkg(state.conffiles, &problems) {
            problems += purge(conffile: path, made: state.made)
        }
        for path in withoutThoseOfDpkg(state.aside, &problems) { problems += purge(conffile: path, made: state.aside) }
        do {
            problems += try purgeData(state.hostLines)
        } catch {
            problems.append("the data of \(package) is kept, for it may be another package's as well: \(error)")
        }
        // The deepest first. A folder that is not empty stays.
        for folder in state.folders.sorted(by: >) { paths.removeEmptyFolder(folder) }
        return problems
    }

    /// Removes a conffile that a deployment of the package made, and what was put beside it. One that was there before the
    /// package stays, and is reported; only the `.dpkg-dist` that was put beside it goes.
    private func purge(conffile path: String, made: [String]) -> [String] {
        let beside = path + ConffilePlan.besideSuffix
        let ours =
            made.contains(path)
            ? [path, beside] + ConffilePlan.savedSuffixes.map { path + $0 }
            : [beside].filter(made.contains)
        do throws(Errno) {
            for path in ours {
                try paths.holdingIfPresent(packaged: path) { (folder, name) throws(Errno) in
                    try folder.removeTemporaries(of: name)
                    guard let status = try folder.status(name), status.st_mode & S_IFMT != S_IFDIR else { return }
                    try folder.remove(name)
                }
            }
            guard !made.contains(path), try paths.has(packaged: path) else { return [] }
            return ["\(paths.host(path)) is kept: the package did not make it"]
        } catch {
            return ["\(paths.host(path)) could not be removed: \(error)"]
        }
    }

    /// The conffiles that no Debian package has: dpkg may have installed the same package since.
    private func withoutThoseOfDpkg(_ paths: [String], _ problems: inout [String]) -> [String] {
        do throws(Errno) {
            let owners = try DpkgFiles(folder: store.paths.dpkgInfo).owners(of: paths)
            for path in paths {
                if let owner = owners[path] {
                    problems.append("\(store.paths.host(path)) is kept: it is \(owner)'s as well")
                }
            }
            return paths.filter { owners[$0] == nil }
        } catch {
            problems.append("the configuration files of \(package) are kept, for dpkg may have them as well: \(error)")
            return []
        }
    }

    /// Removes what lines of `tmpfiles.d(5)` made: folders of data with their contents, and links that are still ours.
    ///
    /// Data that another package also has is kept, and so is data that cannot be removed (a file system is mounted in
    /// it). Both are reported; the package itself is removed in any case.
    private func purgeData(_ lines: [String]) throws -> [String] {
        var problems: [String] = []
        let lines = lines.compactMap(HostLine.init)
        let others = try owners(ofAnyOf: lines.flatMap { [$0.path, Files.split($0.path).folder] })
        // What is in a folder before the folder.
        for line in lines.sorted(by: { $0.depth > $1.depth }) {
            let path = paths.host(line.path)
            if let owner = others[line.path] {
                if Self.isData(line.path) { problems.append("\(path) is kept: it is \(owner)'s as well") }
                continue
            }
            do throws(Errno) {
                // What another package has in it stays.
                if others.keys.contains(where: { $0.hasPrefix(line.path + "/") }) {
                    if line.type != HostLine.above { problems.append("\(path) is kept: others have something in it") }
                    continue
                }
                switch line.type {
                case "d" where Self.isData(line.path) && !line.isRuntime && Self.isShared(line, among: lines):
                    paths.removeEmptyFolder(line.path)
                    guard try paths.has(packaged: line.path) else { break }
                    problems.append("\(path) is kept: others may have put something into it")
                case "d" where Self.isData(line.path) || line.isRuntime,
                    "f" where Self.isData(line.path) || line.isRuntime:
                    try paths.holdingIfPresent(packaged: line.path) { (folder, name) throws(Errno) in
                        try folder.removeTree(name)
                    }
                    // Its parent too, if nothing else is in it (`StateDirectory=vendor/foo`).
                    let parent = Files.split(line.path).folder
                    if Self.isData(parent), others[parent] == nil, !parent.hasSuffix("/private") {
                        paths.removeEmptyFolder(parent)
                    }
                case "d", HostLine.above: paths.removeEmptyFolder(line.path)
                case "f": try paths.remove(line.path)
                case "L":
                    try paths.holdingIfPresent(packaged: line.path) { (folder, name) throws(Errno) in
                        if try folder.linkTarget(name) == line.last { try folder.remove(name) }
                    }
                default: break
                }
            } catch {
                problems.append("\(path) could not be removed: \(error)")
            }
        }
        return problems
    }

    /// Other packages that have these paths too.
    ///
    /// - Throws: when that cannot be found out: data that may be another's is not removed.
    private func owners(ofAnyOf paths: [String]) throws -> [String: String] {
        var owners = try DpkgFiles(folder: store.paths.dpkgInfo).owners(of: paths)
        for other in try store.packageNames() where other != package {
            var lines = try store.state(of: other).state.hostLines
            if let release = try store.release(.current, of: other) {
                lines += try store.record(of: other, release: release).provision.lines
            }
            for line in lines { HostLine(line).map { owners[$0.path] = other } }
        }
        return owners
    }

    /// Whether others may have something in a folder of data, too: the package lists it as root's, or it is where an administrator
    /// puts what the world gets. What a service made is in folders of its user, or in those that systemd makes for it.
    private static func isShared(_ line: HostLine, among lines: [HostLine]) -> Bool {
        if line.path.hasPrefix("/srv/") || line.path.hasPrefix("/var/www/") { return true }
        return !lines.contains { $0.path == line.path && $0.type == "d" && !$0.isRootsInPackage }
    }

    /// Whether a path is at least one level below a folder of data.
    private static func isData(_ path: String) -> Bool {
        let parts = path.split(separator: "/")
        guard !parts.contains(".."), !parts.contains(".") else { return false }
        return parts.first == "srv" && parts.count > 1 || parts.first == "var" && parts.count > 2
    }

    private func delete() throws {
        let folder = store.folder(of: package)
        if deployment.purge { return try store.discardTree(folder) }
        for release in try store.releases(of: package) {
            try passage("deployment.delete.each")
            try store.discardTree("\(folder)/\(release)")
        }
        var state = try store.state(of: package).state
        state.reason = nil
        state.installedAt = 0
        state.isActivated = false
        state.removedVersion = deployment.oldVersion
        state.keepDecisions(of: deployment)
        try store.save(state, of: package)
        try Files.remove(store.marker(of: package))
    }
}
