import Linux

/// Places in a release's /usr that only programs of the host read. Those programs do not see the overlay, which exists only
/// for the package's units.
struct OverlayRule: Sendable {
    let prefix: String
    let suffix: String
    let severity: Finding.Severity
    let text: String

    private init(_ prefix: String, _ suffix: String, _ text: String, _ severity: Finding.Severity = .warning) {
        self.prefix = prefix
        self.suffix = suffix
        self.severity = severity
        self.text = text
    }

    /// - Parameter path: the path of a file or link, relative to the release.
    static func finding(_ path: String) -> Finding? {
        for rule in all
        where path.hasPrefix(rule.prefix) && path.hasSuffix(rule.suffix) && path.count > rule.prefix.count {
            return Finding(rule.severity, .unsupported, path, rule.text)
        }
        if path.hasSuffix(".so"), path.holds("/security/pam_") {
            return Finding(.warning, .unsupported, path, "programs of the host do not see this PAM module")
        }
        return nil
    }

    private static let all: [OverlayRule] = [
        OverlayRule("usr/lib/modules/", "", "a package cannot bring kernel modules; install them with apt", .refused),
        OverlayRule(
            "usr/lib/firmware/", "", "the kernel loads firmware only from the host; install it with apt", .refused),
        OverlayRule(
            "usr/lib/udev/rules.d/", ".rules",
            "udev reads only the host's rules; if it is needed, put it into /etc/udev/rules.d"),
        OverlayRule("usr/lib/udev/hwdb.d/", "", "udev reads only the host's database"),
        OverlayRule("usr/share/polkit-1/", "", "polkit reads only the host's actions and rules"),
        OverlayRule("usr/lib/systemd/user/", "", "user units are not installed"),
        OverlayRule("usr/lib/systemd/system-generators/", "", "systemd runs only the host's generators"),
        OverlayRule("usr/lib/systemd/network/", "", "networkd and udev read only the host's files"),
        OverlayRule("usr/lib/systemd/system-sleep/", "", "systemd runs only the host's hooks"),
        OverlayRule("usr/lib/systemd/system-shutdown/", "", "systemd runs only the host's hooks"),
        OverlayRule(
            "usr/lib/sysctl.d/", ".conf",
            "systemd-sysctl reads only the host's files; if it is needed, put it into /etc/sysctl.d"),
        OverlayRule("usr/lib/modules-load.d/", ".conf", "systemd-modules-load reads only the host's files"),
        OverlayRule("usr/lib/modprobe.d/", ".conf", "modprobe reads only the host's files"),
        OverlayRule("usr/lib/binfmt.d/", ".conf", "systemd-binfmt reads only the host's files"),
        OverlayRule("usr/lib/NetworkManager/", "", "NetworkManager reads only the host's files"),
        OverlayRule("usr/lib/pam.d/", "", "programs of the host do not see this PAM configuration"),
        OverlayRule("usr/share/initramfs-tools/", "", "the host's initramfs does not contain it"),
        OverlayRule("usr/lib/dracut/", "", "the host's initramfs does not contain it"),
    ]
}
