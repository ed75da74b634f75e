import Archive
import Testing

@testable import Packages

/// What the table says, in one word.
private func word(_ path: String, _ use: PlaceUse) -> String {
    switch PlaceTable.verdict(path, use) {
    case .allowed: "allowed"
    case .warned: "warned"
    case .skipped: "skipped"
    case .refused: "refused"
    }
}

@Suite struct PlaceTableTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let uses: [PlaceUse]
        let verdict: String
        let paths: [String]
        var testDescription: String { "\(verdict): \(uses.map(\.rawValue).joined(separator: ", ")): \(paths[0]) …" }

        init(_ verdict: String, _ uses: PlaceUse..., at paths: String) {
            self.verdict = verdict
            self.uses = uses
            self.paths = paths.split(separator: " ").map(String.init)
        }
    }

    static let cases = [
        // Configuration of daemons that were tried and must go on working.
        Case(
            "allowed", .file, .link,
            at: """
                /etc/rinetd.conf /etc/mosquitto/mosquitto.conf /etc/default/mosquitto /etc/logrotate.d/mosquitto
                /etc/default/rpcbind /etc/default/ssh /etc/lighttpd/lighttpd.conf /etc/fail2ban/jail.conf
                /etc/monit/monitrc /etc/bind/named.conf /etc/dhcp/dhcpd.conf /etc/kea/kea-dhcp4.conf /etc/frr/daemons
                /etc/ufw/applications.d/nginx /etc/dbus-1/system.d/dnsmasq.conf /etc/logcheck/ignore.d.server/ntpsec /etc/snmp/snmpd.conf
                /etc/wpa_supplicant/functions.sh /etc/turnserver.conf /etc/ftpusers /etc/at.deny /etc/opt/foo/a
                /etc/rclone.conf /etc/auto.master /etc/ipsec.conf /etc/stunnel/stunnel.conf /etc/groupware/a /etc/profiles
                """.replacingLines()),
        Case(
            "warned", .file, .link,
            at: """
                /etc/pam.d/vsftpd /etc/pam.d/sshd /etc/apparmor.d/usr.sbin.named /etc/apparmor.d/local/usr.sbin.unbound
                /etc/dbus-1/session.d/dnsmasq.conf /etc/udev/rules.d/50-x.rules /etc/polkit-1/rules.d/x.rules
                /etc/sysctl.d/x.conf /etc/modprobe.d/x.conf /etc/modules-load.d/x.conf /etc/rsyslog.d/49-haproxy.conf
                /etc/pki/nssdb/x /etc/libibverbs.d/x.driver /etc/sasl2/x.conf /etc/suid-debug /etc/netns/x/resolv.conf
                /etc/glvnd/egl_vendor.d/x.json /etc/cryptsetup-keys.d/x.key /etc/e2fsck.conf /etc/blkid.conf
                /etc/rsyslog.conf /etc/nftables.conf /etc/xinetd.d/time /etc/ssh/moduli /etc/iproute2/rt_protos.d/frr.conf
                """.replacingLines()),
        // Programs of the host would run them.
        Case(
            "skipped", .file, .link,
            at: """
                /etc/init.d/x /etc/rc2.d/S01x /etc/insserv.conf.d/x /etc/crontab /etc/cron.d/x /etc/cron.daily/x
                /etc/cron.monthly/x /etc/cron.allow /etc/network/if-up.d/x /etc/ppp/ip-up.d/x /etc/dhcp/dhclient-exit-hooks.d/x
                /etc/resolvconf/update.d/x /etc/NetworkManager/dispatcher.d/x /etc/kernel/postinst.d/x /etc/grub.d/x
                /etc/initramfs-tools/hooks/x /etc/update-motd.d/x /etc/profile.d/x.sh /etc/bash_completion.d/x
                /etc/X11/Xsession.d/x /etc/xdg/autostart/x.desktop /etc/skel/.bashrc /etc/needrestart/hook.d/x
                """.replacingLines()),
        // Places that other programs act on.
        Case(
            "refused", .file, .link, .manifestFolder, .tmpfilesLine, .stateFolder, .linkTarget, .reached,
            at: """
                /etc/passwd /etc/shadow /etc/shadow- /etc/group /etc/gshadow /etc/subuid /etc/sudoers /etc/sudoers.d/x /etc/sudo.conf
                /etc/doas.conf /etc/security/limits.d/x.conf /etc/login.defs /etc/pam.conf /etc/pam.d/common-auth
                /etc/pam.d/su /etc/pam.d/sudo /etc/pam.d/login /etc/pam.d/other /etc/hosts.allow /etc/shells
                /etc/systemd/system/x.service /etc/systemd/network/x.network /etc/systemd/system.conf.d/x.conf
                /etc/tmpfiles.d/x.conf /etc/sysusers.d/x.conf /etc/gatekeel/keyring.d/x.pem /etc/gatekeeld.conf
                /etc/ssh/sshd_config /etc/ssh/sshd_config.d/x.conf /etc/ssh/ssh_config.d/x.conf /etc/ssh/ssh_host_rsa_key
                /etc/ca-certificates.conf /etc/ca-certificates/update.d/x /etc/ssl/certs/x.pem /etc/ssl/private/x.key /etc/ssl/openssl.cnf
                /etc/ld.so.preload /etc/ld.so.conf.d/x.conf /etc/environment /etc/environment.d/x.conf /etc/profile
                /etc/bash.bashrc /etc/inputrc /etc/perl/x.pm /etc/python3.11/sitecustomize.py /etc/gitconfig
                /etc/fstab /etc/crypttab /etc/inittab /etc/rc.local /etc/modules /etc/binfmt.d/x.conf /etc/sysctl.conf
                /etc/hosts /etc/hostname /etc/resolv.conf /etc/nsswitch.conf /etc/netplan/x.yaml /etc/network/interfaces
                /etc/network/interfaces.d/x /etc/NetworkManager/conf.d/x.conf /etc/NetworkManager/system-connections/x
                /etc/iptables/rules.v4 /etc/ufw/before.rules /etc/localtime /etc/timezone /etc/machine-id /etc/motd
                /etc/apt/apt.conf.d/x /etc/dpkg/dpkg.cfg.d/x /etc/alternatives/editor /etc/apparmor.d/disable/x
                /etc/dbus-1/system.conf /etc/udev/udev.conf /etc/logrotate.conf /etc/default/grub /etc/default/grub.d/x.cfg
                /etc/default/keyboard /etc/cloud/cloud.cfg.d/x.cfg
                /var/lib/dpkg/status /var/lib/gatekeel/packages /var/lib/gatekeeld/x /var/lib/extensions/x.raw
                /var/lib/machines/x /var/spool/cron/crontabs/root /var/log/journal/x /var/log/auth.log /run/systemd/system/x
                /run/gatekeel/x /run/udev/rules.d/x /boot/x /dev/sda /proc/sys/x /sys/x /root/.ssh/authorized_keys /usr/bin/../x
                etc/x /
                """.replacingLines()),
        Case(
            "refused", .manifestFolder, .tmpfilesLine, .stateFolder,
            at: """
                /etc/tmpfiles.d /etc/sysusers.d /etc/sysctl.d /etc/udev /etc/udev/rules.d /etc/polkit-1 /etc/polkit-1/rules.d
                /etc/alternatives /etc/apparmor.d /etc/apparmor.d/x /etc/dbus-1 /etc/dbus-1/system.d /etc/modprobe.d
                /etc/modules-load.d /etc/binfmt.d /etc/environment.d /etc/pam.d /etc/pam.d/x /etc/ld.so.conf.d
                /etc/logrotate.d /etc/logrotate.d/x /etc/rsyslog.d /etc/cron.d /etc/cron.daily /etc/cron.d/x /etc/sudoers.d
                /etc/profile.d /etc/init.d /etc/systemd /etc/gatekeel /etc/gatekeel/keyring.d /etc/ssh /etc/ssl /etc/default
                /etc/dhcp /etc/network /etc /var /var/lib /var/log /var/cache /var/spool /var/www /srv /run /run/lock /tmp
                /var/lib/dpkg /var/lib/apt /var/lib/systemd /var/lib/private /var/lib/gatekeel /var/lib/gatekeel-other
                /var/spool/cron /var/mail /var/backups/x /usr/lib/x /opt/x /home/x
                """.replacingLines()),
        Case("refused", .manifestFolder, .tmpfilesLine, .linkTarget, at: "/var/lib/private/x /var/cache/private/x"),
        Case("allowed", .stateFolder, at: "/var/lib/private/x /var/lib/foo/bar /run/foo"),
        // A package's own.
        Case(
            "allowed", .folder, .manifestFolder, .tmpfilesLine, .stateFolder, .linkTarget, .reached,
            at: "/etc/foo /etc/foo/bar /var/lib/foo /var/log/foo /var/cache/foo /var/spool/foo /var/www/html /srv/foo"),
        Case(
            "allowed", .tmpfilesLine,
            at: "/run/foo /var/run/foo /run/lock/foo /var/lock/foo /tmp/foo /var/tmp/foo /etc/default/foo"),
        Case("refused", .file, .folder, .link, .manifestFolder, .reached, at: "/run/foo /var/run/foo /tmp/foo"),
        Case("allowed", .file, at: "/var/lib/foo/data /srv/foo/data /var/www/html/x"),
        Case("refused", .link, at: "/var/lib/foo/data /srv/foo/data"),
        Case(
            "skipped", .folder,
            at: """
                /etc /etc/default /etc/systemd /etc/cron.d /etc/init.d /var /var/lib /var/run /run /var/mail
                /etc/rsyslog.d /etc/logrotate.d
                """.replacingLines()),
        Case("allowed", .folder, at: "/etc/udev/rules.d /usr/lib/foo /opt/foo"),
        // Where links lead.
        Case("allowed", .linkTarget, at: "/usr/share/foo /opt/foo/x /etc/foo/x /var/lib/foo /run/foo/x"),
        Case(
            "refused", .linkTarget,
            at: "/etc/pam.d /etc/pam.d/sshd /etc/udev/rules.d /etc/logrotate.d /dev/sda /home/x /tmp/x"),
        Case(
            "refused", .reached,
            at: "/etc/pam.d/x /etc/logrotate.d/x /etc/cron.d/x /usr/bin/x /usr/lib/systemd/system/x"),
        Case(
            "allowed", .reached, at: "/srv/foo.conf /data/foo.conf /mnt/x/y /opt/foo/etc/x /usr/local/etc/x /home/x/y"),
        // Patterns and specifiers stand for all that they can be.
        Case(
            "refused", .tmpfilesLine,
            at:
                "/etc/* /etc/sha* /etc/sh[a]dow /etc/{shadow,foo} /etc/%b /run/* /run/s* /run/sys* /var/lib/*/x /* /etc/sudo*/x /etc/pam.d/* /tmp/*"
        ),
        Case("allowed", .tmpfilesLine, at: "/run/foo/* /run/foo-* /var/lib/foo/%b/x /etc/foo/*.conf /tmp/foo-*"),
        // To the kernel, a combining character does not hide the '/' before it.
        Case("refused", .file, at: "/etc/sudoers.d/\u{301}x /etc/systemd/\u{301}x /var/lib/dpkg/\u{301}x"),
    ]

    @Test(arguments: cases) func verdicts(_ example: Case) {
        for use in example.uses {
            for path in example.paths { #expect(word(path, use) == example.verdict, "\(path), \(use.rawValue)") }
        }
    }

    /// Each reason ends with what to do.
    @Test func reasonsSayWhatToDo() {
        for rule in PlaceTable.rules where rule.kind != .dropIn {
            #expect(rule.reason.contains("; "), "\(rule.patterns[0].text): \(rule.reason)")
        }
        for rule in GroupTable.rules {
            switch rule.verdict {
            case .allowed: break
            case .warned(let why), .refused(let why): #expect(why.contains("; "), "\(why)")
            case .skipped: Issue.record("a group is not left out")
            }
        }
    }

    /// A row that an earlier one covers says nothing.
    @Test func everyPatternDecides() {
        for rule in PlaceTable.rules {
            for pattern in rule.patterns {
                let place = Place(
                    names: pattern.names.map { $0.map { $0 == "*" ? "x" : $0 }.reduce(into: "") { $0.append($1) } })
                let found = PlaceTable.row(place)?.rule
                #expect(found?.patterns == rule.patterns, "\(pattern.text)")
            }
        }
    }
}

@Suite struct GroupTableTests {
    @Test(arguments: [
        (
            "refused",
            "root sudo wheel admin shadow disk kmem docker lxd incus libvirt gatekeel gatekeeld staff crontab polkitd"
        ),
        ("warned", "adm systemd-journal netdev tty input mail www-data"),
        ("allowed", "dialout video audio plugdev gpio i2c ssl-cert mosquitto foo"),
    ]) func groups(verdict: String, names: String) {
        for name in names.split(separator: " ").map(String.init) {
            let found =
                switch GroupTable.verdict(name) {
                case .allowed: "allowed"
                case .warned: "warned"
                case .skipped: "skipped"
                case .refused: "refused"
                }
            #expect(found == verdict, "\(name)")
        }
    }
}

@Suite struct PackagedLinksTests {
    /// The files with findings, of links and of paths.
    private func found(_ links: [(String, String)], _ paths: [String] = []) -> [String] {
        var all = PackagedLinks()
        for (path, target) in links { all.add(path, target: target) }
        return (all.findings.listed + paths.compactMap { all.finding(leading: $0, of: $0) }).map(\.file)
    }

    @Test(arguments: [
        "/etc/systemd/system", "/etc/pam.d", "/etc/pam.d/sshd", "/etc", "..", "../", "pam.d", "../etc/pam.d",
        "/etc/shadow",
        "/var/lib", "/var/lib/dpkg", "/dev/sda", "/proc/self/root", "/etc/foo/../pam.d", "x/../../pam.d", "/root", "/",
        "/etc/cron.d/x", "/etc/logrotate.d", "/etc/./systemd", "//etc//systemd", "/run", "/run/systemd",
    ]) func targetsThatAreRefused(target: String) {
        #expect(found([("/etc/evil", target)]) == ["etc/evil"])
    }

    @Test(arguments: [
        "/usr/share/foo", "/opt/foo", "/etc/foo.d/x", "foo.d/x", "../var/lib/foo", "/var/log/foo", "/run/foo/x",
        "/dev/null",
        "../usr/lib/foo",
    ]) func targetsThatAreAllowed(target: String) { #expect(found([("/etc/link", target)]) == []) }

    @Test func devNullHidesNothingOfTheHost() {
        #expect(found([("/etc/udev/rules.d/x.rules", "/dev/null")]) == ["etc/udev/rules.d/x.rules"])
        #expect(found([("/etc/logrotate.d/x", "/dev/null")]) == ["etc/logrotate.d/x"])
    }

    @Test func linksOnTheWayAreFollowed() {
        #expect(found([("/etc/a", "/etc/b/x"), ("/etc/b", "/usr/share/b")]) == [])
        #expect(found([("/etc/a", "/etc/b/../pam.d"), ("/etc/b", "/usr/share/b")]) == ["etc/a"])
        #expect(found([("/etc/a", "/etc/b/shadow"), ("/etc/b", "/etc")]) == ["etc/a", "etc/b"])
        #expect(found([("/etc/a", "b"), ("/etc/b", "a")]) == ["etc/a", "etc/b"])
        #expect(found([("/etc/a", "a/x")]) == ["etc/a"])
    }

    @Test func nothingIsBelowALink() {
        let link = ("/etc/evil", "/usr/share/foo")
        #expect(found([link], ["/etc/evil/x"]) == ["etc/evil/x"])
        #expect(found([link], ["/etc/evil"]) == ["etc/evil"])
        #expect(found([link], ["/etc/evil2/x", "/etc/foo"]) == [])
        #expect(found([link, ("/etc/evil/deep", "/usr/share/foo")]) == ["etc/evil/deep"])
    }
}

extension String {
    fileprivate func replacingLines() -> String { split(separator: "\n").joined(separator: " ") }
}
