import Linux

/// Places in a release's /usr that only the host's own programs read: an overlay for the package's units does not reach them.
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

    /// - Parameter path: of a file or link, relative to the release.
    static func finding(_ path: String) -> Finding? {
        for rule in all
        where path.hasPrefix(rule.prefix) && path.hasSuffix(rule.suffix) && path.count > rule.prefix.count {
            return Finding(rule.severity, .unsupported, path, rule.text)
        }
        if path.holds("/security/pam_"), path.hasSuffix(".so") {
            return Finding(.warning, .unsupported, path, "PAM of the host's programs does not see this module")
        }
        return nil
    }

    private static let all: [OverlayRule] = [
        OverlayRule("usr/lib/modules/", "", "kernel modules belong to the host", .refused),
        OverlayRule("usr/lib/firmware/", "", "the kernel loads firmware from the host only", .refused),
        OverlayRule(
            "usr/lib/udev/rules.d/", ".rules",
            "udev reads the host's rules only; put it into /etc/udev/rules.d if it is needed"),
        OverlayRule("usr/lib/udev/hwdb.d/", "", "udev reads the host's database only"),
        OverlayRule(
            "usr/share/dbus-1/system-services/", ".service",
            "the message bus cannot start it; it runs when the package is active"),
        OverlayRule(
            "usr/share/dbus-1/system.d/", ".conf",
            "the message bus reads the host's policy only; put it into /etc/dbus-1/system.d if it is needed"),
        OverlayRule("usr/share/polkit-1/", "", "polkit reads the host's actions and rules only"),
        OverlayRule("usr/lib/systemd/user/", "", "user units are not offered"),
        OverlayRule("usr/lib/systemd/system-generators/", "", "systemd runs the host's generators only"),
        OverlayRule("usr/lib/systemd/network/", "", "networkd and udev read the host's files only"),
        OverlayRule("usr/lib/systemd/system-sleep/", "", "systemd runs the host's hooks only"),
        OverlayRule("usr/lib/systemd/system-shutdown/", "", "systemd runs the host's hooks only"),
        OverlayRule(
            "usr/lib/sysctl.d/", ".conf",
            "systemd-sysctl reads the host's files only; put it into /etc/sysctl.d if it is needed"),
        OverlayRule("usr/lib/modules-load.d/", ".conf", "systemd-modules-load reads the host's files only"),
        OverlayRule("usr/lib/modprobe.d/", ".conf", "modprobe reads the host's files only"),
        OverlayRule("usr/lib/binfmt.d/", ".conf", "systemd-binfmt reads the host's files only"),
        OverlayRule("usr/lib/NetworkManager/", "", "NetworkManager reads the host's files only"),
        OverlayRule("usr/lib/pam.d/", "", "PAM of the host's programs does not see it"),
        OverlayRule("usr/share/initramfs-tools/", "", "the host's initramfs does not see it"),
        OverlayRule("usr/lib/dracut/", "", "the host's initramfs does not see it"),
    ]
}
