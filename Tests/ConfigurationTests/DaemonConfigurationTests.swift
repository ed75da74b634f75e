import Glibc
import Linux
import TestSupport
import Testing

@testable import Configuration

/// Folders of its own, gone with it.
private final class Host {
    let root: String

    init() throws {
        root = "/tmp/gatekeel-configuration-\(getpid())-\(randomBytes(4).map { String($0) }.joined())"
        try Files.makeDirectories(root)
    }

    deinit { _ = system("rm -rf \(root)") }

    @discardableResult func write(_ path: String, _ text: String, mode: mode_t = 0o644) throws -> String {
        let full = "\(root)/\(path)"
        try Files.makeDirectories(Files.split(full).folder)
        try Files.replace(full, with: text.utf8, mode: mode)
        return full
    }

    func files(_ name: String) -> ConfigurationFiles {
        ConfigurationFiles("gatekeel/\(name)", roots: ["\(root)/etc", "\(root)/run", "\(root)/usr/lib"])
    }
}

/// A unit that hides nothing: these tests keep their files in /tmp.
private let open = ServiceView(unit: "gatekeeld", hiding: [])

/// Every setting of a packaged file taken in, as if its reader had removed the comment signs.
private func uncommented(_ file: String) -> String {
    file.split(separator: "\n", omittingEmptySubsequences: false)
        .map { $0.hasPrefix("#") && !$0.hasPrefix("# ") && $0 != "#" ? String($0.dropFirst()) : String($0) }
        .joined(separator: "\n")
}

@Suite struct PackagedFileTests {
    @Test func theCommittedFilesAreThoseOfTheTables() throws {
        try expectGenerated("etc/gatekeel/gatekeeld.conf", is: AgentConfiguration.table.packagedFile)
        try expectGenerated("etc/gatekeel/installd.conf", is: InstallerConfiguration.table.packagedFile)
        try expectGenerated("docs/man/gatekeeld.conf.5", is: AgentConfiguration.manualPage)
        try expectGenerated("docs/man/installd.conf.5", is: InstallerConfiguration.manualPage)
    }

    @Test func uncommentedTheyEqualTheDefaults() throws {
        let host = try Host()
        try host.write("etc/gatekeel/gatekeeld.conf", uncommented(AgentConfiguration.table.packagedFile))
        try host.write("etc/gatekeel/installd.conf", uncommented(InstallerConfiguration.table.packagedFile))
        #expect(try AgentConfiguration.load(host.files("gatekeeld.conf")) == AgentConfiguration())
        #expect(try InstallerConfiguration.load(host.files("installd.conf")) == InstallerConfiguration())
        #expect(uncommented(InstallerConfiguration.table.packagedFile).contains("\nMaxRatio=200\n"))
    }

    @Test func everyDefaultIsAllowed() {
        for table in [AgentConfiguration.table, InstallerConfiguration.table] {
            for section in table.sections {
                #expect(Set(section.keys.map(\.name)).count == section.keys.count)
                for key in section.keys {
                    #expect(key.defaultText.isEmpty || key.accepts(key.defaultText), "\(key.name)")
                    #expect(key.documentation.hasSuffix("."), "\(key.name)")
                }
            }
        }
    }
}

@Suite struct DaemonConfigurationTests {
    private let server = """
        [Server main]
        URI=coaps://lwm2m.example.com
        PSKIdentity=gw1
        """

    @Test func serversAreRead() throws {
        let host = try Host()
        let key = try host.write("main.psk", "00112233445566778899aabbccddeeff\n", mode: 0o600)
        try host.write(
            "etc/gatekeel/gatekeeld.conf",
            "[Agent]\nEndpoint=gw:1\n\(server)\nPSKKeyFile=\(key)\nLifetime=5min\nShortServerID=7\nVersion=1.0\n")
        let configuration = try AgentConfiguration.load(host.files("gatekeeld.conf"))
        #expect(configuration.endpoint == "gw:1")
        let main = try #require(configuration.servers.first)
        #expect(main.name == "main")
        #expect(main.uri.port == 5684)
        #expect(main.lifetime == .seconds(300))
        #expect(main.shortServerID == 7)
        #expect(main.version == .v10)
        #expect(try main.key()?.bytes.first == 0 && main.key()?.bytes.count == 16)
        let report = AgentConfiguration.check(host.files("gatekeeld.conf"), view: open)
        #expect(report.problems.isEmpty && report.files == ["\(host.root)/etc/gatekeel/gatekeeld.conf", key])
    }

    @Test func rightsAreRead() throws {
        let host = try Host()
        try host.write(
            "etc/gatekeel/gatekeeld.conf",
            """
            [Server a]
            URI=coap://a
            OwnsAccess=yes
            [Server b]
            URI=coap://b
            ShortServerID=2
            Rights=read execute
            [Server c]
            URI=coap://c
            ShortServerID=3
            Rights=none

            """)
        let servers = try AgentConfiguration.load(host.files("gatekeeld.conf")).servers
        #expect(servers.map(\.rights) == [ServerConfiguration.rightWords, ["read", "execute"], ["none"]])
        #expect(servers.map(\.ownsAccess) == [true, false, false])
        try host.write(
            "etc/gatekeel/gatekeeld.conf.d/b.conf", "[Server b]\nOwnsAccess=yes\n[Server c]\nRights=all\n")
        let problems = AgentConfiguration.check(host.files("gatekeeld.conf"), view: open).problems
        let errors = problems.filter { $0.severity == .error }.map { "\($0.section) \($0.key)" }
        #expect(errors.sorted() == ["Server b OwnsAccess", "Server c Rights"])
    }

    @Test func valuesToSendAreRead() throws {
        let host = try Host()
        try host.write(
            "etc/gatekeel/gatekeeld.conf",
            """
            [Server a]
            URI=coap://a
            MuteSend=no
            [Server b]
            URI=coap://b
            ShortServerID=2
            [Send all]
            Paths=/3/0/9 /3 /3/0/9
            Paths=/30000/0/5/65534
            Period=15min
            [Send some]
            Server=a
            Paths=/3/0/13
            GreaterThan=20.5
            LessThan=-1e2
            Step=0.5
            MinimumPeriod=0
            [Send changes]
            Paths=/3
            OnChange=yes
            [Send off]
            Paths=

            """)
        let configuration = try AgentConfiguration.load(host.files("gatekeeld.conf"))
        #expect(configuration.servers.map(\.muteSend) == [false, nil])
        #expect(configuration.sends.map(\.name) == ["all", "some", "changes"])
        #expect(configuration.sends[0].paths == ["/3/0/9", "/3", "/30000/0/5/65534"])
        #expect(configuration.sends[0].period == .seconds(900) && !configuration.sends[0].followsChanges)
        let some = configuration.sends[1]
        #expect(
            some.servers == ["a"] && configuration.sends[2].onChange && some.greaterThan == 20.5
                && some.lessThan == -100)
        #expect(some.step == 0.5 && some.minimumPeriod == .zero && some.followsChanges)
    }

    @Test func valuesToSendThatCannotBe() throws {
        let host = try Host()
        let paths = (0..<65).map { "/3/0/\($0)" }.joined(separator: " ")
        try host.write(
            "etc/gatekeel/gatekeeld.conf",
            """
            [Server a]
            URI=coap://a
            [Send nothing]
            Period=1h
            [Send when]
            Paths=/3/0/9
            [Send who]
            Server=b
            Paths=/3/0/9
            Period=1h
            [Send limits]
            Paths=/3/0/9
            GreaterThan=10
            LessThan=9
            Step=1
            [Send both]
            Paths=/3/0/9
            OnChange=yes
            Step=1
            [Send above]
            Paths=/3/0 /9
            Step=1
            [Send many]
            Paths=\(paths)
            Period=1h
            [Send words]
            Paths=/0/0/5
            Period=1ms
            Step=0
            GreaterThan=nan

            """)
        let report = AgentConfiguration.check(host.files("gatekeeld.conf"), view: open)
        let errors = report.problems.filter { $0.severity == .error }.map { "\($0.section) \($0.key)" }
        #expect(
            errors.sorted() == [
                "Send above Paths", "Send both OnChange", "Send limits LessThan", "Send many Paths",
                "Send nothing Paths", "Send when Period", "Send who Server",
                "Send words GreaterThan", "Send words Paths", "Send words Period", "Send words Step",
            ])
        for word in ["3/0/9", "/3/", "/03", "/65535", "/3/0/9/0/1", "/x", "/"] {
            try host.write("etc/gatekeel/gatekeeld.conf", "[Send a]\nPeriod=1h\nPaths=\(word)\n")
            #expect(throws: ConfigurationError.self, "\(word)") {
                try AgentConfiguration.load(host.files("gatekeeld.conf"))
            }
        }
    }

    @Test(arguments: [("", ServerConfiguration.Version.v11), ("Version=1.1", .v11), ("Version=1.2", .v12)])
    func aServerHasAVersionOfLwM2M(line: String, version: ServerConfiguration.Version) throws {
        let host = try Host()
        try host.write("etc/gatekeel/gatekeeld.conf", "[Server main]\nURI=coap://host\n\(line)\n")
        #expect(try AgentConfiguration.load(host.files("gatekeeld.conf")).servers.first?.version == version)
        for wrong in ["Version=2.0", "Version=1.0\nMuteSend=no"] {
            try host.write("etc/gatekeel/gatekeeld.conf", "[Server main]\nURI=coap://host\n\(wrong)\n")
            #expect(throws: ConfigurationError.self, "\(wrong)") {
                try AgentConfiguration.load(host.files("gatekeeld.conf"))
            }
        }
    }

    @Test func dropInsWinMaskAndAreSorted() throws {
        let host = try Host()
        try host.write("usr/lib/gatekeel/installd.conf", "[Install]\nMaxRatio=3\n")
        try host.write("etc/gatekeel/installd.conf", "[Install]\nMaxRatio=10\nMaxEntries=10\nAllowSetuid=yes\n")
        try host.write("usr/lib/gatekeel/installd.conf.d/10-a.conf", "[Install]\nMaxRatio=20\nMaxEntries=20\n")
        try host.write("usr/lib/gatekeel/installd.conf.d/90-z.conf", "[Install]\nMaxRatio=90\n")
        try host.write("run/gatekeel/installd.conf.d/50-m.conf", "[Install]\nMaxRatio=50\nAllowSetuid=\n")
        try host.write("etc/gatekeel/installd.conf.d/README", "not a drop-in")
        symlink("/dev/null", "\(host.root)/etc/gatekeel/installd.conf.d/90-z.conf")
        let configuration = try InstallerConfiguration.load(host.files("installd.conf"))
        #expect(configuration.install.maxRatio == 50)
        #expect(configuration.install.maxEntries == 20)
        #expect(configuration.install.allowSetuid == false)
    }

    @Test func withoutFilesTheDefaultsHold() throws {
        let host = try Host()
        #expect(try InstallerConfiguration.load(host.files("installd.conf")) == InstallerConfiguration())
    }

    @Test func problemsNameFileLineKeyAndWhatIsAllowed() throws {
        let host = try Host()
        let file = try host.write(
            "etc/gatekeel/gatekeeld.conf",
            """
            [Software]
            AnswerTimeout=4 parsecs
            answertimeout=4s
            Color=red
            [Servers]
            [Server]
            [Agent x]
            [Server two]
            Lifetime=1s
            """)
        let problems = AgentConfiguration.check(host.files("gatekeeld.conf"), view: open).problems.map(\.description)
        #expect(problems.count == 8)
        #expect(
            problems.first
                == "\(file):2: [Software] AnswerTimeout=: '4 parsecs' is not allowed; expected: a time span from 100ms to 1min"
        )
        #expect(problems.contains { $0.hasPrefix("\(file):3:") && $0.contains("did you mean AnswerTimeout=") })
        #expect(
            problems.contains {
                $0.hasPrefix("\(file):4:") && $0.contains("unknown key") && $0.contains("RestoreActivation")
            })
        #expect(
            problems.contains {
                $0.hasPrefix("\(file):5:") && $0.contains("unknown section") && $0.contains("[Server NAME]")
            })
        #expect(problems.contains { $0.hasPrefix("\(file):6:") && $0.contains("needs a name") })
        #expect(problems.contains { $0.hasPrefix("\(file):7:") && $0.contains("takes no name") })
        #expect(problems.contains { $0.hasPrefix("\(file):9:") && $0.contains("from 30s") })
        #expect(problems.contains { $0.hasPrefix("\(file):8:") && $0.contains("URI=") && $0.contains("missing") })
        #expect(throws: ConfigurationError.self) { try AgentConfiguration.load(host.files("gatekeeld.conf")) }
    }

    @Test func whatDoesNotGoTogether() throws {
        let host = try Host()
        try host.write(
            "etc/gatekeel/gatekeeld.conf",
            """
            [Server a]
            URI=coaps://a
            [Server b]
            URI=coap://b
            PSKIdentity=x
            [Server off]
            URI=
            """)
        let problems = AgentConfiguration.check(host.files("gatekeeld.conf"), view: open).problems
        #expect(
            problems.map { "\($0.severity) \($0.section) \($0.key)" } == [
                "error Server a PSKIdentity", "error Server a PSKKeyFile", "error Server b ShortServerID",
                "warning Server b URI", "error Server b URI",
            ])
    }

    @Test(
        arguments: [
            (0o644, "00ff", "everyone"), (0o660, "00ff", "group"), (0o600, "0f0", "hexadecimal"),
            (0o600, "", "hexadecimal"),
            (0o600, "zz", "hexadecimal"), (0o600, String(repeating: "00", count: 65), "hexadecimal"),
        ] as [(mode_t, String, String)])
    func keyFilesAreRefused(mode: mode_t, text: String, words: String) throws {
        let host = try Host()
        let path = try host.write("k", text, mode: mode)
        #expect {
            try KeyFile.read(path)
        } throws: { error in
            "\(error)".contains(words) && "\(error)".contains(path) && (text.isEmpty || !"\(error)".contains(text))
        }
    }

    @Test func foldersAndOtherUsersFilesAreNoKeys() throws {
        #expect { try KeyFile.read("/tmp") } throws: { "\($0)".contains("regular file") }
        var status = stat()
        status.st_mode = S_IFREG | 0o600
        status.st_uid = 1234
        #expect(KeyFile.refusal(of: status, reader: 5)?.contains("1234") == true)
        #expect(KeyFile.refusal(of: status, reader: 1234) == nil)
    }

    @Test func secretsAreNotPrinted() {
        let secret = Secret([0xDE, 0xAD])
        var dumped = ""
        dump(["k": secret], to: &dumped)
        #expect(!("\(secret) \(String(reflecting: secret)) \(dumped)".contains("222")))
        #expect("\(secret)" == "(2 secret bytes)")
    }
}

@Suite struct CheckTests {
    private func problems(
        _ text: String, view: ServiceView = open, asService: Bool = false
    ) throws -> [ConfigurationProblem] {
        let host = try Host()
        try host.write("etc/gatekeel/gatekeeld.conf", text)
        return AgentConfiguration.check(host.files("gatekeeld.conf"), view: view, asService: asService).problems
    }

    /// What people write in the wrong place; none of it may come into a message, and so into the journal.
    @Test(arguments: [
        "PSKKeyFile=8badf00d8badf00d8badf00d8badf00d # the key", "PSKKeyFile=\"8badf00d8badf00d8badf00d8badf00d\"",
        "PSKKeyFile=hunter2-correct-horse", "URI=coaps//gw1:hunter2@h:5684", "URI=coaps://gw1:hunter2@h:5684",
        "hunter2/abc0123+8badf00d==",
    ])
    func aSecretInTheWrongPlaceIsNotShown(line: String) throws {
        let found = try problems(server("URI=coaps://h", "PSKIdentity=i", "PSKKeyFile=/k", line))
        #expect(found.contains { $0.severity == .error })
        for problem in found {
            #expect(!problem.description.contains("8badf00d") && !problem.description.contains("hunter2"), "\(problem)")
            #expect(!problem.key.contains("8badf00d") && !problem.key.contains("hunter2"))
        }
    }

    private func server(_ lines: String...) -> String {
        (["[Server main]"] + lines).joined(separator: "\n") + "\n"
    }

    /// As a user who may not read keys, a check cannot say that they are bad; as the daemon's user it can.
    @Test func aKeyThatOnlyOthersMayReadIsAnErrorForTheDaemonAlone() throws {
        let host = try Host()
        try host.write(
            "etc/gatekeel/gatekeeld.conf",
            "[Server main]\nURI=coaps://lwm2m.example.com\nPSKIdentity=gw1\nPSKKeyFile=/k\n")
        let server = try #require(try AgentConfiguration.load(host.files("gatekeeld.conf")).servers.first)
        let refusal = KeyFile.Refusal(path: "/k", text: "Permission denied", isForeign: true)
        let foreign = server.problem(of: refusal, asService: false)
        #expect(foreign.severity == .warning && foreign.text.contains("check it as root"))
        let daemon = server.problem(of: refusal, asService: true)
        #expect(daemon.severity == .error && daemon.text.contains("chown root:gatekeel"))
        let absent = KeyFile.Refusal(path: "/k", text: "No such file or directory", isAbsent: true)
        #expect(server.problem(of: absent, asService: false).severity == .error)
    }

    /// systemd makes them when it starts the service: before, nobody can say whether they will be there; then, one can.
    @Test func credentialsOfTheUnitAreAccepted() throws {
        let folder = try TemporaryDirectory("credentials")
        let view = ServiceView(unit: "gatekeeld", hiding: [], credentials: folder.path)
        func found(_ path: String) throws -> [ConfigurationProblem] {
            try problems(
                server("URI=coaps://h", "PSKIdentity=a", "PSKKeyFile=\(folder.path)/\(path)"), view: view)
        }
        let early = try found("gatekeeld.service/main.psk")
        #expect(early.map(\.severity) == [.warning] && early[0].text.contains("start gatekeeld, then check again"))
        let own = "\(folder.path)/gatekeeld.service"
        try Files.makeDirectories(own)
        let absent = try found("gatekeeld.service/main.psk")
        #expect(absent.map(\.severity) == [.error] && absent[0].text.contains("LoadCredential="))
        try Files.replace("\(own)/main.psk", with: "00112233445566778899aabbccddeeff".utf8)
        #expect(try found("gatekeeld.service/main.psk").isEmpty)
        let other = try found("other.service/main.psk")
        #expect(other.map(\.key) == ["PSKKeyFile"] && other[0].text.contains(own))
    }

    /// The name alone does not say where a file is.
    @Test func aLinkIntoAHiddenFolderIsAnError() throws {
        let host = try Host()
        let target = try host.write("key", "00112233445566778899aabbccddeeff")
        // A link of the kernel's, to the same file by another name.
        let link = "/proc/self/root\(target)"
        let found = try problems(server("URI=coaps://h", "PSKIdentity=a", "PSKKeyFile=\(link)"), view: .agent)
        #expect(found.count == 1 && found[0].text.contains("it leads to \(target), and gatekeeld does not see /tmp"))
    }

    @Test func foldersThatTheUnitHidesAreErrors() throws {
        for path in ["/home/me/k", "/root/k", "/tmp/k", "/var/tmp/k", "/run/user/5/k"] {
            let found = try problems(
                server("URI=coaps://h", "PSKIdentity=a", "PSKKeyFile=\(path)"), view: .agent)
            #expect(found.count == 1 && found[0].text.contains("gatekeeld does not see"), "\(path)")
        }
    }

    /// What the check believes of the sandbox is what the unit says.
    @Test func theViewIsThatOfTheUnit() throws {
        let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let unit = String(decoding: try Files.read("\(root)/systemd/gatekeeld.service", limit: 1 << 16), as: UTF8.self)
        for (folder, setting) in ServiceView.agent.hidden { #expect(unit.contains("\n\(setting)\n"), "\(folder)") }
        for line in ["\nInaccessiblePaths=", "\nTemporaryFileSystem=", "\nSupplementaryGroups="] {
            #expect(!unit.contains(line), "\(line) matters for the check")
        }
        #expect(unit.contains("\nUser=gatekeel\n") && unit.contains("\nGroup=gatekeel\n"))
    }

    @Test func aRefusedValueIsNotMissingToo() throws {
        let found = try problems(
            server(
                "URI=coaps://h", "PSKIdentity=\(String(repeating: "x", count: 200))", "PSKKeyFile=keys/main.psk",
                "ShortServerID=0") + "[Server b]\nURI=http://b\n[Server c]\nURI=coap://c\nShortServerID=1\n")
        let errors = found.filter { $0.severity == .error }
        #expect(
            errors.map { "\($0.section) \($0.key)" } == [
                "Server main PSKIdentity", "Server main PSKKeyFile", "Server main ShortServerID", "Server b URI",
            ])
        #expect(errors.allSatisfy { $0.text.contains("is not allowed") })
    }

    @Test(arguments: [
        ("coaps://h:99999", "the port '99999' is not a number from 1 to 65535"),
        ("coaps://h:0", "the port '0'"), ("coaps://h:", "the port ''"), ("coaps://[::1]:x", "the port 'x'"),
        ("http://h", "the scheme 'http'"), ("coaps://h/rd", "a path or a query"), ("coaps:h", "has no '://'"),
        ("coaps://::1", "in brackets"), ("coaps://a..b", "'a..b' is not the name of a host"),
        ("coaps://user:pw@h", "user information"),
    ])
    func whatIsWrongWithAnAddressIsNamed(uri: String, words: String) throws {
        let found = try problems(server("URI=\(uri)"))
        #expect(found.count == 1 && found[0].text.contains(words), "\(found)")
        #expect(!found[0].text.contains("pw"))
    }

    /// Somebody writes the key where its file should be.
    @Test func aKeyInTheWrongPlaceIsNotShown() throws {
        let key = "00112233445566778899aabbccddeeff"
        let found = try problems(server("URI=coaps://h", "PSKIdentity=a", "PSKKeyFile=\(key)"))
        #expect(found.count == 1 && found[0].text.contains("is not allowed") && !found[0].text.contains("0011"))
    }

    @Test func theLevelOfTheJournalIsAKeyOfBothDaemons() throws {
        let host = try Host()
        try host.write("etc/gatekeel/gatekeeld.conf", "[Agent]\nLogLevel=Debug\n")
        try host.write("etc/gatekeel/installd.conf", "[Install]\nLogLevel=warning\n")
        #expect(try AgentConfiguration.load(host.files("gatekeeld.conf")).logLevel == .debug)
        #expect(try InstallerConfiguration.load(host.files("installd.conf")).install.logLevel == .warning)
        #expect(AgentConfiguration().logLevel == .info)
        #expect(
            try problems("[Agent]\nLogLevel=loud\n").first?.text.contains("error, warning, notice, info, debug") == true
        )
    }
}
