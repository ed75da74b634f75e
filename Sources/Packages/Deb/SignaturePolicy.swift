import Signing

/// The condition that a package must meet before anything of it is decompressed.
public enum SignaturePolicy: Sendable {
    /// A signature that is valid for the keyring at the time (seconds since the epoch).
    case required(Keyring, time: Int64)
    /// The administrator does not require signatures: a package may be unsigned, but an existing signature must be valid.
    case whenPresent(Keyring, time: Int64)
    /// No condition. For inspecting a package without privileges; its contents are unverified claims.
    case ignored
}
