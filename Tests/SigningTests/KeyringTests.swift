import Linux
import Signing
import TestSupport
import Testing

@Suite struct KeyringTests {
    @Test func entriesAreListed() throws {
        let ca = try TestAuthority()
        try ca.authority("second")
        try ca.trust("second")
        try shell("echo text > '\(ca.keyring)/README'; echo junk > '\(ca.keyring)/.hidden.pem'")
        let entries = try Keyring.load(ca.keyring).entries
        #expect(entries.map(\.certificate.subject) == ["CN=root,O=Test", "CN=second,O=Test"])
        #expect(entries[0].path == "\(ca.keyring)/root.pem")
        let text = try shell(
            "openssl x509 -in '\(ca.keyring)/root.pem' -noout -fingerprint -sha256 | cut -d= -f2 | tr -d : | tr A-F a-f"
        )
        #expect(text == entries[0].certificate.fingerprint + "\n")
        let end = try shell(
            "date -d \"$(openssl x509 -in '\(ca.keyring)/root.pem' -noout -enddate | cut -d= -f2)\" +%s")
        #expect(end == "\(entries[0].certificate.notAfter)\n")
    }

    @Test func oneInvalidFileRefusesTheKeyring() throws {
        let ca = try TestAuthority()
        try ca.certificate("leaf")
        func refusal() -> String { failure { _ = try Keyring.load(ca.keyring) }?.description ?? "" }
        try ca.trust("leaf")
        #expect(refusal().contains("keyring.d/leaf.pem: CN=leaf,O=Test is not an authority"))
        try shell("cd '\(ca.keyring)'; rm leaf.pem; head -c 300 root.pem > cut.pem")
        #expect(refusal().contains("cut.pem"))
        try shell("cd '\(ca.keyring)'; : > cut.pem")
        #expect(refusal().contains("no PEM certificate"))
        try shell("cd '\(ca.keyring)'; rm cut.pem; cp '\(ca.folder.path)/root.key' key.pem")
        #expect(refusal().contains("key.pem"))
        try ca.authority("small", key: "RSA -pkeyopt rsa_keygen_bits:1024")
        try shell("cd '\(ca.keyring)'; rm key.pem; cp '\(ca.folder.path)/small.pem' .")
        #expect(refusal().contains("1024 bits"))
    }

    @Test func identitiesAreChecked() throws {
        let ca = try TestAuthority()
        try ca.certificate("one")
        try ca.certificate("two")
        try shell("cp '\(ca.folder.path)/two.key' '\(ca.folder.path)/one.key'")
        #expect(failure { _ = try ca.identity("one") }?.description.contains("does not belong") == true)
        try shell("cd '\(ca.folder.path)'; openssl pkey -in two.key -aes256 -passout pass:secret -out locked.key")
        let locked = try Files.read("\(ca.folder.path)/locked.key", limit: 65536)
        let chain = try Files.read("\(ca.folder.path)/two.pem", limit: 65536)
        #expect(
            failure { _ = try SigningIdentity(key: locked, certificates: chain) }?.description.contains("passphrase")
                == true)
        #expect(failure { _ = try SigningIdentity(key: locked, passphrase: "wrong", certificates: chain) } != nil)
        #expect(
            try SigningIdentity(key: locked, passphrase: "secret", certificates: chain).certificate.subject
                == "CN=two,O=Test")
    }

    @Test func ed25519SignersGetAClearError() throws {
        let ca = try TestAuthority()
        try ca.certificate("leaf", key: "ED25519")
        let file = try FileDescriptor.open("\(ca.folder.path)/content")
        let identity = try ca.identity("leaf")
        do {
            // OpenSSL 3.2 and later support it.
            let signature = try identity.sign(file, range: 0..<100)
            #expect(
                try signature.verify(over: file, range: 0..<100, keyring: try Keyring.load(ca.keyring), time: now())
                    .count == 1)
        } catch {
            #expect(error.description.contains("ECDSA"))
        }
    }

    @Test func digestsAreSHA256() throws {
        #expect(
            try SHA256Digest(of: Array("abc".utf8)).description
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let folder = try TemporaryDirectory()
        let path = try folder.write("f", [UInt8](repeating: 7, count: 200_001))
        let file = try FileDescriptor.open(path)
        let text = try shell("head -c 150001 '\(path)' | tail -c +2 | sha256sum | cut -c1-64")
        #expect(try SHA256Digest(of: file, range: 1..<150_001).description + "\n" == text)
    }
}
