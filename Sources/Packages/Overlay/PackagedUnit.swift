import Configuration

/// A unit of a package with the drop-ins that the package has for it: what systemd reads together.
struct PackagedUnit: Sendable {
    /// The unit's own file, then the drop-ins.
    let files: [UnitFile]

    init(_ file: UnitFile, dropIns: [UnitFile] = []) { files = [file] + dropIns }

    var name: UnitName { files[0].name }
    var type: UnitType { name.type }
    /// Of its own file, relative to the release.
    var path: String { files[0].path }

    private func booleans(_ section: String, _ key: String) -> [Bool] {
        files.flatMap { $0.values(section, key) }.compactMap { ValueType.boolean.parse($0) }
    }

    /// Whether it runs as a dynamic user.
    var isDynamic: Bool { booleans(type.title, "DynamicUser").contains(true) }

    /// Whether its processes may run as another user than root.
    var hasUser: Bool {
        isDynamic || files.flatMap { $0.values(type.title, "User") }.contains { $0 != "root" && $0 != "0" }
    }

    /// Whether it may have systemd's default dependencies, which order it after the early boot.
    var isDefault: Bool {
        let values = booleans("Unit", "DefaultDependencies")
        return values.isEmpty || values.contains(true)
    }

    /// The units that this socket, timer or path unit starts.
    var triggers: [String] {
        let named = namedTriggers
        if !named.isEmpty { return named.map { files[0].expanded($0) ?? $0 } }
        switch type {
        case .socket:
            let accepts = booleans("Socket", "Accept").last ?? false
            return [accepts ? "\(name.prefix)@.service" : "\(name.stem).service"]
        case .timer, .path: return ["\(name.stem).service"]
        default: return []
        }
    }

    /// The units that it says to start.
    var namedTriggers: [String] {
        switch type {
        case .socket: files.flatMap { $0.words("Socket", "Service") }
        case .timer, .path: files.flatMap { $0.words(type.title, "Unit") }
        default: []
        }
    }
}
