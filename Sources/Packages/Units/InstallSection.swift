import Configuration

/// The `[Install]` sections of a unit: that of its file and those of its drop-ins, which systemd reads too.
struct InstallSection: Sendable {
    enum Key: String, Sendable {
        case alias = "Alias"
        case also = "Also"
        case wantedBy = "WantedBy"
        case requiredBy = "RequiredBy"
        case upheldBy = "UpheldBy"
        case defaultInstance = "DefaultInstance"
    }

    struct Entry: Hashable, Sendable {
        let key: Key
        let word: String
        /// The file, and the line in it.
        let path: String
        let line: Int
    }

    let unit: UnitName
    /// Every word of every assignment: an empty one does not reset `Also=`, and nothing that was assigned may be harmful.
    let entries: [Entry]
    /// Lines with other characters than ASCII: a combining one hides the `=` or the blank before it from our parser.
    let unclear: [Position]

    init(of unit: UnitName, in files: [UnitFile]) {
        self.unit = unit
        unclear = files.flatMap { $0.document.sections(named: "Install") }.flatMap(\.entries).filter {
            !$0.key.utf8.allSatisfy { $0 < 0x80 } || !$0.value.utf8.allSatisfy { $0 < 0x80 }
        }.map(\.position)
        entries = files.flatMap { file in
            file.document.sections(named: "Install").flatMap(\.entries).flatMap { entry -> [Entry] in
                guard let key = Key(rawValue: entry.key) else { return [] }
                return entry.value.split(whereSeparator: \.isWhitespace).map {
                    Entry(key: key, word: String($0), path: file.path, line: entry.position.line)
                }
            }
        }
    }

    /// Whether enabling the unit has an effect.
    var hasEffect: Bool { entries.contains { $0.key != .defaultInstance } }

    /// Whether enabling the unit makes links to it: `Also=` alone makes them to others.
    var makesLinks: Bool { entries.contains { ![.defaultInstance, .also].contains($0.key) } }

    /// The instance that is enabled with a template.
    var defaultInstance: String? {
        guard unit.isTemplate, let word = entries.last(where: { $0.key == .defaultInstance })?.word,
            case .name(let instance) = InstallSpecifiers(unit: unit).expand(word)
        else { return nil }
        return unit.instantiated(instance)?.instance
    }
}
