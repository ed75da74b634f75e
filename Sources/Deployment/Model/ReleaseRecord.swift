import Linux
import Packages
import State

/// What is recorded about a package when it is staged, and kept in its release as `gatekeel-release`.
public struct ReleaseRecord: Hashable, Sendable {
    public var name: String
    public var version: String
    public var architecture: String
    /// The first line of the control file's description.
    public var description: String
    /// The subject of the certificate that signed it; empty when unsigned and policy allows that.
    public var signer: String
    /// The fingerprint of the authority in the keyring that the signer's certificate has a chain to; empty when unsigned, and in a
    /// record of a release before it was recorded.
    public var authority = ""
    /// The newest time in its signature, in seconds since the epoch: when it was signed, or when the signer's certificate
    /// became valid; 0 when unsigned.
    public var signedAt: Int64
    /// The digest of the signed bytes, with its name; empty when unsigned. The same one is the same package.
    public var content: String
    /// Bytes of the package file.
    public var packageSize: UInt64
    /// Bytes of the unpacked release, as far as known before unpacking.
    public var installedSize: UInt64
    /// `Provides` of the control file, for other packages' relations.
    public var provides: String
    /// `Depends`, `Conflicts` and so on of the control file, as written.
    public var relations: [String: String]
    public var units: [ReleaseUnit]
    /// Units that are not in the package and stand for its init scripts: their text by their paths in the release.
    public var writtenUnits: [String: String] = [:]
    /// What the package has for units that are not its own, and what is not installed.
    public var reaches: [UnitReach]
    /// Units that are not the package's and that its units are ordered before.
    public var orders: [UnitReach]
    /// Instances of the package's templates that `Also=` of its units enables.
    public var alsoInstances: [String]
    /// Absolute host paths (`/etc/…`); the packaged bytes are in the release, at `conffiles/etc/…`.
    public var conffiles: [String]
    /// What an update from an earlier version changes of the host's files.
    public var migrations: [Migration]
    /// `sysusers.d` files, relative to the release: `usr/lib/sysusers.d/mosquitto.conf`.
    public var sysusers: [String]
    /// `tmpfiles.d` files, relative to the release.
    public var tmpfiles: [String]
    /// Lines of `sysusers.d(5)` that the signed manifest asks for.
    public var manifestUsers: [String]
    /// Lines of `tmpfiles.d(5)` for folders that the manifest or the payload (`/var/…`) asks for.
    public var manifestFolders: [String]
    /// Folders of data that systemd makes for the units (`StateDirectory=` and its like).
    public var dataFolders: [String]
    /// What the manifest says of conffiles.
    public var files: [FileRule]
    /// Users, groups and places that all these files and lines ask for.
    public var provision: HostProvision
    public var health: HealthCommand?
    /// From the manifest; nil means the host's policy.
    public var probationTime: Duration?
    public var startTimeout: Duration?
    public var stopTimeout: Duration?
    /// Automatic restarts that probation tolerates.
    public var allowedRestarts: Int?
    /// Findings that do not refuse the package, for people.
    public var warnings: [String]
    /// The name of the source package; empty in a record of a release before it was recorded.
    public var source = ""
    /// Instances of the package's templates that Activate enables and starts, as the manifest says.
    public var startedInstances: [String] = []
    /// Policies of the message bus, relative to the release.
    public var busPolicies: [String] = []
    /// Names that its policies let somebody own; `org.foo.*` stands for all below `org.foo`, too.
    public var busNames: [String] = []
    /// Services that the message bus may start.
    public var busActivations: [BusActivation] = []
    /// Mount points of the host below `/usr` and `/opt`, which the release's overlay would hide from its units.
    var mounts: [String] = []
    /// What a newer release added to the record.
    var others = Record()

    public init(
        name: String, version: String, architecture: String = "all", description: String = "", signer: String = "",
        signedAt: Int64 = 0, content: String = "", packageSize: UInt64 = 0, installedSize: UInt64 = 0,
        provides: String = "", relations: [String: String] = [:],
        units: [ReleaseUnit] = [], reaches: [UnitReach] = [], orders: [UnitReach] = [],
        alsoInstances: [String] = [],
        conffiles: [String] = [], migrations: [Migration] = [], sysusers: [String] = [], tmpfiles: [String] = [],
        manifestUsers: [String] = [],
        manifestFolders: [String] = [], dataFolders: [String] = [], files: [FileRule] = [],
        provision: HostProvision = HostProvision(), health: HealthCommand? = nil,
        probationTime: Duration? = nil,
        startTimeout: Duration? = nil, stopTimeout: Duration? = nil, allowedRestarts: Int? = nil,
        warnings: [String] = []
    ) {
        self.name = name
        self.version = version
        self.architecture = architecture
        self.description = description
        self.signer = signer
        self.signedAt = signedAt
        self.content = content
        self.packageSize = packageSize
        self.installedSize = installedSize
        self.provides = provides
        self.relations = relations
        self.units = units
        self.reaches = reaches
        self.orders = orders
        self.alsoInstances = alsoInstances
        self.conffiles = conffiles
        self.migrations = migrations
        self.sysusers = sysusers
        self.tmpfiles = tmpfiles
        self.manifestUsers = manifestUsers
        self.manifestFolders = manifestFolders
        self.dataFolders = dataFolders
        self.files = files
        self.provision = provision
        self.health = health
        self.probationTime = probationTime
        self.startTimeout = startTimeout
        self.stopTimeout = stopTimeout
        self.allowedRestarts = allowedRestarts
        self.warnings = warnings
    }

    /// The instances that are enabled without anybody's asking: with their templates, and by `Also=`.
    var enabledInstances: Set<String> {
        let ofTemplates = units.compactMap { UnitName($0.name)?.instantiated($0.defaultInstance)?.description }
        return Set(ofTemplates + alsoInstances)
    }

    /// Whether two packages are of one source. `Source:` is what a package says of itself: it counts between packages of one signer.
    ///
    /// The version of the source does not count: packages of one source are exchanged one after the other.
    func isOfOneSource(with other: ReleaseRecord) -> Bool {
        guard !source.isEmpty, source == other.source, signer == other.signer else { return false }
        return authority == other.authority || authority.isEmpty || other.authority.isEmpty
    }

    /// Whether the message bus has to read its files anew when the release is put in place or taken away.
    var concernsBus: Bool { !busPolicies.isEmpty || !busActivations.isEmpty || hasBusConffiles }

    var hasBusConffiles: Bool { conffiles.contains { $0.hasPrefix("/etc/dbus-1/") } }

    /// The time that the package's signature proves to have passed; nil when unsigned.
    var signedTime: SignedTime? {
        signedAt > 0 ? SignedTime(seconds: signedAt, package: name, version: version, signer: signer) : nil
    }
}

/// A unit file of a package.
public struct ReleaseUnit: Hashable, Sendable {
    /// `rinetd.service`, `foo@.service`, `foo.socket`.
    public var name: String
    /// The file, relative to the release: `usr/lib/systemd/system/rinetd.service`.
    public var path: String
    /// Drop-ins that the package ships for it, relative to the release.
    public var dropIns: [String]
    /// It has an `[Install]` section: Activate enables it.
    public var isEnabled: Bool
    /// Activate starts it: false for templates and for services that a socket, timer or path of the package starts.
    public var isStarted: Bool
    /// Other names that it gets when it is enabled. No unit of the host may have one of them.
    public var aliases: [String]
    /// `DefaultInstance=` of a template: the instance that is enabled with the template.
    public var defaultInstance: String
    /// Units of the package, and instances of its templates, that it starts because the manifest says so.
    public var wants: [String]

    public init(
        name: String, path: String, dropIns: [String] = [], isEnabled: Bool = true, isStarted: Bool = true,
        aliases: [String] = [], defaultInstance: String = "", wants: [String] = []
    ) {
        self.name = name
        self.path = path
        self.dropIns = dropIns
        self.isEnabled = isEnabled
        self.isStarted = isStarted
        self.aliases = aliases
        self.defaultInstance = defaultInstance
        self.wants = wants
    }

    /// `foo@.service`.
    public var isTemplate: Bool { UnitName(name)?.isTemplate ?? false }

    /// The name under which it is enabled: of a template the default instance; nil without one.
    var enabledName: String? {
        isTemplate ? UnitName(name)?.instantiated(defaultInstance)?.description : name
    }

    /// Whether Activate enables it: a template only if it has a default instance.
    var mayBeEnabled: Bool { isEnabled && (!isTemplate || !defaultInstance.isEmpty) }
}

/// `[Health]` of the manifest.
public struct HealthCommand: Hashable, Sendable {
    public var command: [String]
    public var user: String
    public var timeout: Duration

    public init(command: [String], user: String = "", timeout: Duration = .seconds(10)) {
        self.command = command
        self.user = user
        self.timeout = timeout
    }
}
