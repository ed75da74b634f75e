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
    private static let fileLimit = 1 << 20

    public init() {}

    /// Adds the units of a folder, with the other names that they have when they are enabled. A folder of higher precedence
    /// comes first.
    ///
    /// - Parameter isOurs: whether an entry of the folder is there for the package itself.
    public mutating func add(folder: String, except isOurs: (String) throws(Errno) -> Bool) throws(Errno) {
        for text in try Files.namesIfPresent(in: folder) {
            guard let name = UnitName(text), owners[name] == nil, try !isOurs(text) else { continue }
            let path = "\(folder)/\(text)"
            add(name, owner: path)
            for alias in try Self.aliases(of: name, at: path) { add(alias, owner: "\(path), by its Alias=") }
        }
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

    /// The other names that a unit's file asks for. systemd makes them links when the unit is enabled.
    private static func aliases(of name: UnitName, at path: String) throws(Errno) -> [UnitName] {
        guard name.type.mayAlias, let status = try Files.status(path), status.st_mode & S_IFMT == S_IFREG,
            status.st_size <= fileLimit, let bytes = try Files.readIfPresent(path, limit: fileLimit)
        else { return [] }
        // Few files have any: the others need not be parsed.
        guard String(decoding: bytes, as: UTF8.self).holds("Alias") else { return [] }
        let section = InstallSection(of: name, in: [UnitFile(name: name, path: path, bytes: bytes)])
        return section.entries.filter { $0.key == .alias }.compactMap { entry in
            guard case .name(let text) = InstallSpecifiers(unit: name).expand(entry.word) else { return nil }
            return UnitName(text)
        }
    }
}
