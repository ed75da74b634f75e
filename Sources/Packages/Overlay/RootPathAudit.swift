/// A path of the host that systemd opens as root for a unit, or whose owner it sets.
struct RootPath: Hashable, Sendable {
    enum Act: Hashable, Sendable {
        /// It follows a link at the path.
        ///
        /// - isOfUser: the unit's processes run as another user than root, who may have made the folder too.
        case opens(isOfUser: Bool)
        /// As `opens`; commands that run as root get the environment that is in it.
        case takesEnvironment
    }

    /// Absolute; a pattern, where the instance or the host decides a part of it.
    var path: String
    var act: Act
    var file: String
    var line: Int
    /// `StandardOutput=append:/var/log/foo/x`, for people.
    var setting: String
}

/// Holds the paths that systemd opens as root for units against the folders in which others than root may write: they could put a
/// link there to any file of the host.
struct RootPathAudit {
    /// - Parameters:
    ///   - writable: the folders of the package in which others than root may write.
    ///   - known: all folders that the package makes.
    ///   - conffiles: the configuration files of the package. Debian's bird has its environment among those that its user may write:
    ///     the administrator is told.
    init(_ paths: [RootPath], writable: WritableFolders, known: Set<String>, conffiles: Set<String>) {
        for path in paths {
            guard let text = Self.refusal(path, writable, known) else { continue }
            let isOwn = path.act == .takesEnvironment && conffiles.contains(path.path)
            findings.add(
                Finding(
                    isOwn ? .warning : .refused, .unsupported, path.file, line: path.line, "\(path.setting): \(text)"))
        }
    }

    private(set) var findings = FindingList()

    private static func refusal(_ root: RootPath, _ writable: WritableFolders, _ known: Set<String>) -> String? {
        guard let place = Place(root.path) else { return nil }
        let path = "/" + place.names.joined(separator: "/")
        if let (folder, user) = writable.above(path, by: 1) {
            return
                "systemd acts on this path as root, and \(user) may write in '\(folder)' and could put a link there to any file of the host; use a folder of root's, or let the service open the file"
        }
        // In a folder of the host itself, /var/log, nobody exchanges it. A folder below it that the package does not make may be the
        // user's; below /etc folders are root's.
        guard root.act == .opens(isOfUser: true), place.names.first != "etc", let shared = SharedFolder.split(path)
        else {
            return nil
        }
        let own = "\(shared.folder)/\(shared.name)"
        guard path != own, !known.contains(own) else { return nil }
        return
            "systemd opens the file as root, and the unit's user could put a link there to any file of the host; write to the journal, or let the service open the file"
    }
}
