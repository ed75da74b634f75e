/// Places below /etc. Debian's own files there, and the folders that Debian's programs read.
extension PlaceTable {
    static let configuration = hooks + closed + read + shared

    private static let foreign = "a package may not change this file of the host; remove it from the package"
    private static let notRun = "the package's programs are not on the host"

    // MARK: Run by the host

    private static let hooks = [
        // systemd's generator would start the init script of a removed package. The units do the same work.
        PlaceRule(
            .needless,
            [
                "/etc/init.d/", "/etc/rc0.d/", "/etc/rc1.d/", "/etc/rc2.d/", "/etc/rc3.d/", "/etc/rc4.d/",
                "/etc/rc5.d/",
                "/etc/rc6.d/", "/etc/rcS.d/", "/etc/rc.boot/", "/etc/init/", "/etc/insserv/", "/etc/insserv.conf",
                "/etc/insserv.conf.d/", "/etc/runit/", "/etc/sv/", "/etc/apparmor/init/",
            ],
            "systemd runs the package's units instead; for an init script without a unit of its name one is written"),
        PlaceRule(
            .leftOut,
            ["/etc/crontab", "/etc/cron.*/"],
            "the host's cron would run it, but \(notRun); use a timer unit"),
        PlaceRule(
            .leftOut,
            [
                "/etc/network/if-pre-up.d/", "/etc/network/if-up.d/", "/etc/network/if-down.d/",
                "/etc/network/if-post-down.d/", "/etc/ppp/ip*/", "/etc/dhcp/dhclient-*/", "/etc/resolvconf/",
                "/etc/NetworkManager/dispatcher.d/", "/etc/networkd-dispatcher/", "/etc/wicd/",
            ],
            "the host would run it when its network changes, but \(notRun); let the service watch the network itself"),
        PlaceRule(
            .leftOut,
            [
                "/etc/kernel/", "/etc/initramfs-tools/", "/etc/initramfs/", "/etc/dracut.conf", "/etc/dracut.conf.d/",
                "/etc/grub.d/", "/etc/flash-kernel/", "/etc/update-motd.d/", "/etc/needrestart/", "/etc/etckeeper/",
                "/etc/apm/", "/etc/pm/",
            ],
            "the host's own tools would run it, but \(notRun); do its work in a unit"),
        PlaceRule(
            .leftOut,
            [
                "/etc/profile.d/", "/etc/bash_completion.d/", "/etc/zsh/", "/etc/fish/", "/etc/csh/", "/etc/emacs*/",
                "/etc/skel/", "/etc/X11/Xsession.d/", "/etc/X11/xinit/", "/etc/X11/Xreset.d/",
                "/etc/xdg/autostart/", "/etc/xdg/Xwayland-session.d/", "/etc/xdg/systemd/",
            ],
            "every login on the host would run it, root's too, but \(notRun); set variables in the package's units"),
    ]

    // MARK: The host's

    private static let closed = [
        PlaceRule(
            .closed, ["/etc/systemd/"],
            "/etc/systemd belongs to the administrator; put units into /usr/lib/systemd/system"),
        PlaceRule(
            .closed, ["/etc/tmpfiles.d/"], "it is the administrator's; put the lines into /usr/lib/tmpfiles.d"),
        PlaceRule(
            .closed, ["/etc/sysusers.d/"], "it is the administrator's; put the lines into /usr/lib/sysusers.d"),
        PlaceRule(
            .closed, ["/etc/gatekeel*/"], "it says whose packages are installed; only the administrator changes it"),
        PlaceRule(
            .closed,
            [
                "/etc/passwd*", "/etc/shadow-maint/", "/etc/shadow*", "/etc/group*", "/etc/gshadow*", "/etc/subuid*",
                "/etc/subgid*",
                "/etc/.pwd.lock", "/etc/userdb/", "/etc/credstore*/",
            ],
            "it holds the host's users; use [Users] of the manifest or /usr/lib/sysusers.d"),
        PlaceRule(
            .closed,
            [
                "/etc/sudo*/", "/etc/doas*", "/etc/security/", "/etc/securetty", "/etc/login.defs", "/etc/pam.conf",
                "/etc/pam.d/common-*", "/etc/pam.d/login", "/etc/pam.d/su", "/etc/pam.d/su-l", "/etc/pam.d/sudo",
                "/etc/pam.d/sudo-i", "/etc/pam.d/passwd", "/etc/pam.d/chpasswd", "/etc/pam.d/newusers",
                "/etc/pam.d/chfn", "/etc/pam.d/chsh", "/etc/pam.d/other", "/etc/pam.d/runuser",
                "/etc/pam.d/runuser-l", "/etc/pam.d/systemd-*", "/etc/pam.d/polkit-1", "/etc/nologin",
                "/etc/selinux/", "/etc/hosts.allow", "/etc/hosts.deny", "/etc/hosts.equiv", "/etc/shells",
                "/etc/adduser.conf", "/etc/deluser.conf", "/etc/login.access", "/etc/nslcd.conf", "/etc/at.allow",
                "/etc/idmapd.conf",
                "/etc/gss/", "/etc/krb5.keytab", "/etc/sssd/", "/etc/shosts.equiv",
            ],
            "it decides who may do what on the host; leave it to the administrator"),
        PlaceRule(
            .closed,
            [
                "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/", "/etc/ssh/ssh_config", "/etc/ssh/ssh_config.d/",
                "/etc/ssh/ssh_host_*", "/etc/ssh/ssh_known_hosts*", "/etc/ssh/sshrc", "/etc/ssh/authorized_*/",
                "/etc/ssh/auth_*/",
            ],
            "it decides who may log in on the host; leave it to the administrator"),
        PlaceRule(
            .closed,
            [
                "/etc/ca-certificates.conf", "/etc/ca-certificates/", "/etc/ssl/certs/", "/etc/ssl/private/",
                "/etc/ssl/openssl.cnf", "/etc/ssl/cert.pem", "/etc/ssl/engines/", "/etc/dnssec-trust-anchors.d/",
                "/etc/OpenCL/", "/etc/pki/ca-trust/", "/etc/pki/tls/",
                "/etc/crypto-policies/", "/etc/gnutls/",
                "/etc/pkcs11/",
            ],
            "every program of the host trusts what is in it; name a certificate of its own in the package's configuration"
        ),
        PlaceRule(
            .closed,
            [
                "/etc/ld.so*/", "/etc/environment", "/etc/environment.d/", "/etc/profile", "/etc/bash.bashrc",
                "/etc/bash.bash_logout", "/etc/bash_completion", "/etc/inputrc", "/etc/csh.*", "/etc/ksh*",
                "/etc/mkshrc", "/etc/kshrc", "/etc/lsb-base-logging.sh", "/etc/zprofile", "/etc/zshrc", "/etc/zshenv",
                "/etc/locale.conf",
                "/etc/locale.gen",
                "/etc/locale.alias", "/etc/vconsole.conf", "/etc/console-setup/", "/etc/terminfo/",
            ],
            "every program of the host would see it; use Environment= in the package's units"),
        PlaceRule(
            .closed,
            [
                "/etc/perl/", "/etc/python*/", "/etc/ruby/",
                "/etc/gitconfig", "/etc/gdb/", "/etc/gdbinit*", "/etc/vim/", "/etc/nanorc", "/etc/screenrc",
                "/etc/tmux.conf", "/etc/wgetrc", "/etc/curlrc", "/etc/pip.conf", "/etc/npmrc", "/etc/mailcap*",
                "/etc/manpath.config", "/etc/groff/", "/etc/lesskey", "/etc/magic*", "/etc/sysless",
            ],
            "it changes how programs of the host run, for root too; leave it to the administrator"),
        PlaceRule(
            .closed,
            [
                "/etc/fstab*", "/etc/crypttab*", "/etc/veritytab", "/etc/integritytab", "/etc/mtab", "/etc/inittab",
                "/etc/rc.local", "/etc/rc.conf", "/etc/modules", "/etc/depmod.d/", "/etc/binfmt.d/",
                "/etc/sysctl.conf", "/etc/kexec*", "/etc/lilo.conf", "/etc/zipl.conf", "/etc/fw_env.config",
                "/etc/repart.d/", "/etc/sysupdate*/", "/etc/extensions/", "/etc/confexts/", "/etc/portables/",
                "/etc/verity.d/", "/etc/dracut/", "/etc/cloud/", "/etc/initrd-release", "/etc/extension-release.d/",
                "/etc/.updated",
                "/etc/ima/", "/etc/mdadm/", "/etc/lvm/", "/etc/multipath*/",
            ],
            "it decides how the host boots; leave it to the administrator"),
        PlaceRule(
            .closed,
            [
                "/etc/hostname", "/etc/hosts", "/etc/host.conf", "/etc/gai.conf", "/etc/resolv.conf",
                "/etc/nsswitch.conf", "/etc/networks", "/etc/protocols", "/etc/services", "/etc/rpc", "/etc/ethertypes",
                "/etc/ethers", "/etc/netgroup", "/etc/netconfig", "/etc/netplan/", "/etc/network/",
                "/etc/NetworkManager/conf.d/", "/etc/NetworkManager/system-connections/", "/etc/iptables/",
                "/etc/ufw/before*", "/etc/ufw/after*", "/etc/ufw/user*", "/etc/ufw/*.conf",
                "/etc/dhcp/dhclient.conf", "/etc/dhclient.conf",
                "/etc/dhcpcd.*",
            ],
            "it is about the network of the whole host; leave it to the administrator"),
        PlaceRule(
            .closed,
            [
                "/etc/localtime", "/etc/timezone", "/etc/adjtime", "/etc/machine-id", "/etc/machine-info",
                "/etc/os-release",
                "/etc/debian_version", "/etc/lsb-release", "/etc/issue*/", "/etc/motd*/", "/etc/mailname",
                "/etc/aliases*",
                "/etc/mime.types", "/etc/papersize",
            ], foreign),
        PlaceRule(
            .closed,
            [
                "/etc/apt/", "/etc/dpkg/", "/etc/alternatives/", "/etc/debconf.conf", "/etc/ucf.conf",
                "/etc/debsums*", "/etc/apparmor/", "/etc/apparmor.d/disable/", "/etc/apparmor.d/force-complain/",
                "/etc/logrotate.conf", "/etc/dbus-1/system.conf", "/etc/dbus-1/session.conf",
                "/etc/dbus-1/system-local.conf", "/etc/dbus-1/system-services/", "/etc/udev/udev.conf",
                "/etc/libaudit.conf", "/etc/mke2fs.conf",
                "/etc/e2scrub.conf",
                "/etc/xattr.conf", "/etc/default/cacerts", "/etc/bindresvport.blacklist", "/etc/kernel-img.conf",
            ],
            "it configures a tool of the host; leave it to the administrator"),
        PlaceRule(
            .closed,
            [
                "/etc/default/grub*/", "/etc/default/keyboard", "/etc/default/console-setup", "/etc/default/locale",
                "/etc/default/useradd", "/etc/default/nss", "/etc/default/networking", "/etc/default/rcS",
                "/etc/default/tmpfs", "/etc/default/halt", "/etc/default/hwclock", "/etc/default/su",
                "/etc/default/crda", "/etc/default/devpts", "/etc/default/kexec", "/etc/default/bootlogd",
                "/etc/default/raspi*", "/etc/default/u-boot", "/etc/default/flash-kernel", "/etc/default/dbus",
                "/etc/default/motd-news", "/etc/default/ufw",
            ], foreign),
    ]

    // MARK: Read by the host

    private static let reads = "use only what the host needs of it, and nothing that only the package has"

    private static let read = [
        PlaceRule(
            .dropIn, ["/etc/logrotate.d/"],
            "the host's logrotate runs its scripts; they must not need the package's programs"),
        PlaceRule(
            .dropIn, ["/etc/logcheck/", "/etc/ufw/applications.d/"], "programs of the host read it; \(reads)"),
        PlaceRule(
            .read, ["/etc/apparmor.d/"],
            "AppArmor loads it only at the next boot; load it with 'apparmor_parser -r' if it is needed earlier"),
        PlaceRule(
            .dropIn, ["/etc/dbus-1/system.d/"],
            "the message bus reads it; its rules must be for names of the package's own services"),
        PlaceRule(.read, ["/etc/dbus-1/"], "the message buses of users read it; check what it allows them"),
        PlaceRule(
            .read, ["/etc/anacrontab"],
            "anacron, and a cron of the host that reads it, run its lines as root; check that they need nothing that only the package has"
        ),
        PlaceRule(.read, ["/etc/polkit-1/"], "the host's polkit reads it; check whom it allows what"),
        PlaceRule(
            .read, ["/etc/pam.d/"],
            "programs of the host read it too, but they do not see PAM modules of the package; use only modules of the host"
        ),
        PlaceRule(
            .read, ["/etc/udev/"],
            "udev reads it when it reloads its rules, and does not see the package's programs; use 'udevadm control --reload' if it is needed at once"
        ),
        PlaceRule(
            .read, ["/etc/modprobe.d/", "/etc/modules-load.d/", "/etc/sysctl.d/"],
            "it takes effect at the next boot, for the whole host; check that this is wanted"),
        PlaceRule(
            .read, ["/etc/rsyslog.d/", "/etc/rsyslog.conf"],
            "the host's rsyslog reads it at its next start; restart it if the rules are needed at once"),
        PlaceRule(
            .read,
            [
                "/etc/incron.d/", "/etc/watchdog.d/", "/etc/libvirt/hooks/", "/etc/smartmontools/run.d/",
                "/etc/kubernetes/manifests/",
                "/etc/containers/oci/", "/etc/cni/net.d/", "/etc/audit/plugins.d/", "/etc/gdm3/", "/etc/wireguard/",
                "/etc/inetd.conf", "/etc/inetd.d/", "/etc/xinetd.d/", "/etc/xinetd.conf",
                "/etc/acpi/", "/etc/exports",
                "/etc/exports.d/", "/etc/auto.master.d/", "/etc/ppp/", "/etc/NetworkManager/", "/etc/nftables.conf",
                "/etc/nftables.d/", "/etc/ufw/", "/etc/firewalld/", "/etc/X11/", "/etc/iproute2/", "/etc/krb5.conf",
                "/etc/krb5.conf.d/", "/etc/ldap/", "/etc/ssh/", "/etc/fonts/", "/etc/dnsmasq.d/", "/etc/default/nfs*",
                "/etc/request-key.d/", "/etc/request-key.conf",
            ],
            "a daemon of the host that has this name acts on it too; check that the host runs no other one"),
        PlaceRule(
            .read,
            [
                "/etc/pki/nssdb/", "/etc/libibverbs.d/", "/etc/glvnd/", "/etc/sasl2/", "/etc/suid-debug", "/etc/netns/",
                "/etc/cryptsetup-keys.d/", "/etc/e2fsck.conf", "/etc/blkid.conf",
            ],
            "libraries and tools that root's programs use read it; check that the whole host needs what it says"),
    ]

    // MARK: Shared

    private static let shared = [
        PlaceRule(
            .shared,
            ["/etc", "/etc/default", "/etc/ssl", "/etc/xdg", "/etc/opt", "/etc/pki", "/etc/dhcp"],
            PlaceRule.sharedReason)
    ]
}
