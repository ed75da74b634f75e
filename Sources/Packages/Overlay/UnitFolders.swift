import Configuration

/// The folders that systemd makes for a unit, and gives to its user.
extension UnitFile {
    private struct FolderSetting {
        let key: String
        let base: String
        /// It holds data: systemd does not remove it. That of a dynamic user is in `private`.
        let isData: Bool
        /// It belongs to the unit's user. `ConfigurationDirectory=` is root's.
        let isGiven: Bool

        init(_ key: String, _ base: String, isData: Bool, isGiven: Bool = true) {
            self.key = key
            self.base = base
            self.isData = isData
            self.isGiven = isGiven
        }

        func paths(_ name: String, isDynamic: Bool) -> [String] {
            isData && isDynamic ? ["\(base)/\(name)", "\(base)/private/\(name)"] : ["\(base)/\(name)"]
        }
    }

    private static let folderSettings = [
        FolderSetting("StateDirectory", "/var/lib", isData: true),
        FolderSetting("CacheDirectory", "/var/cache", isData: true),
        FolderSetting("LogsDirectory", "/var/log", isData: true),
        FolderSetting("RuntimeDirectory", "/run", isData: false),
        FolderSetting("ConfigurationDirectory", "/etc", isData: false, isGiven: false),
    ]

    private func folderNames(_ setting: FolderSetting, in section: String) -> [String] {
        words(section, setting.key).flatMap(Self.folderNames)
    }

    /// Newer versions of systemd also accept `name:link` and `name:link:flags`.
    private static func folderNames(_ word: String) -> [String] {
        word.split(separator: ":", omittingEmptySubsequences: false).prefix(2).filter { !$0.isEmpty }.map(String.init)
    }

    /// The folders that systemd makes for one setting; none if it is another setting.
    func folders(of entry: IniEntry) -> [String] {
        guard let setting = Self.folderSettings.first(where: { $0.key == entry.key }) else { return [] }
        return entry.value.split(whereSeparator: \.isWhitespace).flatMap { Self.folderNames(String($0)) }
            .map { "\(setting.base)/\($0)" }
    }

    /// The folders that systemd gives to the unit's user, or lets others write in: patterns, where the name depends on the instance
    /// or the host.
    ///
    /// - Parameter users: those of the unit.
    func givenFolders(_ users: Set<String?>, isDynamic: Bool) -> [(path: String, user: String)] {
        let owner = users.compactMap(\.self).min().map { "'\($0)'" }
        return Self.folderSettings.flatMap { setting -> [(path: String, user: String)] in
            let mode = values(type.title, setting.key + "Mode").last.flatMap { UInt32($0, radix: 8) } ?? 0o755
            let user = (setting.isGiven ? owner : nil) ?? (mode & 0o022 != 0 ? "others than root" : nil)
            guard let user else { return [] }
            return folderNames(setting, in: type.title).flatMap {
                setting.paths(WritablePaths.pattern($0, self), isDynamic: isDynamic).map { ($0, user) }
            }
        }
    }

    /// The folders of data: `StateDirectory=`, `CacheDirectory=` and `LogsDirectory=` of `systemd.exec(5)`. Folders whose name
    /// depends on the host or the instance are left out.
    ///
    /// - Parameter isDynamic: whether the unit has a dynamic user, by this file or a drop-in.
    func dataFolders(isDynamic: Bool) -> [String] {
        Self.folderSettings.filter(\.isData).flatMap { setting in
            folderNames(setting, in: type.title).compactMap(expanded).flatMap {
                setting.paths($0, isDynamic: isDynamic)
            }
        }
    }

    /// All folders, as far as their names depend neither on the host nor on the instance: `/run/foo` of
    /// `RuntimeDirectory=foo/%i`.
    func folders(isDynamic: Bool) -> [String] {
        Self.folderSettings.flatMap { setting in
            folderNames(setting, in: type.title).flatMap { word -> [String] in
                let parts = word.split(separator: "/").map { expanded(String($0)) }.prefix { $0 != nil }
                let name = parts.compactMap(\.self).joined(separator: "/")
                return name.isEmpty ? [] : setting.paths(name, isDynamic: isDynamic)
            }
        }
    }

    /// Refuses folders of the host: systemd would give `/var/lib/dpkg` to the unit's user, and remove `/run/systemd` when the
    /// unit stops.
    func folderFindings() -> FindingList {
        var findings = FindingList()
        for setting in Self.folderSettings {
            for word in folderNames(setting, in: type.title) {
                guard let name = fixedStart(word) else {
                    findings.add(
                        Finding(
                            .refused, .unsupported, path,
                            "\(setting.key)=\(word) could be any folder; begin it with the package's name"))
                    continue
                }
                var verdict = PlaceTable.verdict("\(setting.base)/\(name)", .stateFolder)
                // A specifier may complete a name of the host: dp%j.
                if !verdict.isRefused, expanded(word) == nil {
                    verdict = PlaceTable.verdict("\(setting.base)/\(partlyExpanded(word))", .tmpfilesLine)
                }
                guard case .refused(let why) = verdict else { continue }
                findings.add(
                    Finding(
                        .refused, .unsupported, path, "\(setting.key)=\(name) is no folder of a package: \(why)"))
            }
        }
        return findings
    }

    /// The name with those specifiers replaced that depend neither on the instance nor on the host.
    private func partlyExpanded(_ word: String) -> String {
        word.split(separator: "/", omittingEmptySubsequences: false).map { expanded(String($0)) ?? String($0) }
            .joined(separator: "/")
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

extension PackagedUnit {
    /// The folders that systemd makes for it, of those that a package may have.
    var folders: [String] { allowed(files.flatMap { $0.folders(isDynamic: isDynamic) }) }

    /// The folders in which others than root may write by its settings.
    var givenFolders: [(path: String, user: String)] {
        files.flatMap { $0.givenFolders(users, isDynamic: isDynamic) }
    }

    /// Those of them that hold data and have fixed names.
    var dataFolders: [String] { allowed(files.flatMap { $0.dataFolders(isDynamic: isDynamic) }) }

    private func allowed(_ folders: [String]) -> [String] {
        folders.filter { PlaceTable.verdict($0, .stateFolder) == .allowed }
    }
}
