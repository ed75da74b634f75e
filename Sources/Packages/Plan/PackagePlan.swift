/// What installing a package means for the host: made by `PackageAudit` before anything is changed.
public struct PackagePlan: Hashable, Sendable {
    public var control: PackageControl
    /// In the order of their names.
    public var units: [PlannedUnit]
    /// Host paths beneath /etc; the packaged bytes are in the release, at `conffiles/etc/…`.
    public var conffiles: [PlannedConffile]
    /// `sysusers.d` files, relative to the release: to be run once, before units start.
    public var sysusersFiles: [String]
    /// `tmpfiles.d` files, relative to the release: to be run before units start, and at every boot (folders in /run).
    public var tmpfilesFiles: [String]
    /// Lines of `sysusers.d(5)` that the manifest asks for.
    public var sysusersLines: [String]
    /// Lines of `tmpfiles.d(5)`: folders and links of the payload outside of the release, then those of the manifest,
    /// which win.
    public var tmpfilesLines: [String]
    /// Folders that systemd makes for the units (`StateDirectory=` and its like): what a purge takes, with those above.
    public var dataFolders: [String]
    public var health: PackageManifest.Health?
    public var probation: PackageManifest.Probation
    /// For the operator; nothing here is in the way.
    public var warnings: [Finding]

    public init(control: PackageControl) {
        self.control = control
        units = []
        conffiles = []
        sysusersFiles = []
        tmpfilesFiles = []
        sysusersLines = []
        tmpfilesLines = []
        dataFolders = []
        health = nil
        probation = PackageManifest.Probation()
        warnings = []
    }
}

/// A unit that the package brings.
public struct PlannedUnit: Hashable, Sendable {
    /// `rinetd.service`, `foo@.service`.
    public var name: String
    /// Relative to the release: `usr/lib/systemd/system/rinetd.service`.
    public var path: String
    /// Drop-ins of the package for it, relative to the release.
    public var dropIns: [String]
    /// Other names: `Alias=` and links beside it. No host unit may have one of them, nor `name`.
    public var aliases: [String]
    /// Activate enables it.
    public var isEnabled: Bool
    /// Activate starts it; false for templates and for what a socket, timer or path of the package starts.
    public var isStarted: Bool
    /// `DefaultInstance=` of a template, which enabling it brings.
    public var defaultInstance: String?
}

/// A configuration file.
public struct PlannedConffile: Hashable, Sendable {
    /// `/etc/rinetd.conf`.
    public var path: String
    public var mode: UInt32
    /// As the package names them.
    public var owner: String
    public var group: String
}
