import Archive

/// Finds out, before anything is changed, whether a package can run from an overlay, and what installing it involves.
///
/// Feed it with verified data: first the members of `control.tar` and the manifest, then every entry of `data.tar`, with the
/// bytes of the files that it asks for. Then call `plan`.
public struct PackageAudit: Sendable {
    public let control: PackageControl
    public let manifest: PackageManifest
    private let scripts: ScriptAudit
    private let listedConffiles: [String]
    private let migrations: [Migration]
    private var findings = FindingList()
    private var tree = PackagedPaths()
    private var conffiles: [PlannedConffile] = []
    private var hostFolders: [String: ArchiveEntry] = [:]
    private var hostLinks = PackagedLinks()
    private var unitLinks: [String: String] = [:]
    private var contents: [String: [UInt8]] = [:]
    /// Folders beneath /etc that could be created for the package and hold entries that are not installed.
    private var foldersOfSkipped: Set<String> = []
    /// Templates of the manifest that the package has.
    private var templates: Set<String> = []
    private var counts = Counts()

    /// How much came so far of what `PackageLimits` bounds.
    private struct Counts {
        var units = 0
        var readFiles = 0
        var readBytes = 0
        var hostPathBytes = 0
        var lastFolder: Substring = ""
    }

    /// The reasons found so far why the package is refused; nil if there are none.
    public var refusal: PackageRefusal? {
        findings.hasRefusal ? PackageRefusal(findings.findings(.refused)) : nil
    }

    /// The largest unit file, tmpfiles.d file or sysusers.d file, in bytes. Larger ones are refused.
    public static let contentLimit = 1 << 18

    /// Checks the control files and the manifest.
    ///
    /// - Parameters:
    ///   - files: the members of `control.tar` by name, without `./`.
    ///   - manifest: the member `_gkmanifest`; nil if there is none.
    public init(controlFiles files: [String: [UInt8]], manifest bytes: [UInt8]?) throws(PackageRefusal) {
        guard let controlBytes = files["control"] else {
            throw PackageRefusal(
                one: Finding(.refused, .malformed, "control", "the package has no control file; build it with dpkg-deb")
            )
        }
        do throws(ControlError) {
            control = try PackageControl(parsing: controlBytes)
        } catch {
            throw PackageRefusal(one: Finding(.refused, .malformed, error.file, line: error.line, error.text))
        }
        if let bytes {
            do {
                manifest = try PackageManifest(parsing: bytes)
            } catch {
                throw PackageRefusal(
                    all: error.problems.map { problem in
                        let key = problem.key.isEmpty ? "" : "\(problem.key)=: "
                        let place = problem.section.isEmpty ? "" : "[\(problem.section)] "
                        return Finding(
                            .refused, .malformed, problem.position.file, line: problem.position.line,
                            place + key + problem.text)
                    })
            }
        } else {
            manifest = PackageManifest()
        }
        findings = FindingList(manifest.warnings)
        for link in manifest.links { hostLinks.add(link.path, target: link.target) }
        scripts = ScriptAudit(files, package: control.name, skips: manifest.skips)
        var listed: [String] = []
        let lines = String(decoding: files["conffiles"] ?? [], as: UTF8.self)
            .split(separator: "\n", maxSplits: PackageLimits.listedConffiles)
        guard lines.count <= PackageLimits.listedConffiles else {
            throw Self.excess("conffiles", "the file has more than \(PackageLimits.listedConffiles) lines")
        }
        var removed: [Migration] = []
        for line in lines {
            let words = line.split(separator: " ").map(String.init)
            if words.count == 1 {
                listed.append(words[0])
            } else if words.count == 2, words[0] == Migration.Kind.removeOnUpgrade.rawValue {
                removed.append(Migration(.removeOnUpgrade, words[1]))
            }
        }
        guard removed.count <= PackageLimits.migrations else {
            throw Self.excess("conffiles", "more than \(PackageLimits.migrations) lines say remove-on-upgrade")
        }
        listedConffiles = listed
        migrations = scripts.migrations + removed
    }

    /// Takes the next entry of `data.tar`.
    ///
    /// - Returns: whether the caller must pass the file's bytes to `take(_:of:)`.
    /// - Throws: as soon as one of `PackageLimits` is exceeded, or no further reason for a refusal would be listed.
    public mutating func consider(_ entry: ArchiveEntry) throws(PackageRefusal) -> Bool {
        let placement = Placement.of(entry.path, entry.kind)
        requireOneKind(entry, placement)
        switch placement {
        case .refused(let why): refuse(.unsupported, entry.path, why)
        case .skipped(let why):
            noteFolders(ofSkipped: entry.path)
            if let why { warn(entry.path, why) }
        case .hostFolder(let path):
            try countHostPath(path, "")
            hostFolders[path] = entry
            requireRoots(entry)
        case .hostLink(let path, let target):
            try countHostPath(path, target)
            hostLinks.add(path, target: target)
            if BusFiles.isPolicy(entry.path) {
                refuse(.unsupported, entry.path, "this must be a plain file, so that it can be checked")
            }
            if case .warned(let text) = PlaceTable.verdict(path, .link) { warn(entry.path, text) }
        case .conffile(let path):
            try countConffile(path)
            requireShortName(path)
            if !path.hasPrefix("etc/"), case .hardLink = entry.kind {
                refuse(
                    .unsupported, entry.path, "a file beneath /var and /srv must be a plain file; replace the hard link"
                )
            }
            if !path.hasPrefix("etc/"), entry.size > FileRule.sizeLimit {
                refuse(
                    .unsupported, entry.path,
                    "a file beneath /var and /srv is copied, and may have \(FileRule.sizeLimit >> 10) KiB; let the service make it"
                )
            }
            if !tree.paths.insert(path).inserted {
                refuse(.malformed, entry.path, "the package has it twice; remove one")
            }
            conffiles.append(
                PlannedConffile(
                    path: "/\(path)", mode: entry.mode & 0o7777, owner: Self.name(entry.ownerName, entry.owner),
                    group: Self.name(entry.groupName, entry.group)))
            requireRoots(entry)
            if case .warned(let text) = PlaceTable.verdict("/\(path)", .file) { warn(path, text) }
            if BusFiles.isPolicy(path) { return try accepts(entry, path) }
        case .release(let path): return try considerRelease(entry, path)
        }
        if findings.isFull, let refusal { throw refusal }
        return false
    }

    /// Refuses a file whose name could be too long on the host.
    ///
    /// - Parameter others: the bytes of what is added there.
    private mutating func requireShortName(_ path: String, others: Int = 0) {
        let name = path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]
        guard name.utf8.count + others > PackageLimits.nameBytes else { return }
        refuse(
            .unsupported, path,
            "its name\(others > 0 ? " and that of the package have" : " has") more than \(PackageLimits.nameBytes) bytes; shorten it"
        )
    }

    private static func excess(_ file: String, _ text: String) -> PackageRefusal {
        PackageRefusal(one: Finding(.refused, .unsupported, file, "\(text); split the package"))
    }

    private mutating func countConffile(_ path: String) throws(PackageRefusal) {
        guard conffiles.count < PackageLimits.conffiles else {
            throw Self.excess(
                path, "the package has more than \(PackageLimits.conffiles) files beneath /etc, /var and /srv")
        }
        counts.hostPathBytes += path.utf8.count
        let folder = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
        if folder != counts.lastFolder {
            counts.lastFolder = folder
            counts.hostPathBytes += folder.split(separator: "/").count * folder.utf8.count
        }
        try checkHostPathBytes(path)
    }

    private mutating func countHostPath(_ path: String, _ target: String) throws(PackageRefusal) {
        guard hostFolders.count + hostLinks.keys.count < PackageLimits.hostPaths else {
            throw Self.excess(
                path,
                "the package has more than \(PackageLimits.hostPaths) folders beneath /etc, /var and /srv and links beneath /etc"
            )
        }
        counts.hostPathBytes += path.utf8.count + target.utf8.count
        try checkHostPathBytes(path)
    }

    private func checkHostPathBytes(_ path: String) throws(PackageRefusal) {
        guard counts.hostPathBytes <= PackageLimits.hostPathBytes else {
            throw Self.excess(
                path,
                "the paths beneath /etc, /var and /srv have more than \(PackageLimits.hostPathBytes >> 10) KiB together"
            )
        }
    }

    /// Remembers the folders above an entry that is not installed, of which there are few.
    private mutating func noteFolders(ofSkipped path: String) {
        guard path.hasPrefix("etc/") else { return }
        // The places that are left out are at most so deep.
        for folder in Self.folders(above: path, atMost: 6) where foldersOfSkipped.count < PackageLimits.hostPaths {
            if case .hostFolder = Placement.of(String(folder.dropFirst()), .directory) {
                foldersOfSkipped.insert(folder)
            }
        }
    }

    /// Takes the bytes of a file that `consider` asked for.
    public mutating func take(_ bytes: [UInt8], of entry: ArchiveEntry) {
        guard let path = Placement.of(entry.path, entry.kind).releasePath else { return }
        contents[path] = bytes
    }

    /// Refuses what others than root could change where programs of the host act on it.
    private mutating func requireRoots(_ entry: ArchiveEntry) {
        guard PlaceTable.mustBeRoots("/\(entry.path)") else { return }
        // A hard link has the mode of another entry.
        if case .hardLink = entry.kind {
            return refuse(
                .unsupported, entry.path,
                "programs of the host act on it, so it must be a plain file; replace the hard link")
        }
        // The name is what is written on the host.
        let isRoots = entry.owner == 0 && ["root", "0"].contains(Self.name(entry.ownerName, entry.owner))
        guard isRoots, entry.mode & 0o022 == 0 else {
            return refuse(
                .unsupported, entry.path,
                "programs of the host act on it, so it must belong to root and nobody else may write it; correct owner and mode in the package"
            )
        }
    }

    /// Refuses a hard link between a configuration file and the release: what is written into the one would be run as the other,
    /// and a configuration file may have a mode that no program has (Debian's policy, section 10.7.3, has none of them).
    private mutating func requireOneKind(_ entry: ArchiveEntry, _ placement: Placement) {
        guard case .hardLink(let target) = entry.kind, placement.releasePath != nil else { return }
        func isConffile(_ placement: Placement) -> Bool { if case .conffile = placement { true } else { false } }
        let other = Placement.of(target, .file)
        guard other.releasePath != nil, isConffile(placement) != isConffile(other) else { return }
        refuse(
            .unsupported, entry.path,
            "it is a hard link to \(target), and only one of both is a configuration file; pack it as a file of its own"
        )
    }

    private mutating func considerRelease(_ entry: ArchiveEntry, _ path: String) throws(PackageRefusal) -> Bool {
        let isNew = tree.paths.insert(path).inserted
        if entry.mode & 0o002 != 0, entry.kind == .file || entry.kind == .directory {
            refuse(
                .unsupported, entry.path,
                "everybody on the gateway could change it, and a unit runs what is in it; take the write permission of others away in the package"
            )
        }
        if entry.kind == .directory { return false }
        // /lib/foo and /usr/lib/foo are the same file.
        if !isNew {
            refuse(.malformed, entry.path, "the package has it twice: as /\(path) and under another name; remove one")
        }
        if let finding = OverlayRule.finding(path) { findings.add(finding) }
        if entry.kind == .file, entry.size <= FileRule.sizeLimit,
            manifest.files.contains(where: { $0.isCopy && $0.source == path })
        {
            templates.insert(path)
        }
        if findings.isFull, let refusal { throw refusal }
        guard let rest = path.dropPrefix("usr/lib/systemd/system/") else {
            if path.hasPrefix(InitScript.folder) {
                // systemd's generator passes over what cannot be executed.
                guard entry.mode & 0o100 != 0 else { return false }
                counts.units += 1
                return try accepts(entry, path)
            }
            let isLines =
                (path.hasPrefix("usr/lib/tmpfiles.d/") || path.hasPrefix("usr/lib/sysusers.d/"))
                && path.hasSuffix(".conf")
            guard isLines || BusFiles.isPolicy(path) || BusFiles.isActivation(path), !manifest.ignored.contains(path)
            else { return false }
            if !path.hasPrefix("usr/lib/sysusers.d/") { requireShortName(path, others: control.name.utf8.count) }
            return try accepts(entry, path)
        }
        requireShortName(path)
        counts.units += rest.contains("/") && entry.kind == .file ? 0 : 1
        guard counts.units <= PackageLimits.units else {
            throw Self.excess(path, "the package has more than \(PackageLimits.units) units and links to units")
        }
        if case .symbolicLink(let target) = entry.kind {
            unitLinks[rest] = target
            return false
        }
        return try accepts(entry, path)
    }

    private mutating func accepts(_ entry: ArchiveEntry, _ path: String) throws(PackageRefusal) -> Bool {
        guard case .file = entry.kind else {
            refuse(.unsupported, path, "this must be a plain file")
            return false
        }
        guard entry.size <= Self.contentLimit else {
            refuse(.unsupported, path, "the file has \(entry.size) bytes; the limit is \(Self.contentLimit)")
            return false
        }
        counts.readFiles += 1
        counts.readBytes += entry.size
        guard counts.readFiles <= PackageLimits.readFiles, counts.readBytes <= PackageLimits.readBytes else {
            throw Self.excess(
                path,
                "the units, tmpfiles.d and sysusers.d files and those of the message bus are more than \(PackageLimits.readFiles), or have more than \(PackageLimits.readBytes >> 10) KiB together"
            )
        }
        return true
    }

    /// The plan for the installation.
    ///
    /// - Parameters:
    ///   - known: the packages of dpkg and of the store.
    ///   - architecture: the host's architecture.
    /// - Throws: all refusals, not only the first.
    public func plan(
        known: [KnownPackage], architecture: String = Architecture.native
    ) throws(PackageRefusal) -> PackagePlan {
        let (plan, findings) = assess(known: known, architecture: architecture)
        if let refusal = PackageRefusal(findings.findings(.refused)) { throw refusal }
        return plan
    }

    /// The plan as far as it can be made, and all findings.
    func assess(known: [KnownPackage], architecture: String) -> (plan: PackagePlan, findings: FindingList) {
        var complete = self
        complete.takeFiles()
        return complete.assessed(known: known, architecture: architecture)
    }

    private func assessed(
        known: [KnownPackage], architecture: String
    ) -> (plan: PackagePlan, findings: FindingList) {
        var all = RelationAudit(known: known, architecture: architecture).findings(for: control)
        all.add(scripts.findings)
        all.add(findings)
        var plan = PackagePlan(control: control)
        let written = unitsOfInitScripts(&all)
        plan.writtenUnits = written
        var units = UnitPlanner(
            package: control.name, tree: tree.adding(written.keys), scripts: scripts, links: unitLinks,
            contents: contents.merging(written) { $1 }, choice: manifest.units)
        plan.units = units.plan()
        all.add(units.findings)
        plan.reaches = units.reaches
        plan.orders = units.orders.sorted { ($0.path, $0.unit.description) < ($1.path, $1.unit.description) }
        plan.startedInstances = units.startedInstances
        plan.alsoInstances = units.alsoInstances.sorted()
        plan.dataFolders = units.dataFolders.sorted()
        for (count, limit, what) in [
            (plan.units.reduce(0) { $0 + $1.aliases.count }, PackageLimits.units, "other names of units (Alias=)"),
            (units.folders.count, PackageLimits.hostPaths, "folders of units (StateDirectory= and similar)"),
            (
                plan.reaches.count + plan.orders.count, PackageLimits.hostPaths,
                "units that are not the package's and that its units name (Before=, Sockets= and similar)"
            ),
        ] where count > limit {
            all.add(
                Finding(.refused, .unsupported, UnitPlanner.folder, "there are more than \(limit) \(what); remove some")
            )
        }
        plan.conffiles = conffiles.sorted { $0.path < $1.path }
        let packaged = Set(conffiles.map(\.path))
        let audit = MigrationAudit(
            migrations, conffiles: packaged,
            takenByRoot: Set(units.opened.filter(\.act.isOfContent).map(\.path)))
        all.add(audit.findings)
        plan.migrations = audit.accepted
        for path in listedConffiles where path.hasPrefix("/etc/") && !packaged.contains(path) {
            switch Placement.of(String(path.dropFirst()), .file) {
            // Init scripts and the like, which are no conffiles here.
            case .skipped, .release: continue
            default: break
            }
            all.add(Finding(.warning, .malformed, "conffiles", "\(path) is not in the package"))
        }
        plan.sysusersFiles = files(in: "usr/lib/sysusers.d/")
        plan.tmpfilesFiles = files(in: "usr/lib/tmpfiles.d/")
        all.add(linkFindings)
        plan.sysusersLines = manifest.sysusersLines
        plan.tmpfilesLines = tmpfilesLines
        let lines = LineAudit(plan, tree: tree, contents: contents, unitFolders: units.folders)
        all.add(lines.findings)
        plan.provision = lines.provision
        var writable = units.writable
        writable.formUnion(lines.writable)
        for (path, user) in filesOfUsers { writable.add(file: path, of: user) }
        all.add(ConfigurationAudit(writable, names: lines.names).findings)
        all.add(
            RootPathAudit(
                units.opened + healthPrograms, writable: writable, known: lines.folders.union(units.folders),
                conffiles: packaged
            ).findings)
        let bus = BusFiles(
            contents, units: plan.units, names: units.busNames, users: Set(lines.provision.users.map(\.name)))
        all.add(bus.findings)
        (plan.busPolicies, plan.busNames, plan.busActivations) = (bus.policies, bus.names, bus.activations)
        plan.files = manifest.files.filter { !$0.isData || packaged.contains($0.path) }
        plan.health = manifest.health
        plan.probation = manifest.probation
        plan.warnings = all.findings(.warning)
        return (plan, all)
    }

    /// The configuration and data files that others than root may write, by the payload or by `File=` of the manifest.
    private var filesOfUsers: [(path: String, user: String)] {
        let rules = Dictionary(manifest.files.map { ($0.path, $0) }) { first, _ in first }
        return conffiles.compactMap { file in
            let rule = rules[file.path]
            let mode = rule.flatMap { UInt32($0.mode, radix: 8) } ?? file.mode
            return WritablePaths.user(owner: rule?.owner ?? file.owner, group: rule?.group ?? file.group, mode: mode)
                .map { (file.path, $0) }
        }
    }

    /// What `[Health]` of the manifest runs as root.
    private var healthPrograms: [RootPath] {
        guard let health = manifest.health, ["", "root"].contains(health.user) else { return [] }
        return ExecCommand(words: health.command).programs.map {
            RootPath(path: $0, act: .runs, file: "_gkmanifest", line: 0, setting: "Command=")
        }
    }

    /// The units that stand for init scripts without a unit of the same name: their bytes by their paths in the release.
    private func unitsOfInitScripts(_ findings: inout FindingList) -> [String: [UInt8]] {
        var units: [String: [UInt8]] = [:]
        for (path, bytes) in contents.sorted(by: { $0.key < $1.key }) {
            guard let name = path.dropPrefix(InitScript.folder) else { continue }
            let unit = InitScript.unitName(of: name)
            // A link may be another unit's name for it, or a mask.
            guard !tree.paths.contains(UnitPlanner.folder + unit), UnitName(unit) != nil,
                units[UnitPlanner.folder + unit] == nil
            else { continue }
            let script = InitScript(name: name, bytes: bytes)
            if let refusal = script.refusal {
                findings.add(Finding(.refused, .unsupported, "etc/init.d/\(name)", refusal))
                continue
            }
            units[UnitPlanner.folder + unit] = script.unit(isEnabled: scripts.enabledInitScripts.contains(name))
        }
        return units
    }

    /// Holds `[Files]` of the manifest against the package. A copy of a template is a conffile.
    private mutating func takeFiles() {
        let packaged = Set(conffiles.map(\.path))
        for file in manifest.files {
            if file.isData {
                // Owner and mode of what the package brings.
                if packaged.contains(file.path) { continue }
                if let finding = hostLinks.finding(leading: file.path, of: "_gkmanifest") { findings.add(finding) }
                guard hostFolders[file.path] != nil || manifest.directories.contains(where: { $0.path == file.path })
                else { continue }
                refuse(.malformed, "_gkmanifest", "File=: '\(file.path)' is a folder; correct the path")
                continue
            }
            if !file.isCopy {
                guard packaged.contains(file.path) else {
                    refuse(.malformed, "_gkmanifest", "File=: the package has no file '\(file.path)'; correct the path")
                    continue
                }
                continue
            }
            guard !file.lines.isEmpty || templates.contains(file.source) else {
                refuse(
                    .malformed, "_gkmanifest",
                    "Copy=: the package has no plain file '/\(file.source)' of at most \(FileRule.sizeLimit >> 10) KiB; correct the path"
                )
                continue
            }
            guard !packaged.contains(file.path), hostFolders[file.path] == nil,
                !manifest.directories.contains(where: { $0.path == file.path })
            else {
                refuse(
                    .malformed, "_gkmanifest",
                    "\(file.lines.isEmpty ? "Copy" : "Line")=: the package has '\(file.path)' itself, or the manifest names it as a folder; remove one"
                )
                continue
            }
            requireShortName(String(file.path.dropFirst()))
            conffiles.append(
                PlannedConffile(
                    path: file.path, mode: UInt32(file.mode, radix: 8) ?? 0o600, owner: file.owner, group: file.group))
        }
        if conffiles.count > PackageLimits.conffiles {
            refuse(
                .unsupported, "_gkmanifest",
                "Copy=: there are more than \(PackageLimits.conffiles) files beneath /etc, /var and /srv")
        }
        for path in manifest.ignored.sorted() where !tree.paths.contains(path) {
            refuse(.malformed, "_gkmanifest", "Ignore=: the package has no file '/\(path)'; correct the path")
        }
        for link in manifest.links where packaged.contains(link.path) || hostFolders[link.path] != nil {
            refuse(
                .malformed, "_gkmanifest", "Link=: the package has '\(link.path)' itself; remove it from the manifest")
        }
    }

    /// What links of the package lead to, and what would be led elsewhere by them.
    private var linkFindings: FindingList {
        var findings = hostLinks.findings
        for conffile in conffiles { findings.add(hostLinks.finding(leading: conffile.path, of: conffile.path)) }
        for folder in hostFolders.keys.sorted() { findings.add(hostLinks.finding(leading: folder, of: folder)) }
        for folder in manifest.directories {
            findings.add(hostLinks.finding(leading: folder.path, of: "_gkmanifest"))
        }
        return findings
    }

    private func files(in folder: String) -> [String] {
        contents.keys.filter { $0.hasPrefix(folder) && !$0.dropFirst(folder.count).contains("/") }.sorted()
    }

    private var tmpfilesLines: [String] {
        let claimed = Set(manifest.directories.map(\.path))
        // A folder beneath /etc is left out if it would only hold hooks that are not installed.
        let wanted = hostFolders.filter { path, _ in
            !claimed.contains(path) && (!path.hasPrefix("/etc/") || isInUse(path) || !isInhabited(path))
        }
        let folders = wanted.sorted { $0.key < $1.key }.map { path, entry in
            // The colon keeps the attributes of an existing folder: the service or the administrator may have changed them.
            let (owner, group) = (Self.name(entry.ownerName, entry.owner), Self.name(entry.groupName, entry.group))
            return "d \(path) :\(octal(entry.mode)) :\(owner) :\(group) -"
        }
        return folders + manifest.tmpfilesLines(without: Set(conffiles.map(\.path))) + hostLinks.tmpfilesLines
    }

    /// Whether something that is installed is beneath a folder of /etc.
    private func isInUse(_ folder: String) -> Bool {
        let prefix = folder + "/"
        return conffiles.contains { $0.path.hasPrefix(prefix) } || hostLinks.keys.contains { $0.hasPrefix(prefix) }
    }

    /// Whether something else is beneath it.
    private func isInhabited(_ folder: String) -> Bool {
        let prefix = folder + "/"
        return foldersOfSkipped.contains(folder) || hostFolders.keys.contains { $0.hasPrefix(prefix) }
    }

    /// The folders above a path, from the root: `/etc` and `/etc/foo` of `etc/foo/bar`.
    private static func folders(above path: String, atMost limit: Int) -> [String] {
        path.indices.lazy.filter { path[$0] == "/" }.prefix(limit).map { "/" + path[..<$0] }
    }

    /// The name if `tmpfiles.d(5)` accepts it, else the number.
    private static func name(_ name: String, _ number: UInt32) -> String {
        PackageManifest.isUser(name) ? name : "\(number)"
    }

    private func octal(_ mode: UInt32) -> String {
        let digits = String(mode & 0o7777, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    private mutating func refuse(_ kind: Finding.Kind, _ file: String, _ text: String) {
        findings.add(Finding(.refused, kind, file, text))
    }

    private mutating func warn(_ file: String, _ text: String) {
        findings.add(Finding(.warning, .unsupported, file, text))
    }
}

extension PackageRefusal {
    init(one finding: Finding) { self.init(all: [finding]) }

    init(all findings: [Finding]) {
        self = PackageRefusal(findings) ?? PackageRefusal(unchecked: findings)
    }
}

extension String {
    /// The text after the prefix; nil if it does not begin with it.
    func dropPrefix(_ prefix: String) -> String? { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil }
}
