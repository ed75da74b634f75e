import Configuration
import Contract
import EventLoop
import Glibc
import Packages

/// The program `gatekeel`.
public enum CommandLineTool {
    /// Runs the process's command line; returns its exit code.
    public static func main() -> Int32 {
        setlocale(LC_ALL, "")
        return run(Array(Swift.CommandLine.arguments.dropFirst())).rawValue
    }

    static func run(_ words: [String]) -> ExitCode {
        let plain = Console(json: false)
        do throws(Failure) {
            let invocation = try Invocation.parse(words)
            if invocation.has("version") {
                plain.text("gatekeel \(Product.version)\n")
                return .done
            }
            let declaration = invocation.command.flatMap(CommandTable.declaration)
            if invocation.has("help") {
                plain.text(declaration.map(CommandTable.help) ?? CommandTable.help)
                return .done
            }
            guard let command = invocation.command else {
                throw Failure(.usage, "which command? Try 'gatekeel --help'")
            }
            return try run(command, invocation, Console(json: invocation.isJSON))
        } catch {
            Console(json: Invocation.asksForJSON(words)).failure(error)
            return error.code
        }
    }

    private static func run(_ command: Command, _ invocation: Invocation, _ console: Console) throws(Failure)
        -> ExitCode
    {
        let files = PackageFileCommands(console: console, invocation: invocation)
        let keyring = KeyringCommands(console: console, invocation: invocation)
        switch command {
        case .packageSign: return try files.sign()
        case .packageVerify: return try files.verify()
        case .packageInfo:
            return try PackageInfoCommand(console: console, invocation: invocation, stored: packagesOfStore()).run()
        case .packageSuggest: return try files.suggest()
        case .keyringAdd: return try keyring.add()
        case .keyringRemove: return try keyring.remove()
        case .keyringList: return try keyring.list()
        case .configCheck: return try ConfigCommand(console: console).run()
        default: return try overBus(command, invocation)
        }
    }

    /// The packages that Gatekeel has installed; none where it does not run; nil for users that may not know.
    private static func packagesOfStore() -> [KnownPackage]? {
        LoopActor.spawn {
            do throws(ContractError) {
                Found.packages = try await BusGateway().packages()
            } catch {
                Found.packages = error.code == .accessDenied ? nil : []
            }
            EventLoop.shared.exit(0)
        }
        guard EventLoop.shared.run() == 0, let found = LoopActor.assumeIsolated((), { Found.packages }) else {
            return nil
        }
        return found.compactMap { package in
            package.state == .installed
                ? KnownPackage(stored: package.name, version: package.version, provides: package.provides) : nil
        }
    }

    @LoopActor private enum Found {
        static var packages: [PackageInfo]? = []
    }

    /// Commands that talk to a daemon run on the event loop until they exit it.
    private static func overBus(_ command: Command, _ invocation: Invocation) throws(Failure) -> ExitCode {
        LoopActor.spawn {
            let console = Console(json: invocation.isJSON)
            let code: ExitCode
            do throws(Failure) {
                let gateway: any Gateway
                do throws(ContractError) {
                    gateway = try BusGateway()
                } catch {
                    let text = "the system bus does not answer: \(error.text); see 'systemctl status dbus'"
                    // These have most to tell when something is broken, and links are told by the kernel.
                    guard [.diagnose, .metrics, .links, .link].contains(command) else {
                        throw Failure(.unavailable, text)
                    }
                    gateway = UnreachableGateway(text)
                }
                code = try await Session(console: console, gateway: gateway, invocation: invocation).run(command)
            } catch {
                console.failure(error)
                code = error.code
            }
            EventLoop.shared.exit(code.rawValue)
        }
        return ExitCode(rawValue: EventLoop.shared.run()) ?? .failed
    }
}

/// One command over the daemons.
@LoopActor
struct Session {
    let console: Console
    let gateway: any Gateway
    let invocation: Invocation
    var scheduler: any Scheduler = LoopScheduler.shared
    var host: any HostLinks = KernelLinks()
    /// What `CertificateWarning=` of installd.conf says; its default while the file has errors.
    var certificateWarning =
        ((try? InstallerConfiguration.load()) ?? InstallerConfiguration()).install.certificateWarning

    func run(_ command: Command) async throws(Failure) -> ExitCode {
        let views = ViewCommands(console: console, gateway: gateway, invocation: invocation)
        let changes = ChangeCommands(
            console: console, gateway: gateway, invocation: invocation, scheduler: scheduler)
        let agent = AgentCommands(console: console, gateway: gateway, invocation: invocation)
        switch command {
        case .status:
            return try await StatusCommand(
                console: console, gateway: gateway, checks: invocation.has("check"),
                certificateWarning: certificateWarning
            ).run()
        case .objects: return try await views.objects()
        case .read: return try await views.read()
        case .packages: return try await views.packages()
        case .history: return try await views.history()
        case .staged: return try await views.staged()
        case .install: return try await changes.install()
        case .remove: return try await changes.remove()
        case .activate: return try await changes.activate()
        case .deactivate: return try await changes.deactivate()
        case .rollback: return try await changes.rollback()
        case .watch: return try await changes.watch()
        case .timeReset: return try await TimeCommand(console: console, gateway: gateway).reset()
        case .discard: return try await changes.discard()
        case .cancel: return try await agent.cancel()
        case .links: return try await LinksCommand(console: console, gateway: gateway, host: host).list()
        case .link:
            return try await LinksCommand(console: console, gateway: gateway, host: host).show(invocation.arguments[0])
        case .access: return try await AccessCommand(console: console, gateway: gateway).run()
        case .send: return try await SendCommand(console: console, gateway: gateway, invocation: invocation).run()
        case .reconnect: return try await agent.reconnect()
        case .reload: return try await agent.reload()
        case .metrics:
            return try await MetricsCommand(console: console, gateway: gateway, invocation: invocation).run()
        case .diagnose:
            return try await DiagnoseCommand(console: console, gateway: gateway, host: host, invocation: invocation)
                .run()
        case .log:
            let package = try await views.asking("gatekeel-installd") { () async throws(ContractError) in
                try await gateway.package(invocation.arguments[0])
            }
            var command = try LogCommand(package, invocation)
            if command.hasTemplates { command.known = LogCommand.unitsOfTheJournal() }
            throw ReplacingProgram(command.arguments).run()
        case .run:
            guard geteuid() == 0 else {
                throw Failure(.notPermitted, "only root may run a package's programs; use sudo")
            }
            let folders = try await views.asking("gatekeel-installd") { () async throws(ContractError) in
                try await gateway.overlay(of: invocation.arguments[0])
            }
            throw ReplacingProgram(RunCommand(folders, invocation).arguments).run()
        default: throw Failure(.usage, "\(command.rawValue) needs no daemon")
        }
    }
}
