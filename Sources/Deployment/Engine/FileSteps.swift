import Glibc
import Linux

/// The steps that work on files alone, for the engine (on the worker's thread) and for recovery early at boot.
///
/// Each may be repeated, also after it was interrupted anywhere in it.
struct FileSteps: Sendable {
    let store: Store
    let deployment: DeploymentRecord
    private var package: String { deployment.package }
    private var passage: Passage { store.passage }
    private var conffiles: ConffileTransaction { ConffileTransaction(store: store, deployment: deployment) }

    /// - Returns: what could not be done and holds nothing up, for people.
    func perform(_ step: Step) throws -> [String] {
        switch step {
        case .mark: try mark()
        case .unmark: try Files.remove(store.marker(of: package))
        case .conffiles:
            try conffiles.makeFolders()
            try conffiles.apply()
        case .attach:
            try attachment(deployment.newRelease).attach(
                replacing: files(of: deployment.oldRelease), passage: passage)
        case .links:
            let current = deployment.operation == .remove ? "" : deployment.newRelease
            try store.set(current: current, previous: current.isEmpty ? "" : deployment.oldRelease, of: package)
        case .unlink: try EnablementLink.set([], for: unitNames(), store.paths)
        case .detach: try Attachment.detach(files(of: deployment.oldRelease), passage: passage)
        case .forget: return try forget()
        case .delete: try delete()
        case .revertConffiles: return try conffiles.revert()
        case .revertAttach: try revertAttach()
        case .revertLinks:
            try store.set(current: deployment.oldRelease, previous: deployment.oldPrevious, of: package)
        case .revertEnablement: try EnablementLink.set(deployment.oldLinks, for: unitNames(), store.paths)
        case .verify, .unpack, .provision, .plan, .rest, .stop, .reload, .enable, .start, .probe, .commit, .revertStop,
            .revertStart, .clean:
            preconditionFailure("\(step) is no step of files")
        }
        return []
    }

    private func mark() throws {
        // A removal that was interrupted after its last step has no folder any more.
        guard try Files.exists(store.folder(of: package)) else { return }
        try Files.replace(store.marker(of: package), with: Array("\(deployment.id)\n".utf8), mode: 0o644)
    }

    // MARK: Attachment

    private func attachment(_ release: String) throws -> Attachment {
        Attachment(store: store, release: release, record: try store.record(of: package, release: release))
    }

    /// The attached files of a release; none for none.
    private func files(of release: String) throws -> [AttachedFile] {
        guard !release.isEmpty, try Files.exists(store.folder(of: package, release: release)) else { return [] }
        return try attachment(release).files()
    }

    private func revertAttach() throws {
        let new = try files(of: deployment.newRelease)
        if deployment.hasOld {
            try attachment(deployment.oldRelease).attach(replacing: new, passage: passage)
        } else {
            try Attachment.detach(new, passage: passage)
        }
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

    /// Purge: the conffiles go. Else the packaged ones are kept, so that a later install can tell what was edited.
    ///
    /// - Returns: what of its data could not be taken.
    private func forget() throws -> [String] {
        let folder = store.folder(of: package)
        guard deployment.purge else {
            let source = "\(folder)/\(deployment.oldRelease)/\(ReleaseTree.conffiles)"
            guard !deployment.oldRelease.isEmpty, try Files.exists(source) else { return [] }
            try Files.removeTree("\(folder)/pristine")
            try retrying("keep the packaged conffiles") { rename(source, "\(folder)/pristine") }
            try Files.synchronizeDirectory(folder)
            return []
        }
        let state = try store.state(of: package).state
        var problems: [String] = []
        for path in state.conffiles {
            for suffix in ["", ConffilePlan.besideSuffix, ConffilePlan.savedSuffix] {
                let path = store.paths.host(path + suffix)
                do throws(Errno) {
                    guard try Files.exists(path), try !Files.isFolder(path) else { continue }
                    try Files.remove(path)
                } catch {
                    problems.append("\(path) could not be removed: \(error)")
                }
            }
        }
        do {
            problems += try purgeData(state.hostLines)
        } catch {
            problems.append("the data of \(package) is kept, for it may be another package's as well: \(error)")
        }
        // The deepest first; what holds something of others stays.
        for folder in state.folders.sorted(by: >) { rmdir(store.paths.host(folder)) }
        return problems
    }

    /// What lines of `tmpfiles.d(5)` made: folders of data with all that is in them, links if they are still ours.
    ///
    /// What is a Debian package's as well, or another's of Gatekeel's, stays; what cannot be taken (a file system is
    /// mounted in it) also does. Both are told of: the package itself goes in any case.
    private func purgeData(_ lines: [String]) throws -> [String] {
        var problems: [String] = []
        let lines = Self.fields(lines)
        let others = try owners(ofAnyOf: lines.flatMap { [$0[1], Files.split($0[1]).folder] })
        for fields in lines {
            let path = store.paths.host(fields[1])
            if let owner = others[fields[1]] {
                if Self.isData(fields[1]) { problems.append("\(path) is kept: it is \(owner)'s as well") }
                continue
            }
            do throws(Errno) {
                switch fields[0] {
                case "d" where Self.isData(fields[1]):
                    try Files.removeTree(path)
                    // What it was made in, when that was for it alone (`StateDirectory=vendor/foo`).
                    let parent = Files.split(fields[1]).folder
                    if Self.isData(parent), others[parent] == nil, !parent.hasSuffix("/private") {
                        rmdir(store.paths.host(parent))
                    }
                case "d": rmdir(path)
                case "L": if try Files.linkTarget(path) == fields.last { try Files.remove(path) }
                default: break
                }
            } catch {
                problems.append("\(path) could not be removed: \(error)")
            }
        }
        return problems
    }

    /// Lines of `tmpfiles.d(5)`, those that name a path: its type, the path, the rest.
    private static func fields(_ lines: [String]) -> [[String]] {
        lines.map { $0.split(separator: " ").map(String.init) }.filter { $0.count > 1 }
    }

    /// Packages beside this one that have such paths too.
    ///
    /// - Throws: when that cannot be found out: data that may be another's is not removed.
    private func owners(ofAnyOf paths: [String]) throws -> [String: String] {
        var owners = try DpkgFiles(folder: store.paths.dpkgInfo).owners(of: paths)
        for other in try store.packageNames() where other != package {
            for fields in Self.fields(try store.state(of: other).state.hostLines) { owners[fields[1]] = other }
        }
        return owners
    }

    /// Beneath a folder of data, and at least one name below it.
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
        try store.save(state, of: package)
        try Files.remove(store.marker(of: package))
    }
}
