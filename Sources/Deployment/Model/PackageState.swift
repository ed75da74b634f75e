import State

/// What the store keeps of a package in addition to its releases. It survives a removal without purge.
struct PackageState: Hashable, Sendable {
    static let kind = "package"

    /// The highest version that was ever committed.
    var highest = ""
    var installedAt: Int64 = 0
    /// Whether Activate was called last, for packages without units.
    var isActivated = false
    /// Units that the administrator had disabled or enabled, and links to its units that he had made, when the package was
    /// last deactivated or removed: Activate restores them. Of a package that is active: units that its release does not have.
    var off: [String] = []
    var on: [String] = []
    var byHand: [EnablementLink] = []
    /// Conffiles of all its releases.
    var conffiles: [String] = []
    /// Files below `/etc` that its deployments made where nothing was: conffiles and `.dpkg-dist` files. A purge removes these
    /// and no others.
    var made: [String] = []
    /// Files of conffiles that are the package's no more: edited ones that an update set aside, by their new names, and packaged
    /// ones beside them. A rollback looks there, and a purge removes them.
    var aside: [String] = []
    /// The version that was removed last; empty while one is installed. Migrations begin there.
    var removedVersion = ""
    /// Folders below `/etc` that were made for conffiles.
    var folders: [String] = []
    /// Lines of `tmpfiles.d(5)` for what any of its releases made on the host, itself or through systemd. A purge removes it.
    var hostLines: [String] = []
    /// Users and groups that its deployments made. A purge removes them if nothing is theirs any more.
    var accounts = AddedAccounts()
    /// Why its last deployment failed.
    var reason: Reason?

    /// What a newer release added.
    var others = Record()

    static let keys = Set([
        "highest", "installed-at", "activated", "off", "on", "link-by-hand", "conffile", "made", "aside",
        "removed-version", "folder", "host-line",
        "reason",
    ]).union(AddedAccounts.keys)

    init() {}

    /// Adds what a release has on the host.
    ///
    /// - Parameters:
    ///   - made: files below `/etc` that its deployment made where nothing was.
    ///   - folders: folders below `/etc` that it made.
    ///   - found: paths that the host had before the package: they are not the package's to remove.
    mutating func add(_ release: ReleaseRecord, made: [String], folders: [String], found: [String]) {
        let found = Set(found)
        conffiles = Set(conffiles).union(release.conffiles).sorted()
        self.made = Set(self.made).union(made).sorted()
        hostLines = Set(hostLines).union(
            release.hostLines.filter { HostLine($0).map { !found.contains($0.path) } ?? false }
        ).sorted()
        self.folders = Set(self.folders).union(folders).sorted()
    }

    /// Takes over what the migrations of a deployment did: what was removed or moved is the package's no more. Whoever makes
    /// such a file later made it for themselves.
    mutating func settle(_ steps: [MigrationStep], of release: ReleaseRecord) {
        let kept = Set(release.conffiles)
        for step in steps {
            switch step.action {
            case .remove, .rename:
                aside.removeAll { $0 == step.path }
                if step.action == .rename, step.saved == .file, !kept.contains(step.other) { aside.append(step.other) }
                guard !kept.contains(step.path) else { continue }
                conffiles.removeAll { $0 == step.path }
                // The packaged file that was put beside it stays, until a purge.
                let beside = step.path + ConffilePlan.besideSuffix
                if made.contains(beside) { aside.append(beside) }
                made.removeAll { $0 == step.path || $0 == beside }
            case .removeLink:
                hostLines.removeAll { line in
                    HostLine(line).map { $0.type == "L" && $0.path == step.path } ?? false
                }
            case .makeLink, .removeFolder: break
            }
        }
        aside = Set(aside).sorted()
    }

    /// Keeps what an administrator has decided of the units while the package is off.
    mutating func keepDecisions(of deployment: DeploymentRecord) {
        // Of a package that was off nothing new is known.
        guard !deployment.oldLinks.isEmpty else { return }
        (off, on, byHand) = (deployment.off, deployment.on, deployment.byHand)
    }

    /// Adds lines of what was made on the host, but for paths that are known already.
    ///
    /// - Parameter asked: what `tmpfiles.d` files say. It counts besides what the payload says of the same folder.
    mutating func add(lines: [String], asked: [String]) {
        let asked = Set(asked)
        let known = hostLines.compactMap(HostLine.init)
        let listed = Set(known.filter(\.isRootsInPackage).map(\.path))
        let others = Set(known.filter { !$0.isRootsInPackage }.map(\.path))
        hostLines += lines.filter { text in
            guard let path = HostLine(text)?.path, !others.contains(path) else { return false }
            return !listed.contains(path) || asked.contains(text)
        }
    }

    var record: Record {
        var record = Record(kind: Self.kind)
        record.add("highest", highest)
        record.add("installed-at", installedAt)
        record.add("activated", isActivated)
        record.add("off", each: off)
        record.add("on", each: on)
        for link in byHand { record.add("link-by-hand", link.path, link.target) }
        record.add("conffile", each: conffiles)
        record.add("made", each: made)
        record.add("aside", each: aside)
        record.add("removed-version", removedVersion)
        record.add("folder", each: folders)
        record.add("host-line", each: hostLines)
        accounts.add(to: &record)
        if let reason { record.add("reason", reason.token, reason.text) }
        record.add(others)
        return record
    }

    init(_ record: Record) {
        highest = record.string("highest")
        installedAt = record.integer("installed-at")
        isActivated = record.flag("activated")
        off = record.strings("off")
        on = record.strings("on")
        byHand = record.all("link-by-hand").compactMap {
            $0.count == 2 ? EnablementLink(path: $0[0], target: $0[1]) : nil
        }
        conffiles = record.strings("conffile")
        made = record.strings("made")
        aside = record.strings("aside")
        removedVersion = record.string("removed-version")
        folders = record.strings("folder")
        hostLines = record.strings("host-line")
        accounts = AddedAccounts(record)
        reason = record.fields("reason").flatMap { $0.count == 2 ? Reason($0[0], $0[1]) : nil }
        others = record.others(of: Self.keys)
    }
}
