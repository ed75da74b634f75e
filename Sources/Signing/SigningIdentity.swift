import COpenSSL
import Glibc
import Linux

/// A private key and its certificate chain, for `gatekeel package sign`.
public final class SigningIdentity: @unchecked Sendable {
    // Sendable: the key is never changed after it was parsed, and several threads may read a libcrypto key.

    /// The signer's certificate.
    public let certificate: Certificate
    /// The intermediate authorities that go into the signature, so that the keyring needs only the root.
    public let intermediates: [Certificate]
    private let key: OpaquePointer

    /// Reads a PEM key and a PEM chain.
    ///
    /// - Parameters:
    ///   - key: a private key in PEM: PKCS #8 or one of OpenSSL's traditional forms.
    ///   - passphrase: the passphrase of an encrypted key. This function never asks at a terminal.
    ///   - certificates: the signer's certificate first, then the intermediates; a self-signed root is left out.
    /// - Throws: `.badIdentity`, `.weak` or `.wrongUsage` for keys and certificates that a verifier would refuse.
    public init(key: [UInt8], passphrase: String? = nil, certificates: [UInt8]) throws(SigningError) {
        let chain = try Certificate.parse(pem: certificates)
        guard let leaf = chain.first else { throw .badIdentity("the file has no certificate") }
        let handle = try Self.parse(key, passphrase)
        guard X509_check_private_key(leaf.raw, handle.raw) == 1 else {
            ERR_clear_error()
            throw .badIdentity(
                "the private key does not belong to the certificate of \(leaf.subject); put the signer's certificate first"
            )
        }
        if let weakness = leaf.weakness { throw .weak("the key is \(weakness)") }
        if let problem = leaf.signingUsageProblem { throw .wrongUsage(certificate: leaf.subject, reason: problem) }
        EVP_PKEY_up_ref(handle.raw)
        self.key = handle.raw
        certificate = leaf
        intermediates = chain.dropFirst().filter { $0.subject != $0.issuer }
    }

    deinit { EVP_PKEY_free(key) }

    private static func parse(_ key: [UInt8], _ passphrase: String?) throws(SigningError) -> Handle {
        let bio = try memory(key)
        ERR_clear_error()
        let raw: OpaquePointer?
        if let passphrase {
            // Without a callback libcrypto takes the user data as the passphrase.
            raw = passphrase.withCString {
                PEM_read_bio_PrivateKey(bio.raw, nil, nil, UnsafeMutableRawPointer(mutating: $0))
            }
        } else {
            raw = PEM_read_bio_PrivateKey(bio.raw, nil, refusePassphrase, nil)
        }
        guard let raw else {
            let hint = passphrase == nil ? "; if it is encrypted, give its passphrase" : ""
            throw .badIdentity("the private key cannot be read (\(takeLibraryErrors()))\(hint)")
        }
        return try Handle(raw, "key", free: freeKey)
    }

    /// Signs a range of a file: `CMS_sign(3)`, detached, binary, DER, with the chain inside and signed attributes.
    ///
    /// libcrypto adds the time of signing (signingTime) to the signed attributes.
    ///
    /// The digest is as strong as the key: SHA-512 for P-521, SHA-384 for P-384, otherwise SHA-256.
    /// - Throws: `.badIdentity` for Ed25519 if libcrypto's CMS does not support it (OpenSSL 3.0).
    public func sign(_ file: borrowing FileDescriptor, range: Range<Int>) throws(SigningError) -> DetachedSignature {
        let others = try Handle(gk_certificates_new(), "certificates", free: freeCertificates)
        for intermediate in intermediates {
            guard gk_certificates_add(others.raw, intermediate.raw) == 1 else { throw .library(takeLibraryErrors()) }
        }
        ERR_clear_error()
        let message = try Handle(CMS_sign(nil, nil, others.raw, nil, gk_CMS_SIGN), "message", free: freeMessage)
        guard CMS_add1_signer(message.raw, certificate.raw, key, digest, gk_CMS_SIGN) != nil else {
            throw unableToSign(takeLibraryErrors())
        }
        try RangeSource.with(file, range) { (content) throws(SigningError) in
            guard CMS_final(message.raw, content, nil, gk_CMS_SIGN & ~UInt32(CMS_PARTIAL)) == 1 else {
                throw unableToSign(takeLibraryErrors())
            }
        }
        let output = try Handle(BIO_new(BIO_s_mem()), "memory", free: freeBIO)
        guard i2d_CMS_bio(output.raw, message.raw) == 1 else { throw .library(takeLibraryErrors()) }
        return try DetachedSignature(bytes(ofMemory: output.raw))
    }

    private func unableToSign(_ reason: String) -> SigningError {
        EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519
            ? .badIdentity("this OpenSSL cannot make CMS signatures with Ed25519; use an ECDSA key (P-256)")
            : .library(reason)
    }

    private var digest: OpaquePointer? {
        guard EVP_PKEY_get_base_id(key) == EVP_PKEY_EC else {
            return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? EVP_sha512() : EVP_sha256()
        }
        switch EVP_PKEY_get_bits(key) {
        case 521: return EVP_sha512()
        case 384: return EVP_sha384()
        default: return EVP_sha256()
        }
    }
}
