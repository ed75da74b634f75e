import Linux
import TestSupport
import Testing

@testable import Signing

@Suite struct SigningTimeTests {
    /// Both `package sign` and `openssl cms -sign` write it.
    @Test func aSignatureSaysWhenItWasMade() throws {
        let ca = try TestAuthority()
        try ca.certificate("leaf")
        let file = try FileDescriptor.open("\(ca.folder.path)/content")
        let before = now()
        let ours = try ca.identity("leaf").sign(file, range: 0..<file.size())
        for signature in [ours, try ca.signWithProgram("leaf")] {
            let signer = try #require(try ca.verify(signature).first)
            let time = try #require(signer.signingTime)
            #expect((before...now()).contains(time))
            #expect(signer.provenTime == time)
            #expect(signer.notBefore < time && time < signer.notAfter)
        }
    }

    @Test(
        arguments: [
            ("signed while the certificate was valid", 150, 150), ("signed with a clock behind", 50, 100),
            ("signed with a clock far ahead", 250, 100), ("without a time", nil, 100),
        ] as [(String, Int64?, Int64)])
    func theProvenTime(case name: String, signed: Int64?, expected: Int64) {
        let signer = Signer(
            subject: "CN=a", issuer: "CN=b", fingerprint: "", authority: "", notBefore: 100, notAfter: 200,
            signingTime: signed,
            digest: "SHA256", content: "")
        #expect(signer.provenTime == expected, "\(name)")
    }
}
