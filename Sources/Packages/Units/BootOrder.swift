/// The order in which the host boots, as far as a package's units may be in it.
///
/// Gatekeel orders every unit of a package after `gatekeel-recover.service`, which waits for the host's file systems. A unit
/// that is ordered before those as well makes a cycle, and systemd breaks it by leaving out a unit, maybe one of the host.
enum BootOrder {
    enum Verdict: Hashable, Sendable {
        case allowed
        /// The host decides whether the other unit starts early: `HostUnits`.
        case ofHost
        case refused(String)
    }

    /// Whether a unit may be ordered before one that is not the package's.
    ///
    /// - Parameters:
    ///   - type: of the package's unit.
    ///   - isDefault: whether it has systemd's default dependencies.
    ///   - isWanted: the other one is a target that waits for it because it wants it.
    static func verdict(_ type: UnitType, isDefault: Bool, before other: UnitName, isWanted: Bool) -> Verdict {
        let name = (other.template ?? other).description
        if early.contains(name) {
            return .refused(
                "'\(other)' starts before gatekeel-recover.service, which every unit of a package waits for; choose a later one, as network-pre.target or sysinit.target"
            )
        }
        if isDefault, let why = refusal(type, before: other, isWanted: isWanted) { return .refused(why) }
        // The units of an initrd are not on a host that has booted.
        if late.contains(name) || name.hasPrefix("initrd") { return .allowed }
        switch other.type {
        case .mount, .automount, .swap, .device, .slice, .scope:
            return .refused(
                "'\(other)' may be needed before gatekeel-recover.service, which every unit of a package waits for; choose a later unit, as remote-fs-pre.target"
            )
        case .service, .socket, .target, .timer, .path: return .ofHost
        }
    }

    /// Why a unit with default dependencies may not be before another one, which may be the package's too; nil if it may.
    static func refusal(_ type: UnitType, before other: UnitName, isWanted: Bool) -> String? {
        guard isAwaited(other, by: type, isWanted: isWanted) else { return nil }
        let advice = isWanted ? "use WantedBy=multi-user.target" : "remove it, or add DefaultDependencies=no"
        return "the unit waits for '\(other)' by default, and neither could start first; \(advice)"
    }

    /// Whether a unit is after another one by its default dependencies.
    private static func isAwaited(_ other: UnitName, by type: UnitType, isWanted: Bool) -> Bool {
        let name = (other.template ?? other).description
        let isOfSysinit = beforeSysinit.contains(name)
        // basic.target waits for these, and each service for that.
        let isOfBasic = name == "basic.target"
        let isBeforeBasic = beforeBasic.contains(name) || other.type == .socket || other.type == .path
        // systemd does not let a target wait for a unit that waits for the target itself.
        let isItself = isWanted && (name == "sysinit.target" || type == .service && isOfBasic)
        return switch type {
        case .service: !isItself && (isBeforeBasic || isOfSysinit || isOfBasic)
        case .socket, .timer, .path: !isItself && isOfSysinit
        // A target waits for the services that it wants.
        case .target: isBeforeBasic || isOfSysinit || isOfBasic
        default: false
        }
    }

    /// What gatekeel-recover.service waits for, also indirectly, on Debian 12 and 13; and what makes devices appear, without
    /// which it would wait in vain.
    private static let early: Set<String> = [
        "local-fs-pre.target", "local-fs.target", "swap.target", "cryptsetup-pre.target", "cryptsetup.target",
        "veritysetup-pre.target", "veritysetup.target", "integritysetup-pre.target", "integritysetup.target",
        "blockdev@.target", "kmod-static-nodes.service", "kmod.service", "modprobe@.service", "procps.service",
        "plymouth-start.service", "quotaon-root.service", "systemd-battery-check.service", "systemd-firstboot.service",
        "systemd-fsck-root.service", "systemd-fsck@.service", "systemd-fsckd.service", "systemd-fsckd.socket",
        "systemd-hibernate-resume.service", "systemd-hibernate-resume@.service", "systemd-journald.socket",
        "systemd-modules-load.service", "systemd-quotacheck-root.service", "systemd-quotacheck.service",
        "systemd-remount-fs.service", "systemd-sysctl.service", "systemd-sysusers.service",
        "systemd-tmpfiles-setup-dev-early.service", "systemd-tmpfiles-setup-dev.service", "systemd-udevd.service",
        "systemd-udevd-control.socket", "systemd-udevd-kernel.socket", "systemd-udev-trigger.service",
        "systemd-udev-settle.service", "udev.service", "gatekeel-recover.service",
    ]

    private static let beforeBasic: Set<String> = ["sockets.target", "paths.target", "slices.target"]

    /// The end of the early boot, and units that it waits for and gatekeel-recover.service does not.
    private static let beforeSysinit: Set<String> = [
        "sysinit.target", "apparmor.service", "systemd-binfmt.service", "systemd-journal-flush.service",
        "systemd-journald.service", "systemd-random-seed.service", "systemd-resolved.service",
        "systemd-timesyncd.service", "systemd-tmpfiles-setup.service", "systemd-update-utmp.service", "tpm2.target",
    ]

    /// Nothing early waits for these.
    private static let late: Set<String> = beforeSysinit.union(beforeBasic).union([
        "basic.target", "bluetooth.target", "exit.target", "final.target", "getty-pre.target", "getty.target",
        "graphical.target", "halt.target", "hibernate.target", "hybrid-sleep.target", "ifup@.service", "kexec.target",
        "machines.target", "mail-transport-agent.target", "multi-user.target", "netfilter-persistent.service",
        "network-online.target", "network-pre.target", "network.target", "networking.service", "nfs-client.target",
        "nftables.service", "nss-lookup.target", "nss-user-lookup.target", "poweroff.target", "printer.target",
        "reboot.target", "remote-fs-pre.target", "remote-fs.target", "rescue.service", "rescue.target",
        "rpcbind.target",
        "shutdown.target", "sleep.target", "smartcard.target", "soft-reboot.target", "sound.target",
        "suspend-then-hibernate.target", "suspend.target", "systemd-networkd.service", "time-set.target",
        "time-sync.target", "timers.target", "ufw.service", "umount.target", "usb-gadget.target",
    ])
}
