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

    func run(_ line: String) -> (code: ExitCode, out: String) {
        var out = ""
        do throws(Failure) {
            let words = line.split(separator: " ").map { $0.hasPrefix("@") ? "\(root)/\($0.dropFirst())" : String($0) }
            let invocation = try Invocation.parse(words)
            let console = Console(json: invocation.isJSON, isTerminal: false) { out += $1 }
            let files = PackageFileCommands(console: console, invocation: invocation)
            let keyring = KeyringCommands(console: console, invocation: invocation, folder: "\(root)/keyring.d")
            switch invocation.command {
            case .packageSign: return (try files.sign(), out)
            case .packageVerify: return (try files.verify(), out)
            case .packageInfo: return (try files.info(), out)
            case .keyringAdd: return (try keyring.add(), out)
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
        #expect(shop.run("package info @foo.deb").out.holds("manifest\tthere"))
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

    @Test func configCheck() throws {
        let shop = try Workshop()
        var out = ""
        let console = Console(json: false, isTerminal: false) { out += $1 }
        let command = ConfigCommand(
            console: console, agent: ConfigurationFiles("g.conf", roots: [shop.root]),
            installer: ConfigurationFiles("i.conf", roots: [shop.root]), keyring: "\(shop.root)/keyring.d")
        #expect(try command.run() == .done)
        #expect(out.holds("there is no certificate"))
        try Files.replace("\(shop.root)/i.conf", with: "[Install]\nMaxRatio=x\n".utf8)
        #expect(try command.run() == .badConfiguration)
        #expect(out.holds("i.conf:2: [Install] MaxRatio=: «x» is not allowed"))
    }
}
