import Glibc
import Linux

/// The files that make up one configuration: the main one and its drop-ins, found as systemd does.
public struct ConfigurationFiles: Hashable, Sendable {
    /// Beneath each root: `gatekeel/gatekeeld.conf`.
    public var name: String
    /// Highest precedence first.
    public var roots: [String]

    /// The places of systemd: the administrator's, the running system's, the vendors'.
    public static let systemRoots = ["/etc", "/run", "/usr/local/lib", "/usr/lib"]

    public init(_ name: String, roots: [String] = systemRoots) {
        self.name = name
        self.roots = roots
    }

    /// Files in the folders of drop-ins that are not read, because their names do not end in `.conf`. Hidden files do not
    /// count.
    public func ignored() throws(Errno) -> [String] {
        var ignored: [String] = []
        for root in roots {
            let folder = "\(root)/\(name).d"
            guard try Files.exists(folder) else { continue }
            ignored += try Files.names(in: folder).filter { !$0.hasSuffix(".conf") && !$0.hasPrefix(".") }
                .map { "\(folder)/\($0)" }
        }
        return ignored.sorted()
    }

    /// The paths to read, in order: the main file of the first root that has it, then the drop-ins by name.
    public func paths() throws(Errno) -> [String] {
        var main: String?
        for path in roots.map({ "\($0)/\(name)" }) where main == nil {
            if try Files.exists(path) { main = path }
        }
        var dropIns: [String: String] = [:]
        for root in roots {
            let folder = "\(root)/\(name).d"
            guard try Files.exists(folder) else { continue }
            for file in try Files.names(in: folder) where file.hasSuffix(".conf") && !file.hasPrefix(".") {
                if dropIns[file] == nil { dropIns[file] = "\(folder)/\(file)" }
            }
        }
        return (main.map { [$0] } ?? []) + dropIns.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Reads all of them; blocks. A file that cannot be read is a problem with its name.
    ///
    /// - Parameter limit: the most bytes of one file.
    public func snapshot(limit: Int = IniLimits().bytes) -> ConfigurationSnapshot {
        var files: [ConfigurationSnapshot.File] = []
        var problems: [ConfigurationProblem] = []
        do throws(Errno) {
            for path in try paths() {
                do throws(Errno) {
                    let bytes = try Self.isMask(path) ? [] : Files.read(path, limit: limit)
                    files.append(ConfigurationSnapshot.File(path: path, bytes: bytes))
                } catch {
                    problems.append(ConfigurationProblem(Position(path), "\(error)"))
                }
            }
        } catch {
            problems.append(ConfigurationProblem(Position(name), "\(error)"))
        }
        return ConfigurationSnapshot(files: files, problems: problems)
    }

    /// A link to /dev/null.
    private static func isMask(_ path: String) throws(Errno) -> Bool {
        var status = stat()
        try retrying("stat \(path)") { stat(path, &status) }
        return status.st_mode & S_IFMT == S_IFCHR
    }
}
