import Archive

extension DebFile {
    /// Audits the whole package: control files, manifest and payload, which is decompressed once for this.
    ///
    /// - Parameters:
    ///   - known: the packages of dpkg and of the store.
    ///   - limits: the limits of the payload.
    ///   - architecture: the host's architecture.
    ///   - manifest: instead of the one that is attached.
    /// - Throws: `PackageRefusal` with all reasons, or `DebError`.
    public func plan(
        known: [KnownPackage], limits: ArchiveLimits = ArchiveLimits(), architecture: String = Architecture.native,
        manifest: [UInt8]? = nil
    ) throws -> PackagePlan {
        var audit = try PackageAudit(controlFiles: try controlFiles(), manifest: try manifest ?? manifestBytes())
        do {
            try read(limits, into: &audit) { _ in }
        } catch let error as ArchiveError { throw DebError(error, in: container.data.name) }
        return try audit.plan(known: known, architecture: architecture)
    }

    /// Gives every entry of the payload to an audit, with the bytes that it asks for.
    ///
    /// - Parameter visit: called with each entry before the audit has it.
    /// - Throws: `ArchiveError`, or what the audit throws.
    func read(
        _ limits: ArchiveLimits, into audit: inout PackageAudit, visit: (ArchiveEntry) -> Void
    ) throws {
        let reader = try dataReader(limits)
        while let entry = try reader.next() {
            visit(entry)
            if try audit.consider(entry) {
                audit.take(try reader.readData(limit: PackageAudit.contentLimit), of: entry)
            }
        }
    }
}

extension Placement {
    /// The destination for `DebFile.unpack`. Entries of the host are not unpacked into the release, except conffiles.
    public var destination: Extraction.Destination { releasePath.map { .path($0) } ?? .skip }
}
