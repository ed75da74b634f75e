import Glibc
import Linux
import Packages

/// A link that `systemctl enable` made for a unit: `multi-user.target.wants/foo.service`, or an alias.
struct EnablementLink: Hashable, Sendable {
    /// Relative to `/etc/systemd/system`.
    var path: String
    var target: String

    /// The unit that is enabled: an instance has its name here and its template in the target.
    var unit: String { Files.split(path).name }

    /// Whether a link's target is one of these units in `/etc/systemd/system.attached`.
    ///
    /// - Parameter folder: of the link, for a relative target.
    private static func isAttached(_ target: String, of units: Set<String>, _ folder: String, _ paths: HostPaths)
        -> Bool
    {
        let (place, unit) = Files.split(target.hasPrefix("/") ? target : normalized("\(folder)/\(target)"))
        // systemd writes the path without a test's root.
        return units.contains(unit) && (place == "/etc/systemd/system.attached" || place == paths.attachedUnits)
    }

    /// The path without `..`.
    private static func normalized(_ path: String) -> String {
        path.split(separator: "/").reduce(into: [Substring]()) { parts, part in
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }.reduce("") { "\($0)/\($1)" }
    }

    /// Whether a path is a link to one of these units in `/etc/systemd/system.attached`.
    static func leads(_ path: String, toAnyOf units: Set<String>, _ paths: HostPaths) throws(Errno) -> Bool {
        guard !units.isEmpty, let target = try Files.linkTarget(path) else { return false }
        return isAttached(target, of: units, Files.split(path).folder, paths)
    }

    /// All links in `/etc/systemd/system` to one of these units in `/etc/systemd/system.attached`.
    static func find(for units: some Sequence<String>, _ paths: HostPaths) throws(Errno) -> [EnablementLink] {
        let names = Set(units)
        guard !names.isEmpty else { return [] }
        var links: [EnablementLink] = []
        func look(_ name: String, _ prefix: String, in folder: borrowing HeldFolder) throws(Errno) {
            guard let target = try folder.linkTarget(name) else { return }
            if isAttached(target, of: names, "\(paths.systemUnits)/\(prefix)", paths) {
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
            guard let kind = UnitFolder(name)?.kind, kind != .dropIns else { return try look(name, "", in: folder) }
            guard let status = try folder.status(name), status.st_mode & S_IFMT == S_IFDIR else { return }
            try list("\(base)/\(name)") { (inner, entry) throws(Errno) in try look(entry, "\(name)/", in: inner) }
        }
        return links
    }

    /// The unit's file, to which the link leads: of an instance its template.
    var file: String { Files.split(target).name }

    /// Makes the host's links for these units exactly `wanted`. May be repeated.
    static func set(_ wanted: [EnablementLink], for units: some Sequence<String>, _ paths: HostPaths) throws(Errno) {
        for link in try find(for: units, paths) where !wanted.contains(link) { try remove(link, paths) }
        try make(wanted, paths)
    }

    static func remove(_ link: EnablementLink, _ paths: HostPaths) throws(Errno) {
        let path = "\(paths.systemUnits)/\(link.path)"
        try paths.remove(path)
        let folder = Files.split(path).folder
        if folder != paths.systemUnits { paths.removeEmptyFolder(folder) }
    }

    static func make(_ links: [EnablementLink], _ paths: HostPaths) throws(Errno) {
        for link in links {
            let path = "\(paths.systemUnits)/\(link.path)"
            try paths.holding(path, making: 0o755) { (folder, name) throws(Errno) in
                if try folder.linkTarget(name) == link.target { return }
                try folder.replaceLink(name, target: link.target)
            }
        }
    }
}
