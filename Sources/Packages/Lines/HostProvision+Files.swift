extension HostProvision {
    /// The paths of all lines of a `tmpfiles.d(5)` file that make or change something. Lines that systemd would not understand
    /// are left out.
    public static func paths(ofTmpfiles bytes: [UInt8]) -> [String] {
        TmpfilesLine.read(bytes).compactMap { read in
            guard case .success(let line) = read.line, line.action != .exempt else { return nil }
            return line.path
        }
    }

    /// The folders that systemd makes for a unit (`StateDirectory=` and similar), as far as their names are fixed.
    ///
    /// - Parameter files: the unit's file, and drop-ins.
    public static func folders(ofUnit name: UnitName, _ files: [[UInt8]]) -> [String] {
        let files = files.map { UnitFile(name: name, path: "", bytes: $0) }
        guard let file = files.first else { return [] }
        return PackagedUnit(file, dropIns: Array(files.dropFirst())).folders
    }

    /// What files ask for that were not audited: those of a release that an older version of Gatekeel installed.
    ///
    /// - Parameter lines: of `sysusers.d(5)`, from the manifest.
    public init(unaudited sysusers: [[UInt8]], tmpfiles: [[UInt8]], lines: [String]) {
        self.init()
        var audit = SysusersAudit()
        audit.audit(sysusers.map { TmpfilesAudit.File(path: "sysusers.d", bytes: $0) }, others: lines)
        users = audit.users
        groups = audit.groups
        members = audit.members
        for path in tmpfiles.flatMap(Self.paths(ofTmpfiles:)) {
            if let place = Place(holding: path, names: OwnNames(of: "")) { places.append(place) }
        }
    }
}

extension HostProvision.Place {
    /// The name in a shared folder that a path has or is below; nil when it is in none.
    init?(holding path: String, names: OwnNames) {
        guard let (folder, name) = SharedFolder.split(path) else { return nil }
        self.init("\(folder)/\(name)", isNamed: names.match(name))
    }

    /// Of a file that is copied beneath /var or /srv: no package puts one into the folder of somebody else. nil for any other.
    init?(holdingData path: String, names: OwnNames) {
        guard !path.hasPrefix("/etc/") else { return nil }
        // Web servers share their pages; a file there is judged by itself.
        let pages = "/var/www/html/"
        if path.hasPrefix(pages) {
            let name = path.dropFirst(pages.utf8.count).prefix { $0 != "/" }
            self.init(pages + name, isNamed: names.match(String(name)))
        } else {
            self.init(holding: path, names: names)
        }
    }
}
