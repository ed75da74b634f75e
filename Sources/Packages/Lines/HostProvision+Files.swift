extension HostProvision {
    /// The paths of all lines of a `tmpfiles.d(5)` file that make or change something. Lines that systemd would not understand
    /// are left out.
    public static func paths(ofTmpfiles bytes: [UInt8]) -> [String] {
        TmpfilesLine.read(bytes).compactMap { read in
            guard case .success(let line) = read.line, line.action != .exempt else { return nil }
            return line.path
        }
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
            guard let (folder, name) = SharedFolder.split(path) else { continue }
            places.append(Place("\(folder)/\(name)", isNamed: false))
        }
    }
}
