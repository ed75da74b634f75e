import Configuration
import JSON
import Linux
import Signing

/// `config check`: all that the daemons would refuse, and every file that was read.
struct ConfigCommand {
    let console: Console
    var agent = AgentConfiguration.files
    var installer = InstallerConfiguration.files
    var keyring = KeyringCommands.folder
    var view = ServiceView.agent
    /// Becomes the user that gatekeeld runs as; from then on files open as they do for gatekeeld.
    var becomeAgent: () throws(Errno) -> ServiceIdentity.Outcome = { () throws(Errno) in
        try ServiceIdentity.assume("gatekeel")
    }

    func run() throws(Failure) -> ExitCode {
        // The installer's part comes first, as root: there is no way back from gatekeeld's user.
        var reports = [InstallerConfiguration.check(installer), checkKeyring()]
        let identity: ServiceIdentity.Outcome
        do throws(Errno) {
            identity = try becomeAgent()
        } catch {
            throw Failure(.failed, "the check cannot take gatekeeld's user: \(error)")
        }
        reports.insert(AgentConfiguration.check(agent, view: view, asService: identity == .service), at: 0)
        var report = reports.reduce(into: ConfigurationReport()) {
            $0.files += $1.files
            $0.problems += $1.problems
        }
        if let warning = Self.warning(identity, agent) { report.problems.append(warning) }
        let hasErrors = report.problems.contains { $0.severity == .error }
        if console.isJSON {
            console.json(Self.json(report, identity))
        } else {
            for file in report.files { console.line("read \(file)") }
            for problem in report.problems { console.complain("\(problem)") }
            if !hasErrors {
                console.line(
                    report.problems.isEmpty ? "The configuration is good." : "The configuration can be used.")
            }
        }
        return hasErrors ? .badConfiguration : .done
    }

    private func checkKeyring() -> ConfigurationReport {
        let ignored = Keyring.ignored(in: keyring).map {
            ConfigurationProblem(
                Position($0), severity: .warning,
                "this file is not read; rename it to end in .pem, or move it out of the folder")
        }
        var report = readKeyring()
        report.problems += ignored
        return report
    }

    private func readKeyring() -> ConfigurationReport {
        do throws(SigningError) {
            let entries = try Keyring.load(keyring).entries
            var files: [String] = []
            for entry in entries where !files.contains(entry.path) { files.append(entry.path) }
            guard entries.isEmpty else { return ConfigurationReport(files: files) }
            return ConfigurationReport(problems: [
                ConfigurationProblem(
                    Position(keyring), severity: .warning,
                    "there is no certificate; packages are refused until 'gatekeel keyring add' adds one")
            ])
        } catch {
            return ConfigurationReport(problems: [ConfigurationProblem(Position(keyring), "\(error)")])
        }
    }

    /// When files were not opened as gatekeeld opens them.
    private static func warning(
        _ identity: ServiceIdentity.Outcome, _ files: ConfigurationFiles
    ) -> ConfigurationProblem? {
        let text =
            switch identity {
            case .service: ""
            case .caller: "files were opened as you, not as gatekeeld opens them; check as root"
            case .unknownUser: "files were opened as root: there is no user gatekeel; install the package gatekeel"
            }
        return text.isEmpty ? nil : ConfigurationProblem(Position("/etc/\(files.name)"), severity: .warning, text)
    }

    private static func json(_ report: ConfigurationReport, _ identity: ServiceIdentity.Outcome) -> JSON {
        let problems: [JSON] = report.problems.map {
            [
                "severity": .string($0.severity.rawValue), "file": .string($0.position.file),
                "line": .number(.init($0.position.line)), "section": .string($0.section), "key": .string($0.key),
                "text": .string($0.text),
            ]
        }
        return [
            "files": .array(report.files.map { .string($0) }), "as-service": .bool(identity == .service),
            "problems": .array(problems),
        ]
    }
}
