/// Which migrations of a package concern the host: those of what it may have in /etc. Everything else is in a release, and each
/// release is unpacked by itself.
struct MigrationAudit: Sendable {
    /// Those to perform, with plain paths.
    private(set) var accepted: [Migration] = []
    private(set) var findings = FindingList()

    /// - Parameters:
    ///   - migrations: as the package has them.
    ///   - conffiles: the conffiles that the package has, absolute.
    ///   - takenByRoot: files that root's commands of the units run, or take their environment from.
    init(_ migrations: [Migration], conffiles: Set<String>, takenByRoot: Set<String> = []) {
        func isRoots(_ path: String) -> Bool { PlaceTable.mustBeRoots(path) || takenByRoot.contains(path) }
        // /etc/default and the like are folders of root's.
        func isInSharedFolder(_ path: String) -> Bool {
            SharedFolder.split(path).map { path == "\($0.folder)/\($0.name)" } ?? false
        }
        for migration in migrations {
            guard var migration = Self.onHost(migration) else { continue }
            switch migration.kind {
            case .removeOnUpgrade where conffiles.contains(migration.path):
                findings.add(
                    Finding(
                        .refused, .malformed, "conffiles",
                        "\(migration.path) is to be removed on upgrade and is in the package; decide for one"))
                continue
            case .removeConffile, .moveConffile, .removeOnUpgrade:
                // dpkg's own order: what the package has is installed.
                if conffiles.contains(migration.path) { continue }
            case .linkToFolder, .folderToLink: break
            }
            if migration.kind == .moveConffile, isRoots(migration.other), !isRoots(migration.path),
                PlaceTable.mustBeRoots(migration.other) || !isInSharedFolder(migration.path)
            {
                // What a service's user may write now would be what programs of the host, or root's commands of a unit, act on.
                findings.add(
                    Finding(
                        .warning, .unsupported, "conffiles",
                        "edits of \(migration.path) are not moved to \(migration.other), on which programs of root act: an edited file is kept as .dpkg-bak; move the edits by hand"
                    ))
                (migration.kind, migration.other) = (.removeConffile, "")
            }
            if migration.kind == .moveConffile, !conffiles.contains(migration.other) {
                findings.add(
                    Finding(
                        .warning, .unsupported, "conffiles",
                        "\(migration.path) moves to \(migration.other), which is no conffile of the package: it is removed, and kept as .dpkg-bak where it was edited"
                    ))
                (migration.kind, migration.other) = (.removeConffile, "")
            }
            accepted.append(migration)
        }
    }

    /// nil when it does not concern the host.
    private static func onHost(_ migration: Migration) -> Migration? {
        var migration = migration
        let use: PlaceUse =
            switch migration.kind {
            case .removeConffile, .moveConffile, .removeOnUpgrade: .file
            case .linkToFolder, .folderToLink: .link
            }
        guard let path = plain(migration.path, use) else { return nil }
        migration.path = path
        if migration.kind == .moveConffile { migration.other = plain(migration.other, .file) ?? migration.other }
        return migration
    }

    /// The path without empty parts, if the package may have something there.
    private static func plain(_ path: String, _ use: PlaceUse) -> String? {
        guard let place = Place(path), place.names.count > 1, place.names[0] == "etc" else { return nil }
        let path = "/" + place.names.joined(separator: "/")
        switch PlaceTable.verdict(path, use) {
        case .allowed, .warned: return path
        case .skipped, .refused: return nil
        }
    }
}
