import Configuration

/// Makes the plan of a package's units out of what lies in its `usr/lib/systemd/system`.
struct UnitPlanner {
    private(set) var findings: [Finding] = []
    /// What systemd makes for the units and does not take away.
    private(set) var dataFolders: Set<String> = []

    private let package: String
    private let tree: PackagedPaths
    private let scripts: ScriptAudit
    private let links: [String: String]
    private let contents: [String: [UInt8]]

    static let folder = "usr/lib/systemd/system/"

    /// - Parameters:
    ///   - links: symbolic links, by their path beneath the folder.
    ///   - contents: bytes of files, by their path in the release.
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
                findings.append(Finding(.warning, .unsupported, path, "systemd does not read it"))
            }
        }
        for (unit, paths) in dropIns.sorted(by: { $0.key < $1.key }) where !files.contains(where: { $0.name == unit }) {
            findings += paths.map {
                Finding(
                    .warning, .unsupported, $0, "drop-ins for \(unit), which is not of this package, are not installed")
            }
        }
        let aliases = self.aliases(of: files)
        for file in files {
            let parts = (dropIns[file.name] ?? []).map {
                UnitFile(name: file.name, path: $0, bytes: contents[$0] ?? [])
            }
            findings += UnitAudit(unit: file, tree: tree).findings() + busFindings(file)
            for part in parts { findings += UnitAudit(unit: part, tree: tree).findings() }
            let isDynamic = ([file] + parts).contains(where: \.isDynamic)
            dataFolders.formUnion(
                ([file] + parts).flatMap { $0.dataFolders(isDynamic: isDynamic) }.filter(HostFolder.mayBeMade))
        }
        if files.isEmpty {
            findings.append(
                Finding(.warning, .unsupported, Self.folder, "the package has no units: nothing of it will run"))
        }
        let triggered = Set(files.flatMap(\.triggers))
        let anyInstall = files.contains(where: \.hasInstall)
        // What the scripts say counts only when they start something: Activate means it, even where Debian leaves it off.
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
                Finding(.refused, .unsupported, path, "that is no unit of a type that a package may bring (\(known))"))
            return nil
        }
        // The package named gatekeel does not come this way.
        guard !name.hasPrefix("gatekeel") else {
            findings.append(Finding(.refused, .unsupported, path, "units named gatekeel… are Gatekeel's own"))
            return nil
        }
        return UnitFile(name: name, path: path, bytes: bytes)
    }

    /// Links beside unit files: other names of units; to /dev/null: nothing. Links in `.wants` folders are for the host's own units.
    private mutating func aliases(of files: [UnitFile]) -> [String: [String]] {
        var aliases: [String: [String]] = [:]
        for (name, target) in links.sorted(by: { $0.key < $1.key }) {
            let path = Self.folder + name
            let unit = target.split(separator: "/").last.map(String.init) ?? ""
            if name.contains("/") {
                findings.append(
                    Finding(
                        .warning, .unsupported, path,
                        "systemd does not see this link; an [Install] section is what enables a unit"))
            } else if target == "/dev/null" {
                continue
            } else if files.contains(where: { $0.name == unit }) {
                aliases[unit, default: []].append(name)
            } else {
                findings.append(
                    Finding(.warning, .unsupported, path, "it links to \(target), which is no unit of this package"))
            }
        }
        return aliases
    }

    /// A service that must own a bus name, with a policy that the bus does not see.
    private func busFindings(_ file: UnitFile) -> [Finding] {
        guard let name = file.values("Service", "BusName").last,
            let policy = tree.paths.filter({ $0.hasPrefix("usr/share/dbus-1/system.d/") && $0.hasSuffix(".conf") })
                .min()
        else { return [] }
        return [
            Finding(
                .refused, .unsupported, policy,
                "\(file.name) must own \(name) on the message bus, whose policy is read from the host only; the start would fail"
            )
        ]
    }
}

extension String {
    /// What precedes a suffix; nil when it does not end with it.
    func dropSuffix(_ suffix: String) -> String? { hasSuffix(suffix) ? String(dropLast(suffix.count)) : nil }
}
