/// The links below `/etc/systemd/system` that enabling a unit makes (`systemctl(1)`, enable), as its `[Install]` sections say.
public struct InstallLinks: Sendable {
    private let section: InstallSection

    /// - Parameters:
    ///   - unit: of which the files are; a template too.
    ///   - files: the unit's file and its drop-ins: paths and bytes.
    public init(of unit: UnitName, in files: [(path: String, bytes: [UInt8])]) {
        section = InstallSection(of: unit, in: files.map { UnitFile(name: unit, path: $0.path, bytes: $0.bytes) })
    }

    /// The links' paths, relative to that folder: `multi-user.target.wants/foo.service`, `bar.service`.
    ///
    /// - Parameter unit: the unit itself, or an instance of the template.
    public func paths(of unit: UnitName) -> Set<String> {
        let specifiers = InstallSpecifiers(unit: unit)
        return Set(
            section.entries.compactMap { entry in
                guard case .name(let name) = specifiers.expand(entry.word) else { return nil }
                switch entry.key {
                case .alias: return name
                case .wantedBy: return "\(name).wants/\(unit)"
                case .requiredBy: return "\(name).requires/\(unit)"
                case .upheldBy: return "\(name).upholds/\(unit)"
                case .also, .defaultInstance: return nil
                }
            })
    }
}
