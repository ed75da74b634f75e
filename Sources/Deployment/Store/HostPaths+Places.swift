import Glibc
import Linux
import Packages

/// Access to paths that a package names. An administrator's links are followed as ever, but never to a place where a package
/// may have nothing: not to `/etc/pam.d`, because `/etc/foo` is a link to it.
extension HostPaths {
    /// As `holding(_:making:_:)`.
    ///
    /// - Throws: `ELOOP` where a link of the host leads to a place that the table of places refuses.
    func holding<Value>(
        packaged path: String, making mode: mode_t? = nil,
        _ body: (borrowing HeldFolder, String) throws(Errno) -> Value
    ) throws(Errno) -> Value {
        try holding(path, making: mode) { (folder, name) throws(Errno) in
            try require(folder, name, for: path)
            return try body(folder, name)
        }
    }

    /// As `holdingIfPresent(_:_:)`; throws as `holding(packaged:)`.
    func holdingIfPresent<Value>(
        packaged path: String, _ body: (borrowing HeldFolder, String) throws(Errno) -> Value
    ) throws(Errno) -> Value? {
        try holdingIfPresent(path) { (folder, name) throws(Errno) in
            try require(folder, name, for: path)
            return try body(folder, name)
        }
    }

    /// As `find(_:)`; throws as `holding(packaged:)`.
    func find(packaged path: String) throws(Errno) -> HostFile.Found {
        try holdingIfPresent(packaged: path) { (folder, name) throws(Errno) in
            try HostFile.find(name, in: folder)
        } ?? .nothing
    }

    /// As `has(_:)`; throws as `holding(packaged:)`.
    func has(packaged path: String) throws(Errno) -> Bool {
        try holdingIfPresent(packaged: path) { (folder, name) throws(Errno) in try folder.has(name) } ?? false
    }

    /// The type of what is at a path, as `S_IFMT` has it; 0 when nothing is there. Links are not followed.
    func type(packaged path: String) throws(Errno) -> mode_t {
        try holdingIfPresent(packaged: path) { (folder, name) throws(Errno) in
            try folder.status(name).map { $0.st_mode & S_IFMT } ?? 0
        } ?? 0
    }

    /// The target of the link at a path; nil when there is none.
    func linkTarget(packaged path: String) throws(Errno) -> String? {
        try holdingIfPresent(packaged: path) { (folder, name) throws(Errno) in try folder.linkTarget(name) } ?? nil
    }

    /// `/etc`, `/etc/foo` and `/etc/foo/d` of `/etc/foo/d/bar`.
    static func folders(above path: String) -> [String] {
        path.utf8.indices.dropFirst().filter { path.utf8[$0] == 0x2F }.map { String(path[..<$0]) }
    }

    /// The path that a packaged path is on this host, when links of root's are on the way; nil without such a link.
    ///
    /// Of folders that are missing, the path is what it will be when they are made.
    func reached(by path: String) throws(Errno) -> String? {
        var (folder, rest) = Files.split(path)
        while folder != "/" {
            let found = try holdingIfPresent("\(folder)/-") { (held, _) throws(Errno) in held.place }
            if let found { return try moved(path, to: "\(found)/\(rest)") }
            let (above, name) = Files.split(folder)
            (folder, rest) = (above, "\(name)/\(rest)")
        }
        return nil
    }

    private func require(_ folder: borrowing HeldFolder, _ name: String, for path: String) throws(Errno) {
        guard let reached = try moved(path, to: "\(folder.place)/\(name)"),
            PlaceTable.verdict(reached, .reached).isRefused
        else { return }
        throw Errno(
            ELOOP,
            "by a link of the host, '\(path)' is '\(reached)', where a package may have nothing; remove the link")
    }

    /// The place that is another one than the path's; nil when it is the same.
    private func moved(_ path: String, to found: String) throws(Errno) -> String? {
        guard !PlaceTable.isSame(path, found) else { return nil }
        // Where the whole of `/etc` is a link, `/data/etc/pam.d` is `/etc/pam.d`.
        for base in ["/etc", "/var/lib", "/var/log", "/var/cache", "/var/spool", "/var", "/srv"] {
            let real = try holdingIfPresent("\(base)/-") { (held, _) throws(Errno) in held.place }
            guard let real, real != base, found.hasPrefix(real + "/") else { continue }
            let same = base + found.dropFirst(real.utf8.count)
            return PlaceTable.isSame(path, same) ? nil : same
        }
        return found
    }
}
