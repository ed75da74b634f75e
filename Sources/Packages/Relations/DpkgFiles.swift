import Glibc
import Linux

/// What dpkg's database says about files on the host: `/var/lib/dpkg/info/*.list`.
public struct DpkgFiles: Sendable {
    public static let folder = "/var/lib/dpkg/info"

    let folder: String

    /// - Parameter folder: `/var/lib/dpkg/info`.
    public init(folder: String) { self.folder = folder }

    /// Whether dpkg has something of a package: it is installed, or was removed and not purged.
    public func knows(_ package: String) throws(Errno) -> Bool {
        for suffix in [".list", ":\(Architecture.native).list"] where try Files.exists("\(folder)/\(package)\(suffix)")
        {
            return true
        }
        return false
    }

    /// A Debian package that owns one of the paths, if one does.
    public func owner(ofAnyOf paths: [String]) throws(Errno) -> (path: String, package: String)? {
        try owners(of: paths).min { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// The Debian packages that own some of the paths, without their architecture.
    ///
    /// - Parameter except: a package whose own files do not count.
    public func owners(of paths: [String], except: String = "") throws(Errno) -> [String: String] {
        var owners: [String: String] = [:]
        guard !paths.isEmpty, try Files.exists(folder) else { return owners }
        let wanted = Set(paths)
        // Most lines are about other folders: they are not decoded.
        let places = ["/etc/", "/var/", "/srv/"].map { Array($0.utf8) }
        for name in try Files.names(in: folder) where name.hasSuffix(".list") {
            // `libfoo:amd64.list` of a package that several architectures may have.
            let package = String(name.dropLast(5).prefix { $0 != ":" })
            if package == except { continue }
            let bytes = try Files.read("\(folder)/\(name)", limit: 64 << 20)
            for line in bytes.split(separator: 0x0A) where places.contains(where: line.starts) {
                let path = String(decoding: line, as: UTF8.self)
                if wanted.contains(path) { owners[path] = package }
            }
        }
        return owners
    }
}
