import Glibc
import Linux
import Packages

/// The files through which systemd knows a release, derived from the release.
///
/// Units are copied to `/etc/systemd/system.attached`, as portable services do: `systemctl enable` works with them, and
/// an administrator's drop-ins in `/etc/systemd/system` take precedence. A drop-in names the release itself and not
/// `current`; otherwise an automatic restart during a deployment could run the new payload with the old unit.
struct Attachment {
    static let dropIn = UnitName.ownDropIn
    /// How the names of our files in `tmpfiles.d` and in the message bus' `system.d` begin. The package's name follows, then a `_`, which no package has in its
    /// name: `gatekeel-foo_server-x.conf` is not `gatekeel-foo-server_x.conf`.
    static let prefix = "gatekeel-"
    static let unitLimit = 1 << 20

    let paths: HostPaths
    /// The release's folder.
    let release: String
    /// The package's `switching` marker.
    let marker: String
    let record: ReleaseRecord
    private let store: Store
    /// The packages that its units may see; nil: as they are in place.
    private let others: PackagesInPlace?

    init(store: Store, release: String, record: ReleaseRecord, among others: PackagesInPlace? = nil) {
        self.store = store
        self.others = others
        paths = store.paths
        self.release = store.folder(of: record.name, release: release)
        marker = store.marker(of: record.name)
        self.record = record
    }

    /// All files of the attachment.
    func files() throws -> [AttachedFile] {
        try files(
            seeing: record.units.isEmpty
                ? [] : (others ?? PackagesInPlace(store)).seen(by: record.name, record))
    }

    private func files(seeing seen: [PackagesInPlace.Package]) throws -> [AttachedFile] {
        var files: [AttachedFile] = []
        for unit in record.units {
            let path = "\(paths.attachedUnits)/\(unit.name)"
            files.append(AttachedFile(path: path, content: try content(of: unit)))
            for dropIn in unit.dropIns {
                // In a folder of the same name: it may be that of an instance.
                let (folder, name) = Files.split(dropIn)
                files.append(
                    AttachedFile(
                        path: "\(paths.attachedUnits)/\(Files.split(folder).name)/\(name)",
                        content: .bytes(try read(dropIn))))
            }
            files.append(
                AttachedFile(
                    path: "\(path).d/\(Self.dropIn)", content: .bytes(Array(dropIn(for: unit, seeing: seen).utf8))))
        }
        files += try packagedTmpfiles("_")
        if !record.manifestFolders.isEmpty {
            let text = record.manifestFolders.joined(separator: "\n") + "\n"
            files.append(
                AttachedFile(
                    path: "\(paths.tmpfiles)/\(Self.prefix)\(record.name).conf",
                    content: .bytes(Array(text.utf8))))
        }
        for source in record.busPolicies {
            files.append(AttachedFile(path: busPolicy(source), content: .bytes(try read(source))))
        }
        for activation in record.busActivations {
            let text = Self.comment(of: record.name) + activation.text
            files.append(AttachedFile(path: busActivation(activation), content: .bytes(Array(text.utf8))))
        }
        return files
    }

    /// The first line of an activation file.
    static func comment(of package: String) -> String { "# \(package), managed by Gatekeel: do not edit\n" }

    /// All files of the attachment, and those of the package's `tmpfiles.d` by their former names.
    func filesToRemove() throws -> [AttachedFile] {
        do {
            // By their paths: what they show the units does not matter.
            return try files(seeing: [])
                + packagedTmpfiles("-").map { file in
                    var file = file
                    file.isFormer = true
                    return file
                }
        } catch is DeploymentError {
            // Of a damaged release only the paths are known, which is enough.
            return (pathsOfUnits() + pathsOfBus()).map { AttachedFile(path: $0, content: .bytes([])) }
        }
    }

    /// Whether the release has all the files that are attached.
    func isWhole() throws -> Bool {
        do {
            _ = try files(seeing: [])
            return true
        } catch is DeploymentError {
            return false
        }
    }

    private func pathsOfUnits() -> [String] {
        record.units.flatMap { unit in
            let path = "\(paths.attachedUnits)/\(unit.name)"
            return [path, "\(path).d/\(Self.dropIn)"]
                + unit.dropIns.map { dropIn in
                    let (folder, name) = Files.split(dropIn)
                    return "\(paths.attachedUnits)/\(Files.split(folder).name)/\(name)"
                }
        }
    }

    private func pathsOfBus() -> [String] {
        record.busPolicies.map { busPolicy($0) } + record.busActivations.map { busActivation($0) }
    }

    private func busPolicy(_ source: String) -> String {
        "\(paths.busPolicies)/\(Self.prefix)\(record.name)_\(Files.split(source).name)"
    }

    private func busActivation(_ activation: BusActivation) -> String {
        "\(paths.busActivations)/\(activation.name).service"
    }

    private func packagedTmpfiles(_ separator: String) throws -> [AttachedFile] {
        try record.tmpfiles.map { source in
            let name = Self.prefix + record.name + separator + Files.split(source).name
            return AttachedFile(path: "\(paths.tmpfiles)/\(name)", content: .bytes(try read(source)))
        }
    }

    /// Whether systemd may load this attachment while the units of another release run: both have the same units, whose
    /// files differ only in settings that apply to a start.
    func isQuiet(after old: Attachment) throws -> Bool {
        let (old, new) = (try old.unitFiles(), try unitFiles())
        return old.keys == new.keys
            && new.allSatisfy { path, content in
                switch (old[path], content) {
                case (.bytes(let old), .bytes(let new)): UnitChange(from: old, to: new).isOfStartsAlone
                case (let old, let new): old == new
                }
            }
    }

    /// The packaged files that systemd reads, by path. Our own drop-in is left out: it differs only in the folder.
    private func unitFiles() throws -> [String: AttachedFile.Content] {
        let files = try files().filter {
            $0.path.hasPrefix("\(paths.attachedUnits)/") && Files.split($0.path).name != Self.dropIn
        }
        return Dictionary(files.map { ($0.path, $0.content) }) { first, _ in first }
    }

    private func content(of unit: ReleaseUnit) throws -> AttachedFile.Content {
        let source = "\(release)/\(unit.path)"
        if let target = try Files.linkTarget(source) {
            let name = Files.split(target).name
            guard name != unit.name, record.units.contains(where: { $0.name == name }) else {
                throw DeploymentError(
                    .unsupported, "the unit \(unit.name) is a link to \(target), which is no unit of the package")
            }
            return .link(name)
        }
        return .bytes(try read(unit.path))
    }

    private func read(_ name: String) throws -> [UInt8] {
        guard let file = try ReleaseTree(path: release).file(name, limit: Self.unitLimit) else {
            throw DeploymentError(.unsupported, "the package names \(name) and does not hold such a file")
        }
        return file.bytes
    }

    /// The drop-in of a unit.
    ///
    /// - Parameter others: further packages whose files the unit sees.
    ///
    /// The ordering after recovery and the assertions prevent a unit from starting while the host has files of two
    /// releases (a marker exists). It is `Wants=` and not `Requires=`, so that an upgrade or removal of Gatekeel leaves
    /// the packages running; the assertion works without it.
    func dropIn(for unit: ReleaseUnit, seeing others: [PackagesInPlace.Package] = []) -> String {
        let markers = [marker] + others.map { store.marker(of: $0.name) }
        let releases = [release] + others.map { store.folder(of: $0.name, release: $0.release) }
        var text = """
            # \(record.name) \(record.version), managed by Gatekeel: do not edit. An administrator's own drop-ins go to
            # /etc/systemd/system/\(unit.name).d/
            [Unit]
            Wants=gatekeel-recover.service
            After=gatekeel-recover.service
            \(markers.map { "AssertPathExists=!\(Self.escaped($0))" }.joined(separator: "\n"))
            RequiresMountsFor=\(Self.escaped(release))

            """
        if !unit.wants.isEmpty { text += "Wants=\(unit.wants.joined(separator: " "))\n" }
        // Units that execute programs get the overlay; timers, paths and targets do not.
        if let type = UnitName(unit.name)?.type, type.runsPrograms {
            text += """

                [\(type.title)]
                ExtensionDirectories=\(releases.map(Self.escaped).joined(separator: " "))

                """
            for mount in record.mounts { text += "BindReadOnlyPaths=-\(Self.escaped(mount))\n" }
        }
        return text
    }

    /// `%` starts a specifier.
    private static func escaped(_ path: String) -> String {
        path.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%%")
    }

    // MARK: On the host

    /// Writes the files, and removes those of another release (`filesToRemove`) that this one does not have.
    func attach(replacing old: [AttachedFile], passage: Passage) throws {
        let new = try files()
        for file in new {
            try passage("deployment.attach.each")
            try file.write(paths)
        }
        let kept = Set(new.map(\.path))
        try Self.detach(old.filter { !kept.contains($0.path) }, paths, passage: passage)
    }

    /// Removes files (`filesToRemove`), and folders of drop-ins that are empty then.
    static func detach(_ files: [AttachedFile], _ paths: HostPaths, passage: Passage) throws {
        for file in files {
            try passage("deployment.detach.each")
            let folder = Files.split(file.path).folder
            try file.remove(paths)
            // Nothing but Gatekeel makes the folder of activations.
            if folder.hasPrefix(paths.attachedUnits + "/") || folder == paths.busActivations {
                paths.removeEmptyFolder(folder)
            }
        }
    }
}

extension Store {
    /// Exists while the host has files of two releases.
    func marker(of package: String) -> String { "\(folder(of: package))/switching" }
}
