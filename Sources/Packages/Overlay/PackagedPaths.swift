import Glibc

/// The paths of a release, for what its units name.
struct PackagedPaths: Sendable {
    /// Files, links and folders, relative to the release.
    var paths: Set<String> = []

    /// Whether an absolute path of a unit file is one of the release's: the host does not have it.
    func holds(_ path: String) -> Bool { Self.relative(path).map(paths.contains) ?? false }

    /// Whether a pattern of `glob(7)` matches something of the release.
    func matches(_ pattern: String) -> Bool {
        guard let relative = Self.relative(pattern) else { return false }
        return paths.contains { fnmatch(relative, $0, FNM_PATHNAME) == 0 }
    }

    /// Beneath the release, with `/lib` as `usr/lib`; nil for places that are not overlaid.
    static func relative(_ path: String) -> String? {
        guard path.hasPrefix("/") else { return nil }
        let parts = path.split(separator: "/").map(String.init)
        guard let first = parts.first, !parts.contains("..") else { return nil }
        let joined = parts.filter { $0 != "." }.joined(separator: "/")
        if ["bin", "sbin", "lib", "lib32", "lib64", "libx32"].contains(first) { return "usr/\(joined)" }
        return first == "usr" || first == "opt" ? joined : nil
    }
}
