/// The groups of the host that users of a package may join.
public enum GroupTable {
    /// - Parameter group: its name. A group that no row names is allowed: it is the package's own or another service's.
    public static func verdict(_ group: String) -> PlaceVerdict { row(group)?.verdict ?? .allowed }

    static func row(_ group: String) -> GroupRule? { rules.first { $0.covers(group) } }

    static let rules = [
        GroupRule(
            ["root", "sudo", "wheel", "admin"], .refused("its members become root; leave it to the administrator")),
        GroupRule(
            ["docker", "podman", "lxd", "lxc", "incus", "incus-admin", "libvirt", "libvirt-qemu"],
            .refused("its members start containers or machines as root; run the service without it")),
        GroupRule(
            ["shadow", "disk", "kmem", "mem", "sys", "bin", "daemon", "fuse"],
            .refused(
                "its members read or change passwords, disks or memory; give the service what it needs in its unit")),
        GroupRule(
            ["gatekeel*"], .refused("its members control Gatekeel; use the bus interface as another user")),
        GroupRule(
            ["staff", "src", "crontab", "lpadmin", "operator", "backup", "_ssh", "ssh_keys", "ssh-keys", "polkitd"],
            .refused("its members can change what root runs or trusts; run the service without it")),
        GroupRule(
            [
                "messagebus", "systemd-network", "systemd-resolve", "systemd-timesync", "systemd-coredump",
                "systemd-oom",
            ],
            .refused("it is the group of a program of the host; run the service without it")),
        GroupRule(
            ["adm", "systemd-journal", "log", "syslog"],
            .warned("its members read all logs of the host; leave it out if the service does not need them")),
        GroupRule(
            ["netdev", "network", "wireshark", "pcap"],
            .warned("its members change the network or listen to it; leave it out if the service does not need that")),
        GroupRule(
            ["tty", "input", "utmp", "uinput"],
            .warned(
                "its members reach the terminals or keyboards of others; leave it out if the service does not need that"
            )),
        GroupRule(
            ["mail", "www-data", "proxy", "news", "uucp", "list", "irc", "games", "man", "users", "nogroup"],
            .warned("services of the host use it too; prefer a group of the package's own")),
        GroupRule(
            [
                "dialout", "video", "audio", "render", "plugdev", "cdrom", "floppy", "tape", "scanner", "bluetooth",
                "lp", "gpio", "i2c", "spi", "kvm", "ssl-cert", "sasl", "sgx", "voice", "fax", "avahi", "tss",
            ], .allowed),
    ]
}

/// A row of the table of groups.
struct GroupRule: Sendable {
    /// A final `*` stands for any characters.
    let names: [String]
    let verdict: PlaceVerdict

    init(_ names: [String], _ verdict: PlaceVerdict) {
        self.names = names
        self.verdict = verdict
    }

    func covers(_ group: String) -> Bool {
        names.contains { $0.hasSuffix("*") ? group.hasPrefix($0.dropLast()) : group == $0 }
    }
}
