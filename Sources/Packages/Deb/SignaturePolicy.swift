import Signing

/// What must hold before anything of a package is decompressed.
public enum SignaturePolicy: Sendable {
    /// A good signature, by the keyring and at the time (seconds since the epoch).
    case required(Keyring, time: Int64)
    /// The administrator turned the demand off: a signature that is there must be good, a package may be without.
    case whenPresent(Keyring, time: Int64)
    /// Nothing: to look into a package, without privileges; what is read is only what somebody claims.
    case ignored
}
