import FaultPoints
import Glibc
import Linux

/// Unpacks an archive beneath an empty folder that nobody else uses.
///
/// The archive is decompressed once. If it has more entries or bytes than its package said, all its headers are read before the
/// rest is unpacked: unpacking 100,000 files, to refuse the next one, takes a minute. Limits and names are checked by the reader; devices, FIFOs, sockets, setuid, capabilities
/// and owners by policy. Nothing is written through a symbolic link, outside the root or over another entry. On failure
/// everything that was written is removed.
public struct Extraction: Sendable {
    /// Where one entry goes.
    public enum Destination: Hashable, Sendable {
        /// Beneath the root, at a relative path without `.`, `..` or empty parts.
        case path(String)
        /// Nowhere. The entry is checked nevertheless.
        case skip
    }

    /// The result of unpacking.
    public struct Report: Hashable, Sendable {
        /// The number of unpacked entries of any kind.
        public var entries = 0
        /// The bytes of unpacked files.
        public var bytes = 0
    }

    /// The owners of the unpacked files.
    public var ownership: Ownership = .root
    /// The announced size of the unpacked archive in bytes, for the check of free space: the field `Installed-Size`
    /// (`Int(clamping: PackageControl.installedSize)`).
    public var expectedBytes = 0
    /// The bytes that must stay free beyond that.
    public var reserve = 16 << 20
    /// The announced number of files, which does not count folders and links: the lines of `md5sums`
    /// (`DebFile.listedFiles`).
    public var expectedFiles = 0

    /// So many entries are unpacked in any case before all are counted.
    static let uncountedEntries = 2000

    public init() {}

    /// Unpacks the remaining entries of an archive and flushes the file system once at the end (`syncfs(2)`). When this
    /// returns, the tree is on the disk.
    ///
    /// - Parameters:
    ///   - root: an empty folder.
    ///   - place: returns where an entry goes; called in the order of the archive. For a hard link it is also called for the
    ///     target, as a plain file of that path. It must return the same answer for the same path.
    /// - Throws: `ArchiveError`, or what `place` throws.
    @discardableResult
    public func run(
        _ reader: ArchiveReader, beneath root: borrowing FileDescriptor,
        place: (ArchiveEntry) throws -> Destination = { .path($0.path) }
    ) throws -> Report {
        do {
            try checkSpace(root)
            let report = try unpack(reader, root, place)
            try faultPoint("archive.sync.before")
            do { try root.synchronizeFileSystem() } catch { throw ArchiveError(error) }
            try faultPoint("archive.sync.after")
            return report
        } catch {
            // Report the first error. Files that cannot be removed now are orphans, which the next start removes.
            try? FileTree.removeContents(of: root)
            throw error
        }
    }

    private func checkSpace(_ root: borrowing FileDescriptor) throws {
        try faultPoint("archive.space.before")
        let space: FileSystemSpace
        do { space = try FileSystemSpace(of: root) } catch { throw ArchiveError(error) }
        // Add 5 % for the unused parts of the files' last blocks.
        let slack = (expectedBytes / 20).addingReportingOverflow(reserve)
        let (wanted, overflow) = expectedBytes.addingReportingOverflow(slack.partialValue)
        guard !slack.overflow, !overflow, space.bytes >= wanted else {
            throw ArchiveError.noSpace(
                "unpacking needs \(wanted >> 10) KiB, but only \(space.bytes >> 10) KiB are free")
        }
    }

    private func unpack(
        _ reader: ArchiveReader, _ root: borrowing FileDescriptor, _ place: (ArchiveEntry) throws -> Destination
    ) throws -> Report {
        var report = Report()
        var writer: TreeWriter
        do { writer = try TreeWriter(root: root) } catch { throw ArchiveError(error) }
        var seen: Set<String> = []
        var isCounted = false
        while let entry = try reader.next() {
            // The caller owns the root folder itself.
            if entry.path.isEmpty, entry.kind == .directory { continue }
            try faultPoint("archive.entry.before")
            if !isCounted, exceedsAnnouncement(reader) {
                try reader.checkAll()
                isCounted = true
            }
            try check(entry, reader.limits)
            if entry.kind == .directory, !seen.insert(entry.path).inserted {
                throw ArchiveError.duplicate(path: entry.path)
            }
            guard case .path(let path) = try place(entry) else { continue }
            try write(entry, to: path, reader, &writer, place)
            report.entries += 1
            report.bytes += entry.size
        }
        try faultPoint("archive.finish.before")
        try writer.finish()
        return report
    }

    /// Whether more was read than the package said, by more than is usual.
    private func exceedsAnnouncement(_ reader: ArchiveReader) -> Bool {
        reader.entryCount - Self.uncountedEntries > 2 * expectedFiles
            || reader.totalBytes - reserve > expectedBytes
    }

    private func write(
        _ entry: ArchiveEntry, to path: String, _ reader: ArchiveReader, _ writer: inout TreeWriter,
        _ place: (ArchiveEntry) throws -> Destination
    ) throws {
        let owner = try ownership.pair(for: entry)
        switch entry.kind {
        case .directory: try writer.makeFolder(path, like: entry, owner: owner)
        case .symbolicLink(let target):
            try writer.makeSymbolicLink(path, target: target, like: entry, owner: owner)
        case .hardLink(let target):
            var file = entry
            file.path = target
            file.kind = .file
            guard case .path(let source) = try place(file) else {
                throw ArchiveError.refused(
                    path: entry.path,
                    reason: "it is a hard link to \(target), which is not installed; pack it as a file")
            }
            try writer.makeHardLink(path, target: source)
        case .file:
            try writer.makeFile(path, like: entry, owner: owner) { (file) throws(ArchiveError) in
                try Self.copy(entry, reader, to: file)
            }
        case .special: break
        }
    }

    private static func copy(
        _ entry: ArchiveEntry, _ reader: ArchiveReader, to file: borrowing FileDescriptor
    ) throws(ArchiveError) {
        var end = 0
        let number = file.raw
        while true {
            do { try faultPoint("archive.data.before") } catch { throw ArchiveError(error) }
            let more = try reader.readBlock { (block, offset) throws(ArchiveError) in
                var done = 0
                do throws(Errno) {
                    while done < block.count {
                        done += try retrying("write \(entry.path)") {
                            pwrite(number, block.baseAddress.map { $0 + done }, block.count - done, offset + done)
                        }
                    }
                } catch { throw ArchiveError(error) }
                end = max(end, offset + block.count)
            }
            if !more { break }
        }
        guard end < entry.size else { return }
        // The file is sparse and ends with a hole.
        do throws(Errno) { try retrying("truncate \(entry.path)") { ftruncate(number, entry.size) } } catch {
            throw ArchiveError(error)
        }
    }

    /// Why an entry would not be unpacked because of its type, mode, owner or attributes; nil if it would be.
    ///
    /// - Parameter isPlaced: whether it is unpacked at all: of what is left out, the owner does not count.
    public func refusal(of entry: ArchiveEntry, _ limits: ArchiveLimits, isPlaced: Bool) -> ArchiveError? {
        do throws(ArchiveError) {
            try check(entry, limits)
            if isPlaced { _ = try ownership.pair(for: entry) }
            return nil
        } catch {
            return error
        }
    }

    private func check(_ entry: ArchiveEntry, _ limits: ArchiveLimits) throws(ArchiveError) {
        func refused(_ reason: String) -> ArchiveError { .refused(path: entry.path, reason: reason) }
        if entry.path.isEmpty { throw .badName(name: "", reason: "is the package's root, which must be a folder") }
        if case .special(let what) = entry.kind {
            throw refused("\(what) is not unpacked; create it with a unit or tmpfiles.d")
        }
        if entry.kind != .directory, entry.mode & 0o6000 != 0, !limits.allowsSetuid {
            throw refused(
                "it is setuid or setgid, which the policy does not allow; use a unit's User= and AmbientCapabilities=")
        }
        if entry.kind == .directory, entry.mode & 0o4000 != 0 {
            throw refused("a folder cannot be setuid; remove the bit in the package")
        }
        if entry.capabilities != nil, !limits.allowsCapabilities || entry.kind != .file {
            throw refused(
                "it has file capabilities, which the policy does not allow; use a unit's AmbientCapabilities=")
        }
    }
}
