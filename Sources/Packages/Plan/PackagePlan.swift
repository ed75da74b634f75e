/// What installing a package does to the host. `PackageAudit` makes it before anything is changed.
public struct PackagePlan: Hashable, Sendable {
    public var control: PackageControl
    /// The units, sorted by name.
    public var units: [PlannedUnit]
    /// Units that are not in the package and stand for its init scripts: their bytes by their paths in the release.
    public var writtenUnits: [String: [UInt8]]
    /// Conffiles with their paths on the host beneath /etc. The packaged bytes are in the release at `conffiles/etc/…`.
    public var conffiles: [PlannedConffile]
    /// What an update from an earlier version changes of the host's files.
    public var migrations: [Migration]
    /// `sysusers.d` files, relative to the release. They are applied once, before units start.
    public var sysusersFiles: [String]
    /// `tmpfiles.d` files, relative to the release. They are applied before units start, and at every boot (folders in /run).
    public var tmpfilesFiles: [String]
    /// Lines of `sysusers.d(5)` from the manifest.
    public var sysusersLines: [String]
    /// Lines of `tmpfiles.d(5)`: folders and links of the payload outside of the release, and folders of the manifest, which
    /// take precedence.
    public var tmpfilesLines: [String]
    /// What the package has for units that are not its own. It is not installed; if such a unit is on the host, or is another
    /// package's, the package is refused.
    public var reaches: [UnitReach]
    /// Units that are not the package's and that its units are ordered before. If such a unit of the host starts early, the
    /// package is refused.
    public var orders: [UnitReach]
    /// Instances of the package's templates that `Also=` of its units enables.
    public var alsoInstances: [String]
    /// Instances of the package's templates that the manifest starts.
    public var startedInstances: [String]
    /// Folders that systemd creates for the units (`StateDirectory=` and similar). A purge removes these and those above.
    public var dataFolders: [String]
    /// Policies of the message bus, relative to the release, which the host gets while the package is installed.
    public var busPolicies: [String]
    /// Names that these and `/etc/dbus-1/system.d` let somebody own; `org.foo.*` stands for all below `org.foo`, too.
    public var busNames: [String]
    /// Services that the message bus may start.
    public var busActivations: [BusActivation]
    /// What the lines ask of the host.
    public var provision: HostProvision
    /// What the manifest says of conffiles; copies of templates are among `conffiles`.
    public var files: [FileRule]
    public var health: PackageManifest.Health?
    public var probation: PackageManifest.Probation
    /// Warnings for the operator; none prevents the installation.
    public var warnings: [Finding]

    public init(control: PackageControl) {
        self.control = control
        units = []
        writtenUnits = [:]
        conffiles = []
        migrations = []
        sysusersFiles = []
        tmpfilesFiles = []
        sysusersLines = []
        tmpfilesLines = []
        reaches = []
        orders = []
        alsoInstances = []
        startedInstances = []
        dataFolders = []
        busPolicies = []
        busNames = []
        busActivations = []
        provision = HostProvision()
        files = []
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
    /// The package's drop-ins for it, relative to the release.
    public var dropIns: [String]
    /// Other names: `Alias=` and links beside it. No unit of the host may have one of these names or `name`.
    public var aliases: [String]
    /// Whether Activate enables it.
    public var isEnabled: Bool
    /// Whether Activate starts it; false for templates and for units that a socket, timer or path unit of the package starts.
    public var isStarted: Bool
    /// `DefaultInstance=` of a template: the instance that is enabled with it.
    public var defaultInstance: String?
    /// Units of the package, and instances of its templates, that it starts because the manifest says so.
    public var wants: [String]
}

/// A file or link in a unit's folder (`ssh.service.d/foo.conf`) that would change a unit which is not the package's.
public struct UnitReach: Hashable, Sendable {
    /// Relative to the release.
    public var path: String
    public var unit: UnitName

    public init(path: String, unit: UnitName) {
        self.path = path
        self.unit = unit
    }
}

/// A configuration file.
public struct PlannedConffile: Hashable, Sendable {
    /// `/etc/rinetd.conf`.
    public var path: String
    public var mode: UInt32
    /// The owner's and group's names, as in the package.
    public var owner: String
    public var group: String
}
