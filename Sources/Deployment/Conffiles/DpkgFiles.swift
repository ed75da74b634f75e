import Glibc
import Linux

/// What dpkg's database says about files on the host: `/var/lib/dpkg/info/*.list`.
struct DpkgFiles: Sendable {
    let folder: String

    /// The Debian package that owns one of the paths, if one does.
    func owner(ofAnyOf paths: [String]) throws(Errno) -> (path: String, package: String)? {
        guard !paths.isEmpty, Files.exists(folder) else { return nil }
        let wanted = Set(paths)
        for name in try Files.names(in: folder) where name.hasSuffix(".list") {
            let bytes = try Files.read("\(folder)/\(name)", limit: 64 << 20)
            for line in bytes.split(separator: 0x0A) where line.starts(with: "/etc/".utf8) {
                let path = String(decoding: line, as: UTF8.self)
                if wanted.contains(path) { return (path, String(name.dropLast(5))) }
            }
        }
        return nil
    }
}
