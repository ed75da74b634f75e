import Glibc

/// Units that the units of a package may not start, stop or be bound to: those that end the boot or put the gateway to sleep, those
/// that Gatekeel needs, and Gatekeel's own.
enum ReservedUnits {
    /// How a unit names another one.
    enum Relation {
        /// It may start it: `Wants=`, `OnFailure=`, `Unit=`.
        case started
        /// It stops it: `Conflicts=`.
        case stopped
        /// In any other way but `After=`.
        case named
    }

    /// Why a unit may not name another one so; nil if it may.
    ///
    /// - Parameters:
    ///   - word: a name, which may have specifiers: then none of the names that it can stand for may be reserved.
    ///   - unit: in whose file it is.
    static func refusal(_ word: String, of unit: UnitName, _ relation: Relation) -> String? {
        let pattern = pattern(word, of: unit)
        switch relation {
        case .started:
            if let name = ending.first(where: { matches(pattern, $0) }) {
                return
                    "a package does not reboot the gateway, power it off or put it to sleep ('\(name)'); remove this setting"
            }
        case .stopped:
            if let name = needed.first(where: { matches(pattern, $0) }) {
                return "Gatekeel and the whole host need '\(name)'; remove this setting"
            }
        case .named: break
        }
        // Of a name with specifiers, only its beginning can say that it is Gatekeel's.
        guard pattern.hasPrefix("gatekeel") || relation == .stopped && own.contains(where: { matches(pattern, $0) })
        else { return nil }
        return "units of Gatekeel are not bound to those of packages; remove this setting"
    }

    private static let own = [
        "gatekeeld.service", "gatekeel-installd.service", "gatekeel-recover.service", "gatekeel-health-x.service",
    ]

    private static let needed = [
        "dbus.service", "dbus.socket", "dbus-broker.service", "local-fs.target", "sysinit.target", "basic.target",
        "multi-user.target", "systemd-journald.service", "systemd-journald.socket",
    ]

    private static let ending: [String] = {
        let states = [
            "reboot", "poweroff", "halt", "kexec", "soft-reboot", "exit", "suspend", "hibernate", "hybrid-sleep",
            "suspend-then-hibernate",
        ]
        let others = ["rescue", "emergency", "shutdown", "umount", "final", "sleep"]
        return (states + others).map { "\($0).target" } + states.map { "systemd-\($0).service" }
            + ["rescue.service", "emergency.service", "ctrl-alt-del.target", "runlevel0.target", "runlevel1.target"]
            + ["runlevel6.target", "initrd-switch-root.target", "initrd-switch-root.service"]
    }()

    /// The name, with `*` for what is not known: the instance of a template, what each host has another text for.
    private static func pattern(_ word: String, of unit: UnitName) -> String {
        var pattern = ""
        var characters = word.makeIterator()
        while let character = characters.next() {
            guard character == "%" else {
                pattern.append(character)
                continue
            }
            let letter = characters.next().map(String.init) ?? ""
            if case .name(let text) = InstallSpecifiers(unit: unit).expand("%\(letter)"),
                !unit.isTemplate || letter != "n"
            {
                pattern += text
            } else {
                pattern += "*"
            }
        }
        return pattern
    }

    private static func matches(_ pattern: String, _ name: String) -> Bool {
        pattern == name || pattern.utf8.contains(0x2A) && fnmatch(pattern, name, FNM_NOESCAPE) == 0
    }
}
