import COpenSSL
import Glibc

extension Keyring {
    /// Checks that a signer's certificate has a chain to this keyring: `X509_verify_cert(3)` at security level 2 (112 bits: no
    /// RSA below 2048 bits, no SHA-1). Then checks the usages.
    ///
    /// - Parameters:
    ///   - others: the certificates in the signature. They serve as intermediates and are never trusted.
    ///   - time: seconds since the epoch.
    /// - Returns: the authority in the keyring that the chain ends at.
    func check(leaf: Certificate, others: OpaquePointer, time: Int64) throws(SigningError) -> Certificate {
        if let weakness = leaf.weakness { throw .weak("the key of \(leaf.subject) is \(weakness)") }
        if let problem = leaf.signingUsageProblem { throw .wrongUsage(certificate: leaf.subject, reason: problem) }
        let store = try Handle(X509_STORE_new(), "store", free: freeStore)
        for entry in entries {
            guard X509_STORE_add_cert(store.raw, entry.certificate.raw) == 1 else {
                throw .library(takeLibraryErrors())
            }
        }
        let context = try Handle(X509_STORE_CTX_new(), "chain", free: freeStoreContext)
        guard X509_STORE_CTX_init(context.raw, store.raw, leaf.raw, others) == 1,
            let parameters = X509_STORE_CTX_get0_param(context.raw)
        else { throw .library(takeLibraryErrors()) }
        X509_VERIFY_PARAM_set_time(parameters, time_t(time))
        X509_VERIFY_PARAM_set_auth_level(parameters, 2)
        X509_VERIFY_PARAM_set_depth(parameters, 8)
        X509_VERIFY_PARAM_set_flags(parameters, gk_VERIFY_FLAGS)
        // Any purpose: OpenSSL 3.0 has no purpose for codeSigning, so it is checked below.
        X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_ANY)

        if X509_verify_cert(context.raw) != 1 {
            ERR_clear_error()
            let culprit = X509_STORE_CTX_get_current_cert(context.raw).map { Certificate(sharing: $0) } ?? leaf
            throw failure(X509_STORE_CTX_get_error(context.raw), leaf, culprit)
        }
        let chain = X509_STORE_CTX_get0_chain(context.raw)
        var anchor = leaf
        for index in 1..<max(1, gk_certificates_count(chain)) {
            guard let raw = gk_certificates_at(chain, index) else { continue }
            let authority = Certificate(sharing: raw)
            if !authority.isAuthority {
                throw .wrongUsage(certificate: authority.subject, reason: "it is not a certificate authority")
            }
            if let weakness = authority.weakness { throw .weak("the key of \(authority.subject) is \(weakness)") }
            if let problem = authority.issuingUsageProblem {
                throw .wrongUsage(certificate: authority.subject, reason: problem)
            }
            anchor = authority
        }
        return anchor
    }

    private func failure(_ code: Int32, _ leaf: Certificate, _ culprit: Certificate) -> SigningError {
        let reason = X509_verify_cert_error_string(Int(code)).map { String(cString: $0) } ?? "error \(code)"
        switch code {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return .expired(certificate: culprit.subject, notAfter: culprit.notAfter)
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return .notYetValid(certificate: culprit.subject, notBefore: culprit.notBefore)
        case X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_CA_KEY_TOO_SMALL, X509_V_ERR_CA_MD_TOO_WEAK:
            return .weak("the certificate of \(culprit.subject) is too weak (\(reason))")
        case X509_V_ERR_INVALID_CA, X509_V_ERR_INVALID_PURPOSE, X509_V_ERR_PATH_LENGTH_EXCEEDED,
            X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
            return .wrongUsage(certificate: culprit.subject, reason: reason)
        default:
            return .untrusted(signer: leaf.subject, reason: reason)
        }
    }
}
