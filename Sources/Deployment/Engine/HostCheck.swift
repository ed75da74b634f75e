import Linux

/// Conditions on the host for installing a release. They are checked when an install is requested, and again when it
/// begins.
struct HostCheck: Sendable {
    let store: Store
    let record: ReleaseRecord
    /// The token of the staged package; nil for a release that is already in the store.
    let token: String?

    func run() throws {
        try checkUnits()
        try PlaceCheck(store: store, record: record).run()
        try checkSpace()
    }

    /// A package must not shadow a unit of the host or of another package.
    private func checkUnits() throws {
        let own = try current(record.name)?.units.flatMap { [$0.name] + $0.aliases } ?? []
        for unit in record.units {
            let names = ([unit.name] + unit.aliases).filter { !own.contains($0) }
            if let name = names.first(where: Self.builtIn.contains) {
                throw DeploymentError(.conflict, "the unit \(name) is systemd's own; it is never shadowed")
            }
            for name in Set(names.flatMap(Self.related)).sorted() {
                for folder in store.paths.hostUnitFolders where try Files.exists("\(folder)/\(name)") {
                    throw DeploymentError(
                        .conflict,
                        "the unit \(unit.name) would shadow \(folder)/\(name) of the host; it is never shadowed")
                }
            }
            for other in try store.packageNames() where other != record.name {
                if try current(other)?.units.contains(where: {
                    ([$0.name] + $0.aliases).contains(where: names.contains)
                })
                    == true
                {
                    throw DeploymentError(
                        .conflict, "the unit \(unit.name) is the package \(other)'s; remove that first")
                }
            }
            guard names.contains(unit.name) else { continue }
            let attached = "\(store.paths.attachedUnits)/\(unit.name)"
            if try Files.exists(attached), try !Files.exists("\(attached).d/\(Attachment.dropIn)") {
                throw DeploymentError(
                    .conflict, "\(attached) is there already and is none of Gatekeel's (a portable service's?)")
            }
        }
    }

    /// Units that systemd has without a file (`systemd.special(7)`).
    private static let builtIn: Set<String> = ["-.slice", "system.slice"]

    /// The name itself, and its template if it is an instance.
    private static func related(_ name: String) -> [String] {
        guard let at = name.firstIndex(of: "@"), let dot = name.lastIndex(of: "."), at < dot else { return [name] }
        let template = "\(name[...at])\(name[dot...])"
        return template == name ? [name] : [name, template]
    }

    /// Bytes that the payload still needs: none when it is unpacked already.
    private func needed() throws(Errno) -> UInt64 {
        guard let token, try !Files.exists(store.tree(staged: token)) else { return 0 }
        return record.installedSize
    }

    private func checkSpace() throws {
        // For the journal, the conffiles and the units.
        let margin: UInt64 = 4 << 20
        for (folder, needed) in [(store.root, try needed()), (store.paths.root + "/etc", 0)] {
            guard try Files.exists(folder) else { continue }
            let free = try Files.freeSpace(at: folder)
            guard free >= needed + margin else {
                throw DeploymentError(
                    .noSpace,
                    "\(folder) has \(free >> 10) KiB free, and \(record.name) \(record.version) takes \((needed + margin) >> 10) KiB; free space and try again"
                )
            }
        }
    }

    private func current(_ package: String) throws -> ReleaseRecord? {
        try store.release(.current, of: package).map { try store.record(of: package, release: $0) }
    }
}
