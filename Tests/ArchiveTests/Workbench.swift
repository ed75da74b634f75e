import Archive
import Glibc
import Linux
import TestSupport

/// A folder with an empty `root` in it, where archives are unpacked.
final class Workbench {
    let folder: TemporaryDirectory
    var root: String { "\(folder.path)/root" }

    init() throws {
        folder = try TemporaryDirectory("archive")
        try shell("mkdir '\(root)'; mkdir '\(folder.path)/outside'; echo safe > '\(folder.path)/outside/file'")
    }

    /// Unpacks an archive, by default with the caller as owner of everything.
    @discardableResult
    func unpack(
        _ path: String, _ compression: Compression = .none, limits: ArchiveLimits = ArchiveLimits(),
        ownership: Ownership = .caller, expectedBytes: Int = 0, expectedFiles: Int = 0,
        place: (ArchiveEntry) throws -> Extraction.Destination = { .path($0.path) }
    ) throws -> Extraction.Report {
        let file = try FileDescriptor.open(path)
        let reader = try ArchiveReader(file, range: 0..<file.size(), compression: compression, limits: limits)
        var extraction = Extraction()
        extraction.ownership = ownership
        extraction.expectedBytes = expectedBytes
        extraction.expectedFiles = expectedFiles
        return try extraction.run(reader, beneath: try FileDescriptor.open(root, O_RDONLY | O_DIRECTORY), place: place)
    }

    func unpack(_ tar: TarBuilder, limits: ArchiveLimits = ArchiveLimits(), ownership: Ownership = .caller) throws {
        try unpack(try folder.write("a.tar", tar.finished), limits: limits, ownership: ownership)
    }

    /// The error of an archive that must be refused; nil if it was accepted or left anything behind.
    func refusal(_ tar: TarBuilder, limits: ArchiveLimits = ArchiveLimits(), ownership: Ownership = .caller) throws
        -> ArchiveError?
    {
        do { try unpack(tar, limits: limits, ownership: ownership) } catch let error as ArchiveError {
            guard try Files.names(in: root).isEmpty else { return nil }
            guard try shell("cat '\(folder.path)/outside/file'; ls '\(folder.path)/outside'") == "safe\nfile\n" else {
                return nil
            }
            return error
        }
        return nil
    }

    /// The names, types, modes, times, links and contents of a tree.
    static func description(of path: String) throws -> String {
        try shell(
            "cd '\(path)'; find . -mindepth 1 -printf '%p %y %m %T@ %n %l %s\\n' | sort | sed 's/ d\\(.*\\) [0-9]* *[0-9]*$/ d\\1/'; find . -type f -print0 | sort -z | xargs -0r sha256sum"
        )
    }
}
