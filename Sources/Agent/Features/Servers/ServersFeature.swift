import Configuration
import EventLoop
import HostObjects
import Journal
import LwM2MClient

/// Objects 0 and 1: the accounts of the configuration, with what their servers wrote since.
@LoopActor
final class ServersFeature: Feature {
    let objects: [any Object]

    private let environment: AgentEnvironment
    private var accounts: ServerAccounts { environment.client.accounts }

    init(_ environment: AgentEnvironment) {
        self.environment = environment
        let accounts = environment.client.accounts
        objects = [SecurityObject(accounts: accounts), ServerObject(accounts: accounts)]
    }

    func start() async { await settle() }

    func reload(_ configuration: AgentConfiguration) async throws(ReloadFailure) {
        let seeds = AccountSeeds(configuration)
        do throws(OperationError) {
            try await accounts.reload(seeds.seeds, dormant: seeds.dormant)
        } catch {
            throw notReloaded(error)
        }
        environment.accountSeeds = seeds
        await settle()
    }

    /// Reports why the accounts stay as they were.
    private func notReloaded(_ error: OperationError) -> ReloadFailure {
        let file = "\(environment.folder)/accounts"
        // More space would not help a file that could not be read when gatekeeld started.
        let advice =
            accounts.unreadable == nil
            ? "free space in \(environment.folder) or repair its file system, then reload gatekeeld"
            : "check the disk (dmesg), or install the newer release again; gatekeeld tries again by itself"
        Log.error(
            LogMessage("The accounts stay as they were: \(error.message, .reason). What to do: \(advice)")
                .with(.file, file))
        return ReloadFailure(text: "the accounts stay as they were: \(error.message); \(advice)")
    }

    /// Key files that could not be read for a reason that may pass.
    private var unread: Set<String> = []

    /// Without the key the gateway cannot be reached, and nobody may be there to reload it.
    private func followKeys() {
        let passing = environment.accountSeeds.unusable.filter(\.refusal.mayPass)
        for file in unread.subtracting(passing.map(\.refusal.path)) { environment.stateProblems.forget(file) }
        for account in passing {
            let file = account.refusal.path
            environment.stateProblems.follow(
                file, "\(account.refusal.text); the server \(account.name) is not contacted"
            ) {
                let isReadable = try? await Worker.shared.run { () -> Bool in
                    do throws(KeyFile.Refusal) {
                        _ = try KeyFile.read(file)
                        return true
                    } catch {
                        // Another reason is one that an operator removes.
                        return !error.mayPass
                    }
                }
                return isReadable ?? false
            }
        }
        unread = Set(passing.map(\.refusal.path))
    }

    /// Reports what became of the accounts and makes them durable.
    private func settle() async {
        environment.accountSeeds.report()
        followKeys()
        environment.conditions.set(.accountUnusable, !environment.accountSeeds.unusable.isEmpty)
        for note in accounts.takeNotes() { report(note) }
        do throws(OperationError) {
            try await accounts.save()
        } catch {
            Log.error(
                "The accounts are used but not stored: \(error.message, .reason); free space in \(environment.folder, .file) or repair its file system"
            )
        }
    }

    private func report(_ note: ServerAccounts.Note) {
        let file = "\(environment.folder)/accounts"
        switch note {
        case .configurationWon(let name):
            Log.event(
                .accountReset,
                "The section of the account \(name, .server) changed, so that what its server had written is dropped")
        case .previousStateTaken:
            Log.event(
                .stateRestored,
                "\(file, .file) was damaged; the state before it is used. Check the disk (dmesg) if it happens again")
        case .stateKept(let reason):
            Log.event(
                .stateUnreadable,
                "\(file, .file) cannot be read (\(reason, .reason)); the accounts are as the configuration says, and what servers write is refused. It is tried again by itself. Check the disk (dmesg), or install the newer release again"
            )
            let accounts = accounts
            environment.stateProblems.follow(
                file, "\(reason); the accounts are as the configuration says, and servers cannot change them"
            ) { await accounts.isReadableNow() }
        case .stateLost:
            Log.event(
                .stateRestored,
                "\(file, .file) and its copy were damaged; the accounts are as the configuration says, and what servers wrote is lost. Check the disk (dmesg)"
            )
        }
    }
}
