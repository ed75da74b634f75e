import Linux

/// Why a signature was not made or not accepted; the description says what to do about it.
public enum SigningError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A folder or file could not be read or written.
    case file(Errno)
    /// A file of the keyring is not what belongs there.
    case badKeyringFile(path: String, reason: String)
    /// The keyring holds no certificate: nothing can be trusted.
    case emptyKeyring(path: String)
    /// The signature is not a detached CMS SignedData message.
    case malformed(String)
    /// The signature does not belong to these bytes: they were changed after signing, or the signature is another file's.
    case contentMismatch(String)
    /// A digest, key or algorithm below today's minimum.
    case weak(String)
    /// The signer's certificate does not lead to the keyring.
    case untrusted(signer: String, reason: String)
    /// A certificate of the chain has expired.
    case expired(certificate: String, notAfter: Int64)
    /// A certificate of the chain is not valid yet.
    case notYetValid(certificate: String, notBefore: Int64)
    /// A certificate of the chain may not be used for this.
    case wrongUsage(certificate: String, reason: String)
    /// A signing key or certificate cannot be used.
    case badIdentity(String)
    /// libcrypto failed for a reason that is none of the above.
    case library(String)

    public var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .badKeyringFile(let path, let reason):
            "\(path): \(reason); the keyring takes PEM files that hold CA certificates only"
        case .emptyKeyring(let path):
            "no certificate in \(path): put the CA certificate of those who sign your packages there, as PEM"
        case .malformed(let reason): "the signature cannot be read: \(reason); sign the package again"
        case .contentMismatch(let reason):
            "the signature does not match the package's bytes (\(reason)): it was changed after signing; fetch or sign it again"
        case .weak(let reason): "\(reason); sign with SHA-256 or better and RSA of 2048 bits, ECDSA or better"
        case .untrusted(let signer, let reason):
            "the signer \(signer) is not trusted: \(reason); add its CA to the keyring if you trust it"
        case .expired(let certificate, let time):
            "the certificate of \(certificate) expired on \(utcText(time)); sign with a valid one"
        case .notYetValid(let certificate, let time):
            "the certificate of \(certificate) is not valid before \(utcText(time)); check the clock of this machine"
        case .wrongUsage(let certificate, let reason):
            "the certificate of \(certificate) cannot sign packages: \(reason)"
        case .badIdentity(let reason): reason
        case .library(let reason): "libcrypto: \(reason)"
        }
    }
}
