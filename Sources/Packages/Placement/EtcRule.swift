/// Places in /etc that are not just a daemon's configuration.
struct EtcRule: Sendable {
    enum Verdict: Sendable {
        case refused(String)
        /// Not installed; silently without a reason.
        case skipped(String?)
        /// Installed, with a word to the operator.
        case warned(String)
    }

    /// `etc/init.d/` covers what is beneath; without a slash it is one file, or with `*` at its end all that begin so.
    let pattern: String
    let verdict: Verdict

    func covers(_ path: String) -> Bool {
        if pattern.hasSuffix("/") { return path.hasPrefix(pattern) || path == pattern.dropLast() }
        if pattern.hasSuffix("*") { return path.hasPrefix(pattern.dropLast()) }
        return path == pattern
    }

    /// Whether the path is the covered folder itself.
    func isFolder(_ path: String) -> Bool { pattern.hasSuffix("/") && path == pattern.dropLast() }

    /// The word to the operator for a file that is installed.
    static func warning(_ path: String) -> String? {
        for rule in all where rule.covers(path) {
            if case .warned(let text) = rule.verdict { return text }
        }
        return nil
    }

    private static let otherInit: Verdict = .skipped(nil)
    private static let hook: Verdict = .skipped(
        "it is not installed: the host would run it, where the package's programs are not")
    private static let foreign: Verdict = .refused("that is not the package's to change")

    static let all: [EtcRule] = [
        // systemd's generator would revive a removed package's init script; the units do the same work.
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
                "a package's units belong in /usr/lib/systemd/system; /etc/systemd is the administrator's")),
        EtcRule(pattern: "etc/gatekeel/", verdict: foreign), EtcRule(pattern: "etc/passwd*", verdict: foreign),
        EtcRule(pattern: "etc/shadow*", verdict: foreign), EtcRule(pattern: "etc/group*", verdict: foreign),
        EtcRule(pattern: "etc/gshadow*", verdict: foreign), EtcRule(pattern: "etc/subuid*", verdict: foreign),
        EtcRule(pattern: "etc/subgid*", verdict: foreign), EtcRule(pattern: "etc/sudoers*", verdict: foreign),
        EtcRule(pattern: "etc/ld.so*", verdict: foreign), EtcRule(pattern: "etc/fstab", verdict: foreign),
        EtcRule(pattern: "etc/machine-id", verdict: foreign), EtcRule(pattern: "etc/hostname", verdict: foreign),
        EtcRule(pattern: "etc/nsswitch.conf", verdict: foreign), EtcRule(pattern: "etc/security/", verdict: foreign),
        EtcRule(pattern: "etc/apt/", verdict: foreign), EtcRule(pattern: "etc/dpkg/", verdict: foreign),
        EtcRule(pattern: "etc/alternatives/", verdict: foreign),

        EtcRule(pattern: "etc/apparmor.d/", verdict: .warned("AppArmor loads it at the next boot, not before")),
        EtcRule(pattern: "etc/dbus-1/", verdict: .warned("the message bus reads it when it reloads its configuration")),
        EtcRule(pattern: "etc/polkit-1/", verdict: .warned("polkit of the host reads it")),
        EtcRule(
            pattern: "etc/pam.d/",
            verdict: .warned("the host's programs read it too; PAM modules of the package they do not see")),
        EtcRule(pattern: "etc/udev/", verdict: .warned("udev reads it when it reloads its rules")),
        EtcRule(pattern: "etc/modprobe.d/", verdict: .warned("it takes effect at the next boot")),
        EtcRule(pattern: "etc/modules-load.d/", verdict: .warned("it takes effect at the next boot")),
        EtcRule(pattern: "etc/sysctl.d/", verdict: .warned("it takes effect at the next boot")),
    ]
}
