import Archive
import Glibc
import Linux
import Packages
import Signing
import TestSupport

/// Real packages made with dpkg-deb, an authority, and a signer.
final class DebWorkbench {
    let authority: TestAuthority
    var path: String { authority.folder.path }
    var keyring: Keyring { get throws { try Keyring.load(authority.keyring) } }

    init() throws {
        authority = try TestAuthority()
        try authority.certificate("leaf")
    }

    var identity: SigningIdentity {
        get throws {
            try SigningIdentity(
                key: try Files.read("\(path)/leaf.key", limit: 65536),
                certificates: try Files.read("\(path)/leaf.pem", limit: 65536))
        }
    }

    /// Builds `x.deb` from a tree with a few files of every permitted type.
    @discardableResult
    func build(_ compression: String = "xz", name: String = "x.deb") throws -> String {
        try shell(
            """
            cd '\(path)'; rm -rf tree; mkdir -p tree/DEBIAN tree/usr/bin tree/etc; cd tree
            printf 'Package: thing\\nVersion: 1.0\\nArchitecture: all\\nMaintainer: A <a@b.c>\\nInstalled-Size: 10\\nDescription: a thing\\n' > DEBIAN/control
            echo /etc/thing.conf > DEBIAN/conffiles; echo key=1 > etc/thing.conf
            printf '#!/bin/sh\\nexit 0\\n' > DEBIAN/postinst; chmod 0755 DEBIAN/postinst
            echo 'd41d8cd98f00b204e9800998ecf8427e  usr/bin/thing' > DEBIAN/md5sums
            printf '#!/bin/sh\\necho thing\\n' > usr/bin/thing; chmod 0755 usr/bin/thing; ln -s thing usr/bin/other
            dpkg-deb --root-owner-group -Z\(compression) -b . ../\(name)
            """)
        return "\(path)/\(name)"
    }

    /// Builds and signs `signed.deb`.
    @discardableResult
    func buildSigned(manifest: [UInt8]? = nil) throws -> String {
        let plain = try build()
        try DebSigner.sign(plain, to: "\(path)/signed.deb", with: identity, manifest: manifest)
        return "\(path)/signed.deb"
    }

    func open(_ file: String) throws -> DebFile {
        try DebFile(path: file, .required(keyring, time: Int64(time(nil))))
    }

    /// A `.deb` of raw members, with correct headers.
    func raw(_ members: [(String, [UInt8])]) -> [UInt8] {
        var bytes = Array("!<arch>\n".utf8)
        for (name, data) in members {
            bytes += Self.header(name, "\(data.count)") + data + (data.count % 2 == 1 ? [0x0a] : [])
        }
        return bytes
    }

    static func header(_ name: String, _ size: String, time: String = "0", end: String = "`\n") -> [UInt8] {
        func field(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.utf8.count))
        }
        return Array(
            (field(name, 16) + field(time, 12) + field("0", 6) + field("0", 6) + field("100644", 8) + field(size, 10)
                + end).utf8)
    }
}

struct Unexpected: Error {
    var what = ""
    init(_ what: String = "") { self.what = what }
}
