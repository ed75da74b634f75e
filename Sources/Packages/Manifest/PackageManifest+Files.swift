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
            + "that is there already keeps its own, as dpkg does it. Beneath /var and /srv an empty file is made where nothing is; "
            + "one that is there gets this owner and mode, and its content is not changed.")
    static let copyKey = Key(
        "Copy",
        .words(
            "TEMPLATE:PATH, TEMPLATE:PATH:OWNER:GROUP or TEMPLATE:PATH:OWNER:GROUP:MODE, separated by blanks, with a file of the "
                + "package beneath /usr, a path of the package's own beneath /etc and an octal mode like 0640"
        ) { copy($0) != nil },
        default: [],
        "Templates that are copied to where nothing is, once: a copy that was changed or removed stays so, also when an update has "
            + "another template. A purge removes it if Gatekeel made it. Without owner and mode it is root's, with 0644."
    )
    static let linkKey = Key(
        "Link",
        .words("PATH:TARGET, separated by blanks, with a path of the package's own beneath /etc") { link($0) != nil },
        default: [],
        "Symbolic links that are made where nothing is. They may lead to where the package could have something itself."
    )

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
            let key = file.isCopy ? "Copy" : "File"
            let position = settings.position(of: file.isCopy ? copyKey : fileKey)
            if let why = refusal(ofFile: file.path, isCopy: file.isCopy) {
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
    static func refusal(ofFile path: String, isCopy: Bool) -> String? {
        if path.hasPrefix("/etc/") { return refusal(of: path, .file) }
        if isCopy { return "templates are copied to places beneath /etc" }
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
