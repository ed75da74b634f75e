import Configuration

/// Plans a package's units from the files in its `usr/lib/systemd/system`.
struct UnitPlanner {
    private(set) var findings: [Finding] = []
    /// The folders that systemd creates for the units and does not remove.
    private(set) var dataFolders: Set<String> = []

    private let package: String
    private let tree: PackagedPaths
    private let scripts: ScriptAudit
    private let links: [String: String]
    private let contents: [String: [UInt8]]

    static let folder = "usr/lib/systemd/system/"

    /// - Parameters:
    ///   - links: the targets of symbolic links, by their path beneath the folder.
    ///   - contents: the bytes of files, by their path in the release.
    init(
        package: String, tree: PackagedPaths, scripts: ScriptAudit, links: [String: String], contents: [String: [UInt8]]
    ) {
        self.package = package
        self.tree = tree
        self.scripts = scripts
        self.links = links
        self.contents = contents
    }

    mutating func plan() -> [PlannedUnit] {
        var files: [UnitFile] = []
        var dropIns: [String: [String]] = [:]
        for (path, bytes) in contents.sorted(by: { $0.key < $1.key }) {
            guard let rest = path.dropPrefix(Self.folder) else { continue }
            let parts = rest.split(separator: "/").map(String.init)
            if parts.count == 2, let unit = parts[0].dropSuffix(".d"), parts[1].hasSuffix(".conf") {
                dropIns[unit, default: []].append(path)
            } else if parts.count == 1 {
                if let file = unitFile(rest, path, bytes) { files.append(file) }
            } else {
                findings.append(Finding(.warning, .unsupported, path, "systemd does not read this file"))
            }
        }
        for (unit, paths) in dropIns.sorted(by: { $0.key < $1.key }) where !files.contains(where: { $0.name == unit }) {
            findings += paths.map {
                Finding(
                    .warning, .unsupported, $0,
                    "not installed: it is a drop-in for \(unit), which is not in this package")
            }
        }
        let aliases = self.aliases(of: files)
        for file in files {
            let parts = (dropIns[file.name] ?? []).map {
                UnitFile(name: file.name, path: $0, bytes: contents[$0] ?? [])
            }
            findings += UnitAudit(unit: file, tree: tree).findings() + busFindings(file)
            findings += ([file] + parts).flatMap { $0.folderFindings() }
            for part in parts { findings += UnitAudit(unit: part, tree: tree).findings() }
            let isDynamic = ([file] + parts).contains(where: \.isDynamic)
            dataFolders.formUnion(
                ([file] + parts).flatMap { $0.dataFolders(isDynamic: isDynamic) }.filter {
                    PlaceTable.verdict($0, .stateFolder) == .allowed
                })
        }
        if files.isEmpty {
            findings.append(
                Finding(.warning, .unsupported, Self.folder, "the package has no units: nothing of it will run"))
        }
        let triggered = Set(files.flatMap(\.triggers))
        let anyInstall = files.contains(where: \.hasInstall)
        // The scripts decide only if they enable or start a unit. Otherwise Activate starts the units that Debian leaves off.
        let names = Set(files.map(\.name))
        let enabled = scripts.enabledUnits.flatMap { names.isDisjoint(with: $0) ? nil : $0 }
        let started = scripts.startedUnits.flatMap { names.isDisjoint(with: $0) ? nil : $0 }
        return files.map { file in
            let fallback = file.hasInstall || (!anyInstall && file.type == "service" && !triggered.contains(file.name))
            let instance = file.isTemplate ? file.values("Install", "DefaultInstance").last : nil
            return PlannedUnit(
                name: file.name, path: file.path, dropIns: dropIns[file.name] ?? [],
                aliases: (file.words("Install", "Alias") + (aliases[file.name] ?? [])).sorted(),
                isEnabled: file.hasInstall && (!file.isTemplate || instance != nil)
                    && (enabled?.contains(file.name) ?? true),
                isStarted: !file.isTemplate && (started?.contains(file.name) ?? fallback),
                defaultInstance: instance)
        }
    }

    private mutating func unitFile(_ name: String, _ path: String, _ bytes: [UInt8]) -> UnitFile? {
        guard let type = UnitFile.type(of: name), UnitFile.types.contains(type) else {
            let known = UnitFile.types.sorted().joined(separator: ", ")
            findings.append(
                Finding(
                    .refused, .unsupported, path,
                    "a package cannot bring a unit of this type; the allowed types are \(known)"))
            return nil
        }
        // Gatekeel's own package is not installed this way.
        guard !name.hasPrefix("gatekeel") else {
            findings.append(
                Finding(
                    .refused, .unsupported, path,
                    "names that begin with 'gatekeel' are reserved for Gatekeel's own units; rename the unit"))
            return nil
        }
        return UnitFile(name: name, path: path, bytes: bytes)
    }

    /// Links beside unit files are other names of units; links to /dev/null are ignored. Links in `.wants` folders would only
    /// concern units of the host.
    private mutating func aliases(of files: [UnitFile]) -> [String: [String]] {
        var aliases: [String: [String]] = [:]
        for (name, target) in links.sorted(by: { $0.key < $1.key }) {
            let path = Self.folder + name
            let unit = target.split(separator: "/").last.map(String.init) ?? ""
            if name.contains("/") {
                findings.append(
                    Finding(
                        .warning, .unsupported, path,
                        "systemd does not see this link; a unit is enabled by its [Install] section"))
            } else if target == "/dev/null" {
                continue
            } else if files.contains(where: { $0.name == unit }) {
                aliases[unit, default: []].append(name)
            } else {
                findings.append(
                    Finding(.warning, .unsupported, path, "it links to \(target), which is not a unit of this package"))
            }
        }
        return aliases
    }

    /// Finds a service that must own a bus name while its policy is where the bus does not see it.
    private func busFindings(_ file: UnitFile) -> [Finding] {
        guard let name = file.values("Service", "BusName").last,
            let policy = tree.paths.filter({ $0.hasPrefix("usr/share/dbus-1/system.d/") && $0.hasSuffix(".conf") })
                .min()
        else { return [] }
        return [
            Finding(
                .refused, .unsupported, policy,
                "the message bus reads only the host's policy, so \(file.name) could not own \(name); put this file into /etc/dbus-1/system.d"
            )
        ]
    }
}

extension String {
    /// The text without the suffix; nil if it does not end with it.
    func dropSuffix(_ suffix: String) -> String? { hasSuffix(suffix) ? String(dropLast(suffix.count)) : nil }
}
