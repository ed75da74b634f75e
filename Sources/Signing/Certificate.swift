import COpenSSL
import Glibc
import Linux

/// An X.509 certificate (RFC 5280).
public final class Certificate: @unchecked Sendable {
    // Sendable: an X509 is never changed after it was parsed here. libcrypto counts its references atomically and protects
    // lazily parsed extensions with a lock in the object.
    let raw: OpaquePointer

    /// Takes ownership of a parsed certificate.
    init(owning raw: OpaquePointer) {
        self.raw = raw
        // Parse the extensions now; the flags then show what is wrong with them.
        _ = X509_check_purpose(raw, -1, 0)
    }

    /// Shares a certificate that has another owner too.
    convenience init(sharing raw: OpaquePointer) {
        X509_up_ref(raw)
        self.init(owning: raw)
    }

    deinit { X509_free(raw) }

    /// The subject's distinguished name in the form of RFC 2253: `CN=Example Packages,O=Example`.
    public var subject: String { name(X509_get_subject_name(raw)) }

    /// The issuer's distinguished name.
    public var issuer: String { name(X509_get_issuer_name(raw)) }

    /// The first second of validity, in seconds since the epoch.
    public var notBefore: Int64 { seconds(X509_get0_notBefore(raw)) }

    /// The last second of validity, in seconds since the epoch.
    public var notAfter: Int64 { seconds(X509_get0_notAfter(raw)) }

    /// The SHA-256 fingerprint of the DER encoding: 64 lower-case hexadecimal digits.
    public var fingerprint: String {
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        guard X509_digest(raw, EVP_sha256(), &digest, &length) == 1 else { return "" }
        return digest.hexadecimal
    }

    /// Whether its basicConstraints make it a certificate authority.
    public var isAuthority: Bool { X509_check_ca(raw) == 1 }

    /// Parses every certificate of a PEM text; other PEM blocks are refused.
    ///
    /// - Parameter limit: the most certificates that are accepted.
    public static func parse(pem: [UInt8], limit: Int = 32) throws(SigningError) -> [Certificate] {
        let bio = try memory(pem)
        var found: [Certificate] = []
        ERR_clear_error()
        while let raw = PEM_read_bio_X509(bio.raw, nil, refusePassphrase, nil) {
            found.append(Certificate(owning: raw))
            if found.count > limit { throw .badIdentity("the file has more than \(limit) certificates; split it") }
        }
        // The loop ends at the end of the text (no start line) or at a broken block.
        let code = ERR_peek_last_error()
        let atEnd = code & 0x7f_ffff == UInt(PEM_R_NO_START_LINE) && (code >> 23) & 0xff == UInt(ERR_LIB_PEM)
        let reason = takeLibraryErrors()
        guard atEnd else { throw .badIdentity("a PEM block is damaged (\(reason)); export the certificate again") }
        guard !found.isEmpty else {
            throw .badIdentity("the file has no PEM certificate ('-----BEGIN CERTIFICATE-----')")
        }
        return found
    }

    /// Why the certificate's key is too weak or of an unknown kind; nil if it is acceptable.
    var weakness: String? {
        guard let key = X509_get0_pubkey(raw) else { return "its public key cannot be read" }
        return keyWeakness(key)
    }

    /// Why this certificate may not sign packages; nil if it may. It needs both digitalSignature and codeSigning.
    var signingUsageProblem: String? {
        let flags = X509_get_extension_flags(raw)
        if flags & gk_EXTENSION_KEY_USAGE == 0 || X509_get_key_usage(raw) & gk_KEY_USAGE_DIGITAL_SIGNATURE == 0 {
            return "its keyUsage lacks digitalSignature"
        }
        let extended = X509_get_extended_key_usage(raw)
        if flags & gk_EXTENSION_EXTENDED_KEY_USAGE == 0 || extended & gk_EXTENDED_KEY_USAGE_CODE_SIGNING == 0 {
            return "its extendedKeyUsage lacks codeSigning"
        }
        return nil
    }

    /// Why this authority may not issue certificates of package signers; nil if it may. If it has an extendedKeyUsage, that
    /// must allow it.
    var issuingUsageProblem: String? {
        guard X509_get_extension_flags(raw) & gk_EXTENSION_EXTENDED_KEY_USAGE != 0 else { return nil }
        let allowed = gk_EXTENDED_KEY_USAGE_CODE_SIGNING | gk_EXTENDED_KEY_USAGE_ANY
        return X509_get_extended_key_usage(raw) & allowed == 0
            ? "its extendedKeyUsage does not allow it to issue certificates for codeSigning" : nil
    }

    private func name(_ raw: OpaquePointer?) -> String {
        guard let raw, let bio = BIO_new(BIO_s_mem()) else { return "" }
        defer { BIO_free_all(bio) }
        X509_NAME_print_ex(bio, raw, 0, gk_NAME_TEXT)
        // Control characters are escaped by ASN1_STRFLGS_ESC_CTRL, which RFC 2253 implies.
        return String(decoding: bytes(ofMemory: bio), as: UTF8.self)
    }
}

/// Why a key is too weak or of an unknown kind; nil if it is acceptable.
func keyWeakness(_ key: OpaquePointer) -> String? {
    switch EVP_PKEY_get_base_id(key) {
    case EVP_PKEY_RSA, EVP_PKEY_RSA_PSS:
        let bits = EVP_PKEY_get_bits(key)
        return bits < 2048 ? "an RSA key of \(bits) bits" : nil
    case EVP_PKEY_EC:
        var name = [CChar](repeating: 0, count: 64)
        guard EVP_PKEY_get_group_name(key, &name, name.count, nil) == 1 else {
            return "an elliptic curve without a name"
        }
        let curve = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return ["prime256v1", "secp384r1", "secp521r1"].contains(curve) ? nil : "the elliptic curve \(curve)"
    case EVP_PKEY_ED25519: return nil
    default:
        let kind = EVP_PKEY_get0_type_name(key).map { String(cString: $0) } ?? "unknown"
        return "a key of the unsupported type '\(kind)'"
    }
}

/// A callback that refuses to give a passphrase. Without a callback libcrypto would ask at the terminal.
func refusePassphrase(
    _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int32, _ writing: Int32, _ data: UnsafeMutableRawPointer?
) -> Int32 { -1 }

/// Seconds since the epoch; 0 for what is no time.
func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
    var parts = tm()
    guard ASN1_TIME_to_tm(time, &parts) == 1 else { return 0 }
    return Int64(timegm(&parts))
}
