import Archive
import Configuration
import Deployment
import Glibc
import Linux
import Packages
import Signing

/// The deployment's view of package files: signed `.deb`s, verified by the keyring and audited against this host.
public struct DebPackageReader: PackageReader {
    /// What `installd.conf` says.
    public var configuration: InstallConfiguration
    /// The folder of certificates.
    public var keyring: String
    /// dpkg's status file.
    public var dpkgStatus: String
    /// Folders of the host's own units, for names that a package must not take.
    public var hostUnitFolders: [String]
    /// Whose files a release's are: root's, but in tests.
    public var ownership: Ownership

    public init(
        configuration: InstallConfiguration, keyring: String = "/etc/gatekeel/keyring.d",
        dpkgStatus: String = DpkgStatus.path,
        hostUnitFolders: [String] = HostUnits.packagedFolders,
        ownership: Ownership = .root
    ) {
        self.configuration = configuration
        self.keyring = keyring
        self.dpkgStatus = dpkgStatus
        self.hostUnitFolders = hostUnitFolders
        self.ownership = ownership
    }

    public func isVersion(_ version: String, lowerThan other: String) -> Bool {
        guard let version = DebianVersion(version), let other = DebianVersion(other) else { return false }
        return version < other
    }

    public func inspect(
        _ path: String, time: VerificationTime, installed: [InstalledVersion]
    ) throws -> ReleaseRecord {
        try mapped(time) {
            let (file, known, admitted) = try admitted(path, time: time, installed: installed)
            var audit = admitted
            let bytes: UInt64
            do {
                bytes = try unpack(file, auditing: &audit, into: Self.tree(beside: path))
            } catch let refusal as PackageRefusal {
                // Nothing more is unpacked of it. The rest is only read, for the other reasons.
                _ = try file.plan(known: known, limits: limits)
                throw refusal
            }
            let plan = try audit.plan(known: known)
            try checkUnits(plan)
            try copyTemplates(plan.files, in: Self.tree(beside: path))
            return ReleaseRecord(
                plan, size: UInt64(file.container.size), installedSize: bytes, signers: file.signers)
        }
    }

    public func verify(
        _ path: String, record: ReleaseRecord, time: VerificationTime, installed: [InstalledVersion]
    ) throws {
        try mapped(time) {
            let control = try admitted(path, time: time, installed: installed).audit.control
            guard control.name == record.name, control.version.description == record.version else {
                throw DeploymentError(.failed, "the staged package is another one now; discard it and send it again")
            }
        }
    }

    /// What must hold before the payload is decompressed: the signature, and the relations to what is installed.
    private func admitted(
        _ path: String, time: VerificationTime, installed: [InstalledVersion]
    ) throws -> (file: DebFile, known: [KnownPackage], audit: PackageAudit) {
        let ring = try Keyring.load(keyring)
        let policy: SignaturePolicy =
            configuration.requireSignature
            ? .required(ring, time: time.seconds) : .whenPresent(ring, time: time.seconds)
        let file = try DebFile(path: path, policy)
        let known =
            try DpkgStatus.read(dpkgStatus)
            + installed.compactMap { KnownPackage(stored: $0.name, version: $0.version, provides: $0.provides) }
        let audit = try PackageAudit(controlFiles: try file.controlFiles(), manifest: try file.manifestBytes())
        // Before the payload is decompressed: it may be for another machine altogether.
        let relations = RelationAudit(known: known).findings(for: audit.control)
        if let refusal = PackageRefusal(relations.listed) { throw refusal }
        if let reason = configuration.refusal(of: audit.control, listedFiles: try file.listedFiles()) {
            throw DebError.archive(member: "the package", .limit(reason))
        }
        return (file, known, audit)
    }

    /// Audits and unpacks in one pass: decompressing takes longer than all else. `unpack` moves the tree into place.
    ///
    /// - Returns: the bytes of its files.
    private func unpack(_ file: DebFile, auditing audit: inout PackageAudit, into tree: String) throws -> UInt64 {
        try Files.removeTree(tree)
        try Files.makeDirectories(tree, mode: 0o755)
        let root = try FileDescriptor.open(tree, O_RDONLY | O_DIRECTORY)
        var wanted: [ArchiveEntry] = []
        // A hard link's target is asked for right after the link, unless the link is left out; its own entry was audited before.
        var linkTarget: String?
        let report = try file.unpack(
            beneath: root, limits: limits, extraction: try extraction(of: file, expecting: audit.control.installedSize)
        ) { entry in
            if entry.path != linkTarget, try audit.consider(entry) { wanted.append(entry) }
            if let refusal = audit.refusal { throw refusal }
            let destination = Placement.of(entry.path, entry.kind).destination
            if case .hardLink(let target) = entry.kind, destination != .skip {
                linkTarget = target
            } else {
                linkTarget = nil
            }
            return destination
        }
        for entry in wanted {
            guard let path = Placement.of(entry.path, entry.kind).releasePath else { continue }
            let content = try FileDescriptor.open(beneath: root, path, O_RDONLY | O_NONBLOCK)
            audit.take(try Files.read(content, limit: PackageAudit.contentLimit, context: path), of: entry)
        }
        return UInt64(report.bytes)
    }

    /// Beside the staged file, and discarded with it.
    private static func tree(beside package: String) -> String { "\(Files.split(package).folder)/tree" }

    private func extraction(of file: DebFile, expecting bytes: UInt64) throws -> Extraction {
        var extraction = Extraction()
        extraction.ownership = ownership
        extraction.expectedBytes = Int(clamping: bytes)
        extraction.expectedFiles = try file.listedFiles()
        return extraction
    }

    public func unpack(
        _ path: String, record: ReleaseRecord, into folder: String, progress: @Sendable (Int) -> Void
    ) throws {
        try mapped {
            let tree = Self.tree(beside: path)
            if try Files.exists(tree) {
                // Onto the empty folder, which it replaces; its bytes are on the medium since it was staged.
                try retrying("rename \(tree)") { rename(tree, folder) }
                return progress(100)
            }
            // The tree went to an attempt that failed. `verify` saw the copy, in a folder that is the daemon's alone.
            let file = try DebFile(path: path, .ignored)
            let root = try FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY)
            var bytes: UInt64 = 0
            var percent = 0
            try file.unpack(
                beneath: root, limits: limits, extraction: try extraction(of: file, expecting: record.installedSize)
            ) { entry in
                bytes += UInt64(clamping: entry.size)
                let now = record.installedSize == 0 ? 0 : Int(min(99, bytes * 100 / record.installedSize))
                if now > percent {
                    percent = now
                    progress(now)
                }
                return Placement.of(entry.path, entry.kind).destination
            }
            try copyTemplates(record.files, in: folder)
        }
    }

    /// Puts copies of templates to where the release has its conffiles. The folder is the daemon's alone.
    private func copyTemplates(_ files: [FileRule], in tree: String) throws {
        guard files.contains(where: \.isCopy) else { return }
        let root = try FileDescriptor.open(tree, O_RDONLY | O_DIRECTORY)
        func template(_ source: String) throws -> [UInt8] {
            let template = try FileDescriptor.open(beneath: root, source, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
            return try Files.read(template, limit: FileRule.sizeLimit, context: source)
        }
        for file in files where file.isCopy {
            let bytes = try file.text ?? template(file.source)
            let target = "\(tree)/\(Self.conffiles)\(file.path)"
            try Files.makeDirectories(Files.split(target).folder)
            try Files.replace(target, with: bytes, mode: 0o600)
        }
    }

    private static let conffiles = "conffiles"

    private var limits: ArchiveLimits { ArchiveLimits(configuration) }

    /// What would replace or change a unit of the host is refused at once. The installation checks it again, and more.
    private func checkUnits(_ plan: PackagePlan) throws {
        var host = HostUnits()
        for folder in hostUnitFolders { try host.add(folder: folder) { _ in false } }
        if let finding = plan.conflicts(with: host).first { throw DeploymentError(.conflict, finding.description) }
    }

    /// Errors of packages as those of deployments.
    ///
    /// - Parameter time: of the verification, if there is one. A refusal for it says where it comes from.
    private func mapped<Value>(_ time: VerificationTime? = nil, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch DebError.badSignature(.expired(let certificate, let notAfter)) {
            let expired = SigningError.expired(certificate: certificate, notAfter: notAfter)
            throw DeploymentError(
                .badSignature, ["\(expired)", time?.explanation].compactMap(\.self).joined(separator: "; "))
        } catch let error as DebError {
            throw DeploymentError(error)
        } catch let error as PackageRefusal {
            throw DeploymentError(error)
        } catch let error as SigningError {
            throw DeploymentError(.badSignature, "\(error)")
        }
    }
}

extension DeploymentError {
    init(_ error: DebError) {
        let code: Code =
            switch error {
            case .noSpace: .noSpace
            case .unsigned, .badSignature: .badSignature
            case .file: .failed
            case .malformed, .archive, .signing: .unsupported
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
        self.init(code, refusal.description)
    }
}

extension ReleaseRecord {
    init(_ plan: PackagePlan, size: UInt64, installedSize: UInt64, signers: [Signer]) {
        let control = plan.control
        self.init(
            name: control.name, version: control.version.description, architecture: control.architecture,
            description: control.summary, signer: signers.first?.subject ?? "",
            signedAt: signers.map(\.provenTime).max() ?? 0, content: signers.first?.content ?? "", packageSize: size,
            installedSize: max(installedSize, control.installedSize),
            provides: control.providesText, relations: control.relationTexts,
            units: plan.units.map {
                ReleaseUnit(
                    name: $0.name, path: $0.path, dropIns: $0.dropIns, isEnabled: $0.isEnabled, isStarted: $0.isStarted,
                    aliases: $0.aliases, defaultInstance: $0.defaultInstance ?? "", wants: $0.wants)
            },
            reaches: plan.reaches, orders: plan.orders, alsoInstances: plan.alsoInstances,
            conffiles: plan.conffiles.map(\.path), migrations: plan.migrations, sysusers: plan.sysusersFiles,
            tmpfiles: plan.tmpfilesFiles,
            manifestUsers: plan.sysusersLines, manifestFolders: plan.tmpfilesLines,
            dataFolders: plan.dataFolders, files: plan.files, provision: plan.provision,
            health: plan.health.map { HealthCommand(command: $0.command, user: $0.user, timeout: $0.timeout) },
            probationTime: plan.probation.time, startTimeout: plan.probation.startTimeout,
            stopTimeout: plan.probation.stopTimeout, allowedRestarts: plan.probation.maxRestarts,
            warnings: plan.warnings.map(\.description))
        source = control.source
        authority = signers.first?.authority ?? ""
        (busPolicies, busNames, busActivations) = (plan.busPolicies, plan.busNames, plan.busActivations)
        startedInstances = plan.startedInstances
        writtenUnits = plan.writtenUnits.mapValues { String(decoding: $0, as: UTF8.self) }
    }
}
