import Glibc
import Linux
import Signing
import TestSupport
import Testing

func now() -> Int64 { Int64(time(nil)) }

/// The error that a body throws; nil if it throws none.
func failure(_ body: () throws -> Void) -> SigningError? {
    do { try body() } catch { return error as? SigningError }
    return nil
}

@Suite struct SignatureTests {
    @Test(arguments: [
        "EC -pkeyopt ec_paramgen_curve:P-256", "EC -pkeyopt ec_paramgen_curve:P-384",
        "EC -pkeyopt ec_paramgen_curve:P-521", "RSA -pkeyopt rsa_keygen_bits:2048",
    ])
    func ourSignaturesAreAcceptedByUsAndByOpenSSL(key: String) throws {
        let ca = try TestAuthority()
        try ca.certificate("leaf", key: key)
        let file = try FileDescriptor.open("\(ca.folder.path)/content")
        // A range inside the file, without its first and last byte.
        let signature = try ca.identity("leaf").sign(file, range: 8..<200_000)
        let signers = try signature.verify(
            over: file, range: 8..<200_000, keyring: try Keyring.load(ca.keyring), time: now())
        #expect(signers.map(\.subject) == ["CN=leaf,O=Test"])
        #expect(signers.map(\.issuer) == ["CN=root,O=Test"])
        #expect(failure { _ = try ca.verify(signature) }?.isContentMismatch == true)

        try ca.folder.write("sig", signature.bytes)
        try shell(
            """
            cd '\(ca.folder.path)'; dd if=content of=part bs=1 skip=8 count=199992 status=none
            openssl cms -verify -binary -purpose any -inform DER -in sig -content part -CAfile root.pem -out /dev/null
            """)
    }

    @Test func intermediatesAreInTheSignature() throws {
        let ca = try TestAuthority()
        try ca.authority("between", issuer: "root", key: "ED25519")
        try ca.certificate("leaf", issuer: "between", md: "null")
        let file = try FileDescriptor.open("\(ca.folder.path)/content")
        let range = 0..<(try file.size())
        let whole = try ca.identity("leaf", chain: ["between", "root"])
        #expect(whole.intermediates.map(\.subject) == ["CN=between,O=Test"])
        #expect(try ca.verify(whole.sign(file, range: range)).count == 1)
        let alone = try ca.identity("leaf").sign(file, range: range)
        guard case .untrusted? = failure({ _ = try ca.verify(alone) }) else { throw Unexpected() }
        // An intermediate can be a trust anchor itself.
        try ca.trust("between")
        #expect(try ca.verify(alone).count == 1)
    }

    @Test func changedBytesAndEmptyKeyringsAreRefused() throws {
        let ca = try TestAuthority()
        try ca.certificate("leaf")
        let signature = try ca.signWithProgram("leaf")
        #expect(try ca.verify(signature).map(\.digest) == ["SHA256"])
        try shell(
            "cd '\(ca.folder.path)'; printf x | cat content - > longer; head -c -1 content > shorter; sed s/arch/arcH/ content > other"
        )
        for name in ["longer", "shorter", "other"] {
            #expect(failure { _ = try ca.verify(signature, content: name) }?.isContentMismatch == true)
        }
        try shell("rm '\(ca.keyring)/root.pem'")
        #expect(failure { _ = try ca.verify(signature) } == .emptyKeyring(path: ca.keyring))
        try shell("rmdir '\(ca.keyring)'")
        #expect(failure { _ = try ca.verify(signature) } == .emptyKeyring(path: ca.keyring))
    }

    @Test func aFileThatEndsInsideTheRangeIsAnError() throws {
        let ca = try TestAuthority()
        try ca.certificate("leaf")
        let signature = try ca.signWithProgram("leaf")
        let file = try FileDescriptor.open("\(ca.folder.path)/content")
        let size = try file.size()
        let keyring = try Keyring.load(ca.keyring)
        let error = failure {
            _ = try signature.verify(over: file, range: 0..<(size + 1), keyring: keyring, time: now())
        }
        guard case .file(let errno)? = error else { throw Unexpected() }
        #expect(errno.code == ENODATA)
    }

    @Test func strangersAndImpostorsAreRefused() throws {
        let ca = try TestAuthority()
        // Another root with the same name: the certificate in the keyring decides, not its name.
        let other = try TestAuthority()
        try other.certificate("leaf")
        let signature = try other.signWithProgram("leaf", options: "-certfile root.pem")
        #expect(try other.verify(signature).count == 1)
        guard case .untrusted(let signer, _)? = failure({ _ = try ca.verify(signature) }) else { throw Unexpected() }
        #expect(signer == "CN=leaf,O=Test")
        // A signer's certificate is not an authority.
        try ca.certificate("signer")
        try ca.certificate("forged", issuer: "signer")
        let forged = try ca.signWithProgram("forged", options: "-certfile signer.pem")
        #expect(failure { _ = try ca.verify(forged) } != nil)
    }

    @Test func validityIsCheckedAtTheGivenTime() throws {
        let ca = try TestAuthority()
        try ca.certificate("leaf", days: -3 ... -1)
        try ca.certificate("early", days: 2...5)
        let old = try ca.signWithProgram("leaf")
        guard case .expired(let who, _)? = failure({ _ = try ca.verify(old) }) else { throw Unexpected() }
        #expect(who == "CN=leaf,O=Test")
        let early = try ca.signWithProgram("early")
        guard case .notYetValid? = failure({ _ = try ca.verify(early) }) else { throw Unexpected() }
        #expect(try ca.verify(early, at: now() + 3 * 86400).count == 1)
        // The authority's expiry is checked as well.
        guard case .expired? = failure({ _ = try ca.verify(early, at: now() + 40 * 86400) }) else { throw Unexpected() }
    }

    @Test(arguments: [
        "keyUsage=digitalSignature", "extendedKeyUsage=codeSigning",
        "keyUsage=nonRepudiation\nextendedKeyUsage=codeSigning",
        "keyUsage=digitalSignature\nextendedKeyUsage=emailProtection,serverAuth", "basicConstraints=CA:FALSE",
    ])
    func aLeafNeedsBothUsages(extensions: String) throws {
        let ca = try TestAuthority()
        try ca.certificate("leaf", extensions: extensions)
        let signature = try ca.signWithProgram("leaf")
        guard case .wrongUsage? = failure({ _ = try ca.verify(signature) }) else { throw Unexpected() }
        guard case .wrongUsage? = failure({ _ = try ca.identity("leaf") }) else { throw Unexpected() }
    }

    @Test func anAuthorityForOtherUsagesCannotIssueSigners() throws {
        let ca = try TestAuthority()
        try ca.authority(
            "web", issuer: "root",
            extensions: "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\nextendedKeyUsage=serverAuth")
        try ca.certificate("leaf", issuer: "web")
        let signature = try ca.signWithProgram("leaf", options: "-certfile web.pem")
        guard case .wrongUsage? = failure({ _ = try ca.verify(signature) }) else { throw Unexpected() }
    }

    @Test func weakDigestsAndKeysAreRefused() throws {
        let ca = try TestAuthority()
        try ca.certificate("leaf", key: "RSA -pkeyopt rsa_keygen_bits:2048")
        for md in ["sha1", "md5"] {
            let signature = try ca.signWithProgram("leaf", options: "-md \(md)")
            guard case .weak? = failure({ _ = try ca.verify(signature) }) else { throw Unexpected() }
        }
        try ca.certificate("short", key: "RSA -pkeyopt rsa_keygen_bits:1024")
        let short = try ca.signWithProgram("short")
        guard case .weak? = failure({ _ = try ca.verify(short) }) else { throw Unexpected() }
        try ca.certificate("koblitz", key: "EC -pkeyopt ec_paramgen_curve:secp256k1")
        let koblitz = try ca.signWithProgram("koblitz")
        guard case .weak? = failure({ _ = try ca.verify(koblitz) }) else { throw Unexpected() }
        // The authority signed the leaf with SHA-1.
        try ca.certificate("old", md: "sha1")
        let old = try ca.signWithProgram("old")
        #expect(failure { _ = try ca.verify(old) } != nil)
    }

    @Test func everySignerMustVerify() throws {
        let ca = try TestAuthority()
        try ca.certificate("one")
        try ca.certificate("two")
        let both = try ca.signWithProgram("one", options: "-signer two.pem -inkey two.key")
        #expect(try ca.verify(both).map(\.subject).sorted() == ["CN=one,O=Test", "CN=two,O=Test"])
        let stranger = try TestAuthority()
        try stranger.certificate("three")
        try shell("cp '\(stranger.folder.path)'/three.* '\(ca.folder.path)'")
        let mixed = try ca.signWithProgram("one", options: "-signer three.pem -inkey three.key")
        guard case .untrusted? = failure({ _ = try ca.verify(mixed) }) else { throw Unexpected() }
    }

    @Test func otherMessagesThanDetachedSignaturesAreRefused() throws {
        let ca = try TestAuthority()
        try ca.certificate("leaf")
        let good = try ca.signWithProgram("leaf")
        let hostile: [[UInt8]] = [
            [], [0x30], [0x30, 0x80], Array("-----BEGIN CMS-----".utf8), good.bytes + [0], good.bytes.dropLast(),
            try ca.signWithProgram("leaf", options: "-nocerts").bytes,
            try ca.signWithProgram("leaf", options: "-noattr").bytes,
        ]
        for bytes in hostile {
            let error = failure { _ = try ca.verify(try DetachedSignature(bytes)) }
            guard case .malformed? = error else {
                throw Unexpected("\(String(describing: error)) for \(bytes.count) bytes")
            }
        }
        try shell("head -c 100 '\(ca.folder.path)/content' > '\(ca.folder.path)/small'")
        try shell(
            "cd '\(ca.folder.path)'; openssl cms -sign -nodetach -binary -in small -signer leaf.pem -inkey leaf.key -outform DER -out e"
        )
        let embedded = try DetachedSignature(try Files.read("\(ca.folder.path)/e", limit: 65536))
        guard case .malformed? = failure({ _ = try ca.verify(embedded) }) else { throw Unexpected() }
        guard case .malformed? = failure({ _ = try DetachedSignature([UInt8](repeating: 0, count: 65537)) }) else {
            throw Unexpected()
        }
    }

    @Test func everyFlippedBitOfASignatureIsDetected() throws {
        let ca = try TestAuthority()
        try ca.certificate("leaf")
        let good = try ca.signWithProgram("leaf")
        // The last bytes are the signature's value. Everything before is signed, part of the certificate, or structure. A
        // change that is accepted (in an unsigned parameter) must still give the same signer.
        for position in stride(from: 0, to: good.bytes.count, by: 7) {
            var bytes = good.bytes
            bytes[position] ^= 0x10
            if let signers = try? ca.verify(try DetachedSignature(bytes)) {
                #expect(signers.map(\.subject) == ["CN=leaf,O=Test"])
            }
        }
        var last = good.bytes
        last[last.count - 1] ^= 1
        #expect(failure { _ = try ca.verify(try DetachedSignature(last)) }?.isContentMismatch == true)
    }
}

struct Unexpected: Error {
    var what = ""
    init(_ what: String = "") { self.what = what }
}

extension SigningError {
    var isContentMismatch: Bool { if case .contentMismatch = self { true } else { false } }
}
