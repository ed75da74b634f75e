/// The folders that systemd makes for a unit, and gives to its user.
extension UnitFile {
    private static let folderSettings = [
        ("StateDirectory", "/var/lib"), ("CacheDirectory", "/var/cache"), ("LogsDirectory", "/var/log"),
        ("RuntimeDirectory", "/run"), ("ConfigurationDirectory", "/etc"),
    ]

    /// Refuses folders of the host: systemd would give `/var/lib/dpkg` to the unit's user, and remove `/run/systemd` when the
    /// unit stops. Names that depend on the instance are left out.
    func folderFindings() -> [Finding] {
        Self.folderSettings.flatMap { key, base in
            words("Service", key).flatMap { $0.split(separator: ":") }.compactMap { word in
                guard let name = expanded(String(word)),
                    case .refused(let why) = PlaceTable.verdict("\(base)/\(name)", .stateFolder)
                else { return nil }
                return Finding(.refused, .unsupported, path, "\(key)=\(name) is no folder of a package: \(why)")
            }
        }
    }
}
