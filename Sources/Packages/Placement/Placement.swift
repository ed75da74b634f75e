import Archive

/// Where an entry of `data.tar` goes. Pure: the audit and the unpacking get the same answer for the same path and kind.
public enum Placement: Hashable, Sendable {
    /// Into the release: `usr/…`, `opt/…`. Files that Debian 12 still ships in `/bin`, `/sbin` and `/lib*` go beneath `usr`,
    /// because `/usr` and `/opt` are the only places that are overlaid.
    case release(String)
    /// Into the release, where the overlay does not show it (`releasePath`), and from there to the host: beneath /etc by the
    /// rules for conffiles; beneath /var and /srv once, where nothing is.
    case conffile(String)
    /// A folder of the host, created like `systemd-tmpfiles` does: `/var/lib/foo`.
    case hostFolder(String)
    /// A symbolic link of the host beneath /etc, created if the path does not exist. `PackagedLinks` judges its target.
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
        // A unit may have to be written for it. The host must not have it: its own generator would start it.
        if kind == .file, let name = InitScript.name(of: path) { return .release(InitScript.folder + name) }
        let place = "/\(path)"
        switch PlaceTable.verdict(place, use(kind)) {
        case .refused(let why): return .refused(why)
        case .skipped(let why): return .skipped(why)
        case .allowed, .warned: break
        }
        let top = path.utf8.split(separator: 0x2F, maxSplits: 1).map { String(Substring($0)) }
        switch top[0] {
        case "etc": return inEtc(path, kind)
        case "var", "srv": return kind == .directory ? .hostFolder(place) : .conffile(path)
        default:
            guard top.count > 1 || kind == .directory else {
                return .refused("a package cannot replace /\(path) of the host; it must be a folder")
            }
            // dpkg's merged /usr: the host's /bin is a link to usr/bin.
            return .release(top[0] == "usr" || top[0] == "opt" ? path : "usr/\(path)")
        }
    }

    static func use(_ kind: ArchiveEntry.Kind) -> PlaceUse {
        switch kind {
        case .directory: .folder
        case .symbolicLink: .link
        default: .file
        }
    }

    /// The path beneath the release where it is unpacked; nil if it is not unpacked.
    ///
    /// Conffiles are kept in `conffiles/etc/…`, and files beneath /var in `conffiles/var/…`. An `etc/` in the release would hide files of the host's /etc from the
    /// package's units, because `ExtensionDirectories=` overlays /etc as well since systemd 254.
    public var releasePath: String? {
        switch self {
        case .release(let path): path
        case .conffile(let path): "conffiles/\(path)"
        default: nil
        }
    }

    private static func inEtc(_ path: String, _ kind: ArchiveEntry.Kind) -> Placement {
        let full = "/\(path)"
        switch kind {
        case .directory: return .hostFolder(full)
        case .symbolicLink(let target):
            guard Place(full)?.isPlain == true, LinkTarget.isPlain(target) else {
                return .refused(
                    "the link's name or target has characters that are not allowed; use printable ASCII without blanks, quotes, '%', '#' and '\\'"
                )
            }
            return .hostLink(full, target: target)
        default: return .conffile(path)
        }
    }
}
