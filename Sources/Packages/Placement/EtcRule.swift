/// Places in /etc that hold more than a daemon's own configuration.
struct EtcRule: Sendable {
    enum Verdict: Sendable {
        case refused(String)
        /// Not installed. Without a reason the operator is not told.
        case skipped(String?)
        /// Installed, with a warning for the operator.
        case warned(String)
    }

    /// `etc/init.d/` covers the folder and everything beneath. Without a final slash the pattern is one file, or with a final
    /// `*` every path that begins with it.
    let pattern: String
    let verdict: Verdict

    func covers(_ path: String) -> Bool {
        if pattern.hasSuffix("/") { return path.hasPrefix(pattern) || path == pattern.dropLast() }
        if pattern.hasSuffix("*") { return path.hasPrefix(pattern.dropLast()) }
        return path == pattern
    }

    /// Whether the path is the folder itself that the pattern covers.
    func isFolder(_ path: String) -> Bool { pattern.hasSuffix("/") && path == pattern.dropLast() }

    /// The warning for a file that is installed, if there is one.
    static func warning(_ path: String) -> String? {
        for rule in all where rule.covers(path) {
            if case .warned(let text) = rule.verdict { return text }
        }
        return nil
    }

    private static let otherInit: Verdict = .skipped(nil)
    private static let hook: Verdict = .skipped(
        "not installed: the host would run it, but the package's programs are not on the host")
    private static let foreign: Verdict = .refused(
        "a package may not change this file of the host; remove it from the package")

    static let all: [EtcRule] = [
        // systemd's generator would start the init script of a removed package. The units do the same work.
        EtcRule(pattern: "etc/init.d/", verdict: otherInit), EtcRule(pattern: "etc/rc*", verdict: otherInit),
        EtcRule(pattern: "etc/init/", verdict: otherInit), EtcRule(pattern: "etc/insserv*", verdict: otherInit),
        EtcRule(pattern: "etc/runit/", verdict: otherInit), EtcRule(pattern: "etc/sv/", verdict: otherInit),

        EtcRule(pattern: "etc/cron.*", verdict: hook), EtcRule(pattern: "etc/network/if-*", verdict: hook),
        EtcRule(pattern: "etc/ppp/ip*", verdict: hook), EtcRule(pattern: "etc/dhcp/dhclient-*", verdict: hook),
        EtcRule(pattern: "etc/resolvconf/", verdict: hook),
        EtcRule(pattern: "etc/NetworkManager/dispatcher.d/", verdict: hook),
        EtcRule(pattern: "etc/kernel/", verdict: hook), EtcRule(pattern: "etc/initramfs-tools/", verdict: hook),
        EtcRule(pattern: "etc/grub.d/", verdict: hook), EtcRule(pattern: "etc/update-motd.d/", verdict: hook),

        EtcRule(
            pattern: "etc/systemd/",
            verdict: .refused(
                "/etc/systemd belongs to the administrator; put units into /usr/lib/systemd/system")),
        EtcRule(pattern: "etc/gatekeel/", verdict: foreign), EtcRule(pattern: "etc/passwd*", verdict: foreign),
        EtcRule(pattern: "etc/shadow*", verdict: foreign), EtcRule(pattern: "etc/group*", verdict: foreign),
        EtcRule(pattern: "etc/gshadow*", verdict: foreign), EtcRule(pattern: "etc/subuid*", verdict: foreign),
        EtcRule(pattern: "etc/subgid*", verdict: foreign), EtcRule(pattern: "etc/sudoers*", verdict: foreign),
        EtcRule(pattern: "etc/ld.so*", verdict: foreign), EtcRule(pattern: "etc/fstab", verdict: foreign),
        EtcRule(pattern: "etc/machine-id", verdict: foreign), EtcRule(pattern: "etc/hostname", verdict: foreign),
        EtcRule(pattern: "etc/nsswitch.conf", verdict: foreign), EtcRule(pattern: "etc/security/", verdict: foreign),
        EtcRule(pattern: "etc/apt/", verdict: foreign), EtcRule(pattern: "etc/dpkg/", verdict: foreign),
        EtcRule(pattern: "etc/alternatives/", verdict: foreign),

        EtcRule(pattern: "etc/apparmor.d/", verdict: .warned("AppArmor loads it only at the next boot")),
        EtcRule(pattern: "etc/dbus-1/", verdict: .warned("the message bus reads it when it reloads its configuration")),
        EtcRule(pattern: "etc/polkit-1/", verdict: .warned("the host's polkit reads it")),
        EtcRule(
            pattern: "etc/pam.d/",
            verdict: .warned("programs of the host read it too, but they do not see PAM modules of the package")),
        EtcRule(pattern: "etc/udev/", verdict: .warned("udev reads it when it reloads its rules")),
        EtcRule(pattern: "etc/modprobe.d/", verdict: .warned("it takes effect at the next boot")),
        EtcRule(pattern: "etc/modules-load.d/", verdict: .warned("it takes effect at the next boot")),
        EtcRule(pattern: "etc/sysctl.d/", verdict: .warned("it takes effect at the next boot")),
    ]
}
