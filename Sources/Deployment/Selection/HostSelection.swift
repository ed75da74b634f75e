import Glibc
import Linux
import Packages

/// What masks and unit files say of a package's units.
struct HostSelection: Sendable {
    let store: Store
    private var paths: HostPaths { store.paths }

    /// What was decided before a deployment, and the links that stay as they are: those that an
    /// administrator has made himself (`systemctl add-wants`), and those of masked units.
    ///
    /// - Parameters:
    ///   - deployment: with what is enabled and runs.
    ///   - old: the release in place.
    ///   - new: the one that will be in place.
    func past(
        of deployment: DeploymentRecord, _ old: ReleaseRecord?, _ new: ReleaseRecord
    ) throws -> (UnitSelection.Past, byHand: [EnablementLink]) {
        let state = try store.state(of: deployment.package).state
        let links = deployment.oldLinks
        // What an administrator has started by hand before the first Activate does not say that he has turned off the rest.
        let isOn =
            state.isActivated || (!deployment.oldActive.isEmpty && deployment.effectiveActivation != .yes)
        var past = UnitSelection.Past(
            release: old, links: links, active: deployment.oldActive, triggered: Set(deployment.triggered),
            isOn: isOn, off: Set(state.off), on: Set(state.on))
        var names = Set(new.units.map(\.name)).union(new.enabledInstances).union(deployment.oldActive)
        names.formUnion(new.startedInstances + new.units.flatMap(\.wants))
        for link in links + state.byHand { names.formUnion([link.unit, link.file]) }
        past.masked = Set(try masked(names))
        guard let old else { return (past, state.byHand) }
        var ofThePackage: Set<String> = []
        for (unit, install) in try installs(of: old, in: deployment.oldRelease) {
            let names = [unit] + links.compactMap { UnitName($0.unit) }.filter { $0.template == unit }
            for name in names { ofThePackage.formUnion(install.paths(of: name)) }
            if !install.paths(of: unit).isEmpty { past.linkable.insert(unit.description) }
        }
        past.links = links.filter { ofThePackage.contains($0.path) }
        // The links of what is masked stay as they are: without the mask they count again.
        let kept = links.filter { !ofThePackage.contains($0.path) || past.isMasked($0.unit) || past.isMasked($0.file) }
        return (past, links.isEmpty ? state.byHand : kept)
    }

    /// Those of the units, and of the instances that are named, which are masked in `/etc` or in `/run`.
    func masked(_ units: some Sequence<String>) throws(Errno) -> [String] {
        var masked: [String] = []
        for unit in units where !masked.contains(unit) {
            for folder in paths.administratorUnitFolders where try Files.isMask("\(folder)/\(unit)") {
                masked.append(unit)
                break
            }
        }
        return masked
    }

    /// What enabling the units of a release does.
    private func installs(of release: ReleaseRecord, in folder: String) throws -> [UnitName: InstallLinks] {
        let tree = ReleaseTree(path: store.folder(of: release.name, release: folder))
        var installs: [UnitName: InstallLinks] = [:]
        for unit in release.units {
            guard let name = UnitName(unit.name) else { continue }
            // Another name of a unit is a link, and has no file of its own.
            let files = try ([unit.path] + unit.dropIns).compactMap { path in
                try tree.file(path, limit: Attachment.unitLimit).map { (path: path, bytes: $0.bytes) }
            }
            installs[name] = InstallLinks(of: name, in: files)
        }
        return installs
    }
}

extension Files {
    /// Whether a file masks a unit: a link to `/dev/null`, or an empty file (`systemd.unit(5)`).
    static func isMask(_ path: String) throws(Errno) -> Bool {
        if let target = try linkTarget(path) { return target == "/dev/null" || target.hasSuffix("/../dev/null") }
        guard let status = try status(path) else { return false }
        return status.st_mode & S_IFMT == S_IFREG && status.st_size == 0
    }
}
