import Archive
import Glibc
import Linux
import Packages
import Signing
import TestSupport
import Testing

@Suite struct DebFileTests {
    @Test(arguments: ["xz", "gzip", "zstd", "none"]) func signedPackagesAreStillDebianPackages(compression: String)
        throws
    {
        let bench = try DebWorkbench()
        let plain = try bench.build(compression)
        let signed = "\(bench.path)/signed.deb"
        try DebSigner.sign(plain, to: signed, with: bench.identity, manifest: Array("[Package]\nFormat=1\n".utf8))
        try shell(
            """
            cd '\(bench.path)'; dpkg-deb -I signed.deb > info; grep -q 'Package: thing' info; dpkg-deb -c signed.deb > list; grep -q usr/bin/thing list
            dpkg-deb -x signed.deb unpacked; test "$(unpacked/usr/bin/other)" = thing; head -c $(stat -c %s x.deb) signed.deb | cmp - x.deb
            """)
        if getuid() == 0 {
            try shell(
                """
                cd '\(bench.path)'; mkdir -p root/var/lib/dpkg/info root/var/lib/dpkg/updates root/var/lib/dpkg/triggers; : > root/var/lib/dpkg/status
                PATH=$PATH:/usr/sbin:/sbin dpkg --root="$PWD/root" --force-script-chrootless --force-not-root -i signed.deb; test -x root/usr/bin/thing
                """)
        }
        let file = try bench.open(signed)
        #expect(file.isVerified)
        #expect(file.signers.map(\.subject) == ["CN=leaf,O=Test"])
        #expect(try file.manifestBytes() == Array("[Package]\nFormat=1\n".utf8))
        let control = try file.controlFiles()
        #expect(control.keys.sorted() == ["conffiles", "control", "postinst"])
        #expect(try PackageControl(parsing: control["control"] ?? []).name == "thing")
        var paths: [String] = []
        try file.entries { paths.append($0.path) }
        #expect(paths.sorted() == ["", "etc", "etc/thing.conf", "usr", "usr/bin", "usr/bin/other", "usr/bin/thing"])
    }

    @Test func opensslVerifiesTheSignature() throws {
        let bench = try DebWorkbench()
        let file = try bench.open(try bench.buildSigned(manifest: Array("odd".utf8)))
        try bench.authority.folder.write("sig", try #require(try file.signatureBytes()))
        let end = try #require(file.container.signedRange).upperBound
        try shell(
            """
            cd '\(bench.path)'; head -c \(end) signed.deb > content2
            openssl cms -verify -binary -purpose any -inform DER -in sig -content content2 -CAfile root.pem -out /dev/null
            """)
    }

    @Test func unpackingAndOwners() throws {
        let bench = try DebWorkbench()
        let file = try bench.open(try bench.buildSigned())
        try shell("mkdir '\(bench.path)/root'")
        let root = try FileDescriptor.open("\(bench.path)/root", O_RDONLY | O_DIRECTORY)
        var extraction = Extraction()
        if getuid() != 0 { extraction.ownership = .caller }
        let report = try file.unpack(beneath: root, extraction: extraction)
        #expect(report.entries == 6)
        #expect(try shell("'\(bench.path)/root/usr/bin/other'") == "thing\n")
        // The second time the files exist already and are not overwritten.
        #expect(throws: DebError.self) { try file.unpack(beneath: root, extraction: extraction) }
    }

    @Test func everyChangedByteIsDetected() throws {
        let bench = try DebWorkbench()
        let path = try bench.buildSigned(manifest: Array("[Package]\nFormat=1\n".utf8))
        let whole = try Files.read(path, limit: 1 << 20)
        let end = try #require(try bench.open(path).container.signedRange).upperBound
        for position in stride(from: 0, to: end, by: 13) {
            var bytes = whole
            bytes[position] ^= 1
            let changed = try bench.authority.folder.write("changed.deb", bytes)
            #expect(throws: DebError.self, "byte \(position)") { try bench.open(changed) }
        }
        // Truncated anywhere, or followed by anything.
        for length in stride(from: 0, to: whole.count, by: 29) {
            let cut = try bench.authority.folder.write("cut.deb", whole[..<length])
            #expect(throws: DebError.self, "\(length) bytes") { try bench.open(cut) }
        }
        for tail in [[0x0a], [0, 0], DebWorkbench.header("x", "0"), DebWorkbench.header("_gksig", "0")] as [[UInt8]] {
            let longer = try bench.authority.folder.write("longer.deb", whole + tail)
            #expect(throws: DebError.self) { try bench.open(longer) }
        }
    }

    @Test func policies() throws {
        let bench = try DebWorkbench()
        let plain = try bench.build()
        let signed = try bench.buildSigned()
        #expect(throws: DebError.unsigned) { try bench.open(plain) }
        let time = Int64(time(nil))
        #expect(try DebFile(path: plain, .whenPresent(bench.keyring, time: time)).isVerified == false)
        #expect(try DebFile(path: signed, .whenPresent(bench.keyring, time: time)).isVerified)
        #expect(try DebFile(path: signed, .ignored).isVerified == false)
        let stranger = try DebWorkbench()
        for policy in [
            SignaturePolicy.required(try stranger.keyring, time: time), .whenPresent(try stranger.keyring, time: time),
        ] {
            do {
                _ = try DebFile(path: signed, policy)
                throw Unexpected()
            } catch DebError.badSignature(.untrusted) {}
        }
        do {
            _ = try DebFile(path: signed, .required(bench.keyring, time: time + 400 * 86400))
            throw Unexpected()
        } catch DebError.badSignature(.expired) {}
    }

    @Test func nothingIsDecompressedBeforeTheSignatureIsVerified() throws {
        let bench = try DebWorkbench()
        // The data member is not an archive. With a bad signature it must not be read.
        let bytes = bench.raw([
            ("debian-binary", Array("2.0\n".utf8)), ("control.tar", [1, 2, 3]), ("data.tar.xz", [4, 5, 6]),
            ("_gksig", [0x30, 0x00]),
        ])
        let path = try bench.authority.folder.write("bad.deb", bytes)
        do {
            _ = try bench.open(path)
            throw Unexpected()
        } catch DebError.badSignature(.malformed) {}
        // Without a policy the archives themselves are found to be invalid.
        let file = try DebFile(path: path, .ignored)
        #expect(throws: DebError.self) { try file.controlFiles() }
        #expect(throws: DebError.self) { try file.entries { _ in } }
    }

    @Test func signingTwice() throws {
        let bench = try DebWorkbench()
        let signed = try bench.buildSigned(manifest: [0x41])
        let identity = try bench.identity
        #expect(throws: DebError.self) { try DebSigner.sign(signed, to: signed, with: identity) }
        try DebSigner.sign(signed, to: signed, with: identity, replacing: true)
        #expect(try bench.open(signed).manifestBytes() == [0x41])
        try DebSigner.sign(signed, to: signed, with: identity, manifest: [0x42, 0x43], replacing: true)
        #expect(try bench.open(signed).manifestBytes() == [0x42, 0x43])
        #expect(try Files.names(in: bench.path).filter { $0.hasSuffix(".new") }.isEmpty)
    }
}
