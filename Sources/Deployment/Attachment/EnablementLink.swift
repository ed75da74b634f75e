import Glibc
import Linux

/// A link that `systemctl enable` made for a unit: `multi-user.target.wants/foo.service`, or an alias.
struct EnablementLink: Hashable, Sendable {
    /// Relative to `/etc/systemd/system`.
    var path: String
    var target: String

    /// The unit that is enabled: an instance has its name here and its template in the target.
    var unit: String { Files.split(path).name }

    /// All links in `/etc/systemd/system` to one of these units in `/etc/systemd/system.attached`.
    static func find(for units: some Sequence<String>, _ paths: HostPaths) throws(Errno) -> [EnablementLink] {
        let names = Set(units)
        guard !names.isEmpty else { return [] }
        var links: [EnablementLink] = []
        func look(_ name: String, _ prefix: String, in folder: borrowing HeldFolder) throws(Errno) {
            guard let target = try folder.linkTarget(name) else { return }
            let (place, unit) = Files.split(target)
            // systemd writes the path without a test's root.
            let attached = "/etc/systemd/system.attached"
            if names.contains(unit), place == attached || place == paths.attachedUnits {
                links.append(EnablementLink(path: prefix + name, target: target))
            }
        }
        func list(_ path: String, _ body: (borrowing HeldFolder, String) throws(Errno) -> Void) throws(Errno) {
            // The folder itself: the name after it does not matter.
            try paths.holdingIfPresent("\(path)/-") { (folder, _) throws(Errno) in
                for name in try folder.names() { try body(folder, name) }
            }
        }
        let base = paths.systemUnits
        try list(base) { (folder, name) throws(Errno) in
            guard [".wants", ".requires", ".upholds"].contains(where: { name.hasSuffix($0) }) else {
                return try look(name, "", in: folder)
            }
            guard let status = try folder.status(name), status.st_mode & S_IFMT == S_IFDIR else { return }
            try list("\(base)/\(name)") { (inner, entry) throws(Errno) in try look(entry, "\(name)/", in: inner) }
        }
        return links
    }

    /// Makes the host's links for these units exactly `wanted`. May be repeated.
    static func set(_ wanted: [EnablementLink], for units: some Sequence<String>, _ paths: HostPaths) throws(Errno) {
        for link in try find(for: units, paths) where !wanted.contains(link) {
            let path = "\(paths.systemUnits)/\(link.path)"
            try paths.remove(path)
            let folder = Files.split(path).folder
            if folder != paths.systemUnits { paths.removeEmptyFolder(folder) }
        }
        for link in wanted {
            let path = "\(paths.systemUnits)/\(link.path)"
            try paths.holding(path, making: 0o755) { (folder, name) throws(Errno) in
                if try folder.linkTarget(name) == link.target { return }
                try folder.replaceLink(name, target: link.target)
            }
        }
    }
}
