import Configuration
import Contract
import EventLoop
import Glibc
import JSON
import Linux

/// `diagnose`: one archive with all that support asks for, without secrets.
@LoopActor
struct DiagnoseCommand {
    let console: Console
    let gateway: any Gateway
    let host: any HostLinks
    let invocation: Invocation
    var configurations = [AgentConfiguration.files, InstallerConfiguration.files]
    var keyFolder = "/etc/gatekeel/keys"
    /// Runs a program and returns what it writes.
    var output: ([String]) -> String = { ProgramOutput.of($0) }

    private static let units = ["gatekeeld.service", "gatekeel-installd.service", "gatekeel-recover.service"]

    func run() async throws(Failure) -> ExitCode {
        let path = invocation.options["output"] ?? "gatekeel-diagnose-\(timeText(Moments.now, "%Y%m%dT%H%M%SZ")).tar.gz"
        let redaction = Redaction(keys: configurations.flatMap { $0.configuredKeys() })
        let texts = await daemonTexts() + hostTexts()
        do throws(Errno) {
            let files = try SupportFiles("gatekeel-diagnose")
            for (name, text) in texts {
                try files.add(name, name == "journal.txt" ? redaction.journal(text) : redaction.text(text))
            }
            let unitFiles = output(["/usr/bin/systemctl", "--no-pager", "cat"] + Self.units)
            try files.add("unit-files.txt", redaction.configuration(unitFiles))
            for configuration in configurations {
                for (name, text) in Self.texts(of: configuration) {
                    try files.add("configuration\(name)", redaction.configuration(text))
                }
            }
            try files.add("CONTENTS", files.names.map { "\($0)\n" }.joined())
            try files.archive(path)
            report(path, files.names)
        } catch {
            throw Failure(writing: error)
        }
        return .done
    }

    private func report(_ path: String, _ names: [String]) {
        if console.isJSON {
            console.json(["file": .string(path), "contents": .array(names.map { .string($0) })])
            return
        }
        for name in names { console.line("  \(name)") }
        console.line("\(path) holds these files; only you can read it.")
        console.line("Keys, user information and queries of addresses, and comments of the configuration were removed.")
        if geteuid() != 0 { console.complain("warning: call it as root, to have everything in it") }
    }

    /// What the daemons and the kernel tell, as JSON.
    private func daemonTexts() async -> [(String, String)] {
        let picture = await GatewayPicture.take(gateway, deployments: 1000)
        let objects = (try? await gateway.objects()) ?? []
        let links = try? await LinksCommand(console: console, gateway: gateway, host: host).document()
        let documents: [(String, JSON)] = [
            ("status.json", JSON(picture)),
            ("history.json", .array(((try? picture.deployments.get()) ?? []).map { JSON($0) })),
            ("objects.json", .array(objects.map { JSON($0) })), ("links.json", links ?? .array([])),
        ]
        return documents.map { ($0, String(decoding: $1.writeIndented(), as: UTF8.self)) }
    }

    private func hostTexts() -> [(String, String)] {
        let journal =
            ["/usr/bin/journalctl", "--no-pager", "--output=short-iso-precise", "--lines=20000"]
            + Self.units.map { "--unit=\($0)" }
        let programs: [(String, [String])] = [
            ("journal.txt", journal),
            ("units.txt", ["/usr/bin/systemctl", "--no-pager", "--full", "--lines=0", "status"] + Self.units),
            ("programs.txt", ["/usr/bin/dpkg-query", "--show", "gatekeel", "systemd", "dbus", "libc6", "libssl3*"]),
            ("kernel.txt", ["/usr/bin/uname", "--all"]), ("system.txt", ["/usr/bin/cat", "/etc/os-release"]),
            ("disks.txt", ["/usr/bin/df", "--human-readable", "/", "/var", "/etc"]),
            ("memory.txt", ["/usr/bin/head", "--lines=5", "/proc/meminfo"]),
            ("clock.txt", ["/usr/bin/timedatectl", "--no-pager", "status"]),
            // Names, owners and modes, never contents.
            ("keys.txt", ["/usr/bin/ls", "-l", "--almost-all", keyFolder]),
        ]
        return [("version.txt", "gatekeel \(Product.version)\n")] + programs.map { ($0, output($1)) }
    }

    private static func texts(of configuration: ConfigurationFiles) -> [(String, String)] {
        do throws(Errno) {
            return try configuration.paths().map { path in
                do throws(Errno) {
                    return (path, String(decoding: try Files.read(path, limit: IniLimits().bytes), as: UTF8.self))
                } catch {
                    return (path, "\(error)\n")
                }
            }
        } catch {
            return [("/\(configuration.name)", "\(error)\n")]
        }
    }
}
