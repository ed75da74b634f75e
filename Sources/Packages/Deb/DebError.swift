import Archive
import Glibc
import Linux
import Signing

/// Why a `.deb` was not taken, read or signed; the description says what to do about it.
public enum DebError: Error, Hashable, Sendable, CustomStringConvertible {
    /// It could not be read, copied or written.
    case file(Errno)
    /// Not enough room.
    case noSpace(String)
    /// It is no `.deb`, or not in the strict form that is accepted.
    case malformed(String)
    /// It is not signed, and the policy wants a signature.
    case unsigned
    /// It is signed, but not acceptably.
    case badSignature(SigningError)
    /// Its control or data archive cannot be read or must not be unpacked.
    case archive(member: String, ArchiveError)
    /// Signing failed.
    case signing(SigningError)

    init(_ error: Errno) {
        switch error.code {
        case ENOSPC, EDQUOT: self = .noSpace("\(error)")
        default: self = .file(error)
        }
    }

    /// The error of one of the archives inside; what is not particular to it keeps its own case.
    init(_ error: ArchiveError, in member: String) {
        switch error {
        case .file(let errno): self = .file(errno)
        case .noSpace(let reason): self = .noSpace(reason)
        default: self = .archive(member: member, error)
        }
    }

    public var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .noSpace(let reason): "not enough space: \(reason); make room and try again"
        case .malformed(let reason): "not a package that can be installed: \(reason)"
        case .unsigned: "the package is not signed; sign it with “gatekeel package sign”"
        case .badSignature(let error): "\(error)"
        case .archive(let member, let error): "\(member): \(error)"
        case .signing(let error): "\(error)"
        }
    }
}
