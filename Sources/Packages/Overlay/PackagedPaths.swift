import Glibc

/// The paths of a release, to look up the paths that its units name.
struct PackagedPaths: Sendable {
    /// Files, links and folders, relative to the release.
    var paths: Set<String> = []

    /// With further ones.
    func adding(_ paths: some Sequence<String>) -> PackagedPaths {
        var copy = self
        copy.paths.formUnion(paths)
        return copy
    }

    /// Whether an absolute path in a unit file is in the release, and so not on the host.
    func holds(_ path: String) -> Bool { Self.relative(path).map(paths.contains) ?? false }

    /// Whether a pattern of `glob(7)` matches a path of the release.
    func matches(_ pattern: String) -> Bool {
        guard let relative = Self.relative(pattern) else { return false }
        return paths.contains { fnmatch(relative, $0, FNM_PATHNAME) == 0 }
    }

    /// The path relative to the release, with `/lib` as `usr/lib`; nil for places that are not overlaid.
    static func relative(_ path: String) -> String? {
        guard path.hasPrefix("/") else { return nil }
        let parts = path.split(separator: "/").map(String.init)
        guard let first = parts.first, !parts.contains("..") else { return nil }
        let joined = parts.filter { $0 != "." }.joined(separator: "/")
        if ["bin", "sbin", "lib", "lib32", "lib64", "libx32"].contains(first) { return "usr/\(joined)" }
        return first == "usr" || first == "opt" ? joined : nil
    }
}
