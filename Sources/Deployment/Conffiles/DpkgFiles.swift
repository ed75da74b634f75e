import Glibc
import Linux

/// What dpkg's database says about files on the host: `/var/lib/dpkg/info/*.list`.
struct DpkgFiles: Sendable {
    let folder: String

    /// A Debian package that owns one of the paths, if one does.
    func owner(ofAnyOf paths: [String]) throws(Errno) -> (path: String, package: String)? {
        try owners(of: paths).min { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// The Debian packages that own some of the paths.
    func owners(of paths: [String]) throws(Errno) -> [String: String] {
        var owners: [String: String] = [:]
        guard !paths.isEmpty, try Files.exists(folder) else { return owners }
        let wanted = Set(paths)
        // Most lines are about other folders: they are not decoded.
        let places = ["/etc/", "/var/", "/srv/"].map { Array($0.utf8) }
        for name in try Files.names(in: folder) where name.hasSuffix(".list") {
            let bytes = try Files.read("\(folder)/\(name)", limit: 64 << 20)
            for line in bytes.split(separator: 0x0A) where places.contains(where: line.starts) {
                let path = String(decoding: line, as: UTF8.self)
                if wanted.contains(path) { owners[path] = String(name.dropLast(5)) }
            }
        }
        return owners
    }
}
