import Configuration

/// A unit file of a package, or a drop-in of one of its units.
struct UnitFile: Sendable {
    let name: UnitName
    /// Relative to the release.
    let path: String
    let document: IniDocument
    /// Where systemd would read other lines than `document` has.
    let ambiguities: [UnitText.Ambiguity]

    init(name: UnitName, path: String, bytes: [UInt8]) {
        self.name = name
        self.path = path
        // All lines are read: systemd has no such limit. A few problems are enough to refuse it.
        document = IniDocument(
            parsing: bytes, file: path, limits: IniLimits(entries: bytes.count, problems: PackageLimits.findings))
        ambiguities = UnitText.ambiguities(bytes)
    }

    var type: UnitType { name.type }

    /// Whether it is a drop-in for one instance of a template: in `foo@bar.service.d`.
    var isOfInstance: Bool {
        guard let folder = path.split(separator: "/").dropLast().last.flatMap({ UnitFolder(String($0)) }),
            case .unit(let unit) = folder.subject
        else { return false }
        return unit != name && unit.isInstance
    }

    /// The values of a key that are in effect: an empty assignment resets the list.
    func values(_ section: String, _ key: String) -> [String] {
        document.sections(named: section).flatMap(\.entries).filter { $0.key == key }
            .reduce(into: []) { values, entry in
                if entry.value.isEmpty { values = [] } else { values.append(entry.value) }
            }
    }

    /// The words of all values of a key.
    func words(_ section: String, _ key: String) -> [String] {
        values(section, key).flatMap { $0.split(whereSeparator: \.isWhitespace).map(String.init) }
    }

    /// Expands the specifiers that depend neither on the instance nor on the host; nil if the value has others.
    func expanded(_ value: String) -> String? {
        let expansion = Specifiers(in: value) { letter in
            switch letter {
            case "n" where !name.isTemplate: name.description
            case "N" where !name.isTemplate: name.stem
            case "p": name.prefix
            default: nil
            }
        }
        if case .expanded(let text) = expansion { return text }
        return nil
    }
}
