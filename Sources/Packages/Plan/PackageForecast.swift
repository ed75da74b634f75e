import Archive
import Configuration
import Linux

/// What installing a package on this host would come to, found without installing it: the plan as far as it can be made, and all
/// reasons against it.
public struct PackageForecast: Sendable {
    /// What it would do. If the package is refused, parts may be missing.
    public var plan: PackagePlan
    /// Empty: nothing is known that speaks against it.
    public var refusals: [Finding]
    public var warnings: [Finding]

    /// What a host has that a package must fit to.
    public struct Host: Sendable {
        public var known: [KnownPackage]
        public var units: HostUnits
        public var files: DpkgFiles
        public var architecture: String

        public init(
            known: [KnownPackage], units: HostUnits, files: DpkgFiles, architecture: String = Architecture.native
        ) {
            self.known = known
            self.units = units
            self.files = files
            self.architecture = architecture
        }
    }

    /// Reads the whole package, as an installation does. The signature is the caller's matter.
    ///
    /// - Throws: `PackageRefusal` if control files or the manifest cannot be read; `DebError` for a file that is no package, or that
    ///   cannot be read.
    public init(of file: DebFile, on host: Host, _ configuration: InstallConfiguration) throws {
        var audit = try PackageAudit(controlFiles: try file.controlFiles(), manifest: try file.manifestBytes())
        let limits = ArchiveLimits(configuration)
        var findings = FindingList()
        func refuse(_ kind: Finding.Kind, _ path: String, _ text: String) {
            findings.add(Finding(.refused, kind, path, text))
        }
        if file.container.size > configuration.maxPackageSize {
            refuse(
                .unsupported, "the package",
                "it has \(file.container.size) bytes; the limit is \(configuration.maxPackageSize) (MaxPackageSize=)")
        }
        if let reason = configuration.refusal(of: audit.control, listedFiles: try file.listedFiles()) {
            refuse(.unsupported, "the package", reason)
        }
        do {
            try Self.read(file, limits, &audit, &findings)
        } catch let error as ArchiveError {
            refuse(.malformed, file.container.data.name, "\(error)")
        } catch let refusal as PackageRefusal {
            findings.add(refusal.findings)
        }
        let (plan, audited) = audit.assess(known: host.known, architecture: host.architecture)
        findings.add(audited)
        findings.add(plan.conflicts(with: host.units, names: true))
        if let owner = try host.files.owner(ofAnyOf: plan.conffiles.map(\.path) + plan.linkedPaths) {
            refuse(
                .conflict, String(owner.path.dropFirst()),
                "it belongs to the Debian package \(owner.package); it is never replaced: remove that package, or this file from yours"
            )
        }
        self.plan = plan
        refusals = findings.findings(.refused)
        warnings = findings.findings(.warning)
    }

    private static func read(
        _ file: DebFile, _ limits: ArchiveLimits, _ audit: inout PackageAudit, _ findings: inout FindingList
    ) throws {
        let extraction = Extraction()
        try file.read(limits, into: &audit) { entry in
            let isPlaced = Placement.of(entry.path, entry.kind).releasePath != nil
            switch extraction.refusal(of: entry, limits, isPlaced: isPlaced) {
            case nil: break
            case .refused(let path, let reason): findings.add(Finding(.refused, .unsupported, path, reason))
            // The payload's root is no entry of its own.
            case .badName where entry.path.isEmpty && entry.kind == .directory: break
            case let error?: findings.add(Finding(.refused, .malformed, entry.path, "\(error)"))
            }
        }
    }
}
