import COpenSSL
import Glibc
import Linux

/// One signer of a verified signature.
public struct Signer: Hashable, Sendable {
    /// The distinguished name of the signer's certificate.
    public let subject: String
    /// The distinguished name of the authority that issued it.
    public let issuer: String
    /// The SHA-256 fingerprint of the certificate, hexadecimal.
    public let fingerprint: String
    /// The SHA-256 fingerprint of the authority in the keyring that the certificate's chain ends at, hexadecimal.
    public let authority: String
    /// The first second of the certificate's validity, in seconds since the epoch.
    public let notBefore: Int64
    /// The last second of the certificate's validity, in seconds since the epoch.
    public let notAfter: Int64
    /// When the signer signed, by its own clock (signingTime, RFC 5652, section 11.3); nil if the signature does not say.
    public let signingTime: Int64?
    /// The digest's name: `SHA256`.
    public let digest: String
    /// The digest of the signed bytes (messageDigest, RFC 5652, section 11.2), hexadecimal, after the digest's name:
    /// `SHA256:9f86…`. Two packages with the same one are the same, whoever signed them.
    public let content: String

    /// The newest time that the signed data proves to have passed: the time of signing, or when the certificate became valid.
    ///
    /// A time of signing after the certificate's end comes from a clock that is wrong and does not count.
    public var provenTime: Int64 {
        guard let signingTime, signingTime <= notAfter else { return notBefore }
        return max(signingTime, notBefore)
    }
}

/// A detached CMS signature (RFC 5652, SignedData) in DER, as received. Nothing in it is trusted before `verify`.
public struct DetachedSignature: Sendable {
    /// The largest signature, in bytes.
    public static let limit = 65536

    /// The encoded message.
    public let bytes: [UInt8]

    /// - Throws: `.malformed` if it is larger than `limit`.
    public init(_ bytes: [UInt8]) throws(SigningError) {
        guard bytes.count <= Self.limit else {
            throw .malformed("it has \(bytes.count) bytes; the limit is \(Self.limit)")
        }
        self.bytes = bytes
    }

    /// Verifies the signature over a range of a file: `CMS_verify(3)`, with our own checks of the certificates.
    ///
    /// There must be at least one signer, and *every* signer must pass: the digest is SHA-256 or better, the certificate has a
    /// chain to the keyring, the whole chain is valid at `time`, the leaf has keyUsage digitalSignature and extendedKeyUsage
    /// codeSigning, and the signature matches the bytes.
    /// - Parameter time: seconds since the epoch. Pass the later of the clock and the newest time that is known to have passed,
    ///   so that an expired certificate does not become valid again when the clock is set back.
    /// - Returns: the signers, at least one.
    public func verify(
        over file: borrowing FileDescriptor, range: Range<Int>, keyring: Keyring, time: Int64
    ) throws(SigningError) -> [Signer] {
        guard !keyring.entries.isEmpty else { throw .emptyKeyring(path: keyring.path) }
        let message = try parse()
        let signers = try checkedSigners(message.raw, keyring, time)
        // Last, because only this step's duration grows with the package's size.
        try RangeSource.with(file, range) { (content) throws(SigningError) in
            ERR_clear_error()
            guard CMS_verify(message.raw, nil, nil, content, nil, gk_CMS_VERIFY) == 1 else {
                throw .contentMismatch(takeLibraryErrors())
            }
        }
        return signers
    }

    private func parse() throws(SigningError) -> Handle {
        ERR_clear_error()
        var consumed = 0
        let raw = bytes.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var position = buffer.baseAddress
            let parsed = d2i_CMS_ContentInfo(nil, &position, buffer.count)
            if let position, let start = buffer.baseAddress { consumed = position - start }
            return parsed
        }
        guard let raw else { throw .malformed("it is not a CMS message in DER (\(takeLibraryErrors()))") }
        let message = try Handle(raw, "message", free: freeMessage)
        guard consumed == bytes.count else { throw .malformed("\(bytes.count - consumed) bytes follow its end") }
        guard OBJ_obj2nid(CMS_get0_type(message.raw)) == NID_pkcs7_signed else {
            throw .malformed("it is not a SignedData message")
        }
        guard CMS_is_detached(message.raw) == 1 else { throw .malformed("it contains content, but must be detached") }
        guard OBJ_obj2nid(CMS_get0_eContentType(message.raw)) == NID_pkcs7_data else {
            throw .malformed("its content type is not id-data")
        }
        return message
    }

    private func signerCertificates(
        _ message: OpaquePointer
    ) throws(SigningError) -> [(info: OpaquePointer, certificate: Certificate)] {
        let infos = CMS_get0_SignerInfos(message)
        let count = gk_signers_count(infos)
        guard count > 0 else { throw .malformed("it has no signer") }
        guard count <= 8 else { throw .malformed("it has \(count) signers; the limit is 8") }
        // Assign to every SignerInfo its certificate from the message.
        _ = CMS_set1_signers_certs(message, nil, 0)
        var result: [(info: OpaquePointer, certificate: Certificate)] = []
        for index in 0..<count {
            var leaf: OpaquePointer?
            guard let info = gk_signers_at(infos, index) else { throw .malformed("a signer cannot be read") }
            CMS_SignerInfo_get0_algs(info, nil, &leaf, nil, nil)
            guard let leaf else { throw .malformed("the certificate of a signer is missing") }
            result.append((info, Certificate(sharing: leaf)))
        }
        return result
    }

    private func checkedSigners(
        _ message: OpaquePointer, _ keyring: Keyring, _ time: Int64
    ) throws(SigningError) -> [Signer] {
        let found = try signerCertificates(message)
        let others = try Handle(
            CMS_get1_certs(message) ?? gk_certificates_new(), "certificates", free: freeCertificates)
        guard gk_certificates_count(others.raw) <= 32 else { throw .malformed("it has more than 32 certificates") }
        var signers: [Signer] = []
        for (info, certificate) in found {
            let digest = digestName(info)
            guard ["SHA256", "SHA384", "SHA512"].contains(digest) else {
                throw .weak("the signature's digest is \(digest)")
            }
            if CMS_signed_get_attr_count(info) <= 0 {
                // Without signed attributes, a signature over attributes could pass as one over content (RFC 5652, section 11, errata).
                throw .malformed("it has no signed attributes")
            }
            let authority = try keyring.check(leaf: certificate, others: others.raw, time: time)
            signers.append(
                Signer(
                    certificate, of: authority, digest: digest, content: "\(digest):\(try messageDigest(info))",
                    signingTime: signingTime(info)))
        }
        return signers
    }

    /// nil unless there is exactly one, with one value, in one of the two forms that RFC 5652 allows.
    private func signingTime(_ info: OpaquePointer) -> Int64? {
        for type in [V_ASN1_UTCTIME, V_ASN1_GENERALIZEDTIME] {
            ERR_clear_error()
            guard let data = CMS_signed_get0_data_by_OBJ(info, OBJ_nid2obj(NID_pkcs9_signingTime), -3, type) else {
                continue
            }
            let time = seconds(data.assumingMemoryBound(to: ASN1_TIME.self))
            return time > 0 ? time : nil
        }
        ERR_clear_error()
        return nil
    }

    /// What `CMS_verify(3)` holds against the bytes.
    private func messageDigest(_ info: OpaquePointer) throws(SigningError) -> String {
        ERR_clear_error()
        guard
            let data = CMS_signed_get0_data_by_OBJ(info, OBJ_nid2obj(NID_pkcs9_messageDigest), -3, V_ASN1_OCTET_STRING)
        else { throw .malformed("it has not exactly one digest of the content (\(takeLibraryErrors()))") }
        let text = data.assumingMemoryBound(to: ASN1_OCTET_STRING.self)
        let bytes = UnsafeBufferPointer(start: ASN1_STRING_get0_data(text), count: Int(ASN1_STRING_length(text)))
        return Array(bytes).hexadecimal
    }

    private func digestName(_ info: OpaquePointer) -> String {
        var algorithm: UnsafeMutablePointer<X509_ALGOR>?
        CMS_SignerInfo_get0_algs(info, nil, nil, &algorithm, nil)
        var object: OpaquePointer?
        X509_ALGOR_get0(&object, nil, nil, algorithm)
        switch OBJ_obj2nid(object) {
        case NID_sha256: return "SHA256"
        case NID_sha384: return "SHA384"
        case NID_sha512: return "SHA512"
        case NID_sha1: return "SHA1"
        case let other: return OBJ_nid2sn(other).map { String(cString: $0) } ?? "unknown"
        }
    }
}

extension Signer {
    init(_ certificate: Certificate, of authority: Certificate, digest: String, content: String, signingTime: Int64?) {
        self.init(
            subject: certificate.subject, issuer: certificate.issuer, fingerprint: certificate.fingerprint,
            authority: authority.fingerprint,
            notBefore: certificate.notBefore, notAfter: certificate.notAfter, signingTime: signingTime, digest: digest,
            content: content)
    }
}
