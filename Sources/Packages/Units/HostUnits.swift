import Glibc
import Linux

/// The units that a package must leave alone: those of the host, and those of other packages.
public struct HostUnits: Sendable {
    /// A unit that a package would change.
    public struct Clash: Hashable, Sendable {
        public let unit: UnitName
        /// `/usr/lib/systemd/system/ssh.service`, `the package 'foo'`.
        public let owner: String
    }

    private var owners: [UnitName: String] = [:]
    /// Units that may start before the file systems are there.
    private var early: Set<UnitName> = []
    /// Other names, by links.
    private var links: [UnitName: UnitName] = [:]
    /// What `BusName=` of their files says, and where.
    private var busNames: [(name: String, unit: UnitName, file: String)] = []
    /// Files below /etc that they look for, as patterns of `glob(7)`, and where that is said.
    private var sought: [(pattern: String, unit: UnitName, file: String)] = []
    private static let fileLimit = 1 << 20

    /// Where packages of the host have units.
    public static let packagedFolders = [
        "/usr/lib/systemd/system", "/lib/systemd/system", "/usr/local/lib/systemd/system",
    ]

    public init() {}

    /// Adds the units of a folder, with the other names that they have when they are enabled. A folder of higher precedence
    /// comes first.
    ///
    /// - Parameter isOurs: whether an entry of the folder is there for the package itself.
    public mutating func add(folder: String, except isOurs: (String) throws(Errno) -> Bool) throws(Errno) {
        for text in try Files.namesIfPresent(in: folder) {
            try addDropIns(folder, text)
            guard let name = UnitName(text), owners[name] == nil, try !isOurs(text) else { continue }
            let path = "\(folder)/\(text)"
            add(name, owner: path)
            if let target = try Files.linkTarget(path) {
                links[name] = UnitName(Files.split(target).name)
            } else if let file = try Self.file(of: name, at: path) {
                for alias in Self.aliases(of: file) {
                    add(alias, owner: "\(path), by its Alias=")
                    if alias != name { links[alias] = name }
                }
                if Self.isEarly(file) { early.insert(name) }
                note(file)
            }
        }
    }

    /// Drop-ins: of units that turn out not to be here, what they say does not count.
    private mutating func addDropIns(_ folder: String, _ text: String) throws(Errno) {
        guard let dropIns = UnitFolder(text), dropIns.kind == .dropIns, case .unit(let unit) = dropIns.subject else {
            return
        }
        for name in try Files.namesIfPresent(in: "\(folder)/\(text)") where name.hasSuffix(".conf") {
            if let file = try Self.file(of: unit, at: "\(folder)/\(text)/\(name)") { note(file) }
        }
    }

    private mutating func note(_ file: UnitFile) {
        busNames += file.busNames.names.map { ($0, file.name, file.path) }
        sought += file.sought.map { ($0, file.name, file.path) }
    }

    /// Whether a unit that was noted is one of these. A drop-in may be there for a unit that is not.
    private func has(_ unit: UnitName) -> Bool { unit.lineage.contains { owners[$0] != nil } }

    /// Why a package may not have a bus name, or give it to one of its units; nil if it may. systemd does not load two services of
    /// one name.
    public func refusal(ofBusName name: String) -> String? {
        guard let other = busNames.first(where: { BusName.meet(name, $0.name) && has($0.unit) }) else { return nil }
        return
            "the bus name '\(name)' is that of another service ('\(other.name)' in \(other.file)); a package owns only names of its own: remove it from the package, or that service from the host"
    }

    /// Why a package may not bring a file below /etc, or a link, because a unit that is not the package's looks for it; nil if it may.
    public func refusal(ofFile path: String) -> String? {
        guard let other = sought.first(where: { fnmatch($0.pattern, path, FNM_PATHNAME) == 0 && has($0.unit) }) else {
            return nil
        }
        return
            "'\(other.unit)' of this host looks for it (\(other.file)) and would run with what the package says; give the file another name, or remove that unit from the host"
    }

    public mutating func add(_ name: UnitName, owner: String) {
        if owners[name] == nil { owners[name] = owner }
    }

    /// The unit that a unit of this name would replace, or whose template, instance, dash prefix or enclosing slice it would be.
    public func clash(with name: UnitName) -> Clash? {
        for unit in [name, name.template].compactMap(\.self) {
            if let owner = owners[unit] { return Clash(unit: unit, owner: owner) }
        }
        guard name.isTemplate || name.isDashPrefix || name.type == .slice else { return nil }
        let inner = owners.filter { $0.key.lineage.contains(name) || $0.key.isSlice(within: name) }
        let first = inner.min { $0.key.description < $1.key.description }
        return first.map { Clash(unit: $0.key, owner: $0.value) }
    }

    /// Why a package's unit may not be ordered before one of these; nil if it may.
    public func refusal(of order: UnitReach) -> String? {
        var name = order.unit
        // As deep as systemd follows links of units.
        for _ in 0..<8 { if let next = links[name] ?? name.template.flatMap({ links[$0] }) { name = next } }
        guard early.contains(name) || name.template.map(early.contains) == true else { return nil }
        let owner = owners[name] ?? name.template.flatMap { owners[$0] } ?? "of the host"
        return
            "\(order.path): the unit would start before '\(order.unit)' (\(owner)), which may be needed before gatekeel-recover.service; every unit of a package waits for that: choose a later one, as network-pre.target"
    }

    private static let keys = ["Alias", "DefaultDependencies", "Before", "BusName"]
    private static let keysOfFiles = [
        "EnvironmentFile", "LoadCredential", "PathExists", "FileNotEmpty", "FileIsExecutable", "PathIsSymbolicLink",
    ]

    /// A unit file that may say something about the unit; nil for the others, which need not be parsed.
    private static func file(of name: UnitName, at path: String) throws(Errno) -> UnitFile? {
        guard name.type.mayAlias, let status = try Files.status(path), status.st_mode & S_IFMT == S_IFREG,
            status.st_size <= fileLimit, let bytes = try Files.readIfPresent(path, limit: fileLimit)
        else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard
            keys.contains(where: { text.holds($0) })
                || text.holds("/etc/") && keysOfFiles.contains(where: { text.holds($0) })
        else { return nil }
        return UnitFile(name: name, path: path, bytes: bytes)
    }

    /// Whether a unit may start early: it is without the default dependencies, which order services and sockets after the
    /// early boot; or it is a target, which they do not, and is before something.
    private static func isEarly(_ file: UnitFile) -> Bool {
        if !PackagedUnit(file).isDefault { return true }
        return file.type == .target && file.words("Unit", "Before").contains { $0 != "shutdown.target" }
    }

    /// The other names that a unit's file asks for. systemd makes them links when the unit is enabled.
    private static func aliases(of file: UnitFile) -> [UnitName] {
        let section = InstallSection(of: file.name, in: [file])
        return section.entries.filter { $0.key == .alias }.compactMap { entry in
            guard case .name(let text) = InstallSpecifiers(unit: file.name).expand(entry.word) else { return nil }
            return UnitName(text)
        }
    }
}

extension UnitFile {
    private static let conditions: Set<String> = Set(
        ["PathExists", "PathExistsGlob", "PathIsSymbolicLink", "FileNotEmpty", "FileIsExecutable"]
            .flatMap { ["Condition\($0)", "Assert\($0)"] })

    /// The files below /etc whose content it takes over, or whose being there decides whether it starts, as patterns of `glob(7)`.
    fileprivate var sought: [String] {
        document.sections.flatMap { section in
            section.entries.compactMap { entry -> String? in
                switch (section.header, entry.key) {
                case (type.title, "EnvironmentFile"):
                    return WritablePaths.pattern(String(entry.value.drop { $0 == "-" }), self)
                case (type.title, "LoadCredential"), (type.title, "LoadCredentialEncrypted"):
                    let parts = entry.value.split(separator: ":", maxSplits: 1)
                    return parts.count == 2 ? WritablePaths.pattern(String(parts[1]), self) : nil
                case ("Unit", let key) where Self.conditions.contains(key):
                    let path = String(entry.value.drop { "|!".contains($0) || $0.isWhitespace })
                    // One that depends on the instance is about those that somebody starts.
                    return expanded(path)
                default: return nil
                }
            }
        }.filter { $0.hasPrefix("/etc/") }
    }
}
