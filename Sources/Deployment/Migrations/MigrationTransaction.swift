import Glibc
import Linux

/// The migrations of one deployment: their steps are done at the switch, before the new conffiles are put in place, and undone on
/// the way back, after those are.
///
/// Every call may be repeated, even after an interruption.
struct MigrationTransaction: Sendable {
    let store: Store
    let deployment: DeploymentRecord
    private var paths: HostPaths { store.paths }
    private var work: String { store.work(of: deployment.id) }
    private var conffiles: ConffileTransaction { ConffileTransaction(store: store, deployment: deployment) }

    /// Copies what the steps change into the work folder.
    func saved(_ steps: [MigrationStep]) throws(Errno) -> [MigrationStep] {
        var steps = steps
        for (index, step) in steps.enumerated() where step.action == .remove || step.action == .rename {
            steps[index].saved = try save(step.path, as: name(index))
            steps[index].savedOther = try save(step.other, as: otherName(index))
        }
        return steps
    }

    private func name(_ index: Int) -> String { "\(work)/migration-\(index)" }
    private func otherName(_ index: Int) -> String { "\(name(index)).other" }

    private func save(_ path: String, as copy: String) throws(Errno) -> ConffilePlan.Saved {
        switch try find(path) {
        case .nothing: return .nothing
        case .other: return .other
        case .file(let file):
            try file.write(ours: copy)
            return .file
        }
    }

    // MARK: Forward

    func apply() throws {
        for (index, step) in deployment.migrations.enumerated() {
            try store.passage("deployment.migrations.each")
            // A step that was done before an interruption must not act through a link that has been made since.
            guard try !isReplaced(above: step.path) else { continue }
            switch step.action {
            case .remove:
                guard case .file(let file) = try find(step.path) else { break }
                if try file.bytes == copy(name(index))?.bytes {
                    try paths.remove(step.path)
                } else {
                    // Edited since.
                    try rename(step, index)
                }
            case .rename:
                // Done before an interruption. What somebody has made since stays.
                if try isMoved(step, index) {
                    guard step.saved == .file, try isAsSaved(step.path, step.saved, name(index)) else { break }
                    try paths.remove(step.path)
                } else if try find(step.path) != .nothing {
                    try rename(step, index)
                }
            case .removeLink:
                if try link(step.path) == step.other { try paths.remove(step.path) }
            case .makeLink:
                try paths.holding(packaged: step.path) { (folder, name) throws(Errno) in
                    if try !folder.has(name) { try folder.replaceLink(name, target: step.other) }
                }
            case .removeFolder:
                guard try isFolder(step.path), !paths.removeEmptyFolder(step.path) else { break }
                throw DeploymentError(
                    .conflict, "\(paths.host(step.path)) is not empty any more; move away what is in it")
            }
        }
    }

    /// Whether what a step renames has its other name already.
    private func isMoved(_ step: MigrationStep, _ index: Int) throws(Errno) -> Bool {
        switch step.saved {
        case .nothing: return false
        case .file: return try isAsSaved(step.other, step.saved, name(index))
        // A link or folder: the path has something else by now, or the other name has one that was not there.
        case .other:
            if try find(step.path) != .other { return true }
            let isThere = try find(step.other) == .other
            return isThere && step.savedOther != .other
        }
    }

    /// Whether a folder above a path has been removed, or replaced by a link, by another step.
    private func isReplaced(above path: String) throws(Errno) -> Bool {
        for step in deployment.migrations where step.action == .removeFolder || step.action == .makeLink {
            if path.hasPrefix(step.path + "/"), try !isFolder(step.path) { return true }
        }
        return false
    }

    /// Whether a link or folder is still there that a step removes: then no conffile of the release has been put in its place.
    func isPending(above path: String) throws(Errno) -> Bool {
        for step in deployment.migrations where path == step.path || path.hasPrefix(step.path + "/") {
            switch step.action {
            case .removeLink: if try link(step.path) == step.other { return true }
            case .removeFolder where path == step.path, .rename where path == step.path:
                if try isFolder(step.path) { return true }
            default: break
            }
        }
        return false
    }

    // MARK: Back

    /// - Returns: what could not be done, for people.
    func revert() throws -> [String] {
        var problems: [String] = []
        for (index, step) in deployment.migrations.enumerated().reversed() {
            try store.passage("deployment.revert-migrations.each")
            do throws(Errno) {
                try revert(step, index)
            } catch {
                problems.append("\(paths.host(step.path)) could not be put back: \(error)")
            }
        }
        return problems
    }

    private func revert(_ step: MigrationStep, _ index: Int) throws(Errno) {
        switch step.action {
        case .remove: try revertRemoval(step, index)
        case .rename: try revertRename(step, index)
        case .removeLink:
            guard try link(step.path) != step.other else { return }
            try vacate(step.path)
            try paths.holding(packaged: step.path, making: 0o755) { (folder, name) throws(Errno) in
                try folder.replaceLink(name, target: step.other)
            }
        case .makeLink: if try link(step.path) == step.other { try paths.remove(step.path) }
        case .removeFolder:
            guard try !isFolder(step.path), let attributes = FolderAttributes(step.other) else { return }
            try vacate(step.path)
            try paths.holding(packaged: step.path, making: 0o755) { (folder, name) throws(Errno) -> Void in
                try folder.makeFolder(
                    name, mode: attributes.mode, owner: attributes.owner, group: attributes.group)
            }
        }
    }

    private func revertRemoval(_ step: MigrationStep, _ index: Int) throws(Errno) {
        guard let file = try copy(name(index)) else { return }
        switch try find(step.path) {
        // Not removed, or edited since the plan: it is the administrator's.
        case .file: return
        case .other: try vacate(step.path)
        case .nothing:
            guard try !isAsSaved(step.other, step.savedOther, otherName(index)), try find(step.other).file != nil else {
                break
            }
            // It was edited since the plan, and got the other name.
            try restoreName(step)
            return try restoreOther(step, index)
        }
        try write(file, step.path)
    }

    private func restoreName(_ step: MigrationStep) throws(Errno) {
        try paths.holding(packaged: step.path) { (folder, name) throws(Errno) in
            try folder.rename(Files.split(step.other).name, to: name)
        }
    }

    /// What had the other name before has it again.
    private func restoreOther(_ step: MigrationStep, _ index: Int) throws(Errno) {
        if step.savedOther == .file, try find(step.other) == .nothing, let file = try copy(otherName(index)) {
            try write(file, step.other)
        }
    }

    private func revertRename(_ step: MigrationStep, _ index: Int) throws(Errno) {
        let other = try find(step.other)
        let isAtOther = try isAsSaved(step.other, step.saved, name(index))
        if try isAsSaved(step.path, step.saved, name(index)) {
            // Not done, or undone; a copy that an interruption left goes.
            if step.saved == .file, isAtOther, step.savedOther == .nothing { try paths.remove(step.other) }
        } else if isAtOther {
            try vacate(step.path)
            if isBeside(step) {
                try restoreName(step)
            } else if let file = try copy(name(index)) {
                try write(file, step.path)
                try paths.remove(step.other)
            }
        } else if let file = try copy(name(index)) {
            // It was edited, or exchanged, under its new name: that version is kept.
            if other != .nothing { try vacate(step.other) }
            try vacate(step.path)
            try write(file, step.path)
        }
        try restoreOther(step, index)
    }

    // MARK: Files

    /// As `HostPaths.find(packaged:)`; a file too large for a conffile is `other`.
    private func find(_ path: String) throws(Errno) -> HostFile.Found {
        do throws(Errno) {
            return try paths.find(packaged: path)
        } catch {
            guard error.code == EFBIG else { throw error }
            return .other
        }
    }

    private func copy(_ path: String) throws(Errno) -> HostFile? { try HostFile.find(ours: path).file }

    private func isAsSaved(_ path: String, _ saved: ConffilePlan.Saved, _ name: String) throws(Errno) -> Bool {
        switch (try find(path), saved) {
        case (.nothing, .nothing), (.other, .other): true
        case (.file(let file), .file): try copy(name)?.bytes == file.bytes
        default: false
        }
    }

    private func link(_ path: String) throws(Errno) -> String? { try paths.linkTarget(packaged: path) }
    private func isFolder(_ path: String) throws(Errno) -> Bool { try paths.type(packaged: path) == S_IFDIR }

    private func write(_ file: HostFile, _ path: String) throws(Errno) {
        try paths.holding(packaged: path, making: 0o755) { (folder, name) throws(Errno) in
            try file.write(name, in: folder)
        }
    }

    private func isBeside(_ step: MigrationStep) -> Bool {
        Files.split(step.path).folder == Files.split(step.other).folder
    }

    private func rename(_ step: MigrationStep, _ index: Int) throws {
        // Somebody has made it since the plan.
        if try !isAsSaved(step.other, step.savedOther, otherName(index)) { try vacate(step.other) }
        if isBeside(step) {
            return try paths.holding(packaged: step.path) { (folder, name) throws(Errno) in
                try folder.rename(name, to: Files.split(step.other).name)
            }
        }
        guard case .file(var file) = try find(step.path) else { return }
        let isRoots = try paths.holding(packaged: step.path) { (folder, _) throws(Errno) in folder.isRootsAlone }
        if !isRoots {
            // Others than root can have put it there, with any owner: nobody may read it afterwards who could not before, and nobody
            // may write it but whom the package gives it to.
            let packaged = try conffiles.asPackaged(step.other)
            file.mode &= (packaged?.mode ?? 0o600) & 0o777
            (file.owner, file.group) = (packaged?.owner ?? 0, packaged?.group ?? 0)
        }
        try conffiles.makeFolders(for: step.other)
        try write(file, step.other)
        try paths.remove(step.path)
    }

    /// Makes room at a path: an empty folder is removed, anything else is kept as `.gatekeel-save.dpkg-old`.
    private func vacate(_ path: String) throws(Errno) {
        try paths.holdingIfPresent(packaged: path) { (folder, name) throws(Errno) in
            guard try folder.has(name), !folder.removeEmptyFolder(name) else { return }
            try folder.rename(name, to: name + ConffilePlan.savedSuffix)
        }
    }
}
