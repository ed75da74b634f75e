import Configuration

/// Paths of the host that systemd itself, as root, makes, writes or removes for a unit: each must be the package's.
struct UnitPathAudit: Sendable {
    let unit: UnitFile
    /// Whether its processes run as another user than root, by this file or a drop-in.
    let hasUser: Bool

    func findings() -> FindingList {
        var findings = FindingList()
        for section in unit.document.sections {
            for entry in section.entries {
                for path in paths(section.header, entry) {
                    guard let text = refusal(of: path) ?? outputRefusal(path, entry) else { continue }
                    findings.add(
                        Finding(
                            .refused, .unsupported, unit.path, line: entry.position.line,
                            "\(entry.key)=\(entry.value): \(text)"))
                }
            }
        }
        return findings
    }

    private static let outputs: Set<String> = ["StandardOutput", "StandardError"]
    private static let listens: Set<String> = [
        "ListenStream", "ListenDatagram", "ListenSequentialPacket", "ListenFIFO",
    ]
    private static let watches: Set<String> = ["PathExists", "PathChanged", "PathModified", "DirectoryNotEmpty"]

    private func paths(_ section: String, _ entry: IniEntry) -> [String] {
        switch (section, entry.key) {
        case ("Service", "PIDFile"):
            // A relative one is in /run.
            return entry.value.isEmpty
                ? [] : [entry.value.hasPrefix("/") || entry.value.hasPrefix("%") ? entry.value : "/run/\(entry.value)"]
        case ("Service", let key) where Self.outputs.contains(key),
            ("Socket", let key) where Self.outputs.contains(key):
            return ["file:", "append:", "truncate:"].compactMap { entry.value.dropPrefix($0) }
        case ("Socket", let key) where Self.listens.contains(key):
            return entry.value.hasPrefix("/") || entry.value.hasPrefix("%") ? [entry.value] : []
        case ("Socket", "Symlinks"): return entry.value.split(whereSeparator: \.isWhitespace).map(String.init)
        case ("Path", let key) where Self.watches.contains(key) && makesFolders: return [entry.value]
        default: return []
        }
    }

    private var makesFolders: Bool {
        unit.document.sections(named: "Path").flatMap(\.entries).contains {
            $0.key == "MakeDirectory" && !["", "no", "false", "0", "off"].contains($0.value.lowercased())
        }
    }

    private static let folders: [Character: String] = [
        "t": "/run", "S": "/var/lib", "C": "/var/cache", "L": "/var/log", "E": "/etc", "T": "/tmp", "V": "/var/tmp",
    ]

    /// Other specifiers stay, and stand for any text.
    private func refusal(of path: String) -> String? {
        var text = path
        if let letter = path.dropPrefix("%")?.first, let folder = Self.folders[letter] {
            text = folder + path.dropFirst(2)
        }
        text = unit.expanded(text) ?? text
        guard !text.contains(where: { $0 == "\"" || $0 == "'" || $0 == "\\" }) else {
            return "systemd acts on this path as root; write it without quotes and escapes"
        }
        guard case .refused(let why) = PlaceTable.verdict(text, .tmpfilesLine) else { return nil }
        return "systemd acts on this path as root: \(why)"
    }

    private func outputRefusal(_ path: String, _ entry: IniEntry) -> String? {
        // In a folder of the host itself, /var/log, nobody exchanges it.
        guard Self.outputs.contains(entry.key), hasUser, (Place(path)?.names.count ?? 4) > 3 else { return nil }
        return
            "systemd opens the file as root, and the unit's user could put a link there to any file of the host; write to the journal, or let the service open the file"
    }
}
