/// Places below /var, /srv, /run, /usr and in the rest of the host.
extension PlaceTable {
    private static let ofHost = "it belongs to a program of the host; use a folder of the package's own in /var/lib"

    static let data = [
        PlaceRule(
            .closed, ["/var/lib/gatekeel*/", "/var/cache/gatekeel*/", "/var/log/gatekeel*/", "/run/gatekeel*/"],
            "it is Gatekeel's own; use a folder of the package's own name"),
        PlaceRule(
            .closed,
            [
                "/var/lib/dpkg/", "/var/lib/apt/", "/var/cache/apt/", "/var/log/apt/", "/var/log/dpkg.log*",
                "/var/lib/ucf/",
            ],
            "it belongs to dpkg and apt; use a folder of the package's own in /var/lib"),
        PlaceRule(
            .closed,
            [
                "/var/lib/extensions/", "/var/lib/confexts/", "/var/lib/portables/", "/var/lib/machines/",
                "/var/lib/cloud/", "/var/lib/systemd/", "/run/systemd/", "/run/extensions/", "/run/confexts/",
                "/run/portables/", "/run/machines/", "/run/credentials/", "/run/credstore*/", "/run/host/",
                "/run/initramfs/", "/run/tmpfiles.d/", "/run/sysusers.d/", "/run/sysctl.d/", "/run/modprobe.d/",
                "/run/modules-load.d/", "/run/binfmt.d/", "/run/environment.d/", "/run/dbus/", "/run/udev/",
                "/run/polkit-1/", "/run/NetworkManager/", "/run/nscd/", "/run/cloud-init/", "/run/log/", "/run/user/",
                "/run/sudo/", "/run/mount/", "/run/netns/", "/run/resolvconf/", "/run/faillock/", "/run/utmp",
                "/run/nologin", "/run/motd*/", "/run/reboot-required*", "/run/initctl", "/run/shm/", "/run/lvm/",
                "/run/cryptsetup*/", "/run/blkid/", "/run/userdb/", "/run/netplan/", "/run/repart.d/", "/run/verity.d/",
                "/run/dnssec-trust-anchors.d/", "/run/kernel/", "/run/issue*/", "/run/ostree-booted",
                "/run/nsswitch.conf", "/run/mdadm/", "/run/dhclient*", "/run/agetty.reload", "/run/snapd*/",
                "/run/crond.*",
            ],
            "systemd and other programs of the host act on what is in it; use a folder of the package's own name"),
        PlaceRule(
            .closed, ["/tmp/systemd-private*/", "/var/tmp/systemd-private*/", "/tmp/.*/", "/var/tmp/.*/"],
            "it belongs to systemd or to a display of the host; use a name of the package's own"),
        PlaceRule(
            .leftOut, ["/var/lib/polkit-1/localauthority/"],
            "the host's polkit would read it; an administrator who wants the rule puts it into /etc/polkit-1"),
        PlaceRule(
            .closed, ["/var/spool/cron/", "/var/spool/mail/", "/var/mail/", "/var/spool/at/", "/var/spool/incron/"],
            "the host runs or delivers what is in it; use a timer unit, or a folder of the package's own in /var/spool"),
        PlaceRule(
            .closed,
            [
                "/var/log/journal/", "/var/log/wtmp*", "/var/log/btmp*", "/var/log/lastlog*", "/var/log/faillog*",
                "/var/log/tallylog*", "/var/log/sudo-io/", "/var/log/auth.log*", "/var/log/syslog*",
                "/var/log/messages*", "/var/log/kern.log*", "/var/log/daemon.log*", "/var/log/user.log*",
                "/var/log/debug", "/var/log/mail.*", "/var/log/cron.log*", "/var/log/secure", "/var/log/dmesg*",
                "/var/log/boot.log*", "/var/log/alternatives.log*", "/var/log/installer/",
                "/var/log/unattended-upgrades/",
            ],
            "it is a log of the host; use a folder of the package's own in /var/log"),
        PlaceRule(
            .dynamic,
            ["/var/lib/private/", "/var/cache/private/", "/var/log/private/"],
            "systemd keeps the data of dynamic users there; use StateDirectory= in the unit"),
        PlaceRule(
            .closed,
            [
                "/var/lib/dbus/", "/var/lib/pam/", "/var/lib/polkit-1/", "/var/lib/sudo/", "/var/lib/initramfs-tools/",
                "/var/lib/grub/", "/var/lib/shim-signed/", "/var/lib/logrotate/", "/var/lib/os-prober/",
                "/var/lib/python/", "/var/lib/urandom/", "/var/lib/snapd/", "/var/lib/flatpak/",
                "/var/lib/ca-certificates*/", "/var/lib/apparmor/", "/var/lib/selinux/", "/var/lib/sgml-base/",
                "/var/lib/xml-core/", "/var/lib/man-db/", "/var/lib/update-*/", "/var/cache/debconf/",
                "/var/cache/ldconfig/", "/var/cache/apparmor/", "/var/cache/man/",
            ], ofHost),
        PlaceRule(
            .shared,
            [
                "/var", "/var/cache", "/var/lib", "/var/lib/misc", "/var/log", "/var/opt", "/var/spool", "/var/www",
                "/var/backups",
                "/var/local", "/var/tmp", "/var/crash", "/srv", "/run", "/run/lock", "/tmp",
            ], PlaceRule.sharedReason),
    ]

    static let release = [
        PlaceRule(
            .closed, ["/usr/lib/extension-release.d/"],
            "only Gatekeel writes extension-release files; remove it from the package"),
        PlaceRule(
            .root,
            ["/boot/", "/dev/", "/proc/", "/sys/", "/root/", "/lost+found/", "/initrd.img", "/vmlinuz", "/efi/"],
            PlaceRule.reason(ofUnnamed: .elsewhere)),
    ]
}
