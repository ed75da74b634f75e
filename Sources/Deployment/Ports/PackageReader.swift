/// Looks at a package file and unpacks it. Both are blocking and called on the worker's thread.
public protocol PackageReader: Sendable {
    /// Debian's order of versions: whether `version` is lower than `other`.
    func isVersion(_ version: String, lowerThan other: String) -> Bool

    /// Verifies the signature and audits the package: relations, scripts, overlay, placement. Nothing of the payload is
    /// decompressed before the signature holds.
    ///
    /// - Parameters:
    ///   - path: the daemon's own copy.
    ///   - time: for certificates.
    ///   - installed: names and versions of the store's packages, for relations.
    /// - Throws: `DeploymentError` with what to do about it.
    func inspect(_ path: String, time: VerificationTime, installed: [InstalledVersion]) throws -> ReleaseRecord

    /// Looks again, when the package is about to be installed: the signature by the keyring as it is now, and the relations
    /// to what is installed now. The payload is not decompressed.
    ///
    /// - Parameter record: what `inspect` gave for it.
    /// - Throws: as `inspect`.
    func verify(
        _ path: String, record: ReleaseRecord, time: VerificationTime, installed: [InstalledVersion]) throws

    /// Unpacks the payload beneath `folder`, an empty folder: `usr/…`, `opt/…`, and conffiles as `conffiles/etc/…`.
    ///
    /// - Parameter progress: called with percents, now and then.
    func unpack(
        _ path: String, record: ReleaseRecord, into folder: String, progress: @Sendable (Int) -> Void) throws
}

/// A package of the store, as relations see it.
public struct InstalledVersion: Hashable, Sendable {
    public var name: String
    public var version: String
    /// `Provides` as the control file has it.
    public var provides: String

    public init(name: String, version: String, provides: String = "") {
        self.name = name
        self.version = version
        self.provides = provides
    }
}

extension InstalledVersion {
    /// The packages as they will be when those that wait are installed.
    static func replacing(_ installed: [InstalledVersion], by waiting: [ReleaseRecord]) -> [InstalledVersion] {
        let next = waiting.map { InstalledVersion(name: $0.name, version: $0.version, provides: $0.provides) }
        return installed.filter { old in !next.contains { $0.name == old.name } } + next
    }
}
