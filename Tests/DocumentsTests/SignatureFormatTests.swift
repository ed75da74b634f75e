import Glibc
import Linux
import Packages
import Signing
import TestSupport
import Testing

/// docs/signature-format.md, done as it says.
@Suite struct SignatureFormatTests {
    @Test func openSSLAloneSignsAPackageThatIsAccepted() throws {
        let authority = try TestAuthority()
        try authority.certificate("sign")
        let folder = authority.folder.path
        try shell(
            """
            cd '\(folder)'; cp root.pem ca.pem; mkdir -p tree/DEBIAN tree/usr/bin; echo x > tree/usr/bin/thing
            printf 'Package: thing\\nVersion: 1.0\\nArchitecture: all\\nMaintainer: A <a@b.c>\\nDescription: d\\n' > tree/DEBIAN/control
            dpkg-deb --root-owner-group -b tree thing.deb
            printf '[Package]\\nFormat=1\\n' > thing.manifest
            """)
        let steps = try Document("docs/signature-format.md").blocks.filter { $0.info == "sh" }
        #expect(steps.count == 2)
        try authority.folder.write("steps", Array(steps.map(\.text).joined().utf8))
        let output = try shell("cd '\(folder)'; bash -eu steps")
        #expect(output.holds("CMS Verification successful"), "\(output)")

        let keyring = try Keyring.load(authority.keyring)
        let file = try DebFile(path: "\(folder)/thing.signed.deb", .required(keyring, time: Int64(time(nil))))
        #expect(file.signers.map(\.subject) == ["CN=sign,O=Test"])
        #expect(try file.manifestBytes() == Array("[Package]\nFormat=1\n".utf8))
    }
}
