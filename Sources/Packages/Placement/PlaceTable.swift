/// The places of the host, and what a package may do at each: one table for the entries of `data.tar`, the manifest, and the
/// lines of `tmpfiles.d(5)`.
///
/// Pure. A place that no row names is the package's own if its parent folder allows that. Whether a Debian package or another
/// package has a file there is a question for the host, not for this table.
public enum PlaceTable {
    /// What a package may do at a place.
    ///
    /// - Parameter path: absolute. In a line of `tmpfiles.d(5)` it may be a pattern of `glob(7)` and hold specifiers: the
    ///   verdict is then about everything that it can match.
    public static func verdict(_ path: String, _ use: PlaceUse) -> PlaceVerdict {
        guard let place = Place(path) else {
            return .refused("a path begins with '/' and has no '..' and no empty part; correct it")
        }
        guard use == .tmpfilesLine, let pattern = GlobbedPlace(place) else { return verdict(place, use) }
        return verdict(pattern)
    }

    /// Whether programs of the host act on what is in this place: it must be root's then, and nobody else may write there.
    public static func mustBeRoots(_ path: String) -> Bool {
        guard let place = Place(path), let kind = row(place)?.rule.kind else { return false }
        return kind == .read || kind == .dropIn
    }

    /// Whether two absolute paths are the same by the links that every Debian has: `/var/run` is `/run`.
    public static func isSame(_ path: String, _ other: String) -> Bool {
        guard let place = Place(path) else { return path == other }
        return place == Place(other)
    }

    /// The row for a place, and whether the place is a folder that a pattern of the row names.
    static func row(_ place: Place) -> (rule: PlaceRule, isItself: Bool)? {
        for row in rows(for: place) {
            switch row.pattern.relation(to: place) {
            case .itself: return (row.rule, row.pattern.coversBelow)
            case .below: return (row.rule, false)
            case .above, .none: continue
            }
        }
        return nil
    }

    /// Whether a place of the table is below this one.
    private static func holdsPlaces(_ place: Place) -> Bool {
        rows(for: place).contains { $0.pattern.relation(to: place) == .above && $0.rule.kind != .dropIn }
    }

    private static func verdict(_ place: Place, _ use: PlaceUse) -> PlaceVerdict {
        let row = row(place)
        let kind = row?.rule.kind ?? PlaceRule.Kind(unnamed: place)
        let byRow = row.map { $0.rule.verdict(use, isItself: $0.isItself) }
        switch use {
        // It becomes a field of a line of tmpfiles.d(5).
        case .folder, .manifestFolder, .stateFolder:
            guard place.isPlain || byRow != nil && byRow != .allowed else {
                // It is made for the files in it.
                if use == .folder, place.names.first == "etc" { return .skipped(nil) }
                return .refused(
                    "the name of a folder is printable ASCII without blanks, quotes, '%', '#' and '\\'; rename it")
            }
        default: break
        }
        if let byRow { return byRow }
        switch use {
        case .manifestFolder, .tmpfilesLine, .stateFolder, .linkTarget:
            if kind == .own || kind == .data, holdsPlaces(place) {
                return PlaceRule(.shared, [], PlaceRule.sharedReason).verdict(use, isItself: true)
            }
        default: break
        }
        return PlaceRule(kind, [], PlaceRule.reason(ofUnnamed: kind)).verdict(use, isItself: false)
    }

    /// The folder of the pattern must be the package's, or the fixed start of the name must match no place of the host.
    private static func verdict(_ pattern: GlobbedPlace) -> PlaceVerdict {
        let folder = verdict(pattern.folder, .tmpfilesLine)
        if folder == .allowed { return folder }
        guard !pattern.start.isEmpty, row(pattern.folder)?.rule.kind == .shared,
            !rows(startingWith: pattern), verdict(pattern.folder.appending(pattern.start), .tmpfilesLine) == .allowed
        else {
            return .refused("the pattern can match files of the host; name a folder of the package's own before it")
        }
        return .allowed
    }
}

/// What a package wants to do at a place.
public enum PlaceUse: String, Sendable, CaseIterable {
    /// A file of `data.tar`. Below /etc it is a conffile.
    case file
    /// A folder of `data.tar`.
    case folder
    /// A symbolic link of `data.tar`: the place of the link, not of its target.
    case link
    /// `Directory=` of the manifest.
    case manifestFolder
    /// The path of a line of `tmpfiles.d(5)`.
    case tmpfilesLine
    /// `StateDirectory=` and similar settings of a unit.
    case stateFolder
    /// The target of a link that a package makes.
    case linkTarget
    /// Where a link of the host leads that is followed for a file of the package.
    case reached
}

/// What the table says.
public enum PlaceVerdict: Hashable, Sendable {
    case allowed
    /// Done, with a warning for the operator.
    case warned(String)
    /// Not done; the package can be installed. Without a reason the operator is not told.
    case skipped(String?)
    /// The package is refused.
    case refused(String)

    public var isRefused: Bool { if case .refused = self { true } else { false } }
}
