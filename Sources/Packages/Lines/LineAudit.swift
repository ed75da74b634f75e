/// Audits the `tmpfiles.d(5)` and `sysusers.d(5)` files of a package together with its manifest.
struct LineAudit {
    private(set) var findings = FindingList()
    private(set) var provision = HostProvision()
    /// Folders in which others than root may write by the lines.
    private(set) var writable = WritablePaths()
    /// The package's names.
    private(set) var names: OwnNames
    /// All folders that the lines make.
    private(set) var folders: Set<String> = []

    /// - Parameters:
    ///   - plan: with its units, conffiles, and the lines of manifest and payload.
    ///   - tree: the paths of the release.
    ///   - contents: the bytes of files, by their path in the release.
    ///   - unitFolders: the folders that systemd makes for the units.
    init(_ plan: PackagePlan, tree: PackagedPaths, contents: [String: [UInt8]], unitFolders: Set<String>) {
        names = OwnNames(of: plan.control.name)
        func files(_ paths: [String]) -> [TmpfilesAudit.File] {
            paths.map { TmpfilesAudit.File(path: $0, bytes: contents[$0] ?? []) }
        }
        for (paths, limit) in [
            (plan.tmpfilesFiles, PackageLimits.tmpfilesLines), (plan.sysusersFiles, PackageLimits.sysusersLines),
        ] {
            let count = paths.reduce(0) { $0 + LineText.lines(contents[$1] ?? [], atMost: limit + 1).count }
            guard count > limit, let path = paths.first else { continue }
            findings.add(
                Finding(.refused, .unsupported, path, "the package has more than \(limit) such lines; make them fewer"))
            return
        }
        var users = SysusersAudit()
        users.audit(files(plan.sysusersFiles), others: plan.sysusersLines)
        let units = plan.units.flatMap { [$0.name] + $0.aliases }
        names = OwnNames(
            of: plan.control.name,
            users.users.map(\.name) + units.map { String($0.prefix { $0 != "." && $0 != "@" }) })
        var lines = TmpfilesAudit(
            names: names, tree: tree, declared: plan.dataFolders + plan.conffiles.map(\.path),
            writable: unitFolders.union(plan.dataFolders))
        lines.audit(files(plan.tmpfilesFiles), others: plan.tmpfilesLines)
        findings.add(users.findings)
        findings.add(lines.findings)
        provision.users = users.users
        provision.groups = users.groups
        provision.members = users.members
        let names = names
        let places = unitFolders.compactMap { HostProvision.Place(holding: $0, names: names) }
        let data = plan.conffiles.compactMap { HostProvision.Place(holdingData: $0.path, names: names) }
        provision.places = lines.places.union(places).union(data).sorted { $0.path < $1.path }
        provision.lines = lines.made
        writable = lines.given
        folders = lines.folders
    }
}
