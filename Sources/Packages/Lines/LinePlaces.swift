/// Where lines of `tmpfiles.d(5)` may have something: the table of places, for paths of lines.
enum LinePlaces {
    /// Why no line may have this path; nil when it may.
    static func refusal(_ path: String) -> String? {
        guard let (_, name) = SharedFolder.split(path) else {
            return "it is in no folder where packages have names of their own; use /run/NAME or /var/lib/NAME"
        }
        let foreign = [
            "/etc/": [
                "systemd", "sudoers.d", "gatekeel", "apt", "dpkg", "pam.d", "ssh", "security", "cron.d", "cron.daily",
                "cron.hourly", "cron.weekly", "cron.monthly", "init.d", "alternatives", "profile.d", "tmpfiles.d",
                "sysusers.d", "ld.so.conf.d", "udev", "sysctl.d", "modprobe.d", "polkit-1", "dbus-1",
            ],
            "/run/": ["systemd", "udev", "user", "dbus", "log", "credentials", "gatekeel", "sudo", "initctl"],
            "/var/lib/": ["dpkg", "apt", "systemd", "dbus", "gatekeel", "gatekeeld", "private"],
            "/var/log/": ["journal", "private"], "/var/cache/": ["apt", "private"], "/var/spool/": ["cron"],
        ]
        for (folder, names) in foreign
        where path == folder + name && names.contains(name)
            || path.hasPrefix("\(folder)\(name)/") && names.contains(name)
        {
            return "it belongs to the host; use a folder of the package's own, like \(folder)NAME"
        }
        return nil
    }
}
