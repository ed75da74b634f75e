import Glibc
import Linux
import Packages

/// What the host's own files let systemd make: lines of `tmpfiles.d(5)`, and the folders of units (`StateDirectory=` and
/// similar).
struct HostFolders: Sendable {
    /// The paths, each with the file that names it.
    private(set) var all: [(file: String, path: String)] = []

    private static let limit = 1 << 20

    /// Blocks.
    init(_ paths: HostPaths) throws(Errno) {
        for folder in ["/etc/tmpfiles.d", "/run/tmpfiles.d", "/usr/local/lib/tmpfiles.d", "/usr/lib/tmpfiles.d"] {
            for name in try Files.namesIfPresent(in: paths.host(folder))
            where name.hasSuffix(".conf") && !name.hasPrefix(Attachment.prefix) {
                let file = paths.host("\(folder)/\(name)")
                guard let bytes = try Files.readIfPresent(file, limit: Self.limit) else { continue }
                all += HostProvision.paths(ofTmpfiles: bytes).map { (file, $0) }
            }
        }
        // Packages' units are in none of these folders; links that enable them are passed over.
        for folder in paths.hostUnitFolders {
            for text in try Files.namesIfPresent(in: folder) {
                let file = "\(folder)/\(text)"
                guard let name = UnitName(text), name.type.runsPrograms, let status = try Files.status(file),
                    status.st_mode & S_IFMT == S_IFREG, status.st_size <= Self.limit,
                    let bytes = try Files.readIfPresent(file, limit: Self.limit),
                    String(decoding: bytes, as: UTF8.self).holds("Directory")
                else { continue }
                all += HostProvision.folders(ofUnit: name, [bytes]).map { (file, $0) }
            }
        }
    }

    /// A file that makes the place or something in it; nil if none does.
    func file(making place: HostProvision.Place) -> String? {
        let depth = place.path.utf8.count { $0 == 0x2F }
        return all.first { _, path in
            let parts = path.split(separator: "/").prefix(depth)
            return parts.count == depth && place.meets("/" + parts.joined(separator: "/"))
        }?.file
    }
}
