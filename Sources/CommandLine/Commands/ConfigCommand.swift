import Configuration
import JSON
import Signing

/// `config check`: everything that is wrong, not only the first.
struct ConfigCommand {
    let console: Console
    var agent = AgentConfiguration.files
    var installer = InstallerConfiguration.files
    var keyring = KeyringCommands.folder

    func run() throws(Failure) -> ExitCode {
        var problems = AgentConfiguration.check(agent) + InstallerConfiguration.check(installer)
        do throws(SigningError) {
            if try Keyring.load(keyring).entries.isEmpty {
                problems.append(
                    ConfigurationProblem(
                        Position(keyring), severity: .warning,
                        "there is no certificate; packages are refused until \"gatekeel keyring add\" adds one"))
            }
        } catch {
            problems.append(ConfigurationProblem(Position(keyring), "\(error)"))
        }
        let hasErrors = problems.contains { $0.severity == .error }
        if console.isJSON {
            console.json(
                .array(
                    problems.map {
                        [
                            "severity": .string($0.severity.rawValue), "file": .string($0.position.file),
                            "line": .number(.init($0.position.line)), "section": .string($0.section),
                            "key": .string($0.key), "text": .string($0.text),
                        ]
                    }))
        } else {
            for problem in problems { console.complain("\(problem)") }
            if !hasErrors {
                console.line(problems.isEmpty ? "The configuration is good." : "The configuration can be used.")
            }
        }
        return hasErrors ? .badConfiguration : .done
    }
}
