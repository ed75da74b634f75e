import Configuration
import Linux

/// Plans a package's units from the files in its `usr/lib/systemd/system`.
struct UnitPlanner {
    private(set) var findings = FindingList()
    /// The folders that systemd creates for the units and does not remove.
    private(set) var dataFolders: Set<String> = []
    /// All folders that systemd creates for them.
    private(set) var folders: Set<String> = []
    /// Entries of folders that are not installed and name units which are not the package's.
    private(set) var reaches: [UnitReach] = []
    /// Units that are not the package's and that its units are ordered before.
    private(set) var orders: Set<UnitReach> = []
    /// Instances of templates that are enabled with other units.
    private(set) var alsoInstances: Set<String> = []

    /// Folders that systemd gives to the units' users.
    private(set) var writable = WritablePaths()
    /// Paths at which systemd acts as root for the units, and which nobody else may exchange.
    private(set) var opened: [RootPath] = []
    /// What `BusName=` names.
    private(set) var busNames: Set<String> = []

    /// Instances of templates that the manifest starts.
    private(set) var startedInstances: [String] = []

    private let package: String
    private let choice: UnitChoice
    private let tree: PackagedPaths
    private let scripts: ScriptAudit
    private let links: [String: String]
    private let contents: [String: [UInt8]]

    static let folder = "usr/lib/systemd/system/"

    /// - Parameters:
    ///   - links: the targets of symbolic links, by their path beneath the folder.
    ///   - contents: the bytes of files, by their path in the release.
    ///   - choice: what the manifest says of units.
    init(
        package: String, tree: PackagedPaths, scripts: ScriptAudit, links: [String: String],
        contents: [String: [UInt8]], choice: UnitChoice
    ) {
        self.package = package
        self.choice = choice
        self.tree = tree
        self.scripts = scripts
        self.links = links
        self.contents = contents
    }

    mutating func plan() -> [PlannedUnit] {
        var files: [UnitFile] = []
        for (path, bytes) in contents.sorted(by: { $0.key < $1.key }) {
            guard let name = path.dropPrefix(Self.folder), !name.contains("/") else { continue }
            if let file = unitFile(name, path, bytes) { files.append(file) }
        }
        let own = PackagedUnits(names: Set(files.map(\.name)))
        for file in files {
            if let why = own.refusal(of: file.name) {
                findings.add(Finding(.refused, .unsupported, file.path, why))
            }
        }
        let dropIns = self.dropIns(of: own)
        var aliases = self.aliases(of: own)
        var sections: [UnitName: InstallSection] = [:]
        let units = files.map { file in
            PackagedUnit(
                file,
                dropIns: (dropIns[file.name] ?? []).map {
                    UnitFile(name: file.name, path: $0, bytes: contents[$0] ?? [])
                })
        }
        for unit in units {
            let startsInstances = startsInstances(of: unit.name, units)
            for file in unit.files {
                findings.add(UnitAudit(unit: file, tree: tree, startsInstances: startsInstances).findings())
                findings.add(file.folderFindings())
                let audit = UnitPathAudit(unit: file, users: unit.users)
                findings.add(audit.findings)
                opened += audit.opened
                busNames.formUnion(file.busNames.names)
                findings.add(file.busNames.findings)
            }
            for folder in unit.givenFolders { writable.add(folder.path, of: folder.user) }
            folders.formUnion(unit.folders)
            dataFolders.formUnion(unit.dataFolders)
            let reach = ReachAudit(unit, own: own)
            findings.add(reach.findings)
            reaches += reach.reaches.sorted { ($0.path, $0.unit.description) < ($1.path, $1.unit.description) }
            let section = InstallSection(of: unit.name, in: unit.files)
            let audit = InstallAudit(section, own: own, isDefault: unit.isDefault)
            findings.add(audit.findings)
            orders.formUnion(reach.orders.union(audit.orders))
            aliases[unit.name, default: []] += audit.aliases
            alsoInstances.formUnion(audit.alsoInstances)
            sections[unit.name] = section
        }
        if files.isEmpty {
            findings.add(
                Finding(.warning, .unsupported, Self.folder, "the package has no units: nothing of it will run"))
        }
        let chosen = UnitChoiceAudit(choice: choice, own: own, sections: sections)
        findings.add(chosen.findings)
        startedInstances = chosen.instances
        let triggered = Set(units.flatMap(\.triggers))
        let anyInstall = sections.values.contains(where: \.hasEffect)
        // The scripts decide only if they enable or start a unit. Otherwise Activate starts the units that Debian leaves off.
        let names = Set(files.map(\.name.description))
        let enabled = scripts.enabledUnits.flatMap { names.isDisjoint(with: $0) ? nil : $0 }
        let started = scripts.startedUnits.flatMap { names.isDisjoint(with: $0) ? nil : $0 }
        return files.map { file in
            let name = file.name.description
            let hasInstall = sections[file.name]?.hasEffect ?? false
            let fallback = hasInstall || (!anyInstall && file.type == .service && !triggered.contains(name))
            let instance = sections[file.name]?.defaultInstance
            let isEnabled = hasInstall && (choice.isEnabled(name) ?? enabled?.contains(name) ?? true)
            // "A disabled or a static unit, not starting it" (deb-systemd-invoke(1p)), unless the package has no other units.
            let mayStart = !anyInstall || (isEnabled && sections[file.name]?.makesLinks == true)
            let isStarted = choice.started?.contains(name) ?? (mayStart && (started?.contains(name) ?? fallback))
            return PlannedUnit(
                name: name, path: file.path, dropIns: dropIns[file.name] ?? [],
                aliases: Set(aliases[file.name] ?? []).sorted(),
                isEnabled: isEnabled && (!file.name.isTemplate || instance != nil),
                isStarted: !file.name.isTemplate && isStarted, defaultInstance: instance,
                wants: chosen.wants(of: name))
        }
    }

    /// Whether the package names an instance of a template, by which it may be started without anybody's choosing the instance.
    private func startsInstances(of name: UnitName, _ units: [PackagedUnit]) -> Bool {
        guard name.isTemplate else { return false }
        let chosen = (choice.started ?? []) + choice.wants.map(\.wanted)
        let texts = units.flatMap(\.files).flatMap { $0.document.sections }.flatMap(\.entries)
            .filter { !["Description", "Documentation"].contains($0.key) }
        return chosen.contains { UnitName($0)?.template == name }
            || texts.contains { entry in
                entry.key == "DefaultInstance"
                    || ["\(name.prefix)@", "%p@", "%N@", "%j@"].contains { Self.text(entry.value, names: $0) }
            }
    }

    /// Whether something other than a `.` follows a beginning of a unit's name.
    private static func text(_ text: String, names start: String) -> Bool {
        var rest = text[...]
        while let found = rest.firstOccurrence(of: start) {
            rest = rest[found.upperBound...]
            if let next = rest.first, next != "." { return true }
        }
        return false
    }

    private mutating func unitFile(_ text: String, _ path: String, _ bytes: [UInt8]) -> UnitFile? {
        guard let name = UnitName(text), UnitType.packaged.contains(name.type) else {
            let known = UnitType.packaged.map(\.rawValue).joined(separator: ", ")
            findings.add(
                Finding(
                    .refused, .unsupported, path,
                    "a package cannot bring a unit of this type or name; the allowed types are \(known)"))
            return nil
        }
        return UnitFile(name: name, path: path, bytes: bytes)
    }

    // MARK: Folders

    /// The drop-ins of the package's units; those of an instance are its template's. What is in other folders is not installed.
    private mutating func dropIns(of own: PackagedUnits) -> [UnitName: [String]] {
        var dropIns: [UnitName: [String]] = [:]
        let entries = contents.keys.compactMap { $0.dropPrefix(Self.folder) } + links.keys
        for entry in entries.sorted() {
            let parts = entry.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard parts.count > 1 else { continue }
            let path = Self.folder + entry
            guard parts.count == 2, let folder = UnitFolder(parts[0]) else {
                findings.add(Finding(.warning, .unsupported, path, "systemd does not read this file"))
                continue
            }
            if let breadth = folder.breadth {
                findings.add(
                    Finding(
                        .refused, .unsupported, path,
                        "systemd applies it to \(breadth), also to those of the host; put it into the folders of the package's own units"
                    ))
                continue
            }
            guard case .unit(let unit) = folder.subject else { continue }
            if folder.kind == .dropIns, own.hold(unit), parts[1] == UnitName.ownDropIn {
                findings.add(
                    Finding(
                        .refused, .unsupported, path,
                        "Gatekeel's own drop-in has this name, which shows the unit the package's files; rename it"))
                continue
            }
            if folder.kind == .dropIns, own.hold(unit), contents[path] != nil, parts[1].hasSuffix(".conf") {
                dropIns[own.names.contains(unit) ? unit : unit.template ?? unit, default: []].append(path)
            } else {
                findings.add(considered(path, parts[1], in: folder, of: unit, own))
            }
        }
        return dropIns
    }

    /// A file or link in a unit's folder that is not installed. If it concerns a unit of the host, the host is asked.
    private mutating func considered(
        _ path: String, _ entry: String, in folder: UnitFolder, of unit: UnitName, _ own: PackagedUnits
    ) -> Finding {
        if folder.kind == .dropIns {
            if own.hold(unit) { return Finding(.warning, .unsupported, path, "systemd does not read this file") }
            reaches.append(UnitReach(path: path, unit: unit))
            return Finding(
                .warning, .unsupported, path,
                "not installed: it is a drop-in for \(unit), which is not in this package")
        }
        let wanted = UnitName(entry)
        // A target takes any unit, as with WantedBy=; another unit of the host takes none.
        if !own.hold(unit), unit.type != .target { reaches.append(UnitReach(path: path, unit: unit)) }
        if let wanted, !own.hold(wanted) { reaches.append(UnitReach(path: path, unit: wanted)) }
        return Finding(
            .warning, .unsupported, path,
            "systemd does not see this link; a unit is enabled by its [Install] section")
    }

    /// Links beside unit files are other names of units; links to /dev/null are ignored.
    private mutating func aliases(of own: PackagedUnits) -> [UnitName: [String]] {
        var aliases: [UnitName: [String]] = [:]
        for (name, target) in links.sorted(by: { $0.key < $1.key }) where !name.contains("/") {
            let path = Self.folder + name
            if target == "/dev/null" { continue }
            let last = target.split(separator: "/").last.map(String.init) ?? ""
            guard let unit = UnitName(last), own.hold(unit), let alias = UnitName(name), alias.type == unit.type else {
                findings.add(
                    Finding(.warning, .unsupported, path, "it links to \(target), which is not a unit of this package"))
                continue
            }
            if let why = own.refusal(of: alias) {
                findings.add(Finding(.refused, .unsupported, path, why))
            } else {
                aliases[own.names.contains(unit) ? unit : unit.template ?? unit, default: []].append(name)
            }
        }
        return aliases
    }
}

extension String {
    /// The text without the suffix; nil if it does not end with it.
    func dropSuffix(_ suffix: String) -> String? { hasSuffix(suffix) ? String(dropLast(suffix.count)) : nil }
}
