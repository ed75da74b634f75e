/// Holds the paths at which systemd acts as root for units against what others than root may write: they could put a link there to
/// any file of the host, or what root runs and reads.
struct RootPathAudit {
    /// - Parameters:
    ///   - writable: the folders and files of the package that others than root may write.
    ///   - known: all folders that the package makes.
    ///   - conffiles: the configuration files of the package. Debian's bird has its environment in a folder in which its user may
    ///     write: the administrator is told.
    init(_ paths: [RootPath], writable: WritablePaths, known: Set<String>, conffiles: Set<String>) {
        for path in paths {
            guard let place = Place(path.path) else { continue }
            let text = "/" + place.names.joined(separator: "/")
            guard let refusal = Self.refusal(path.act, text, writable) ?? Self.refusal(path.act, place, known: known)
            else { continue }
            let isOwn =
                path.act == .takesEnvironment && conffiles.contains(path.path) && writable.file(text) == nil
            // Debian's frr has one there. Through a link it is a PID file of this name elsewhere that goes.
            let isHarmless = path.act == .removes && text.hasSuffix(".pid")
            findings.add(
                Finding(
                    isOwn || isHarmless ? .warning : .refused, .unsupported, path.file, line: path.line,
                    "\(path.setting): \(refusal)"
                ))
        }
    }

    private(set) var findings = FindingList()

    private static func refusal(_ act: RootPath.Act, _ path: String, _ writable: WritablePaths) -> String? {
        if act.isOfContent, let (file, user) = writable.file(path) {
            return act == .runs
                ? "root runs it, and \(user) may write '\(file)'; put the program into the package's /usr, or run it as the user"
                : "root's commands get what is in it, and \(user) may write '\(file)'; leave the file to root, with a group that may read it"
        }
        guard
            let (folder, user) = writable.above(path, by: act.depth) ?? (act == .loads ? writable.below(path) : nil)
        else { return nil }
        switch act {
        case .makes, .removes:
            return
                "systemd makes or removes this as root, with the folders on the way, and \(user) may write in '\(folder)' and could lead it elsewhere; put it directly into that folder, or into one of root's"
        case .runs:
            return
                "root runs it, and \(user) may write in '\(folder)' and could exchange it; put the program into the package's /usr, or run it as the user"
        case .loads:
            return
                "systemd reads this as root, every file if it is a folder, and \(user) may write in '\(folder)' and could put a link there to any file of the host; use a folder of root's, or let the service open the file"
        case .opens, .takesEnvironment:
            return
                "systemd acts on this path as root, and \(user) may write in '\(folder)' and could put a link there to any file of the host; use a folder of root's, or let the service open the file"
        }
    }

    /// In a folder of the host itself, /var/log, nobody exchanges it. A folder below it that the package does not make may be the
    /// user's; below /etc folders are root's.
    private static func refusal(_ act: RootPath.Act, _ place: Place, known: Set<String>) -> String? {
        let path = "/" + place.names.joined(separator: "/")
        guard act == .opens(isOfUser: true), place.names.first != "etc", let shared = SharedFolder.split(path) else {
            return nil
        }
        let own = "\(shared.folder)/\(shared.name)"
        guard path != own, !known.contains(own) else { return nil }
        return
            "systemd opens the file as root, and the unit's user could put a link there to any file of the host; write to the journal, or let the service open the file"
    }
}
