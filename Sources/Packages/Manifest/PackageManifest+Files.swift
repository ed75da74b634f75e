import Configuration

/// `[Files]`.
extension PackageManifest {
    static let fileKey = Key(
        "File",
        .words(
            "PATH:OWNER:GROUP:MODE, separated by blanks, with a file of the package beneath /etc, or a path of the package's own "
                + "beneath /var/lib, /var/log and the like, and an octal mode like 0640"
        ) { file($0) != nil },
        default: [],
        "Owner and mode of files. One beneath /etc is a configuration file of the package, and gets them when it is put in place; one "
            + "that is there already keeps its own, as dpkg does it. Beneath /var and /srv it is a file that "
            + "the package brings, by the same rule; or else an empty file is made where nothing is, and one that is there gets this "
            + "owner and mode, and its content is not changed.")
    static let copyKey = Key(
        "Copy",
        .words(
            "TEMPLATE:PATH, TEMPLATE:PATH:OWNER:GROUP or TEMPLATE:PATH:OWNER:GROUP:MODE, separated by blanks, with a file of the "
                + "package beneath /usr, a path of the package's own beneath /etc, /var/lib and the like, and an octal mode like 0640"
        ) { copy($0) != nil },
        default: [],
        "Templates that are copied to where nothing is, once: a copy that was changed or removed stays so, also when an update has "
            + "another template. A purge removes it if Gatekeel made it. Without owner and mode it is root's, with 0644."
    )
    static let lineKey = Key(
        "Line",
        .words(
            "PATH:TEXT, separated by blanks and in quotes if the text has blanks, with a path as for Copy= and printable text"
        ) {
            line($0) != nil
        },
        default: [],
        "Lines of files that are made where nothing is, once, by the same rules as a Copy=. The lines of a file follow each other. File= "
            + "may give it an owner and a mode."
    )
    static let linkKey = Key(
        "Link",
        .words("PATH:TARGET, separated by blanks, with a path of the package's own beneath /etc") { link($0) != nil },
        default: [],
        "Symbolic links that are made where nothing is. They may lead to where the package could have something itself."
    )

    static let ignoreKey = Key(
        "Ignore",
        .words("paths beneath \(appliedFolders.joined(separator: ", ")), separated by blanks") { isApplied($0) },
        default: [],
        "Files of the package that would be applied to the host, and are not. What of them is needed, other keys say: a tmpfiles.d "
            + "file that no package may have refuses the package no more."
    )

    /// Folders of files that the host applies when a package has them.
    static let appliedFolders = [
        "/usr/lib/tmpfiles.d", "/usr/lib/sysusers.d", "/usr/share/dbus-1/system.d", "/usr/share/dbus-1/system-services",
    ]

    private static func isApplied(_ path: String) -> Bool {
        guard let slash = path.lastIndex(of: "/") else { return false }
        return isPlain(path) && appliedFolders.contains(String(path[..<slash]))
    }

    /// `PATH:OWNER:GROUP:MODE`.
    static func file(_ word: String) -> FileRule? {
        let parts = word.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4 else { return nil }
        return rule(parts[0], Array(parts.dropFirst()), source: "")
    }

    /// `TEMPLATE:PATH[:OWNER:GROUP[:MODE]]`.
    static func copy(_ word: String) -> FileRule? {
        let parts = word.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard [2, 4, 5].contains(parts.count), isPlain(parts[0]), parts[0].hasPrefix("/usr/") else { return nil }
        let rest = Array(parts.dropFirst(2)) + ["root", "root", "0644"].dropFirst(parts.count - 2)
        return rule(parts[1], rest, source: String(parts[0].dropFirst()))
    }

    /// `PATH:TEXT`.
    static func line(_ word: String) -> (path: String, text: String)? {
        let parts = word.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, isPlain(parts[0]), parts[1].utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            return nil
        }
        return (parts[0], parts[1])
    }

    /// The files of `File=`, `Copy=` and `Line=`.
    static func files(_ settings: SectionSettings) -> [FileRule] {
        var files = settings[fileKey].compactMap(file)
        var (texts, order): ([String: [String]], [String]) = ([:], [])
        for line in settings[lineKey].compactMap(line) {
            if texts[line.path] == nil { order.append(line.path) }
            texts[line.path, default: []].append(line.text)
        }
        for path in order {
            if let index = files.firstIndex(where: { $0.path == path }) {
                files[index].lines = texts[path] ?? []
            } else {
                files.append(FileRule(path: path, owner: "root", group: "root", mode: "0644", lines: texts[path] ?? []))
            }
        }
        return files + settings[copyKey].compactMap(copy)
    }

    private static func rule(_ path: String, _ rest: [String], source: String) -> FileRule? {
        let (owner, group, mode) = (rest[0], rest[1], rest[2])
        guard isPlain(path), isUser(owner), isUser(group), mode.utf8.count == 4,
            mode.first == "0", UInt32(mode, radix: 8) != nil, !mode.contains("+")
        else { return nil }
        return FileRule(path: path, owner: owner, group: group, mode: mode, source: source)
    }

    /// `PATH:TARGET`.
    static func link(_ word: String) -> Link? {
        let parts = word.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, isPlain(parts[0]), parts[0].hasPrefix("/etc/"), !parts[1].isEmpty,
            LinkTarget.isPlain(parts[1])
        else { return nil }
        return Link(path: parts[0], target: parts[1])
    }

    private static func isPlain(_ path: String) -> Bool { Place.isNormal(path) && Place(path)?.isPlain == true }

    /// What `PlaceTable` has against the files and links, and what is named twice.
    static func problems(_ files: [FileRule], _ links: [Link], _ settings: SectionSettings) -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        func refuse(_ key: String, _ position: Position?, _ text: String) {
            problems.append(ConfigurationProblem(position ?? settings.position, section: "Files", key: key, text))
        }
        var seen: Set<String> = []
        for file in files {
            let key = !file.lines.isEmpty ? "Line" : file.isCopy ? "Copy" : "File"
            let position = settings.position(of: !file.lines.isEmpty ? lineKey : file.isCopy ? copyKey : fileKey)
            if let why = refusal(ofFile: file.path) {
                refuse(key, position, "'\(file.path)' is no place for a file of the manifest: \(why)")
            } else if !seen.insert(file.path).inserted {
                refuse(key, position, "'\(file.path)' is there twice; remove one")
            }
        }
        for link in links {
            let position = settings.position(of: linkKey)
            if let why = refusal(of: link.path, .link) {
                refuse("Link", position, "'\(link.path)' is no place for a link of the manifest: \(why)")
            } else if !seen.insert(link.path).inserted {
                refuse("Link", position, "'\(link.path)' is there twice; remove one")
            }
        }
        return problems
    }

    /// As `refusal(of:_:)`. Beneath /var and /srv a file may be where a folder may.
    static func refusal(ofFile path: String) -> String? {
        if path.hasPrefix("/etc/") { return refusal(of: path, .file) }
        guard case .refused(let why) = PlaceTable.verdict(path, .manifestFolder) else { return nil }
        return why
    }

    /// Why a place may not have a file or link of a manifest; nil if it may.
    static func refusal(of path: String, _ use: PlaceUse) -> String? {
        switch PlaceTable.verdict(path, use) {
        case .refused(let why): why
        case .skipped(let why): why ?? "it is left out"
        case .warned, .allowed:
            PlaceTable.mustBeRoots(path)
                ? "programs of the host act on what is in it; ship a file of root's at its own path in the package"
                : nil
        }
    }
}
