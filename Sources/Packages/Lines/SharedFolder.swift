/// Folders of the host in which each package has names of its own.
enum SharedFolder {
    private static let all = [
        "/etc", "/etc/default", "/etc/dhcp", "/etc/logrotate.d", "/etc/opt", "/etc/pki", "/etc/ssl", "/etc/xdg", "/run",
        "/run/lock", "/srv", "/tmp", "/var/backups", "/var/cache", "/var/cache/private", "/var/crash", "/var/lib",
        "/var/lib/private", "/var/local", "/var/log", "/var/log/private", "/var/opt", "/var/spool", "/var/tmp",
        "/var/www",
    ]

    /// Everybody may write in it: names there are nobody's but those that say whose they are.
    static func isOpenToAll(_ folder: String) -> Bool { folder == "/tmp" || folder == "/var/tmp" }

    /// The shared folder of a path and the name in it: `/run` and `foo` of `/run/foo/bar`; nil when it is in none.
    static func split(_ path: String) -> (folder: String, name: String)? {
        var found: (folder: String, name: String)?
        for folder in all where path.hasPrefix(folder + "/") && folder.utf8.count > found?.folder.utf8.count ?? 0 {
            let name = path.dropFirst(folder.utf8.count + 1).prefix { $0 != "/" }
            found = (folder, String(name))
        }
        // `/run/lock` itself is a name in `/run`, and is shared.
        return all.contains(path) ? nil : found
    }
}
