@testable import Archive
import Linux

extension FuzzTarget {
    /// A tar archive: every entry has a plain path within the limits, and so have the files together.
    static let tar = archive("tar", .none)
    /// The same, behind the decompressor of each filter.
    static let gzip = archive("tar-gz", .gzip)
    static let xz = archive("tar-xz", .xz)
    static let zstd = archive("tar-zst", .zstd)

    private static func archive(_ name: String, _ compression: Compression) -> FuzzTarget {
        FuzzTarget(name, limit: 16384) { bytes in
            checkWindows(bytes, compression)
            var limits = ArchiveLimits()
            (limits.entries, limits.totalBytes, limits.fileBytes) = (40, 1 << 18, 1 << 17)
            (limits.windowBytes, limits.pathBytes, limits.depth) = (1 << 20, 200, 8)
            _ = accepted { () throws(ArchiveError) in
                try withMemoryFile(bytes) { file throws(ArchiveError) in
                    try read(file, bytes.count, compression, limits)
                }
            }
        }
    }

    private static func read(
        _ file: borrowing FileDescriptor, _ count: Int, _ compression: Compression, _ limits: ArchiveLimits
    ) throws(ArchiveError) {
        let reader = try ArchiveReader(file, range: 0..<count, compression: compression, limits: limits)
        while let entry = try reader.next() {
            check(entry, limits)
            require(reader.entryCount <= limits.entries, "entries are bounded")
            require(reader.totalBytes <= limits.totalBytes, "the files together are bounded")
            guard entry.kind == .file else { continue }
            require(entry.size <= limits.fileBytes, "a file is bounded")
            let data = try reader.readData(limit: limits.fileBytes)
            requireEqual(data.count, entry.size, "a file has the size that its header says")
        }
    }

    private static func check(_ entry: ArchiveEntry, _ limits: ArchiveLimits) {
        let parts = entry.path.split(separator: "/", omittingEmptySubsequences: false)
        require(entry.path.utf8.count <= limits.pathBytes && parts.count <= limits.depth, "a path is bounded")
        require(entry.path.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "a path is plain: \(entry.path)")
        if !entry.path.isEmpty {
            require(!parts.contains("") && !parts.contains(".") && !parts.contains(".."), "plain: \(entry.path)")
        }
        switch entry.kind {
        case .hardLink(let target):
            require(!target.hasPrefix("/") && !target.split(separator: "/").contains(".."), "a link within: \(target)")
        case .symbolicLink(let target): require(!target.isEmpty && !target.utf8.contains(0), "a target: \(target)")
        case .file, .directory, .special: break
        }
    }

    /// How the bytes come does not matter, and a higher limit refuses nothing more.
    private static func checkWindows(_ bytes: [UInt8], _ compression: Compression) {
        func verdict(_ limit: Int, _ pieces: [ArraySlice<UInt8>]) -> ArchiveError? {
            guard var guarding = WindowGuard(compression, limit: limit) else { return nil }
            do throws(ArchiveError) {
                for piece in pieces { try take(Array(piece), &guarding) }
                return nil
            } catch {
                return error
            }
        }
        let whole = verdict(1 << 20, [bytes[...]])
        let half = bytes.count / 2
        requireEqual(verdict(1 << 20, [bytes[..<half], bytes[half...]]), whole, "in two pieces it is the same")
        requireEqual(verdict(1 << 20, bytes.indices.map { bytes[$0...$0] }), whole, "byte by byte it is the same")
        if whole == nil { requireEqual(verdict(1 << 30, [bytes[...]]), nil, "a higher limit refuses nothing more") }
    }

    private static func take(_ piece: [UInt8], _ guarding: inout WindowGuard) throws(ArchiveError) {
        var failure: ArchiveError?
        piece.withUnsafeBytes { buffer in
            do throws(ArchiveError) { try guarding.take(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }
}
