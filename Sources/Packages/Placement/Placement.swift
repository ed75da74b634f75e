import Archive

/// Where an entry of `data.tar` goes. Pure: the same answer for the same path and kind, at the audit and at unpacking.
public enum Placement: Hashable, Sendable {
    /// Into the release: `usr/…`, `opt/…`. What Debian 12 still ships in `/bin`, `/sbin` and `/lib*` goes beneath `usr`, for
    /// nothing else is overlaid.
    case release(String)
    /// Into the release, out of the overlay's sight (`releasePath`), and from there to the host by the rules for conffiles.
    case conffile(String)
    /// A folder of the host, made as `systemd-tmpfiles` would: `/var/lib/foo`.
    case hostFolder(String)
    /// A symbolic link of the host beneath /etc, made if nothing is there.
    case hostLink(String, target: String)
    /// Not unpacked. With a reason when the operator should know.
    case skipped(String?)
    /// The package is refused.
    case refused(String)

    /// - Parameter path: relative, as `ArchiveEntry.path`.
    public static func of(_ path: String, _ kind: ArchiveEntry.Kind) -> Placement {
        if case .special(let what) = kind { return .refused("a \(what) is never unpacked") }
        if path.isEmpty { return .skipped(nil) }
        let parts = path.split(separator: "/", maxSplits: 1).map(String.init)
        let isDirectory = kind == .directory
        switch parts[0] {
        case "bin", "sbin", "lib", "lib32", "lib64", "libx32":
            // dpkg's merged /usr: the host's /bin is a link to usr/bin.
            guard parts.count > 1 || isDirectory else { return .refused("the host's /\(path) cannot be replaced") }
            return inRelease("usr/\(path)")
        case "usr", "opt":
            guard parts.count > 1 || isDirectory else { return .refused("the host's /\(path) cannot be replaced") }
            return inRelease(path)
        case "etc": return inEtc(path, kind)
        case "var", "srv":
            let full = "/\(path)"
            guard isDirectory else {
                return .refused("files beneath /\(parts[0]) belong to the running service, which makes them itself")
            }
            if HostFolder.shared.contains(full) { return .skipped(nil) }
            guard HostFolder.mayBeMade(full) else { return .refused("the folder \(full) is not the package's to make") }
            return .hostFolder(full)
        case "run":
            return .refused(
                "/run is empty at every boot; a unit's RuntimeDirectory= or a tmpfiles.d file makes folders there")
        default: return .refused("a package has no place in /\(parts[0])")
        }
    }

    /// Where it is unpacked beneath the release; nil: nowhere.
    ///
    /// Conffiles are kept in `conffiles/etc/…`: an `etc/` of the release's own would lie over the host's /etc for the
    /// package's units, for `ExtensionDirectories=` overlays /etc as well since systemd 254.
    public var releasePath: String? {
        switch self {
        case .release(let path): path
        case .conffile(let path): "conffiles/\(path)"
        default: nil
        }
    }

    private static func inRelease(_ path: String) -> Placement {
        if path.hasPrefix("usr/lib/extension-release.d") {
            return .refused("extension-release files are Gatekeel's to write")
        }
        return .release(path)
    }

    private static func inEtc(_ path: String, _ kind: ArchiveEntry.Kind) -> Placement {
        let full = "/\(path)"
        for rule in EtcRule.all where rule.covers(path) {
            switch rule.verdict {
            // Folders are the host's; what is in them is judged by itself.
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
            else { return .refused("the link's name or target has characters that are not allowed") }
            return .hostLink(full, target: target)
        default: return .conffile(path)
        }
    }
}
