import Linux

/// The packages that dpkg has installed: `/var/lib/dpkg/status`.
public enum DpkgStatus {
    public static let path = "/var/lib/dpkg/status"

    /// Reads the host's file.
    ///
    /// - Parameter limit: the most bytes that are accepted; a full desktop has 10 MB.
    public static func read(_ path: String = path, limit: Int = 128 << 20) throws(Errno) -> [KnownPackage] {
        parse(try Files.read(path, limit: limit))
    }

    /// The installed packages of a status file.
    ///
    /// The file is dpkg's own and large, so only the fields that relations need are read. An invalid paragraph is left out and
    /// satisfies nothing.
    public static func parse(_ bytes: [UInt8]) -> [KnownPackage] {
        var packages: [KnownPackage] = []
        var fields: [Field: Substring] = [:]
        var last: Field?
        func finish() {
            if let package = package(fields) { packages.append(package) }
            fields = [:]
            last = nil
        }
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            guard let first = line.first else {
                finish()
                continue
            }
            if first == UInt8(ascii: " ") || first == UInt8(ascii: "\t") {
                if let field = last { fields[field]? += " " + String(decoding: line, as: UTF8.self) }
                continue
            }
            last = Field.allCases.first { line.starts(with: $0.prefix) }
            if let field = last {
                fields[field] =
                    String(decoding: line.dropFirst(field.prefix.count), as: UTF8.self)
                    .trimmedBlanks[...]
            }
        }
        finish()
        return packages
    }

    private enum Field: String, CaseIterable {
        case package = "Package"
        case status = "Status"
        case architecture = "Architecture"
        case multiArch = "Multi-Arch"
        case version = "Version"
        case provides = "Provides"

        var prefix: [UInt8] { Array("\(rawValue):".utf8) }
    }

    private static func package(_ fields: [Field: Substring]) -> KnownPackage? {
        // "install ok installed", "hold ok installed": the third word is the state, the second says whether it is sound.
        let status = (fields[.status] ?? "").split(separator: " ")
        guard status.count == 3, status[1] == "ok", status[2] == "installed" || status[2].hasPrefix("triggers-"),
            let name = fields[.package], let version = DebianVersion(String(fields[.version] ?? ""))
        else { return nil }
        let provides = (try? Dependency.parse(String(fields[.provides] ?? "")))?.flatMap(\.alternatives) ?? []
        return KnownPackage(
            name: String(name), version: version, architecture: String(fields[.architecture] ?? ""),
            multiArch: KnownPackage.MultiArch(rawValue: String(fields[.multiArch] ?? "no")) ?? .no,
            provides: provides, source: .dpkg)
    }
}
