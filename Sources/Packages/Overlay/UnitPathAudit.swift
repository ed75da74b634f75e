import Configuration

/// Paths of the host that systemd itself, as root, makes, writes or removes for a unit: each must be the package's.
struct UnitPathAudit: Sendable {
    private let unit: UnitFile
    /// Whom its processes run as, by this file or a drop-in; nil stands for root.
    private let users: Set<String?>
    private(set) var findings = FindingList()
    /// What nobody but root may exchange. `RootPathAudit` judges it when all folders of the package are known.
    private(set) var opened: [RootPath] = []

    init(unit: UnitFile, users: Set<String?>) {
        self.unit = unit
        self.users = users
        for section in unit.document.sections {
            for entry in section.entries {
                for path in paths(section.header, entry) {
                    guard let text = refusal(of: path) else { continue }
                    findings.add(
                        Finding(
                            .refused, .unsupported, unit.path, line: entry.position.line,
                            "\(entry.key)=\(entry.value): \(text)"))
                }
                opened += acted(section.header, entry).map { path, act in
                    RootPath(
                        path: WritablePaths.pattern(located(path), unit), act: act, file: unit.path,
                        line: entry.position.line, setting: "\(entry.key)=\(entry.value)")
                }
            }
        }
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

    /// The path with the folder that its first specifier stands for. Other specifiers stay, and stand for any text.
    private func located(_ path: String) -> String {
        guard let letter = path.dropPrefix("%")?.first, let folder = Self.folders[letter] else { return path }
        return folder + path.dropFirst(2)
    }

    private func refusal(of path: String) -> String? {
        let text = unit.expanded(located(path)) ?? located(path)
        guard !text.contains(where: { $0 == "\"" || $0 == "'" || $0 == "\\" }) else {
            return "systemd acts on this path as root; write it without quotes and escapes"
        }
        guard case .refused(let why) = PlaceTable.verdict(text, .tmpfilesLine) else { return nil }
        return "systemd acts on this path as root: \(why)"
    }

    // MARK: What systemd acts on as root

    /// systemd opens these with `open(2)`, which follows links.
    private static let read: Set<String> = ["TTYPath", "USBFunctionDescriptors", "USBFunctionStrings"]
    private static let credentials: Set<String> = ["LoadCredential", "LoadCredentialEncrypted"]

    /// systemd opens what is there for the service.
    private static let special: Set<String> = ["ListenSpecial", "ListenUSBFunction"]

    private func acted(_ section: String, _ entry: IniEntry) -> [(path: String, act: RootPath.Act)] {
        if section == "Path", entry.key != "PathExists" { return paths(section, entry).map { ($0, .makes) } }
        guard section == "Service" || section == "Socket" else { return [] }
        let folders = unit.folders(of: entry)
        if !folders.isEmpty { return folders.map { ($0, .makes) } }
        switch entry.key {
        case let key where Self.outputs.contains(key):
            return paths(section, entry).map { ($0, .opens(isOfUser: users.contains { $0 != nil })) }
        case "StandardInput":
            return [entry.value.dropPrefix("file:")].compactMap(\.self).map { ($0, .opens(isOfUser: false)) }
        case "OpenFile":
            return [(String(entry.value.prefix { $0 != ":" }), .opens(isOfUser: false))]
        case let key where Self.credentials.contains(key):
            let parts = entry.value.split(separator: ":", maxSplits: 1)
            return parts.count == 2 ? [(String(parts[1]), .loads)] : []
        case let key where Self.read.contains(key): return [(entry.value, .opens(isOfUser: false))]
        case "EnvironmentFile" where runsAsRoot:
            return [(String(entry.value.drop { $0 == "-" }), .takesEnvironment)]
        case let key where Self.listens.contains(key) && setsOwner:
            // systemd sets the owner of what is at the path by then.
            return paths(section, entry).map { ($0, .opens(isOfUser: false)) }
        case "PIDFile": return paths(section, entry).map { ($0, .removes) }
        case let key where Self.listens.contains(key) || key == "Symlinks":
            return paths(section, entry).map { ($0, .makes) }
        case let key where Self.special.contains(key) && section == "Socket":
            return [(entry.value, .opens(isOfUser: false))]
        case "ExecSearchPath" where runsAsRoot:
            return entry.value.split(separator: ":").map { (String($0), .runs) }
        case let key where key.hasPrefix("Exec"):
            return ExecCommand.commands(entry.value).filter { runsAsRoot($0, key) }.flatMap(\.programs)
                .filter { $0.hasPrefix("/") || $0.hasPrefix("%") }.map { ($0, .runs) }
        default: return []
        }
    }

    private func runsAsRoot(_ command: ExecCommand, _ key: String) -> Bool {
        users.contains(nil) || command.isPrivileged || key != "ExecStart" && hasPermissionsStartOnly
    }

    /// Whether a command of the unit runs as root.
    private var runsAsRoot: Bool {
        users.contains(nil) || hasPermissionsStartOnly
            || entries.contains {
                $0.key.hasPrefix("Exec") && ExecCommand.commands($0.value).contains(where: \.isPrivileged)
            }
    }

    private var hasPermissionsStartOnly: Bool {
        entries.contains { $0.key == "PermissionsStartOnly" && ValueType.boolean.parse($0.value) != false }
    }

    private var entries: [IniEntry] { unit.document.sections(named: unit.type.title).flatMap(\.entries) }

    private var setsOwner: Bool {
        unit.document.sections(named: "Socket").flatMap(\.entries).contains {
            ["SocketUser", "SocketGroup"].contains($0.key) && !["", "root", "0"].contains($0.value)
        }
    }
}
