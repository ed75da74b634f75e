import Archive

/// Where an entry of `data.tar` goes. Pure: the audit and the unpacking get the same answer for the same path and kind.
public enum Placement: Hashable, Sendable {
    /// Into the release: `usr/…`, `opt/…`. Files that Debian 12 still ships in `/bin`, `/sbin` and `/lib*` go beneath `usr`,
    /// because `/usr` and `/opt` are the only places that are overlaid.
    case release(String)
    /// Into the release, where the overlay does not show it (`releasePath`), and from there to the host by the rules for
    /// conffiles.
    case conffile(String)
    /// A folder of the host, created like `systemd-tmpfiles` does: `/var/lib/foo`.
    case hostFolder(String)
    /// A symbolic link of the host beneath /etc, created if the path does not exist.
    case hostLink(String, target: String)
    /// Not unpacked. It has a reason if the operator should know.
    case skipped(String?)
    /// The package is refused.
    case refused(String)

    /// - Parameter path: a relative path, as in `ArchiveEntry.path`.
    public static func of(_ path: String, _ kind: ArchiveEntry.Kind) -> Placement {
        if case .special(let what) = kind {
            return .refused("\(what) is never unpacked; create it with a unit or tmpfiles.d")
        }
        if path.isEmpty { return .skipped(nil) }
        let parts = path.split(separator: "/", maxSplits: 1).map(String.init)
        let isDirectory = kind == .directory
        switch parts[0] {
        case "bin", "sbin", "lib", "lib32", "lib64", "libx32":
            // dpkg's merged /usr: the host's /bin is a link to usr/bin.
            guard parts.count > 1 || isDirectory else {
                return .refused("a package cannot replace /\(path) of the host; it must be a folder")
            }
            return inRelease("usr/\(path)")
        case "usr", "opt":
            guard parts.count > 1 || isDirectory else {
                return .refused("a package cannot replace /\(path) of the host; it must be a folder")
            }
            return inRelease(path)
        case "etc": return inEtc(path, kind)
        case "var", "srv":
            let full = "/\(path)"
            guard isDirectory else {
                return .refused(
                    "a package cannot bring files beneath /\(parts[0]); let the service create them, or use tmpfiles.d")
            }
            if HostFolder.shared.contains(full) { return .skipped(nil) }
            guard HostFolder.mayBeMade(full) else {
                return .refused("a package may not create the folder \(full); use one of its own, like /var/lib/NAME")
            }
            return .hostFolder(full)
        case "run":
            return .refused(
                "/run is empty after every boot; create it with a unit's RuntimeDirectory= or with tmpfiles.d")
        default: return .refused("a package cannot install anything in /\(parts[0]); use /usr, /opt or /etc")
        }
    }

    /// The path beneath the release where it is unpacked; nil if it is not unpacked.
    ///
    /// Conffiles are kept in `conffiles/etc/…`. An `etc/` in the release would hide files of the host's /etc from the
    /// package's units, because `ExtensionDirectories=` overlays /etc as well since systemd 254.
    public var releasePath: String? {
        switch self {
        case .release(let path): path
        case .conffile(let path): "conffiles/\(path)"
        default: nil
        }
    }

    private static func inRelease(_ path: String) -> Placement {
        if path.hasPrefix("usr/lib/extension-release.d") {
            return .refused("only Gatekeel writes extension-release files; remove it from the package")
        }
        return .release(path)
    }

    private static func inEtc(_ path: String, _ kind: ArchiveEntry.Kind) -> Placement {
        let full = "/\(path)"
        for rule in EtcRule.all where rule.covers(path) {
            switch rule.verdict {
            // The folder itself is the host's and is skipped; each entry in it is judged separately.
            case .refused(let why): return kind == .directory && rule.isFolder(path) ? .skipped(nil) : .refused(why)
            case .skipped(let why): return .skipped(kind == .directory ? nil : why)
            case .warned: break
            }
        }
        switch kind {
        case .directory:
            return HostFolder.mayBeMade(full) ? .hostFolder(full) : .skipped(nil)
        case .symbolicLink(let target):
            guard full.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"%\\\"'".utf8.contains($0) }),
                target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"%\\\"'".utf8.contains($0) })
            else {
                return .refused(
                    "the link's name or target has characters that are not allowed; use printable ASCII without blanks, quotes, '%' and '\\'"
                )
            }
            return .hostLink(full, target: target)
        default: return .conffile(path)
        }
    }
}
