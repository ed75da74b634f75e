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
        // All lines are read: systemd has no such limit.
        document = IniDocument(parsing: bytes, file: path, limits: IniLimits(entries: bytes.count))
        ambiguities = UnitText.ambiguities(bytes)
    }

    var type: UnitType { name.type }

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

    /// The units that this socket, timer or path unit starts.
    var triggers: [String] {
        let named = namedTriggers.map { expanded($0) ?? $0 }
        switch type {
        case .socket where named.isEmpty:
            let accepts = values("Socket", "Accept").last.flatMap { ValueType.boolean.parse($0) } ?? false
            return [accepts ? "\(name.prefix)@.service" : "\(name.stem).service"]
        case .timer where named.isEmpty, .path where named.isEmpty: return ["\(name.stem).service"]
        default: return named
        }
    }

    /// The units that it says to start, in this file.
    var namedTriggers: [String] {
        switch type {
        case .socket: words("Socket", "Service")
        case .timer, .path: words(type.title, "Unit")
        default: []
        }
    }

    /// The data folders that systemd creates for the unit and does not remove: `StateDirectory=`, `CacheDirectory=` and
    /// `LogsDirectory=` of `systemd.exec(5)`. Folders whose name depends on the host or the instance are left out.
    ///
    /// - Parameter isDynamic: whether `DynamicUser=` is set in this file or in a drop-in of the unit.
    func dataFolders(isDynamic: Bool) -> [String] {
        Self.dataFolderSettings.flatMap { key, base in
            words(type.title, key).flatMap { word -> [String] in
                // Newer versions of systemd also accept `name:link`.
                let names = word.split(separator: ":").compactMap { expanded(String($0)) }
                return names.flatMap { isDynamic ? ["\(base)/\($0)", "\(base)/private/\($0)"] : ["\(base)/\($0)"] }
            }
        }
    }

    var isDynamic: Bool { values(type.title, "DynamicUser").last.flatMap { ValueType.boolean.parse($0) } ?? false }

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
