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
    /// - Throws: what is wrong with the files, and why the kept copy does not help.
    public func readOrKept() throws(NoConfiguration) -> Loaded {
        let refused: ConfigurationError
        do throws(ConfigurationError) {
            return try read()
        } catch {
            refused = error
        }
        let kept: (value: ConfigurationSnapshot?, origin: CheckedFile.Origin)
        do throws(Errno) {
            kept = try loadKept()
        } catch {
            throw NoConfiguration(refused, .unreadable(error))
        }
        if let snapshot = kept.value, let configuration = try? Configuration.load(snapshot) {
            return Loaded(configuration: configuration, snapshot: snapshot, refused: refused)
        }
        throw NoConfiguration(refused, kept.origin == .newer ? .newer(file.path) : .none)
    }

    /// Makes a configuration that is in use the kept copy, durably; blocks. One that is kept already is not written.
    ///
    /// - Throws: `EFBIG` for one that is too large to keep, `EPROTONOSUPPORT` for a copy of a newer release, and the error of
    ///   a copy that cannot be read. The copy stays as it is then.
    public func keep(_ snapshot: ConfigurationSnapshot) throws(Errno) {
        let kept = try loadKept()
        guard kept.origin != .newer else {
            throw Errno(EPROTONOSUPPORT, "\(file.path) was written by a newer release of Gatekeel")
        }
        guard kept.value != snapshot || kept.origin != .file else { return }
        let bytes = snapshot.kept
        guard bytes.count <= ConfigurationSnapshot.keptLimit else { throw Errno(EFBIG, file.path) }
        try file.save(bytes)
    }

    private func loadKept() throws(Errno) -> (value: ConfigurationSnapshot?, origin: CheckedFile.Origin) {
        try file.load { (bytes) throws(NewerFormat) in try ConfigurationSnapshot(kept: bytes) }
    }
}

/// Why a daemon has no configuration: its files have errors, and the last one that worked does not help.
public struct NoConfiguration: Error, Hashable, Sendable {
    /// The kept copy of the last configuration that worked.
    public enum Kept: Hashable, Sendable {
        /// There is none, or it is damaged, or this release refuses it too.
        case none
        /// It cannot be read: that is no absence, and may pass.
        case unreadable(Errno)
        /// A newer release wrote the file at this path.
        case newer(String)
    }

    /// What is wrong with the files.
    public let refused: ConfigurationError
    public let kept: Kept

    init(_ refused: ConfigurationError, _ kept: Kept) {
        self.refused = refused
        self.kept = kept
    }

    /// What became of the last configuration that worked, for a sentence.
    public var keptText: String {
        switch kept {
        case .none: "there is no earlier one that worked"
        case .unreadable(let error): "the last one that worked cannot be read (\(error))"
        case .newer(let path): "the last one that worked is of a newer release (\(path))"
        }
    }

    /// Whether another attempt may find a configuration although nobody corrects the files.
    public var mayPass: Bool { if case .unreadable = kept { true } else { false } }
}
