/// The folders that systemd makes for a unit, and gives to its user.
extension UnitFile {
    private static let folderSettings =
        dataFolderSettings + [("RuntimeDirectory", "/run"), ("ConfigurationDirectory", "/etc")]

    /// Of those, the settings of folders that systemd does not remove and that are data.
    static let dataFolderSettings = [
        ("StateDirectory", "/var/lib"), ("CacheDirectory", "/var/cache"), ("LogsDirectory", "/var/log"),
    ]

    /// Refuses folders of the host: systemd would give `/var/lib/dpkg` to the unit's user, and remove `/run/systemd` when the
    /// unit stops.
    func folderFindings() -> [Finding] {
        Self.folderSettings.flatMap { key, base in
            words(type.title, key).flatMap { $0.split(separator: ":") }.compactMap { word in
                guard let name = fixedStart(String(word)) else {
                    return Finding(
                        .refused, .unsupported, path,
                        "\(key)=\(word) could be any folder; begin it with the package's name")
                }
                guard case .refused(let why) = PlaceTable.verdict("\(base)/\(name)", .stateFolder) else { return nil }
                return Finding(.refused, .unsupported, path, "\(key)=\(name) is no folder of a package: \(why)")
            }
        }
    }

    /// A name as far as it does not depend on the instance or the host; nil when nothing of it is fixed.
    private func fixedStart(_ word: String) -> String? {
        if let name = expanded(word) { return name }
        for index in word.indices.reversed() where word[index] == "%" {
            if let start = expanded(String(word[..<index])), !start.isEmpty {
                return start.hasSuffix("/") ? String(start.dropLast()) : start
            }
        }
        return nil
    }
}
