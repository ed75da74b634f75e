import Configuration

/// A unit of a package with the drop-ins that the package has for it: what systemd reads together.
struct PackagedUnit: Sendable {
    /// The unit's own file, then the drop-ins.
    let files: [UnitFile]
    /// Those of them that systemd reads for every instance of a template, and for any other unit: all.
    let shared: [UnitFile]

    /// - Parameter dropIns: those of an instance are its template's, too: their paths say which instance.
    init(_ file: UnitFile, dropIns: [UnitFile] = []) {
        files = [file] + dropIns
        shared = files.filter { !$0.isOfInstance }
    }

    var name: UnitName { files[0].name }
    var type: UnitType { name.type }
    /// Of its own file, relative to the release.
    var path: String { files[0].path }

    private func booleans(_ section: String, _ key: String, in files: [UnitFile]) -> [Bool] {
        files.flatMap { $0.values(section, key) }.compactMap { ValueType.boolean.parse($0) }
    }

    /// Whether it, or an instance of it, runs as a dynamic user.
    var isDynamic: Bool { booleans(type.title, "DynamicUser", in: files).contains(true) }

    /// The users of its processes, and of those of its instances: names, and `nil` for root.
    var users: Set<String?> {
        func isRoots(_ user: String) -> Bool { user == "root" || user == "0" }
        let named = files.flatMap { $0.values(type.title, "User") }.map { isRoots($0) ? nil : $0 }
        let dynamic: [String?] = isDynamic ? ["its dynamic user"] : []
        // A value in one file may be taken back in another one, and a user of one instance is not that of the others.
        let hasOwn = shared.contains { file in file.values(type.title, "User").last.map { !isRoots($0) } ?? false }
        let isAlwaysDynamic = booleans(type.title, "DynamicUser", in: shared) == [true]
        let isReset = files.contains { file in
            file.document.sections(named: type.title).flatMap(\.entries).contains {
                $0.key == "User" && $0.value.isEmpty
            }
        }
        let none: [String?] = (hasOwn || isAlwaysDynamic) && !isReset ? [] : [nil]
        return Set(named + dynamic + none)
    }

    /// Whether its processes may run as another user than root.
    var hasUser: Bool { users.contains { $0 != nil } }

    /// Whether it may have systemd's default dependencies, which order it after the early boot. What one instance has is not what
    /// the others have.
    var isDefault: Bool {
        let ofAll = booleans("Unit", "DefaultDependencies", in: shared)
        return ofAll.isEmpty || booleans("Unit", "DefaultDependencies", in: files).contains(true)
    }

    /// The units that this socket, timer or path unit starts.
    var triggers: [String] {
        let named = namedTriggers(in: files).map { files[0].expanded($0) ?? $0 }
        // Where only one instance says which, the others start what they do without a word on it.
        guard namedTriggers(in: shared).isEmpty else { return named }
        switch type {
        case .socket:
            let accepts = booleans("Socket", "Accept", in: files).last ?? false
            return named + [accepts ? "\(name.prefix)@.service" : "\(name.stem).service"]
        case .timer, .path: return named + ["\(name.stem).service"]
        default: return []
        }
    }

    /// Whether it does not say for all instances what it starts.
    var hasDefaultTrigger: Bool { namedTriggers(in: shared).isEmpty }

    /// The units that it says to start.
    private func namedTriggers(in files: [UnitFile]) -> [String] {
        switch type {
        case .socket: files.flatMap { $0.words("Socket", "Service") }
        case .timer, .path: files.flatMap { $0.words(type.title, "Unit") }
        default: []
        }
    }
}
