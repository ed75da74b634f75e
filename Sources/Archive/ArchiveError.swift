import Glibc
import Linux

/// Why an archive was not read or not unpacked. The description says what to do.
public enum ArchiveError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The archive or the tree could not be read or written.
    case file(Errno)
    /// There is not enough space: found before unpacking, or by `ENOSPC` or `EDQUOT` during it.
    case noSpace(String)
    /// The archive is damaged, truncated or of another format.
    case damaged(String)
    /// libarchive gave a warning: what it read may differ from what was packed.
    case doubtful(path: String, reason: String)
    /// A limit was exceeded that installd.conf can raise.
    case limit(String)
    /// A limit was exceeded that is the same for all packages. The reason says what to do.
    case excessive(String)
    /// A name that a valid package does not have.
    case badName(name: String, reason: String)
    /// An entry that the policy refuses: a device, a setuid file, a hard link out of the archive.
    case refused(path: String, reason: String)
    /// Two entries have the same path.
    case duplicate(path: String)

    /// The error of a system call that failed during unpacking.
    init(_ error: Errno) {
        self = error.code == ENOSPC || error.code == EDQUOT ? .noSpace("\(error)") : .file(error)
    }

    public var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .noSpace(let reason): "not enough space: \(reason); free some space and try again"
        case .damaged(let reason): "the archive is damaged: \(reason); download or build it again"
        case .doubtful(let path, let reason): "\(path): \(reason); build the archive again with plain names and headers"
        case .limit(let reason): "\(reason); make the package smaller, or raise the limit in installd.conf"
        case .excessive(let reason): reason
        case .badName(let name, let reason): "the name '\(name)' \(reason); rename it in the package"
        case .refused(let path, let reason): "\(path): \(reason)"
        case .duplicate(let path): "\(path) is in the package twice; remove one"
        }
    }
}
