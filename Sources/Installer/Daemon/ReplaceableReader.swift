import Deployment
import Linux

/// A package reader that a reload of the configuration replaces; a package under way keeps the one it began with.
final class ReplaceableReader: PackageReader {
    private let reader: Locked<any PackageReader>

    init(_ reader: any PackageReader) { self.reader = Locked(reader) }

    func replace(_ reader: any PackageReader) { self.reader.withLock { $0 = reader } }

    private var current: any PackageReader { reader.withLock { $0 } }

    func isVersion(_ version: String, lowerThan other: String) -> Bool { current.isVersion(version, lowerThan: other) }

    func inspect(_ path: String, time: VerificationTime, installed: [InstalledVersion]) throws -> ReleaseRecord {
        try current.inspect(path, time: time, installed: installed)
    }

    func verify(
        _ path: String, record: ReleaseRecord, time: VerificationTime, installed: [InstalledVersion]
    ) throws {
        try current.verify(path, record: record, time: time, installed: installed)
    }

    func unpack(
        _ path: String, record: ReleaseRecord, into folder: String, progress: @Sendable (Int) -> Void
    ) throws {
        try current.unpack(path, record: record, into: folder, progress: progress)
    }
}
