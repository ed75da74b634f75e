import Configuration
import Glibc
import JSON
import Linux
import Testing

@testable import CommandLine

/// A workshop with openssl's certificates and dpkg-deb's package, as the README makes them.
private final class Workshop {
    let root = "/tmp/gatekeel-cli-\(getpid())-\(randomBytes(4).map { String($0) }.joined())"

    init() throws {
        try Files.makeDirectories("\(root)/tree/DEBIAN")
        let control = "Package: foo\nVersion: 1.0\nArchitecture: all\nMaintainer: a\nDescription: d\n"
        try Files.replace("\(root)/tree/DEBIAN/control", with: control.utf8)
        try Files.makeDirectories("\(root)/tree/usr/bin")
        try Files.replace("\(root)/tree/usr/bin/foo", with: "x".utf8)
        let script = """
            cd \(root) && exec >/dev/null 2>&1
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=CA" -keyout ca.key -out ca.pem &&
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=Key" -keyout sign.key -out sign.csr &&
            printf 'keyUsage=critical,digitalSignature\\nextendedKeyUsage=codeSigning\\n' > sign.ext &&
            openssl x509 -req -in sign.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 8 -extfile sign.ext -out sign.pem &&
            dpkg-deb --root-owner-group -b tree foo.deb
            """
        #expect(system(script) == 0)
    }

    deinit { _ = system("rm -rf \(root)") }

    /// Packs `bar.deb` with a postinst.
    func packScript(_ text: String) throws {
        try Files.replace("\(root)/tree/DEBIAN/postinst", with: "#!/bin/sh\n\(text)\n".utf8, mode: 0o755)
        #expect(system("cd \(root) && dpkg-deb --root-owner-group -b tree bar.deb >/dev/null 2>&1") == 0)
    }

    func run(
        _ line: String, now: Int64 = Moments.now, ask: ((String) -> Bool)? = nil
    ) -> (code: ExitCode, out: String) {
        var out = ""
        do throws(Failure) {
            let words = line.split(separator: " ").map { $0.hasPrefix("@") ? "\(root)/\($0.dropFirst())" : String($0) }
            let invocation = try Invocation.parse(words)
            let console = Console(json: invocation.isJSON, isTerminal: false) { out += $1 }
            let files = PackageFileCommands(console: console, invocation: invocation, now: now, ask: ask)
            let keyring = KeyringCommands(console: console, invocation: invocation, folder: "\(root)/keyring.d")
            switch invocation.command {
            case .packageSign: return (try files.sign(), out)
            case .packageVerify: return (try files.verify(), out)
            case .packageInfo:
                var info = PackageInfoCommand(console: console, invocation: invocation)
                info.keyring = "\(root)/keyring.d"
                info.configuration = ConfigurationFiles("installd.conf", roots: [root])
                return (try info.run(), out)
            case .packageSuggest: return (try files.suggest(), out)
            case .keyringAdd: return (try keyring.add(), out)
            case .keyringRemove: return (try keyring.remove(), out)
            case .keyringList: return (try keyring.list(), out)
            default: return (.usage, out)
            }
        } catch {
            return (error.code, out + error.text)
        }
    }
}

@Suite struct FileCommandsTests {
    @Test func signVerifyAndInfo() throws {
        let shop = try Workshop()
        let sign = "package sign --key \(shop.root)/sign.key --certificate \(shop.root)/sign.pem @foo.deb"
        let verify = "package verify --keyring \(shop.root)/keyring.d @foo.deb"
        #expect(shop.run(verify).code == .badData)
        #expect(shop.run("keyring add @ca.pem").code == .done)
        #expect(shop.run(verify).code == .badData)
        #expect(shop.run(sign).code == .done)
        let verified = shop.run(verify)
        #expect(verified.code == .done && verified.out.holds("good signature by") && verified.out.holds("CN=Key"))
        #expect(shop.run(sign).code == .badData)
        #expect(shop.run(sign + " --replace").code == .done)
        let info = shop.run("package info @foo.deb")
        #expect(info.code == .done)
        #expect(info.out.holds("package\tfoo\n") && info.out.holds("fits this host\tyes\n"))
        #expect(system("dpkg-deb -I \(shop.root)/foo.deb >/dev/null") == 0)
        #expect(shop.run("package info @none.deb").code == .noInput)
    }

    /// A package that install would refuse ends with 65, and is described all the same.
    @Test func infoPredictsWhatInstallWouldDo() throws {
        let shop = try Workshop()
        func build(_ commands: String) throws -> (code: ExitCode, out: String) {
            let steps = """
                cd \(shop.root) && exec >/dev/null 2>&1; rm -rf tree/usr tree/etc tree/boot tree/DEBIAN/conffiles
                mkdir -p tree/usr/lib/systemd/system tree/etc/foo tree/usr/bin; printf '#!/bin/sh\\n' > tree/usr/bin/foo
                printf '[Service]\\nExecStart=/usr/bin/foo\\n' > tree/usr/lib/systemd/system/foo.service
                echo a > tree/etc/foo/foo.conf; echo /etc/foo/foo.conf > tree/DEBIAN/conffiles
                owner=--root-owner-group; \(commands)
                dpkg-deb $owner -b tree foo.deb
                """
            #expect(system(steps) == 0)
            return shop.run("package info @foo.deb")
        }
        let good = try build(":")
        #expect(good.code == .done && good.out.holds("fits this host\tyes\n"), "\(good.out)")
        let refused = [
            ("chmod 4755 tree/usr/bin/foo", "usr/bin/foo: it is setuid"),
            ("chown 12345 tree/usr/bin/foo; owner=", "/foo: it belongs to "),
            ("mkdir tree/boot; touch tree/boot/x", "boot/x: "),
            ("cd tree/usr/lib/systemd/system; cp foo.service dbus.service; cd -", "a unit of this host"),
            ("printf '[Install]\\nMaxEntries=3\\n' > installd.conf", "more than 3 entries"),
        ]
        for (commands, text) in refused {
            let info = try build(commands)
            #expect(info.code == .badData && info.out.holds("fits this host\tno\n"), "\(commands): \(info.out)")
            #expect(
                info.out.split(separator: "\n").contains { $0.hasPrefix("refused\t") && $0.contains(text) },
                "\(info.out)")
            // Whatever speaks against it, what it holds is shown.
            if !commands.hasPrefix("printf") {
                #expect(info.out.holds("unit\tfoo.service, started by activate\n"), "\(info.out)")
                #expect(info.out.holds("configuration\t/etc/foo/foo.conf\n"), "\(info.out)")
            }
        }
        #expect(try build("rm -f installd.conf").code == .done)
        // A keyring makes this machine a gateway, which takes signed packages only.
        #expect(shop.run("keyring add @ca.pem").code == .done)
        let unsigned = shop.run("package info @foo.deb")
        #expect(unsigned.code == .badData && unsigned.out.holds("refused\tthe signature: "))
        let sign = "package sign --key \(shop.root)/sign.key --certificate \(shop.root)/sign.pem @foo.deb"
        #expect(shop.run(sign).code == .done)
        let signed = shop.run("package info @foo.deb")
        #expect(signed.code == .done && signed.out.holds("signature\tgood, by "), "\(signed.out)")
    }

    @Test func aManifestIsCheckedBeforeItIsAttached() throws {
        let shop = try Workshop()
        try Files.replace("\(shop.root)/m", with: "[Package]\nFormat=1\nColor=red\n".utf8)
        let sign =
            "package sign --key \(shop.root)/sign.key --certificate \(shop.root)/sign.pem --manifest \(shop.root)/m @foo.deb"
        let refused = shop.run(sign)
        #expect(refused.code == .badData)
        #expect(refused.out.holds("/m:3: [Package] Color=: unknown key"))
        try Files.replace("\(shop.root)/m", with: "[Package]\nFormat=1\n".utf8)
        #expect(shop.run(sign).code == .done)
        #expect(shop.run("package info @foo.deb").out.holds("manifest\tpresent"))
    }

    @Test func aSuggestedManifest() throws {
        let shop = try Workshop()
        try shop.packScript("adduser --system --group foo")
        let suggested = shop.run("package suggest @bar.deb")
        #expect(suggested.code == .done)
        #expect(suggested.out.hasSuffix("[Users]\nUser=foo\n\n[Scripts]\nSkip=postinst\n"), "\(suggested.out)")
        try shop.packScript("adduser --system --group foo\nfrobnicate --all")
        let partly = shop.run("package suggest @bar.deb")
        #expect(partly.code == .notUnderstood)
        #expect(partly.out.holds("#   postinst:3: frobnicate --all\n"))
        #expect(
            partly.out.holds("not understood: postinst:3: frobnicate --all (the command 'frobnicate' is not known)"))
        #expect(shop.run("package suggest @none.deb").code == .noInput)
        #expect(shop.run("package suggest @foo.deb").out.hasSuffix("[Package]\nFormat=1\n"))
    }

    @Test func signingWithASuggestionShowsItFirst() throws {
        let shop = try Workshop()
        let keys = "--key \(shop.root)/sign.key --certificate \(shop.root)/sign.pem"
        let sign = "package sign \(keys) --suggest"
        func isSigned() -> Bool { shop.run("package info @bar.deb").out.holds("signature\tpresent") }
        try shop.packScript("adduser --system --group foo\nfrobnicate")
        // Without a terminal nothing is asked and nothing is signed.
        #expect(shop.run("\(sign) @bar.deb").code == .usage)
        #expect(shop.run("\(sign) --manifest=@m @bar.deb").code == .usage)
        #expect(shop.run("package sign \(keys) --yes @bar.deb").code == .usage)
        let refused = shop.run("\(sign) --yes @bar.deb")
        #expect(refused.code == .notUnderstood && refused.out.holds("1 line was not understood, so nothing is signed"))
        #expect(refused.out.holds("User=foo\n"))
        var question = ""
        let declined = shop.run("\(sign) @bar.deb") { text in
            question = text
            return false
        }
        #expect(declined.code == .failed && declined.out.holds("nothing is signed") && !isSigned())
        #expect(question.holds("with this manifest, although 1 line was not understood? [y/N]"))
        #expect(shop.run("\(sign) @bar.deb") { _ in true }.code == .done)
        #expect(isSigned() && shop.run("package info @bar.deb").out.holds("manifest\tpresent"))
        // The manifest that is attached is not replaced.
        let again = shop.run("\(sign) --replace --yes @bar.deb")
        #expect(again.code == .usage && again.out.holds("has a manifest already"))

        try shop.packScript("adduser --system --group foo")
        #expect(shop.run("\(sign) --yes @bar.deb").code == .done)
        #expect(isSigned() && shop.run("package info @bar.deb").out.holds("manifest\tpresent"))
        // A package that needs none gets none.
        let plain = shop.run("\(sign) --yes @foo.deb")
        #expect(plain.code == .done && plain.out.holds("needs no manifest"))
        #expect(shop.run("package info @foo.deb").out.holds("manifest\tnone"))
    }

    @Test func keyring() throws {
        let shop = try Workshop()
        #expect(shop.run("keyring add @sign.key").code == .badData)
        #expect(shop.run("keyring add @sign.pem").code == .badData)
        #expect(shop.run("keyring add --name=../x @ca.pem").code == .usage)
        #expect(shop.run("keyring add --name=fleet @ca.pem").code == .done)
        #expect(shop.run("keyring add --name=fleet @ca.pem").code == .done)
        let list = shop.run("keyring list")
        #expect(list.code == .done && list.out.hasPrefix("fleet.pem\t") && list.out.holds("CN=CA"))
        let json = shop.run("keyring list --json").out
        #expect((try? JSON.parse(Array(json.utf8)))?.array?.first?["subject"]?.string?.holds("CA") == true)
    }

    @Test func aCertificateIsRemovedByItsName() throws {
        let shop = try Workshop()
        #expect(shop.run("keyring remove fleet").code == .notFound)
        #expect(shop.run("keyring remove ../ca").code == .usage)
        #expect(shop.run("keyring add --name=fleet @ca.pem").code == .done)
        let removed = shop.run("keyring remove fleet.pem")
        #expect(removed.code == .done && removed.out.holds("CN=CA are no longer accepted"))
        #expect(shop.run("keyring list").out.isEmpty)
        // A damaged one goes, too.
        try Files.replace("\(shop.root)/keyring.d/bad.pem", with: "x".utf8)
        #expect(shop.run("keyring remove bad").code == .done)
    }

    @Test func signingWithAnExpiredCertificateWarns() throws {
        let shop = try Workshop()
        let sign = "package sign --key \(shop.root)/sign.key --certificate \(shop.root)/sign.pem @foo.deb"
        #expect(!shop.run(sign).out.holds("warning"))
        let late = shop.run("\(sign) --replace", now: Moments.now + 9 * 86400)
        #expect(
            late.code == .done && late.out.holds("CN=Key expired on")
                && late.out.holds("sign it with a new certificate"))
        let early = shop.run("\(sign) --replace", now: Moments.now - 86400)
        #expect(early.code == .done && early.out.holds("is not valid before") && early.out.holds("clock"))
    }

    @Test func documentsAreAsDescribed() throws {
        let shop = try Workshop()
        func expect(_ line: String, _ command: String) {
            let out = shop.run("\(line) --json").out
            let shape = JSONReference.documents.first { $0.command == command }?.shape
            let value = try? JSON.parse(Array(out.utf8))
            #expect(value.flatMap { shape?.differences($0) } == [], "\(command): \(out)")
        }
        expect("keyring add @ca.pem", "keyring add, keyring remove")
        expect("keyring list", "keyring list")
        expect("package sign --key \(shop.root)/sign.key --certificate \(shop.root)/sign.pem @foo.deb", "package sign")
        expect("package verify --keyring \(shop.root)/keyring.d @foo.deb", "package verify")
        expect("package info @foo.deb", "package info")
        expect("package suggest @foo.deb", "package suggest")
        try shop.packScript("adduser --system foo")
        expect(
            "package sign --suggest --yes --key \(shop.root)/sign.key --certificate \(shop.root)/sign.pem @bar.deb",
            "package sign")
        try shop.packScript("frobnicate")
        expect("package suggest @bar.deb", "package suggest")
        expect("keyring remove ca", "keyring add, keyring remove")
    }

    private func check(
        _ shop: Workshop, json: Bool = false, as outcome: ServiceIdentity.Outcome = .service
    ) throws -> (code: ExitCode, out: String) {
        var out = ""
        let console = Console(json: json, isTerminal: false) { out += $1 }
        let command = ConfigCommand(
            console: console, agent: ConfigurationFiles("g.conf", roots: [shop.root]),
            installer: ConfigurationFiles("i.conf", roots: [shop.root]), keyring: "\(shop.root)/keyring.d",
            view: ServiceView(unit: "gatekeeld", hiding: []), becomeAgent: { () throws(Errno) in outcome })
        return (try command.run(), out)
    }

    @Test func configCheck() throws {
        let shop = try Workshop()
        let good = try check(shop)
        #expect(good.code == .done && good.out.holds("there is no certificate"))
        try Files.replace("\(shop.root)/i.conf", with: "[Install]\nMaxRatio=x\n".utf8)
        let bad = try check(shop)
        #expect(bad.code == .badConfiguration)
        #expect(bad.out.holds("i.conf:2: [Install] MaxRatio=: 'x' is not allowed"))
    }

    @Test func configCheckNamesEveryFileThatWasReadAndThoseThatAreNot() throws {
        let shop = try Workshop()
        #expect(shop.run("keyring add @ca.pem").code == .done)
        try Files.makeDirectories("\(shop.root)/g.conf.d")
        try Files.replace("\(shop.root)/keyring.d/fleet.crt", with: "x".utf8)
        try Files.replace("\(shop.root)/main.psk", with: "00112233445566778899aabbccddeeff".utf8)
        try Files.replace("\(shop.root)/bad.psk", with: "no key".utf8)
        let account = "URI=coaps://h\nPSKIdentity=a\nPSKKeyFile=\(shop.root)"
        try Files.replace(
            "\(shop.root)/g.conf",
            with: "[Server a]\n\(account)/main.psk\n[Server b]\nShortServerID=2\n\(account)/bad.psk\n".utf8)
        try Files.replace("\(shop.root)/g.conf.d/10-a.conf", with: "[Agent]\n".utf8)
        try Files.replace("\(shop.root)/g.conf.d/20-b.conf.bak", with: "[Agent]\n".utf8)
        let out = try check(shop).out
        for name in ["g.conf", "g.conf.d/10-a.conf", "keyring.d/ca.pem", "main.psk"] {
            #expect(out.holds("read \(shop.root)/\(name)\n"), "\(name)")
        }
        #expect(!out.holds("read \(shop.root)/bad.psk") && out.holds("key file \(shop.root)/bad.psk: expected the key"))
        #expect(out.holds("keyring.d/fleet.crt: warning: this file is not read; rename it to end in .pem"))
        #expect(out.holds("g.conf.d/20-b.conf.bak: warning: this file is not read; rename it to end in .conf"))
        let json = try JSON.parse(Array(try check(shop, json: true).out.utf8))
        let shape = JSONReference.documents.first { $0.command == "config check" }?.shape
        #expect(shape?.differences(json) == [])
        #expect(json["files"]?.array?.count == 4 && json["as-service"]?.bool == true)
    }

    @Test func configCheckSaysWhenItCouldNotCheckAsTheDaemon() throws {
        let shop = try Workshop()
        #expect(try check(shop, as: .caller).out.holds("check as root"))
        #expect(try check(shop, as: .unknownUser).out.holds("there is no user gatekeel"))
        #expect(try !check(shop, as: .service).out.holds("opened as"))
    }
}
