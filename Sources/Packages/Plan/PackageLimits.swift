/// How much a package may bring of what is recorded about it, what is sent over the bus, and what systemd loads.
///
/// The largest packages of Debian stay far below. Each limit is checked while the package is read, before the entry too many is
/// unpacked or remembered. `docs/fleet.md` lists them.
public enum PackageLimits {
    /// Units, and their other names. Besides systemd itself no package of Debian has more than 40.
    public static let units = 128
    /// Units, drop-ins, tmpfiles.d and sysusers.d files: what is read of a package.
    public static let readFiles = 512
    /// Their bytes together.
    public static let readBytes = 1 << 20
    /// Configuration files.
    public static let conffiles = 2000
    /// Folders and links outside of the release: beneath /etc, /var and /srv. As many folders may systemd make for the units, and
    /// so many units may they name that are not the package's.
    public static let hostPaths = 1000
    /// The bytes of the paths of both together, with the folders of the configuration files. The record of a release and the
    /// journal of a deployment hold them (`CheckedFile.recordLimit`).
    public static let hostPathBytes = 1 << 20
    /// The bytes of the name of a unit, of a drop-in or of a file beneath /etc; of a `tmpfiles.d(5)` file with the package's name.
    /// On the host a prefix or a suffix may be added, and a file system takes 255.
    public static let nameBytes = 200
    /// Lines of the control file `conffiles`.
    public static let listedConffiles = 2 * conffiles
    /// Different calls of `dpkg-maintscript-helper(1)` in the maintainer scripts, and as many flags `remove-on-upgrade`.
    public static let migrations = 200
    /// Lines of `tmpfiles.d(5)` files, comments and empty lines left out.
    public static let tmpfilesLines = 1000
    /// Lines of `sysusers.d(5)` files, in the same way.
    public static let sysusersLines = 32
    /// Rules in one policy of the message bus. The largest of Debian has some 150.
    static let busRules = 1000
    /// Findings that are kept of each severity: reasons of a refusal, warnings.
    public static let findings = 32
    /// Findings that are kept of those that say the same about different files.
    public static let sameFindings = 3
    /// The bytes of a finding's text, and of the first line of a description.
    public static let textBytes = 600
}
