import Archive

extension DebFile {
    /// Audits the whole package: control files, manifest, and all of the payload, which is decompressed once for that.
    ///
    /// - Parameters:
    ///   - known: the packages of dpkg and of the store.
    ///   - limits: for the payload.
    ///   - architecture: the host's.
    /// - Throws: `PackageRefusal` with all that is in the way, `DebError`.
    public func plan(
        known: [KnownPackage], limits: ArchiveLimits = ArchiveLimits(), architecture: String = Architecture.native
    ) throws -> PackagePlan {
        var audit = try PackageAudit(controlFiles: try controlFiles(), manifest: try manifestBytes())
        do {
            let reader = try dataReader(limits)
            while let entry = try reader.next() {
                if audit.consider(entry) {
                    audit.take(try reader.readData(limit: PackageAudit.contentLimit), of: entry)
                }
            }
        } catch { throw DebError(error, in: container.data.name) }
        return try audit.plan(known: known, architecture: architecture)
    }
}

extension Placement {
    /// As `DebFile.unpack` asks for it: what belongs to the host is not in the release, save for conffiles.
    public var destination: Extraction.Destination { releasePath.map { .path($0) } ?? .skip }
}
