import Configuration
import Linux

/// A unit file of a package.
struct UnitFile: Sendable {
    /// `foo.service`.
    let name: String
    /// Relative to the release.
    let path: String
    let document: IniDocument

    init(name: String, path: String, bytes: [UInt8]) {
        self.name = name
        self.path = path
        document = IniDocument(parsing: bytes, file: path)
    }

    /// The unit types that Gatekeel attaches.
    static let types: Set<String> = ["service", "socket", "timer", "path", "target", "slice"]

    /// The type in a unit's name: `service` of `foo@.service`; nil if it is not a unit name.
    static func type(of name: String) -> String? {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return nil }
        let stem = name[..<dot]
        guard name.utf8.count <= 255,
            stem.utf8.allSatisfy({ byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || ":-_.\\@".utf8.contains(byte)
            })
        else { return nil }
        return String(name[name.index(after: dot)...])
    }

    var type: String { Self.type(of: name) ?? "" }
    /// The name without its type: `foo@` of a template.
    private var stem: Substring { name.dropLast(type.count + 1) }
    /// `%p`: the part before the `@`, or before the dot.
    private var prefix: Substring { stem.prefix { $0 != "@" } }
    var isTemplate: Bool { name.holds("@.") }

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

    /// Whether it has an `[Install]` section with an effect.
    var hasInstall: Bool {
        document.sections(named: "Install").contains { section in
            section.entries.contains {
                ["WantedBy", "RequiredBy", "UpheldBy", "Also", "Alias"].contains($0.key) && !$0.value.isEmpty
            }
        }
    }

    /// The units that this socket, timer or path unit starts.
    var triggers: [String] {
        switch type {
        case "socket":
            let named = words("Socket", "Service")
            if !named.isEmpty { return named }
            let accepts = values("Socket", "Accept").last.flatMap { ValueType.boolean.parse($0) } ?? false
            return [accepts ? "\(prefix)@.service" : "\(stem).service"]
        case "timer", "path":
            let named = words(type == "timer" ? "Timer" : "Path", "Unit")
            return named.isEmpty ? ["\(stem).service"] : named
        default: return []
        }
    }

    /// The data folders that systemd creates for the unit and does not remove: `StateDirectory=`, `CacheDirectory=` and
    /// `LogsDirectory=` of `systemd.exec(5)`. Folders whose name depends on the host or the instance are left out.
    ///
    /// - Parameter isDynamic: whether `DynamicUser=` is set in this file or in a drop-in of the unit.
    func dataFolders(isDynamic: Bool) -> [String] {
        let bases = [("StateDirectory", "/var/lib"), ("CacheDirectory", "/var/cache"), ("LogsDirectory", "/var/log")]
        return bases.flatMap { key, base in
            words(section, key).flatMap { word -> [String] in
                // Newer versions of systemd also accept `name:link`.
                let names = word.split(separator: ":").compactMap { expanded(String($0)) }
                return names.flatMap { isDynamic ? ["\(base)/\($0)", "\(base)/private/\($0)"] : ["\(base)/\($0)"] }
            }
        }
    }

    var isDynamic: Bool { values(section, "DynamicUser").last.flatMap { ValueType.boolean.parse($0) } ?? false }

    /// The section of the unit's type.
    private var section: String { type.prefix(1).uppercased() + type.dropFirst() }

    /// Expands the specifiers that depend neither on the instance nor on the host; nil if the value has others.
    func expanded(_ value: String) -> String? {
        guard value.contains("%") else { return value }
        var result = ""
        var characters = value.makeIterator()
        while let character = characters.next() {
            guard character == "%" else {
                result.append(character)
                continue
            }
            switch characters.next() {
            case "%": result.append("%")
            case "n" where !isTemplate: result += name
            case "N" where !isTemplate: result += stem
            case "p": result += prefix
            default: return nil
            }
        }
        return result
    }
}
