import COpenSSL

/// An owned libcrypto object, freed when it goes out of scope.
struct Handle: ~Copyable {
    let raw: OpaquePointer
    private let free: @convention(c) (OpaquePointer?) -> Void

    /// Takes ownership of the result of a libcrypto constructor.
    ///
    /// - Throws: libcrypto's reason if the result is NULL.
    init(
        _ raw: OpaquePointer?, _ what: String, free: @escaping @convention(c) (OpaquePointer?) -> Void
    ) throws(SigningError) {
        guard let raw else { throw .library("\(what): \(takeLibraryErrors())") }
        self.raw = raw
        self.free = free
    }

    deinit { free(raw) }
}

// `free` functions of one type. Imported C functions of other types cannot be converted, so these are top-level functions.
func freeBIO(_ raw: OpaquePointer?) { BIO_free_all(raw) }
func freeCertificates(_ raw: OpaquePointer?) { gk_certificates_free(raw) }
func freeKey(_ raw: OpaquePointer?) { EVP_PKEY_free(raw) }
func freeMessage(_ raw: OpaquePointer?) { CMS_ContentInfo_free(raw) }
func freeStore(_ raw: OpaquePointer?) { X509_STORE_free(raw) }
func freeStoreContext(_ raw: OpaquePointer?) { X509_STORE_CTX_free(raw) }
func freeDigest(_ raw: OpaquePointer?) { EVP_MD_CTX_free(raw) }

/// Removes all errors from the thread's libcrypto queue (`ERR_get_error(3)`) and returns them as text, oldest first.
func takeLibraryErrors() -> String {
    var reasons: [String] = []
    while true {
        let code = ERR_get_error()
        if code == 0 { break }
        let reason = ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
        if !reasons.contains(reason) { reasons.append(reason) }
    }
    return reasons.isEmpty ? "unknown reason" : reasons.joined(separator: ", ")
}

/// The bytes that a memory BIO has collected.
func bytes(ofMemory bio: OpaquePointer) -> [UInt8] {
    var start: UnsafeMutablePointer<CChar>?
    let count = gk_bio_memory(bio, &start)
    guard let start, count > 0 else { return [] }
    return UnsafeRawBufferPointer(start: start, count: count).map { $0 }
}

/// A BIO with a copy of `bytes`. The copy is wiped when it goes out of scope, because it may hold a key.
func memory(_ bytes: [UInt8]) throws(SigningError) -> Handle {
    let bio = try Handle(BIO_new(BIO_s_secmem()), "memory", free: freeBIO)
    var done = 0
    let written = bytes.withUnsafeBufferPointer { BIO_write_ex(bio.raw, $0.baseAddress, $0.count, &done) }
    guard bytes.isEmpty || written == 1 else { throw .library(takeLibraryErrors()) }
    return bio
}
