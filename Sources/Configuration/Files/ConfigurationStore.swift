import Glibc
import Linux
import State

/// A daemon's configuration that is read from files.
public protocol DaemonConfiguration: Sendable {
    /// - Throws: all that is wrong, not only the first.
    static func load(_ snapshot: ConfigurationSnapshot) throws(ConfigurationError) -> Self
}

extension AgentConfiguration: DaemonConfiguration {}
extension InstallerConfiguration: DaemonConfiguration {}

/// Reads a daemon's configuration and keeps a copy of the last one without errors, so that a daemon that is restarted with
/// a broken one goes on with what worked before.
public struct ConfigurationStore<Configuration: DaemonConfiguration>: Sendable {
    /// A configuration that can be used.
    public struct Loaded: Sendable {
        public let configuration: Configuration
        /// The files that it was made of.
        public let snapshot: ConfigurationSnapshot
        /// Why the files of now are not used; nil when they are.
        public let refused: ConfigurationError?
    }

    private let files: ConfigurationFiles
    private let file: CheckedFile

    /// - Parameter path: the file of the kept copy, in a folder that exists.
    public init(_ files: ConfigurationFiles, keptIn path: String) {
        self.files = files
        // Checksum and header come on top.
        file = CheckedFile(path: path, limit: 2 * ConfigurationSnapshot.keptLimit)
    }

    /// Reads the files; blocks.
    ///
    /// - Throws: what is wrong with them.
    public func read() throws(ConfigurationError) -> Loaded {
        let snapshot = files.snapshot()
        return Loaded(configuration: try Configuration.load(snapshot), snapshot: snapshot, refused: nil)
    }

    /// Reads the files or, where they have errors, the kept copy; blocks.
    ///
    /// - Throws: what is wrong with the files when there is no copy that can be used.
    public func readOrKept() throws(ConfigurationError) -> Loaded {
        do throws(ConfigurationError) {
            return try read()
        } catch {
            guard let kept = self.kept, let configuration = try? Configuration.load(kept) else { throw error }
            return Loaded(configuration: configuration, snapshot: kept, refused: error)
        }
    }

    /// Makes a configuration that is in use the kept copy, durably; blocks. One that is kept already is not written.
    ///
    /// - Throws: `EFBIG` for one that is too large to keep.
    public func keep(_ snapshot: ConfigurationSnapshot) throws(Errno) {
        guard kept != snapshot else { return }
        let bytes = snapshot.kept
        guard bytes.count <= ConfigurationSnapshot.keptLimit else { throw Errno(EFBIG, file.path) }
        try file.save(bytes)
    }

    private var kept: ConfigurationSnapshot? { file.load(ConfigurationSnapshot.init(kept:)).value }
}
