/// The debhelper tools that add sections to maintainer scripts, and how Gatekeel treats those sections.
enum DebhelperTool {
    /// How Gatekeel treats a section, which is never run.
    enum Verdict: Hashable, Sendable {
        /// Gatekeel does the same work itself: units, sysusers, tmpfiles.
        case done
        /// Not needed for a release that is unpacked beside others: caches and clean-up of the host's `/usr` or of old dpkg versions.
        case needless
        /// Left out; the operator is told what is missing.
        case missing(String)
        /// The package would not work without it.
        case refused(String)
    }

    /// The verdict for the tool named in `# Automatically added by dh_NAME/VERSION`; nil if it is unknown.
    static func verdict(_ tool: String) -> Verdict? { verdicts[tool] }

    private static let verdicts: [String: Verdict] = [
        "dh_installsystemd": .done, "dh_systemd_enable": .done, "dh_systemd_start": .done, "dh_installinit": .done,
        "dh_installtmpfiles": .done, "dh_installsysusers": .done,
        "dh_sysuser": .refused("sysuser-helper would create users"),

        "dh_installdeb": .needless, "dh_makeshlibs": .needless, "dh_installdebconf": .needless,
        "dh_installmenu": .needless,
        "dh_icons": .needless, "dh_installmime": .needless, "dh_installinfo": .needless, "dh_installman": .needless,
        "dh_installdocs": .needless, "dh_runit": .needless, "dh_cruft": .needless, "dh_python3": .needless,
        "dh_python2": .needless, "dh_pypy": .needless, "dh_installemacsen": .needless, "dh_installxfonts": .needless,
        "dh_installwm": .needless, "dh_gconf": .needless, "dh_installcatalogs": .needless, "dh_bugfiles": .needless,
        "dh_desktop": .needless, "dh_scrollkeeper": .needless, "dh_usrlocal": .needless,
        "dh_installlogcheck": .needless,

        "dh_apparmor": .missing("its AppArmor profile is not loaded before the next boot"),
        "dh_installalternatives": .missing("its alternatives are not registered on the host"),
        "dh_installsystemduser": .missing("its user units are not installed"),
        "dh_installxmlcatalogs": .missing("its XML catalogues are not registered"),
        "dh_installsgmlcatalogs": .missing("its SGML catalogues are not registered"),

        "dh_ucf": .refused("ucf would create configuration files from templates in /usr"),
        "dh_installmodules": .refused("a package cannot bring kernel modules"),
        "dh_dkms": .refused("a package cannot bring kernel modules"),
    ]
}
