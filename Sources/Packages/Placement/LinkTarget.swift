/// Where a symbolic link that a package makes below /etc leads.
public enum LinkTarget {
    /// Whether a package may make this link: only to where it might install a file itself.
    ///
    /// - Parameters:
    ///   - path: of the link, absolute.
    ///   - target: as `symlink(2)` gets it.
    public static func verdict(ofLinkAt path: String, to target: String) -> PlaceVerdict {
        guard let place = resolved(target, from: path) else {
            return .refused("'..' is only allowed at the beginning of a target; shorten it")
        }
        guard place == "/dev/null" else {
            // Programs of the host would act on what a service may have written.
            if PlaceTable.mustBeRoots(path), !["/usr/", "/opt/"].contains(where: place.hasPrefix) {
                return .refused("programs of the host act on what is in this place; ship a plain file")
            }
            return PlaceTable.verdict(place, .linkTarget)
        }
        guard PlaceTable.verdict(path, .link) == .allowed, !PlaceTable.mustBeRoots(path) else {
            return .refused("a file of the same name would be hidden from programs of the host; remove the link")
        }
        return .allowed
    }

    /// The absolute path that a target stands for, if no name on the way is a link itself.
    ///
    /// nil where `..` follows a name: that name may be a link, and what is above its target is not known.
    static func resolved(_ target: String, from path: String) -> String? {
        let isAbsolute = target.utf8.first == 0x2F
        var names = isAbsolute ? [] : Array(Place(path)?.names.dropLast() ?? [])
        var isNamed = isAbsolute
        for part in target.utf8.split(separator: 0x2F).map({ String(Substring($0)) }) where part != "." {
            if part == ".." {
                guard !isNamed else { return nil }
                _ = names.popLast()
            } else {
                isNamed = true
                names.append(part)
            }
        }
        return "/" + names.joined(separator: "/")
    }

    /// Whether `tmpfiles.d(5)` takes the target as it is.
    static func isPlain(_ target: String) -> Bool {
        target.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"%\\\"'#".utf8.contains($0) }
    }
}
