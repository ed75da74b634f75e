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
        let base = paths.systemUnits
        guard !names.isEmpty, try Files.exists(base) else { return [] }
        var links: [EnablementLink] = []
        func look(_ path: String) throws(Errno) {
            guard let target = try Files.linkTarget("\(base)/\(path)") else { return }
            let (folder, name) = Files.split(target)
            // systemd writes the path without a test's root.
            let attached = "/etc/systemd/system.attached"
            if names.contains(name), folder == attached || folder == paths.attachedUnits {
                links.append(EnablementLink(path: path, target: target))
            }
        }
        for name in try Files.names(in: base) {
            if [".wants", ".requires", ".upholds"].contains(where: { name.hasSuffix($0) }) {
                guard try Files.isFolder("\(base)/\(name)") else { continue }
                for entry in try Files.names(in: "\(base)/\(name)") { try look("\(name)/\(entry)") }
            } else {
                try look(name)
            }
        }
        return links
    }

    /// Makes the host's links for these units exactly `wanted`. May be repeated.
    static func set(_ wanted: [EnablementLink], for units: some Sequence<String>, _ paths: HostPaths) throws(Errno) {
        for link in try find(for: units, paths) where !wanted.contains(link) {
            let path = "\(paths.systemUnits)/\(link.path)"
            try Files.remove(path)
            let folder = Files.split(path).folder
            if folder != paths.systemUnits, rmdir(folder) == 0 { try Files.synchronizeDirectory(paths.systemUnits) }
        }
        for link in wanted {
            let path = "\(paths.systemUnits)/\(link.path)"
            if try Files.linkTarget(path) == link.target { continue }
            try Files.makeDirectories(Files.split(path).folder, mode: 0o755)
            try Files.replaceLink(path, target: link.target)
        }
    }
}
