import Linux
import Packages

/// Holds the unit files in `/etc` against the releases in the store when the daemon starts. One of them may have been lost: a
/// disk was exchanged, a backup restored, a file system made anew.
struct AttachmentCheck: Sendable {
    let store: Store
    /// The package of a deployment that is going on: its files are that deployment's.
    let deployed: String?
    private var paths: HostPaths { store.paths }

    /// - Returns: what was found and repaired.
    func run() throws -> [RecoveryNote] {
        var notes: [RecoveryNote] = []
        var expected: Set<String> = []
        // The files of these too are that deployment's.
        let packages = try PackagesInPlace(store)
        let deployed = try deployed.map { name in
            Set([name] + (try Neighbours(store: store, package: name).find(packages).map(\.name)))
        }
        for package in try store.packageNames() {
            guard let current = try store.release(.current, of: package) else { continue }
            // What cannot be read is neither repaired nor taken for lost.
            guard let record = try? store.record(of: package, release: current) else { return notes }
            expected.formUnion(record.units.map(\.name))
            guard deployed?.contains(package) != true else { continue }
            do {
                let attachment = Attachment(store: store, release: current, record: record, among: packages)
                let missing = try attachment.files().filter { try !$0.isInPlace(paths) }
                guard !missing.isEmpty else { continue }
                try attachment.attach(replacing: [], passage: store.passage)
                if missing.allSatisfy({ Files.split($0.path).name == Attachment.dropIn }),
                    try missing.allSatisfy({ try paths.has($0.path) })
                {
                    notes.append(
                        note(
                            .overlaid, package,
                            "the packages that its units see have changed since apt or dpkg changed the host; restart its units so that they see them"
                        ))
                    continue
                }
                notes.append(
                    note(
                        .corrupt, package,
                        "\(missing.count) of its files in /etc were missing or of another version, and were written again: \(Self.some(missing.map(\.path)))"
                    ))
            } catch {
                #if DEBUG
                    if error is Killed { throw error }
                #endif
                notes.append(note(.unreadable, package, "its files in /etc: \(error)"))
            }
        }
        return try notes + detachOrphans(expected)
    }

    /// Unit files that name a release which the store does not have.
    private func detachOrphans(_ expected: Set<String>) throws -> [RecoveryNote] {
        var orphans: [(unit: String, package: String)] = []
        for name in try Files.namesIfPresent(in: paths.attachedUnits)
        where UnitName(name) != nil && !expected.contains(name) {
            // Others attach units too; ours have this drop-in.
            let dropIn = "\(paths.attachedUnits)/\(name).d/\(Attachment.dropIn)"
            guard let bytes = try? Files.readIfPresent(dropIn, limit: Attachment.unitLimit) else { continue }
            let words = String(decoding: bytes, as: UTF8.self).split(separator: " ").map(String.init)
            guard words.count > 1, PackageName.isValid(words[1]), words[1] != deployed else { continue }
            orphans.append((name, words[1]))
        }
        guard !orphans.isEmpty else { return [] }
        if try store.packageNames().isEmpty {
            // Maybe the store is only away: on a disk that is not mounted yet.
            let packages = Set(orphans.map(\.package)).sorted().joined(separator: ", ")
            return [
                note(
                    .unreadable, "",
                    "it is empty, but units of \(packages) are attached; mount it, or install the packages again")
            ]
        }
        return orphans.map { unit, package in
            do {
                try detach(unit, of: package)
                return note(.detached, package, "the unit \(unit) was detached and disabled")
            } catch {
                return note(.unreadable, package, "the unit \(unit) of a release that is gone: \(error)")
            }
        }
    }

    private func detach(_ unit: String, of package: String) throws {
        for link in try EnablementLink.find(for: [unit], paths) { try EnablementLink.remove(link, paths) }
        try store.passage("deployment.detach.each")
        try paths.holdingIfPresent("\(paths.attachedUnits)/\(unit)") { (folder, name) throws(Errno) in
            try folder.remove(name)
            try folder.removeTree("\(name).d")
        }
        let prefix = Attachment.prefix + package
        for folder in [paths.tmpfiles, paths.busPolicies] {
            for name in try Files.namesIfPresent(in: folder)
            where name == "\(prefix).conf" || name.hasPrefix("\(prefix)_") {
                try paths.remove("\(folder)/\(name)")
            }
        }
        let comment = Array(Attachment.comment(of: package).utf8)
        for name in try Files.namesIfPresent(in: paths.busActivations) {
            let path = "\(paths.busActivations)/\(name)"
            if try paths.find(path).file?.bytes.starts(with: comment) == true { try paths.remove(path) }
        }
    }

    private func note(_ kind: RecoveryNote.Kind, _ package: String, _ text: String) -> RecoveryNote {
        RecoveryNote(kind: kind, package: package, deployment: "", text: text)
    }

    private static func some(_ paths: [String]) -> String {
        paths.prefix(3).joined(separator: ", ") + (paths.count > 3 ? ", …" : "")
    }
}
