import Archive
import Glibc
import Linux
import Signing

/// Why a `.deb` was not accepted, read or signed. The description says what to do.
public enum DebError: Error, Hashable, Sendable, CustomStringConvertible {
    /// It could not be read, copied or written.
    case file(Errno)
    /// There is not enough space.
    case noSpace(String)
    /// It is not a `.deb`, or not of the strict form that is accepted.
    case malformed(String)
    /// It is not signed, and the policy requires a signature.
    case unsigned
    /// It is signed, but the signature is not acceptable.
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

    /// The error of an inner archive. Errors of files and of space keep their own case.
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
        case .noSpace(let reason): "not enough space: \(reason); free some space and try again"
        case .malformed(let reason): "the package cannot be accepted: \(reason)"
        case .unsigned: "the package is not signed; sign it with 'gatekeel package sign'"
        case .badSignature(let error): "\(error)"
        case .archive(let member, let error): "\(member): \(error)"
        case .signing(let error): "\(error)"
        }
    }
}
