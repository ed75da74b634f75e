import Linux
import Signing
import TestSupport

extension TestAuthority {
    func identity(_ name: String, chain: [String] = []) throws -> SigningIdentity {
        let key = try Files.read("\(folder.path)/\(name).key", limit: 65536)
        var certificates: [UInt8] = []
        for member in [name] + chain { certificates += try Files.read("\(folder.path)/\(member).pem", limit: 65536) }
        return try SigningIdentity(key: key, certificates: certificates)
    }

    /// Signs `content` with the `openssl` program, which also signs what our own code refuses to sign.
    func signWithProgram(_ name: String, options: String = "") throws -> DetachedSignature {
        try shell(
            """
            cd '\(folder.path)'
            openssl cms -sign -binary -in content -signer \(name).pem -inkey \(name).key -outform DER -out \(name).sig \(options)
            """)
        return try DetachedSignature(try Files.read("\(folder.path)/\(name).sig", limit: 1 << 20))
    }

    /// Verifies the whole of `content`, now or at another time.
    func verify(_ signature: DetachedSignature, content: String = "content", at time: Int64? = nil) throws -> [Signer] {
        let file = try FileDescriptor.open("\(folder.path)/\(content)")
        return try signature.verify(
            over: file, range: 0..<file.size(), keyring: try Keyring.load(keyring), time: time ?? now())
    }
}
