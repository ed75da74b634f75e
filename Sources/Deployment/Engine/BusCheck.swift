import Linux
import Packages

/// A package must not own a bus name of the host or of another package, nor stand in for a service that the bus starts.
struct BusCheck: Sendable {
    let paths: HostPaths
    let record: ReleaseRecord

    /// A policy of Debian has some kilobytes.
    private static let fileLimit = 1 << 20

    func run() throws {
        guard !record.busNames.isEmpty || !record.busActivations.isEmpty else { return }
        let names = Set(record.busNames + record.busActivations.map(\.name))
        for folder in [paths.host("/usr/share/dbus-1/system.d"), paths.busPolicies] {
            for name in try Files.namesIfPresent(in: folder).sorted() where name.hasSuffix(".conf") {
                let path = "\(folder)/\(name)"
                guard !isOwn(path, name), let bytes = try Files.readIfPresent(path, limit: Self.fileLimit) else {
                    continue
                }
                try require(names, meetNoneOf: Self.owned(in: bytes), of: path)
            }
        }
        for folder in [
            paths.host("/usr/local/share/dbus-1/system-services"), paths.host("/usr/share/dbus-1/system-services"),
            paths.busActivations,
        ] {
            for name in try Files.namesIfPresent(in: folder).sorted() {
                let path = "\(folder)/\(name)"
                guard name.hasSuffix(".service"), try !isOwnActivation(path) else { continue }
                try require(names, meetNoneOf: [String(name.dropLast(".service".count))], of: path)
            }
        }
    }

    private func isOwn(_ path: String, _ name: String) -> Bool {
        name.hasPrefix("\(Attachment.prefix)\(record.name)_")
            || record.conffiles.contains { paths.host($0) == path }
    }

    private func isOwnActivation(_ path: String) throws(Errno) -> Bool {
        guard path.hasPrefix(paths.busActivations) else { return false }
        return try paths.find(path).file?.bytes.starts(with: Attachment.comment(of: record.name).utf8) ?? false
    }

    private func require(_ names: Set<String>, meetNoneOf others: [String], of path: String) throws {
        for name in names.sorted() {
            guard let other = others.first(where: { BusName.meet(name, $0) || BusName.isBelow($0, name) }) else {
                continue
            }
            throw DeploymentError(
                .conflict,
                "the bus name '\(name)' is that of another service ('\(other)' in \(path)); a package owns only names of its own: remove it from the package, or that service from the host"
            )
        }
    }

    /// The names after `own=` and `own_prefix=`. The host's files are read as text: what they mean is not judged.
    static func owned(in bytes: [UInt8]) -> [String] {
        var names: [String] = []
        var rest = Substring(decoding: bytes, as: UTF8.self)
        while let found = rest.firstOccurrence(of: "own") {
            rest = rest[found.upperBound...]
            let isPrefix = rest.hasPrefix("_prefix")
            var value = isPrefix ? rest.dropFirst("_prefix".count) : rest
            value = value.drop(while: \.isWhitespace)
            guard value.first == "=" else { continue }
            value = value.dropFirst().drop(while: \.isWhitespace)
            guard let quote = value.first, quote == "\"" || quote == "'" else { continue }
            let name = String(value.dropFirst().prefix { $0 != quote })
            if name != "*" { names.append(isPrefix ? name + ".*" : name) }
        }
        return names
    }
}
