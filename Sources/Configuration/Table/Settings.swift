/// What the files say, checked: sections by header, with the values that hold in the end.
public struct Settings: Sendable {
    /// In the order of their first headers.
    public private(set) var sections: [SectionSettings] = []

    /// A section that occurs once; it has no values if no file contains it.
    public subscript(section: String) -> SectionSettings {
        sections.first { $0.header == section } ?? SectionSettings(header: section, position: Position(""))
    }

    /// All sections of a type with names: `[Server …]`.
    public func named(_ type: String) -> [SectionSettings] {
        sections.filter { $0.header.hasPrefix("\(type) ") }
    }

    mutating func open(_ section: IniSection) {
        if !sections.contains(where: { $0.header == section.header }) {
            sections.append(SectionSettings(header: section.header, position: section.position))
        }
    }

    /// Notes that a key was given a value that is not allowed.
    mutating func refuse(_ entry: IniEntry, in header: String) {
        guard let index = sections.firstIndex(where: { $0.header == header }) else { return }
        sections[index].refuse(entry)
    }

    mutating func assign(_ entry: IniEntry, in header: String, isList: Bool) {
        guard let index = sections.firstIndex(where: { $0.header == header }) else { return }
        sections[index].assign(entry, isList: isList)
    }
}

/// The values of one section.
public struct SectionSettings: Sendable {
    /// Without brackets.
    public let header: String
    /// Of its first header.
    public let position: Position
    private var values: [String: (text: String, position: Position)] = [:]
    /// Keys whose last value was not allowed.
    private var refused: Set<String> = []

    init(header: String, position: Position) {
        self.header = header
        self.position = position
    }

    /// `main` of `[Server main]`.
    public var name: String { header.firstIndex(where: \.isWhitespace).map { header[$0...].trimmed } ?? "" }

    /// The value, or the key's default.
    public subscript<Value>(key: Key<Value>) -> Value {
        guard let assigned = values[key.name], !assigned.text.isEmpty else { return key.defaultValue }
        return key.type.parse(assigned.text) ?? key.defaultValue
    }

    /// Where a key was assigned last; nil when it never was. An empty assignment counts.
    public func position<Value>(of key: Key<Value>) -> Position? { values[key.name]?.position }

    /// Whether the key's last value was refused. That is reported once; it is not reported as missing too.
    public func isRefused<Value>(_ key: Key<Value>) -> Bool { refused.contains(key.name) }

    mutating func refuse(_ entry: IniEntry) { refused.insert(entry.key) }

    mutating func assign(_ entry: IniEntry, isList: Bool) {
        refused.remove(entry.key)
        let before = isList && !entry.value.isEmpty ? values[entry.key]?.text ?? "" : ""
        values[entry.key] = (before.isEmpty ? entry.value : "\(before) \(entry.value)", entry.position)
    }
}
