import Configuration
import Deployment
import Glibc
import Linux
import Signing
import TestSupport
import Testing

@testable import Installer
@testable import Packages

/// A folder with a package that dpkg-deb made, gone with it.
private final class Workshop {
    let root = "/tmp/gatekeel-reader-\(getpid())-\(randomBytes(4).map { String($0) }.joined())"

    init() throws { try Files.makeDirectories(root) }
    deinit { _ = system("rm -rf \(root)") }

    /// Packs files into a `.deb`; `DEBIAN/control` is made unless given.
    func package(_ files: [String: String], version: String = "1.0", fields: String = "") throws -> String {
        let tree = "\(root)/source"
        try Files.removeTree(tree)
        var files = files
        files["DEBIAN/control"] =
            "Package: foo\nVersion: \(version)\nArchitecture: all\nMaintainer: a\nInstalled-Size: 1\nDescription: d\n\(fields)"
        for (path, text) in files {
            try Files.makeDirectories(Files.split("\(tree)/\(path)").folder)
            try Files.replace("\(tree)/\(path)", with: text.utf8, mode: path.hasSuffix("inst") ? 0o755 : 0o644)
        }
        #expect(system("dpkg-deb --root-owner-group -b \(tree) \(root)/foo.deb >/dev/null 2>&1") == 0)
        return "\(root)/foo.deb"
    }

    func reader(requireSignature: Bool = false) throws -> DebPackageReader {
        try Files.replace(
            "\(root)/status",
            with: "Package: libc6\nStatus: install ok installed\nVersion: 2.36\nArchitecture: all\n".utf8)
        var configuration = InstallerConfiguration().install
        configuration.requireSignature = requireSignature
        try Files.makeDirectories("\(root)/units")
        return DebPackageReader(
            configuration: configuration, keyring: "\(root)/keyring.d", dpkgStatus: "\(root)/status",
            hostUnitFolders: ["\(root)/units"], ownership: .caller)
    }
}

private let service = "[Service]\nExecStart=/usr/bin/foo\n[Install]\nWantedBy=multi-user.target\nAlias=bar.service\n"

private let at = VerificationTime(clock: 0)

@Suite struct DebPackageReaderTests {
    private func code(_ body: () throws -> Void) -> DeploymentError.Code? {
        do {
            try body()
            return nil
        } catch { return (error as? DeploymentError)?.code }
    }

    @Test func aPackageIsInspectedAndUnpacked() throws {
        let shop = try Workshop()
        let file = try shop.package(
            ["lib/systemd/system/foo.service": service, "bin/foo": "x", "etc/foo.conf": "c", "etc/init.d/foo": "i"],
            fields: "Depends: libc6 (>= 2.30)\n")
        let reader = try shop.reader()
        let record = try reader.inspect(file, time: at, installed: [])
        #expect(record.name == "foo" && record.version == "1.0")
        #expect(record.units.map(\.path) == ["usr/lib/systemd/system/foo.service"])
        #expect(record.conffiles == ["/etc/foo.conf"])
        let folder = "\(shop.root)/release"
        try Files.makeDirectories(folder)
        try reader.unpack(file, record: record, into: folder) { _ in }
        #expect(try Files.exists("\(folder)/usr/bin/foo"))
        #expect(try Files.exists("\(folder)/usr/lib/systemd/system/foo.service"))
        #expect(try Files.exists("\(folder)/conffiles/etc/foo.conf"))
        #expect(try !Files.exists("\(folder)/conffiles/etc/init.d"))
        #expect(try !Files.exists("\(folder)/etc"), "it would be overlaid on the host's")
        #expect(try !Files.exists("\(folder)/lib"))
    }

    /// A hard link that is left out has no target that is asked for: the entry after it is audited as ever.
    @Test(arguments: [("./etc/cron.daily/x", "./usr/bin/tool"), ("./etc/profile.d/x", "usr/bin/tool")])
    func anEntryBehindALinkThatIsLeftOutIsAudited(link: String, target: String) throws {
        let shop = try Workshop()
        func package(_ mode: UInt32) throws -> String {
            var control = TarBuilder()
            control.add("./control", data: "Package: foo\nVersion: 1.0\nArchitecture: all\nDescription: d\n")
            var data = TarBuilder()
            data.add(link, type: "1", link: target)
            data.add("./usr/bin/tool", data: "x", mode: mode)
            data.add("./usr/lib/systemd/system/foo.service", data: service)
            let members = [
                ("debian-binary", Array("2.0\n".utf8)), ("control.tar", control.finished), ("data.tar", data.finished),
            ]
            let bytes = members.flatMap { DebContainer.header($0.0, $0.1.count) + $0.1 }
            try Files.replace("\(shop.root)/foo.deb", with: Array("!<arch>\n".utf8) + bytes, mode: 0o644)
            return "\(shop.root)/foo.deb"
        }
        #expect(try shop.reader().inspect(package(0o755), time: at, installed: []).name == "foo")
        let error = #expect(throws: DeploymentError.self) {
            try shop.reader().inspect(package(0o777), time: at, installed: [])
        }
        #expect(error?.text.contains("everybody on the gateway could change it") == true)
    }

    /// Also when it is unpacked a second time.
    @Test func templatesOfTheManifestBecomeConffiles() throws {
        let shop = try Workshop()
        let file = try shop.package(["lib/systemd/system/foo.service": service, "usr/share/foo/t.conf": "template"])
        let manifest =
            "[Package]\nFormat=1\n[Files]\nCopy=/usr/share/foo/t.conf:/etc/foo/foo.conf\nFile=/var/log/foo.log:root:adm:0640\n"
        let container = try DebContainer(try FileDescriptor.open(file))
        let end = container.payloadEnd
        let bytes = try Files.read(file, limit: 1 << 20)
        var member = DebContainer.header("_gkmanifest", manifest.utf8.count)
        member += Array(manifest.utf8)
        if manifest.utf8.count % 2 == 1 { member.append(0x0A) }
        try Files.replace(file, with: bytes[..<end] + member)
        let reader = try shop.reader()
        let record = try reader.inspect(file, time: at, installed: [])
        #expect(record.conffiles == ["/etc/foo/foo.conf"])
        #expect(record.files.map(\.mode) == ["0644"])
        #expect(record.manifestFolders == ["f /var/log/foo.log 0640 root adm -"])
        for attempt in ["one", "two"] {
            let folder = "\(shop.root)/\(attempt)"
            try Files.makeDirectories(folder)
            try reader.unpack(file, record: record, into: folder) { _ in }
            #expect(try Files.read("\(folder)/conffiles/etc/foo/foo.conf", limit: 100) == Array("template".utf8))
        }
    }

    /// The payload is decompressed once; a second attempt, whose tree is gone, unpacks again to the same.
    @Test func unpackingTwiceGivesTheSame() throws {
        let shop = try Workshop()
        let file = try shop.package(["lib/systemd/system/foo.service": service, "usr/bin/foo": "x"])
        let reader = try shop.reader()
        let record = try reader.inspect(file, time: at, installed: [])
        #expect(record.units.map(\.aliases) == [["bar.service"]])
        var listings: [[String]] = []
        for attempt in ["one", "two"] {
            let folder = "\(shop.root)/\(attempt)"
            try Files.makeDirectories(folder)
            try reader.unpack(file, record: record, into: folder) { _ in }
            listings.append(
                try Files.names(in: "\(folder)/usr/bin") + Files.names(in: "\(folder)/usr/lib/systemd/system"))
        }
        #expect(listings == [["foo", "foo.service"], ["foo", "foo.service"]])
    }

    /// Nothing is decompressed of a package that says itself that it is too large.
    @Test func theAnnouncedSizeIsHeldToTheLimit() throws {
        let shop = try Workshop()
        let file = try shop.package(["usr/bin/foo": "x"])
        var reader = try shop.reader()
        reader.configuration.maxUnpackedSize = 1024
        let record = try reader.inspect(file, time: at, installed: [])
        try Files.removeTree("\(shop.root)/tree")
        reader.configuration.maxUnpackedSize = 1023
        let large = #expect(throws: DeploymentError.self) { _ = try reader.inspect(file, time: at, installed: []) }
        #expect(large?.code == .unsupported && large?.text.contains("Installed-Size") == true)
        #expect(code { try reader.verify(file, record: record, time: at, installed: []) } == .unsupported)
        reader.configuration.maxUnpackedSize = 1024
        reader.configuration.maxEntries = 4
        let lines = String(repeating: "\(String(repeating: "0", count: 32))  usr/bin/foo\n", count: 5)
        let many = try shop.package(["usr/bin/foo": "x", "DEBIAN/md5sums": lines])
        let listed = #expect(throws: DeploymentError.self) { _ = try reader.inspect(many, time: at, installed: []) }
        #expect(listed?.code == .unsupported && listed?.text.contains("md5sums lists 5 files") == true)
        #expect(try !Files.exists("\(shop.root)/tree"))
    }

    @Test func refusalsHaveTheirCodes() throws {
        let shop = try Workshop()
        let unsigned = try shop.package(["usr/bin/foo": "x"])
        #expect(
            code { _ = try shop.reader(requireSignature: true).inspect(unsigned, time: at, installed: []) }
                == .badSignature)
        let unmet = try shop.package(["usr/bin/foo": "x"], fields: "Depends: libc6 (>= 9)\n")
        #expect(code { _ = try shop.reader().inspect(unmet, time: at, installed: []) } == .unmetRelation)
        let conflict = try shop.package(["usr/bin/foo": "x"], fields: "Conflicts: libc6\n")
        #expect(code { _ = try shop.reader().inspect(conflict, time: at, installed: []) } == .conflict)
        let script = try shop.package(["usr/bin/foo": "x", "DEBIAN/postinst": "#!/bin/sh\nadduser foo\n"])
        #expect(code { _ = try shop.reader().inspect(script, time: at, installed: []) } == .unsupported)
        let alias = try shop.package(["lib/systemd/system/foo.service": service])
        let reader = try shop.reader()
        #expect(code { _ = try reader.inspect(alias, time: at, installed: []) } == nil)
        try Files.replace("\(shop.root)/units/bar.service", with: "x".utf8)
        #expect(code { _ = try reader.inspect(alias, time: at, installed: []) } == .conflict)
    }

    /// Known from the package and the host's units alone, and so refused when the package is delivered.
    @Test(
        arguments: [
            (["foo-ssh.service": "[Install]\nAlias=%j.service\n"], .conflict, "'ssh.service'"),
            (["foo.service": "[Install]\nAlias=getty@tty9.service\n"], .conflict, "'getty@.service'"),
            (["foo.service": "[Install]\nAlias=sshd.service\n"], .conflict, "by its Alias="),
            (["foo.service": "", "ssh.service.d/x.conf": ""], .conflict, "it would change 'ssh.service'"),
            (["foo.service": "", "getty@tty1.service.d/x.conf": ""], .conflict, "it would change 'getty@.service'"),
            (
                ["foo.service": "[Install]\nAlso=ssh.service\n"], .unsupported,
                "'ssh.service' is not a unit of this package"
            ),
            (["systemd-.service": ""], .unsupported, "every service whose name begins with 'systemd-'"),
            (["foo.service": "", "service.d/x.conf": ""], .unsupported, "every service unit"),
            (["foo.service": "[Install]\nAlias=other.service\n", "cron.service.d/x.conf": ""], nil, ""),
        ] as [([String: String], DeploymentError.Code?, String)])
    func unitsOfTheHostAreLeftAlone(
        _ units: [String: String], _ code: DeploymentError.Code?, _ reason: String
    ) throws {
        let shop = try Workshop()
        let reader = try shop.reader()
        try Files.replace("\(shop.root)/units/ssh.service", with: "[Install]\nAlias=sshd.service\n".utf8)
        try Files.replace("\(shop.root)/units/getty@.service", with: "[Service]\n".utf8)
        let files = units.map { ("lib/systemd/system/\($0)", "[Service]\nExecStart=/usr/bin/foo\n\($1)") }
        let package = try shop.package(Dictionary(uniqueKeysWithValues: files))
        do {
            let record = try reader.inspect(package, time: at, installed: [])
            #expect(code == nil)
            #expect(record.reaches.map(\.unit.description) == ["cron.service"])
        } catch let error as DeploymentError {
            #expect(error.code == code && error.text.contains(reason), "\(error)")
        }
    }

    /// Staged long ago: what has changed since is seen when it is to be installed.
    @Test func verifyingAgainSeesWhatChanged() throws {
        let shop = try Workshop()
        let file = try shop.package(["usr/bin/foo": "x"], fields: "Depends: libc6 (>= 2.30)\n")
        let reader = try shop.reader()
        let record = try reader.inspect(file, time: at, installed: [])
        #expect(code { try reader.verify(file, record: record, time: at, installed: []) } == nil)
        let strict = try shop.reader(requireSignature: true)
        #expect(code { try strict.verify(file, record: record, time: at, installed: []) } == .badSignature)
        try Files.replace("\(shop.root)/status", with: "".utf8)
        #expect(code { try reader.verify(file, record: record, time: at, installed: []) } == .unmetRelation)
        _ = try shop.package(["usr/bin/foo": "x"], version: "2.0")
        #expect(code { try reader.verify(file, record: record, time: at, installed: []) } == .failed)
    }

    /// The time of signing counts, and the refusal says which time a certificate was checked at.
    @Test func theTimeOfVerificationIsNamed() throws {
        let shop = try Workshop()
        let authority = try TestAuthority()
        try authority.certificate("leaf")
        let identity = try SigningIdentity(
            key: try Files.read("\(authority.folder.path)/leaf.key", limit: 1 << 16),
            certificates: try Files.read("\(authority.folder.path)/leaf.pem", limit: 1 << 16))
        let file = try shop.package(["usr/bin/foo": "x"])
        try DebSigner.sign(file, to: file, with: identity)
        var reader = try shop.reader(requireSignature: true)
        reader.keyring = authority.keyring
        let now = Int64(time(nil))
        let record = try reader.inspect(file, time: VerificationTime(clock: now), installed: [])
        #expect(abs(record.signedAt - now) < 60)
        let late = now + 400 * 86400
        let signed = SignedTime(seconds: late, package: "other", version: "2", signer: "CN=x")
        for (time, expected) in [
            (VerificationTime(clock: late), "this gateway's clock says"),
            (VerificationTime(clock: now, signed: signed), "'other' 2 was signed on"),
        ] {
            let error = #expect(throws: DeploymentError.self) {
                _ = try reader.inspect(file, time: time, installed: [])
            }
            #expect(error?.code == .badSignature && error?.text.contains(expected) == true)
            #expect(code { try reader.verify(file, record: record, time: time, installed: []) } == .badSignature)
        }
    }

    @Test func versionsAreInDpkgsOrder() throws {
        let reader = try Workshop().reader()
        #expect(reader.isVersion("1.0~rc1", lowerThan: "1.0"))
        #expect(!reader.isVersion("1.0", lowerThan: "1.0"))
        #expect(reader.isVersion("2", lowerThan: "1:0"))
    }
}
