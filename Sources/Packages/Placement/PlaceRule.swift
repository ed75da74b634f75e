/// A row of the table of places.
struct PlaceRule: Sendable {
    let kind: Kind
    let patterns: [PlacePattern]
    /// Why, and what to do: it follows the name of the place and a colon.
    let reason: String

    init(_ kind: Kind, _ patterns: [String], _ reason: String) {
        self.kind = kind
        self.patterns = patterns.map(PlacePattern.init)
        self.reason = reason
    }

    /// What kind of place it is. The kind and the use decide.
    enum Kind: String, Sendable, CaseIterable {
        /// The host's: nothing of a package goes there.
        case closed
        /// What is in it is left out, and the package is installed without it.
        case leftOut
        /// As `leftOut`, and the operator need not know.
        case needless
        /// A folder that the whole host shares. What is in it is judged by itself.
        case shared
        /// Programs of the host act on what is in it.
        case read
        /// As `read`, and expected: no warning.
        case dropIn
        /// The package's own configuration.
        case own
        /// The package's own data.
        case data
        /// The data of dynamic users, which systemd alone makes.
        case dynamic
        /// A folder of /run.
        case runtime
        /// A folder of /tmp.
        case temporary
        /// The package's own programs, which only its units see.
        case release
        /// As `release`, and an administrator may keep things there too.
        case local
        /// No place for packages. An administrator may keep things there.
        case elsewhere
        /// The kernel's, the boot loader's or root's.
        case root
    }

    /// - Parameter isItself: whether the place is a folder that the row names, and not something in it.
    func verdict(_ use: PlaceUse, isItself: Bool) -> PlaceVerdict {
        switch (use, kind) {
        case (.file, .own), (.file, .data), (.file, .dropIn), (.file, .release), (.file, .local): .allowed
        case (.link, .own), (.link, .dropIn), (.link, .release), (.link, .local): .allowed
        case (.file, .read), (.link, .read): .warned(reason)
        case (.file, .leftOut), (.link, .leftOut): .skipped("not installed: \(reason)")
        case (.file, .needless), (.link, .needless): .skipped(nil)
        case (.file, _), (.link, _): .refused(reason)

        // The host's own folder, as Debian's packages list it.
        case (.folder, .read) where isItself, (.folder, .dropIn) where isItself: .skipped(nil)
        case (.folder, .own), (.folder, .read), (.folder, .dropIn), (.folder, .data), (.folder, .release),
            (.folder, .local):
            .allowed
        case (.folder, .leftOut), (.folder, .needless), (.folder, .shared): .skipped(nil)
        // The folder is the host's and stays as it is; each entry in it is judged by itself.
        case (.folder, .closed) where isItself, (.folder, .dynamic) where isItself: .skipped(nil)
        case (.folder, _): .refused(reason)

        case (.manifestFolder, .own), (.manifestFolder, .data): .allowed
        case (.manifestFolder, .read), (.manifestFolder, .dropIn), (.tmpfilesLine, .read), (.tmpfilesLine, .dropIn),
            (.stateFolder, .read), (.stateFolder, .dropIn), (.linkTarget, .read), (.linkTarget, .dropIn),
            (.reached, .read), (.reached, .dropIn):
            .refused("programs of the host act on what is in it; ship a file of root's at its own path in the package")
        case (.manifestFolder, _): .refused(reason)

        case (.tmpfilesLine, .own), (.tmpfilesLine, .data), (.tmpfilesLine, .runtime), (.tmpfilesLine, .temporary):
            .allowed
        case (.tmpfilesLine, _): .refused(reason)

        case (.stateFolder, .dynamic) where !isItself: .allowed
        case (.stateFolder, .own), (.stateFolder, .data), (.stateFolder, .runtime): .allowed
        case (.stateFolder, _): .refused(reason)

        case (.linkTarget, .own), (.linkTarget, .data), (.linkTarget, .runtime), (.linkTarget, .release),
            (.linkTarget, .local):
            .allowed
        case (.linkTarget, _): .refused(reason)

        case (.reached, .dynamic) where !isItself: .allowed
        case (.reached, .own), (.reached, .data), (.reached, .local), (.reached, .elsewhere): .allowed
        case (.reached, _): .refused(reason)
        }
    }
}

extension PlaceRule.Kind {
    /// Of a place that no row names.
    init(unnamed place: Place) {
        let depth = place.names.count
        self =
            switch (place.names.first, place.names.dropFirst().first) {
            case (nil, _): .root
            case ("etc", .some): .own
            case ("usr", "local"), ("opt", .some): .local
            case ("usr", _), ("opt", _): .release
            case ("srv", .some): .data
            case ("var", "lib"), ("var", "log"), ("var", "cache"), ("var", "spool"), ("var", "opt"), ("var", "www"):
                depth > 2 ? .data : .elsewhere
            case ("run", .some): .runtime
            case ("tmp", .some): .temporary
            case ("var", "tmp"): depth > 2 ? .temporary : .elsewhere
            default: .elsewhere
            }
    }
}

extension PlaceRule {
    static let sharedReason =
        "the whole host uses this folder; use a folder of the package's own name below it"

    /// The reason at a place that no row names.
    static func reason(ofUnnamed kind: Kind) -> String {
        switch kind {
        case .data: "a package cannot bring links below /var and /srv; let the service create them, or use tmpfiles.d"
        case .runtime:
            "/run is empty after every boot; create it with a unit's RuntimeDirectory= or with tmpfiles.d"
        case .temporary:
            "/tmp and /var/tmp are emptied; use /usr, /opt, /etc or a folder of the package's own in /var/lib"
        case .release, .local: "only the package's files go there, and only its units see them; ship it in the package"
        default: "a package cannot use this place; use /usr, /opt, /etc or a folder of the package's own in /var/lib"
        }
    }
}
