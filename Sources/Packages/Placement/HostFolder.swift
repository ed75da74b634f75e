/// Folders of the host: those that packages share, and those that a package may own.
enum HostFolder {
    /// Folders that every Debian has. They are never created or changed for a package.
    static let shared: Set<String> = [
        "/etc", "/etc/default", "/etc/init.d", "/etc/logrotate.d", "/etc/cron.d", "/etc/cron.daily", "/etc/cron.hourly",
        "/etc/cron.weekly", "/etc/cron.monthly", "/etc/profile.d", "/etc/pam.d", "/etc/ssl", "/etc/ssl/certs",
        "/etc/ssl/private", "/etc/dbus-1", "/etc/dbus-1/system.d", "/etc/network", "/etc/systemd", "/etc/xdg",
        "/srv", "/var", "/var/backups", "/var/run", "/var/lock", "/var/cache", "/var/lib", "/var/lib/misc",
        "/var/local", "/var/log",
        "/var/mail",
        "/var/opt", "/var/spool", "/var/spool/cron", "/var/tmp", "/var/www", "/var/lib/dpkg", "/var/lib/apt",
        "/var/lib/systemd", "/var/lib/dbus", "/var/cache/apt", "/var/cache/debconf", "/var/log/journal", "/var/log/apt",
    ]

    private static let roots = [
        "/var/lib/", "/var/log/", "/var/cache/", "/var/spool/", "/var/opt/", "/var/www/", "/srv/", "/etc/",
    ]

    /// Whether a package may have this folder created with an owner of its choice.
    static func mayBeMade(_ path: String) -> Bool {
        guard roots.contains(where: { path.hasPrefix($0) && path.count > $0.count }), !shared.contains(path),
            path.utf8.count < 1024, !path.hasSuffix("/")
        else { return false }
        let parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else { return false }
        // tmpfiles.d expands % and splits at blanks.
        guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"%\\\"'#".utf8.contains($0) }) else { return false }
        return !isForeign(path)
    }

    /// Whether the folder is one of another program of the host or of Gatekeel, or beneath one.
    private static func isForeign(_ path: String) -> Bool {
        let foreign = [
            "/var/lib/dpkg", "/var/lib/apt", "/var/lib/systemd", "/var/lib/dbus", "/var/cache/apt", "/var/log/journal",
            "/var/lib/gatekeel", "/var/lib/gatekeeld", "/etc/gatekeel", "/etc/systemd", "/etc/init.d", "/etc/pam.d",
            "/etc/ssh", "/etc/sudoers.d", "/etc/security", "/etc/apt", "/etc/dpkg", "/etc/cron.d", "/etc/cron.daily",
            "/etc/cron.hourly", "/etc/cron.weekly", "/etc/cron.monthly", "/var/spool/cron",
        ]
        return foreign.contains { path == $0 || path.hasPrefix("\($0)/") }
    }
}
