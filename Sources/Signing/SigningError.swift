import Linux

/// Why a signature was not made or not accepted. The description says what to do.
public enum SigningError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A folder or file could not be read or written.
    case file(Errno)
    /// A file of the keyring is not acceptable.
    case badKeyringFile(path: String, reason: String)
    /// The keyring has no certificate, so no signer is trusted.
    case emptyKeyring(path: String)
    /// The signature is not a detached CMS SignedData message.
    case malformed(String)
    /// The signature does not match these bytes: they were changed after signing, or the signature is that of another file.
    case contentMismatch(String)
    /// A digest, key or algorithm is too weak.
    case weak(String)
    /// The signer's certificate has no chain to the keyring.
    case untrusted(signer: String, reason: String)
    /// A certificate of the chain has expired.
    case expired(certificate: String, notAfter: Int64)
    /// A certificate of the chain is not valid yet.
    case notYetValid(certificate: String, notBefore: Int64)
    /// A certificate of the chain may not be used for this purpose.
    case wrongUsage(certificate: String, reason: String)
    /// A signing key or certificate cannot be used.
    case badIdentity(String)
    /// libcrypto failed for another reason.
    case library(String)

    public var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .badKeyringFile(let path, let reason):
            "\(path): \(reason); a keyring file may hold only CA certificates as PEM"
        case .emptyKeyring(let path):
            "no certificate in \(path); add the CA certificate of your package signers with 'gatekeel keyring add FILE'"
        case .malformed(let reason): "the signature cannot be read: \(reason); sign the package again"
        case .contentMismatch(let reason):
            "the signature does not match the package (\(reason)): it was changed after signing; download it again or sign it again"
        case .weak(let reason):
            "\(reason); use SHA-256 or better, with an ECDSA key (P-256) or an RSA key of at least 2048 bits"
        case .untrusted(let signer, let reason):
            "the signer \(signer) is not trusted: \(reason); if you trust it, add its CA with 'gatekeel keyring add FILE'"
        case .expired(let certificate, let time):
            "the certificate of \(certificate) expired on \(utcText(time)); sign the package with a valid certificate"
        case .notYetValid(let certificate, let time):
            "the certificate of \(certificate) is not valid before \(utcText(time)); check this machine's clock"
        case .wrongUsage(let certificate, let reason):
            "the certificate of \(certificate) cannot be used to sign packages: \(reason); issue it again with the right extensions"
        case .badIdentity(let reason): reason
        case .library(let reason): "libcrypto failed: \(reason); try again, and report it if it persists"
        }
    }
}
