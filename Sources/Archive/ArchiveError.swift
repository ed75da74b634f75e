import Glibc
import Linux

/// Why an archive was not read or not unpacked; the description says what to do about it.
public enum ArchiveError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The archive or the tree could not be read or written.
    case file(Errno)
    /// Not enough room: found out before unpacking, or by `ENOSPC` or `EDQUOT` while it ran.
    case noSpace(String)
    /// The archive is damaged, truncated or of another format.
    case damaged(String)
    /// libarchive warned: what it read may not be what was packed.
    case doubtful(path: String, reason: String)
    /// A bound was passed.
    case limit(String)
    /// A name that no honest package has.
    case badName(name: String, reason: String)
    /// An entry that is not unpacked by policy: a device, a setuid file, a hard link to somewhere else.
    case refused(path: String, reason: String)
    /// Two entries for one place.
    case duplicate(path: String)

    /// The error of a failed system call while unpacking.
    init(_ error: Errno) {
        self = error.code == ENOSPC || error.code == EDQUOT ? .noSpace("\(error)") : .file(error)
    }

    public var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .noSpace(let reason): "not enough space: \(reason); make room and try again"
        case .damaged(let reason): "the archive is damaged: \(reason); build or fetch it again"
        case .doubtful(let path, let reason): "\(path): \(reason); build the archive again with plain names and headers"
        case .limit(let reason): "\(reason); make the package smaller, or raise the limit in installd.conf"
        case .badName(let name, let reason): "the name «\(name)» \(reason); rename it in the package"
        case .refused(let path, let reason): "\(path): \(reason)"
        case .duplicate(let path): "\(path) is in the package twice; pack it once"
        }
    }
}
