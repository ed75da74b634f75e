import Archive
import Glibc
import Linux
import Packages
import Signing

/// Debian packages: verified, audited and unpacked in one pass over the payload.
///
/// The audit needs the payload's units, and decompressing takes longer than all else. So the payload is unpacked when
/// the package is looked at, into a folder beside it; `unpack` only gives that folder its place. It is unpacked again
/// when that folder is gone (after an install that failed).
public struct DebPackages: PackageReader {
    public struct Settings: Sendable {
        /// The folder of CA certificates.
        public var keyring = "/etc/gatekeel/keyring.d"
        /// `[Install] RequireSignature=`.
        public var requiresSignature = true
        /// `[Install] MaxUnpackedSize=`, `MaxEntries=`, `MaxRatio=`, …
        public var limits = ArchiveLimits()
        /// Whose files a release's become.
        public var ownership = Ownership.root
        /// dpkg's status.
        public var status = DpkgStatus.path
        public var architecture = Architecture.native

        public init() {}
    }

    public let settings: Settings

    public init(_ settings: Settings = Settings()) { self.settings = settings }

    public func isVersion(_ version: String, lowerThan other: String) -> Bool {
        guard let left = DebianVersion(version), let right = DebianVersion(other) else { return false }
        return left < right
    }

    public func inspect(_ path: String, time: Int64, installed: [InstalledVersion]) throws -> ReleaseRecord {
        try Self.translating { try look(path, time: time, installed: installed) }
    }

    private func look(_ path: String, time: Int64, installed: [InstalledVersion]) throws -> ReleaseRecord {
        let keyring = try Keyring.load(settings.keyring)
        let deb = try DebFile(
            path: path,
            settings.requiresSignature ? .required(keyring, time: time) : .whenPresent(keyring, time: time))
        var audit = try PackageAudit(controlFiles: try deb.controlFiles(), manifest: try deb.manifestBytes())
        let known =
            try DpkgStatus.read(settings.status)
            + installed.compactMap { KnownPackage(stored: $0.name, version: $0.version, provides: $0.provides) }
        // What can be refused without the payload is.
        let relations = RelationAudit(known: known, architecture: settings.architecture)
        if let refusal = PackageRefusal(relations.findings(for: audit.control)) { throw refusal }

        let folder = Self.folder(beside: path)
        try Files.removeTree(folder)
        try Files.makeDirectories(folder, mode: 0o755)
        var wanted: [PayloadEntry] = []
        var seen: Set<String> = []
        try extract(deb, into: folder, size: audit.control.installedSize) { entry in
            let entry = PayloadEntry(entry)
            // A hard link's target is asked for again.
            if seen.insert(entry.path).inserted, audit.consider(entry) { wanted.append(entry) }
        }
        let tree = ReleaseTree(path: folder)
        for entry in wanted {
            guard let path = Placement.of(entry.path, entry.kind).releasePath,
                let file = try tree.file(path, limit: PackageAudit.contentLimit)
            else { continue }
            audit.take(file.bytes, of: entry)
        }
        let plan = try audit.plan(known: known, architecture: settings.architecture)
        var record = ReleaseRecord(plan)
        record.signer = deb.signers.map(\.subject).joined(separator: ", ")
        record.packageSize = UInt64(deb.container.size)
        return record
    }

    public func unpack(
        _ path: String, record: ReleaseRecord, into folder: String, progress: @Sendable (Int) -> Void
    ) throws {
        let ready = Self.folder(beside: path)
        if Files.exists(ready) {
            // The whole tree is on the medium since it was staged; the empty folder is replaced by it.
            try retrying("rename \(ready)") { rename(ready, folder) }
            return progress(100)
        }
        try Self.translating {
            // The daemon's own copy, that no one else can write: it was verified when it was taken in.
            let deb = try DebFile(path: path, .ignored)
            var done: UInt64 = 0
            let total = max(1, record.installedSize)
            try extract(deb, into: folder, size: record.installedSize) { entry in
                let before = done * 100 / total
                done += UInt64(clamping: entry.size)
                if done * 100 / total > before { progress(Int(min(99, done * 100 / total))) }
            }
        }
        progress(100)
    }

    private func extract(
        _ deb: DebFile, into folder: String, size: UInt64, _ consider: (ArchiveEntry) -> Void
    ) throws {
        var extraction = Extraction()
        extraction.ownership = settings.ownership
        extraction.expectedBytes = Int(clamping: size)
        let root = try FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY)
        try deb.unpack(beneath: root, limits: settings.limits, extraction: extraction) { entry in
            consider(entry)
            let kind = PayloadEntry(entry).kind
            return Placement.of(entry.path, kind).releasePath.map { .path($0) } ?? .skip
        }
        let number = root.raw
        try retrying("chmod \(folder)") { fchmod(number, 0o755) }
    }

    private static func folder(beside path: String) -> String { "\(Files.split(path).folder)/tree" }

    /// Errors as the pipeline tells them.
    private static func translating<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as DebError {
            throw DeploymentError(error)
        } catch let refusal as PackageRefusal {
            throw DeploymentError(refusal)
        } catch let error as SigningError {
            throw DeploymentError(.badSignature, "\(error)")
        }
    }
}

extension DeploymentError {
    init(_ error: DebError) {
        let code: Code =
            switch error {
            case .unsigned, .badSignature, .signing: .badSignature
            case .noSpace: .noSpace
            case .malformed, .archive: .unsupported
            case .tooLarge: .invalidArgument
            case .file, .timedOut: .failed
            }
        self.init(code, "\(error)")
    }

    init(_ refusal: PackageRefusal) {
        let code: Code =
            switch refusal.kind {
            case .relation: .unmetRelation
            case .conflict: .conflict
            case .architecture: .wrongArchitecture
            case .unsupported, .malformed: .unsupported
            }
        self.init(code, "\(refusal)")
    }
}

extension PayloadEntry {
    init(_ entry: ArchiveEntry) {
        let kind: Kind =
            switch entry.kind {
            case .file: .file
            case .directory: .directory
            case .symbolicLink(let target): .symbolicLink(target: target)
            case .hardLink(let target): .hardLink(target: target)
            case .special(let what): .special(what)
            }
        self.init(
            path: entry.path, kind: kind, mode: entry.mode, size: entry.size,
            owner: entry.ownerName.isEmpty ? "\(entry.owner)" : entry.ownerName,
            group: entry.groupName.isEmpty ? "\(entry.group)" : entry.groupName)
    }
}

extension ReleaseRecord {
    /// What is to be remembered of a plan.
    init(_ plan: PackagePlan) {
        self.init(
            name: plan.control.name, version: plan.control.version.description,
            architecture: plan.control.architecture, description: plan.control.summary,
            installedSize: plan.control.installedSize, provides: plan.control.providesText,
            units: plan.units.map { unit in
                ReleaseUnit(
                    name: unit.name, path: unit.path, dropIns: unit.dropIns, isEnabled: unit.isEnabled,
                    isStarted: unit.isStarted, aliases: unit.aliases, defaultInstance: unit.defaultInstance ?? "")
            },
            conffiles: plan.conffiles.map(\.path), sysusers: plan.sysusersFiles, tmpfiles: plan.tmpfilesFiles,
            manifestUsers: plan.sysusersLines, manifestFolders: plan.tmpfilesLines,
            health: plan.health.map { HealthCommand(command: $0.command, user: $0.user, timeout: $0.timeout) },
            probationTime: plan.probation.time, startTimeout: plan.probation.startTimeout,
            stopTimeout: plan.probation.stopTimeout, allowedRestarts: plan.probation.maxRestarts,
            warnings: plan.warnings.map(\.description))
    }
}
