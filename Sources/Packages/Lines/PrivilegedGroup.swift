/// Groups of Debian whose members may do what root may, or read what only root should.
enum PrivilegedGroup {
    private static let all: [(names: Set<String>, reason: String)] = [
        (
            [
                "root", "wheel", "sudo", "admin", "staff", "shadow", "disk", "kmem", "docker", "lxd", "incus",
                "incus-admin", "libvirt", "libvirt-qemu", "kvm", "src", "_ssh", "ssl-cert", "sgx",
            ], "makes its members root, or as good as root"
        ),
        (
            [
                "adm", "systemd-journal", "wireshark", "utmp", "mail", "backup", "operator", "tty", "input",
                "messagebus", "polkitd", "crontab", "netdev", "daemon", "bin", "sys", "man", "lp", "gatekeel",
                "nogroup",
            ], "lets its members read or change what is the host's"
        ),
    ]

    /// What the members may do; nil for any other group.
    static func reason(_ name: String) -> String? { all.first { $0.names.contains(name) }?.reason }
}
