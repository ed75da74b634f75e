import Configuration

extension PlaceTable {
    /// The sections of `gatekeel.manifest(5)` that show the tables.
    static func document(in page: inout ManualPage) {
        page.heading("PLACES")
        page.paragraph(
            "What a package may have on the host depends on the place. Its own files in /usr and /opt are seen by its units "
                + "alone; files below /etc are conffiles; folders below /var and /srv are made. Programs of the host act on other "
                + "places, and those are closed. 'tmpfiles.d' stands for a line in a file of the package, 'StateDirectory=' also "
                + "for RuntimeDirectory= and similar settings of its units, and 'reached' for a conffile that a link of the host "
                + "leads to this place.")
        page.paragraph("A place that is not in this table is judged by where it is:")
        for (place, kind) in unnamed {
            page.item(place)
            page.text(summary(of: kind))
        }
        for kind in PlaceRule.Kind.allCases {
            let rules = rules.filter { $0.kind == kind }
            guard let title = title(of: kind), !rules.isEmpty else { continue }
            page.paragraph("\(title) \(summary(of: kind))")
            for rule in rules { document(rule, in: &page) }
        }
        page.paragraph(
            "What is in a place of which programs of the host read files must belong to root, and nobody else may write it. A "
                + "link below /etc may lead only where the package could have something itself, and nothing of a package may "
                + "be below a link of a package.")
        page.heading("GROUPS")
        page.paragraph(
            "Which groups of the host a user of the package may join (Member=). A group that is not named is allowed.")
        for rule in GroupTable.rules {
            page.item(rule.names.joined(separator: ", "))
            switch rule.verdict {
            case .allowed: page.text("Allowed.")
            case .warned(let why): page.text("Allowed with a warning: \(why).")
            case .skipped(let why): page.text("Left out: \(why ?? "it is not needed").")
            case .refused(let why): page.text("Refused: \(why).")
            }
        }
    }

    private static func document(_ rule: PlaceRule, in page: inout ManualPage) {
        page.item(rule.patterns[0].text)
        page.text(rule.reason.prefix(1).uppercased() + rule.reason.dropFirst() + ".")
        let others = rule.patterns.dropFirst().map(\.text)
        if !others.isEmpty { page.indented("The same: \(others.joined(separator: ", ")).") }
    }

    private static let unnamed: [(String, PlaceRule.Kind)] = [
        ("/etc/NAME", .own),
        (
            "/var/lib/NAME, /var/log/NAME, /var/cache/NAME, /var/spool/NAME, /var/opt/NAME, /var/www/NAME, /srv/NAME",
            .data
        ),
        ("/run/NAME", .runtime), ("/tmp/NAME, /var/tmp/NAME", .temporary), ("/usr", .release),
        ("/opt/NAME, /usr/local", .local), ("everything else", .elsewhere),
    ]

    /// nil for kinds without rows of their own.
    private static func title(of kind: PlaceRule.Kind) -> String? {
        switch kind {
        case .closed: "The host's own."
        case .leftOut: "The package is installed without these."
        case .needless: "The package is installed without these, and no warning is given."
        case .shared: "Folders that the whole host shares; what is in them is judged by itself."
        case .read: "Programs of the host act on these."
        case .dropIn: "Programs of the host act on these, and daemons are expected to have files there."
        case .dynamic: "The data of dynamic users."
        case .root: "The kernel's, the boot loader's and root's."
        case .own, .data, .runtime, .temporary, .release, .local, .elsewhere: nil
        }
    }

    /// `Allowed: file. Refused: folder, Directory=.`
    private static func summary(of kind: PlaceRule.Kind) -> String {
        let rule = PlaceRule(kind, [], "")
        var uses: [String: [String]] = [:]
        for use in PlaceUse.allCases {
            let word =
                switch rule.verdict(use, isItself: kind == .shared) {
                case .allowed: "Allowed"
                case .warned: "With a warning"
                case .skipped: "Left out"
                case .refused: "Refused"
                }
            uses[word, default: []].append(name(of: use))
        }
        return ["Allowed", "With a warning", "Left out", "Refused"].compactMap { word in
            uses[word].map { "\(word): \($0.joined(separator: ", "))." }
        }.joined(separator: " ")
    }

    private static func name(of use: PlaceUse) -> String {
        switch use {
        case .file: "file"
        case .folder: "folder"
        case .link: "link"
        case .manifestFolder: "Directory="
        case .tmpfilesLine: "tmpfiles.d"
        case .stateFolder: "StateDirectory="
        case .linkTarget: "target of a link"
        case .reached: "reached"
        }
    }
}
