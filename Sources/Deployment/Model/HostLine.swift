/// A line of `tmpfiles.d(5)` that a release asks for: a folder, a link or something else on the host.
struct HostLine: Hashable, Sendable {
    /// `d` or `L`, as far as Gatekeel writes them, `f` for what other lines make, and `above`.
    let type: String
    let path: String
    /// The last field: of a link, its target.
    let last: String
    /// Whether a folder or file that is there gets the line's owner and mode: `d` without the colon that keeps them, and `f`.
    let setsOwner: Bool
    /// Whether it is a folder of `data.tar` that belongs to root there.
    let isRootsInPackage: Bool

    /// nil for a line without a path.
    init?(_ text: String) {
        let fields = text.split(separator: " ").map(String.init)
        guard fields.count > 1 else { return nil }
        (type, path, last) = (fields[0], fields[1], fields[fields.count - 1])
        setsOwner = (type == "d" || type == "f") && fields.count > 4 && !fields[3].hasPrefix(":")
        isRootsInPackage = type == "d" && fields.count > 4 && [":root", ":0"].contains(fields[3])
    }

    /// The type of a folder that was only made because something below it was: others may use it too, and it goes when it is
    /// empty.
    static let above = "above"

    /// How many folders its path has: what is in a folder has more.
    var depth: Int { path.utf8.count { $0 == 0x2F } }

    /// In /run, where nothing outlives a boot.
    var isRuntime: Bool { path.hasPrefix("/run/") }
}

extension ReleaseRecord {
    /// All that the release has on the host besides files: what it asks for, and what systemd makes for its units.
    var hostLines: [String] { manifestFolders + dataFolders.map { "d \($0)" } }
}
