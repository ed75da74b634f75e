import Configuration
import Packages
import Testing

@testable import CommandLine

/// The examples in the documents are what the programs accept.
@Suite struct ExampleTests {
    private func blocks(_ info: String) throws -> [(document: String, text: String)] {
        try Document.all.flatMap { document in
            document.blocks.filter { $0.info == info }.map { (document.path, $0.text) }
        }
    }

    @Test func everyManifestIsAccepted() throws {
        let examples = try blocks("ini gatekeel.manifest")
        #expect(examples.count >= 5)
        for example in examples {
            #expect(throws: Never.self, "\(example)") {
                try PackageManifest(parsing: example.text.utf8, file: example.document)
            }
        }
    }

    @Test func everyConfigurationIsAccepted() throws {
        for table in [AgentConfiguration.table, InstallerConfiguration.table] {
            let examples = try blocks("ini \(table.file)")
            #expect(!examples.isEmpty, "\(table.file)")
            for example in examples {
                let document = IniDocument(parsing: example.text.utf8, file: example.document)
                let problems = table.read([document]).problems
                #expect(problems.isEmpty, "\(example)")
            }
        }
    }

    /// The examples of the manual pages of section 5.
    @Test func everyExampleOfATableIsAccepted() {
        for table in [AgentConfiguration.table, InstallerConfiguration.table, PackageManifest.table] {
            #expect(!table.examples.isEmpty, "\(table.file)")
            for example in table.examples where example.lines.first?.hasPrefix("[") == true {
                let text = example.lines.joined(separator: "\n")
                let problems = table.read([IniDocument(parsing: text.utf8, file: table.file)]).problems
                #expect(problems.isEmpty, "\(example)")
            }
        }
    }

    /// Commands in code blocks are complete; those in sentences may leave arguments out.
    @Test func everyCommandExists() throws {
        for document in try Document.all {
            for block in document.blocks where block.info.hasPrefix("sh") {
                for words in Self.commands(block.text) {
                    #expect(throws: Never.self, "\(document): \(words)") { try Invocation.parse(words) }
                }
            }
            for span in document.spans {
                for words in Self.commands(span) where words.first != nil {
                    let invocation = try? Invocation.parse(words + ["--help"])
                    #expect(invocation?.command != nil || words.first?.hasPrefix("-") == true, "\(document): \(words)")
                }
            }
        }
    }

    /// What `gatekeel` is called with in lines of a shell.
    static func commands(_ text: String) -> [[String]] {
        var found: [[String]] = []
        var line = ""
        for part in text.split(separator: "\n") {
            line += part.hasSuffix("\\") ? part.dropLast() + " " : part
            if part.hasSuffix("\\") { continue }
            found += commands(inLine: line)
            line = ""
        }
        return found
    }

    private static func commands(inLine line: String) -> [[String]] {
        let separators: Set<String> = ["&&", "||", "|", ";", "!", "if", "then"]
        var found: [[String]] = []
        for piece in line.split(separator: " ").map(String.init).split(whereSeparator: separators.contains) {
            let words = piece.drop { $0 == "sudo" }
            guard words.first == "gatekeel" else { continue }
            let arguments = words.dropFirst().prefix { !$0.hasPrefix("#") && !$0.hasPrefix(">") && !$0.hasPrefix("2>") }
            found.append(arguments.map { $0.hasSuffix(";") ? String($0.dropLast()) : $0 })
        }
        return found
    }

    /// Keys that sentences name: `KeepAlive=` is a key of ours, or one of these of systemd.
    @Test func everyKeyExists() throws {
        let tables = [AgentConfiguration.table, InstallerConfiguration.table, PackageManifest.table]
        let known = Set(tables.flatMap(\.sections).flatMap(\.keys).map(\.name)).union([
            "ConditionPathExists", "EnvironmentFile", "ExecStart", "ExecReload", "ExtensionDirectories",
            "LoadCredential", "LoadCredentialEncrypted", "LogsDirectory", "CacheDirectory", "StateDirectory",
            "RuntimeDirectory",
            "ReadWritePaths", "Restart", "StandardInput", "WatchdogSec", "DynamicUser", "RootDirectory", "OnCalendar",
            "OnUnitActiveSec", "User", "Environment", "Type", "MemoryMax", "TasksMax", "Alias", "Also", "WantedBy",
            "RequiredBy", "UpheldBy", "Accept", "After", "Before", "BindsTo", "Conflicts", "JoinsNamespaceOf",
            "OnFailure", "OnSuccess", "PartOf", "PropagatesReloadTo", "PropagatesStopTo", "ReloadPropagatedFrom",
            "Requires", "RequiresMountsFor", "Requisite", "Service", "Slice", "Sockets", "StopPropagatedFrom", "Unit",
            "Upholds", "Wants", "BindPaths", "BindReadOnlyPaths", "PermissionsStartOnly", "SystemdService",
            "StandardOutput", "FailureAction", "RefuseManualStop", "OpenFile", "SocketUser", "SupplementaryGroups",
            "OnFailureJobMode", "BusName", "PIDFile", "Symlinks", "MakeDirectory", "ListenSpecial", "PrivateTmp",
        ])
        for document in try Document.all {
            for span in document.spans {
                guard let equals = span.firstIndex(of: "="), span.first?.isUppercase == true else { continue }
                let key = String(span[..<equals])
                guard key.allSatisfy(\.isLetter), key != key.uppercased() || key == "URI" else { continue }
                let exists = known.contains(key)
                #expect(exists, "\(document): \(span)")
            }
        }
    }
}
