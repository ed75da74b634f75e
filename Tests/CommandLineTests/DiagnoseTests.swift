import Configuration
import Contract
import EventLoop
import Glibc
import JSON
import Linux
import TestSupport
import Testing

@testable import CommandLine

@Suite struct RedactionTests {
    private let redaction = Redaction(keys: [
        Secret([0xDE, 0xAD, 0xBE, 0xEF, 0x01, 0x02, 0x03, 0x04]), Secret(Array("correct-horse".utf8)),
    ])

    @Test(arguments: [
        ("key DEADbeef01020304!", "key (removed)!"), ("psk=correct-horse;", "psk=(removed);"),
        (
            "get https://user:pw@files.example.com/a.deb?token=abc#x now",
            "get https://files.example.com/a.deb?(removed) now"
        ),
        ("\"uri\":\"coaps://u@h:5684\",", "\"uri\":\"coaps://h:5684\","), ("nothing here", "nothing here"),
        ("a://b?c, d://e@f/g", "a://b?(removed), d://f/g"), ("(a://u@b/c).", "(a://b/c)."),
        ("https://[2001:db8::1]/a.deb?token=abc", "https://[2001:db8::1]/a.deb?(removed)"),
        ("http://me:se,cr)et@h/x, y", "http://h/x, y"), ("coap://[::1]", "coap://[::1]"),
        ("deadbeef0102030", "deadbeef0102030"),
    ])
    func secretsAreRemovedFromTexts(text: String, expected: String) {
        #expect(redaction.text(text) == expected)
    }

    @Test func theJournalLosesWhatIsAsLongAsAKey() {
        #expect(
            redaction.journal("a 0123456789abcdef0123456789ABCDEF b 0123456789abcdef0123456789abcde")
                == "a (removed) b 0123456789abcdef0123456789abcde")
    }

    @Test func aConfigurationLosesCommentsAndWhatLooksLikeAKey() {
        let text = """
            # old key 00112233445566778899aabbccddeeff
            [Server main]
            URI=coaps://user:pw@lwm2m.example.com
            PSKIdentity=gw1
              ; note
            PSKKeyFile=00112233445566778899AABBCCDDEEFF
            ProxyPassword=hunter2
            SetCredential=main:abc
            Environment=A=1 \\
              PASS=hunter3
            Lifetime=5min
            """
        #expect(
            redaction.configuration(text) == """
                # (removed)
                [Server main]
                URI=coaps://lwm2m.example.com
                PSKIdentity=gw1
                # (removed)
                PSKKeyFile=(removed)
                ProxyPassword=(removed)
                SetCredential=(removed)
                Environment=(removed)
                (removed)
                Lifetime=5min
                """)
    }
}

@Suite struct DiagnoseTests {
    private final class Folder: Sendable {
        let root = "/tmp/gatekeel-diagnose-test-\(getpid())-\(randomBytes(4).map { String($0) }.joined())"
        init() throws { try Files.makeDirectories(root) }
        deinit { try? Files.removeTree(root) }
    }

    private let key = "8badf00d8badf00d8badf00d8badf00d"

    @LoopActor
    private func diagnose(_ root: String, _ line: String) async -> (code: ExitCode, out: String) {
        let output = Output()
        do throws(Failure) {
            let invocation = try Invocation.parse(line.split(separator: " ").map(String.init))
            let console = Console(json: invocation.isJSON, isTerminal: false) { output.out += $1 }
            let gateway = FakeGateway()
            gateway.status.servers[0].reason = "https://me:pw-in-status@h/?q=query-in-status"
            let key = key
            let command = DiagnoseCommand(
                console: console, gateway: gateway, host: FakeLinks(), invocation: invocation,
                configurations: [ConfigurationFiles("gatekeeld.conf", roots: [root])], keyFolder: "\(root)/keys",
                output: {
                    "\($0.joined(separator: " "))\nusing key \(key) and https://u:pw-in-journal@h/a?token-in-journal\n"
                })
            return (try await command.run(), output.out)
        } catch {
            return (error.code, output.out + error.text)
        }
    }

    @Test
    func theArchiveHoldsWhatIsListedAndNoSecret() async throws {
        let folder = try Folder()
        try Files.makeDirectories("\(folder.root)/keys")
        // Whatever its mode is: it is looked for.
        try Files.replace(
            "\(folder.root)/keys/main.psk", with: "8bad f00d 8badf00d8badf00d8badf00d\n".utf8, mode: 0o644)
        let configuration = """
            # pw-in-comment
            [Server main]
            URI=coaps://u:pw-in-uri@lwm2m.example.com
            PSKKeyFile=\(folder.root)/keys/main.psk
            PSKIdentity=\(key.uppercased())
            """
        try Files.replace("\(folder.root)/gatekeeld.conf", with: configuration.utf8)
        let path = "\(folder.root)/out.tar.gz"
        await onLoop {
            let (code, out) = await diagnose(folder.root, "diagnose --output=\(path)")
            #expect(code == .done)
            for name in [
                "status.json", "history.json", "links.json", "journal.txt", "units.txt", "version.txt",
                "unit-files.txt",
            ] {
                #expect(out.contains("  \(name)\n"), "\(name)")
            }
        }
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o7777 == 0o600)
        #expect(
            system(
                "mkdir \(folder.root)/x && tar -xzf \(path) -C \(folder.root)/x && cd \(folder.root)/x && find . -type f -exec cat {} + > ../all && find . -type f > ../names"
            ) == 0)
        let all = String(decoding: try Files.read("\(folder.root)/all", limit: 1 << 20), as: UTF8.self).lowercased()
        #expect(all.holds("lwm2m.example.com") && all.holds("https://h/a?(removed)"))
        for secret in [
            key, "pw-in-comment", "pw-in-uri", "pw-in-journal", "token-in-journal", "pw-in-status", "query-in-status",
        ] {
            #expect(!all.holds(secret), "\(secret)")
        }
        let names = String(decoding: try Files.read("\(folder.root)/names", limit: 1 << 16), as: UTF8.self)
        #expect(
            names.holds("./gatekeel-diagnose/CONTENTS") && names.holds("configuration\(folder.root)/gatekeeld.conf"))
        await onLoop {
            // A file that is there is not overwritten.
            #expect(await diagnose(folder.root, "diagnose --output=\(path)").code == .failed)
            let json = await diagnose(folder.root, "diagnose --json --output=\(path).2")
            let document = JSONReference.documents.first { $0.command == "diagnose" }
            let value = try? JSON.parse(Array(json.out.utf8))
            #expect(value.flatMap { document?.shape.differences($0) } == [])
        }
    }

    @Test func aProgramsOutputIsBoundedAndItsFailureTold() {
        #expect(ProgramOutput.of(["/bin/echo", "a"]) == "a\n")
        #expect(ProgramOutput.of(["/bin/sh", "-c", "echo x; exit 3"]).holds("exit status 3"))
        #expect(ProgramOutput.of(["/nonexistent"]).holds("/nonexistent"))
    }
}
