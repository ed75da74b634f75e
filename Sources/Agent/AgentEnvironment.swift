import Bus
import Configuration
import EventLoop
import LwM2MClient

/// What the features of the agent share.
@LoopActor
final class AgentEnvironment {
    /// As it was at the start.
    let configuration: AgentConfiguration
    /// The endpoint client name.
    let endpoint: String
    /// The state folder (`StateDirectory=`); it exists.
    let folder: String
    let bus: BusConnection
    let scheduler: any Scheduler
    /// Identifies this boot.
    let boot: String
    let client: Client
    /// What several servers may do.
    let lists: AccessLists
    /// The conditions that are wrong now, for Error Code (3/0/11).
    let conditions = Conditions()
    /// The state files that cannot be read now.
    let stateProblems: StateProblems
    /// The accounts of the configuration in use.
    var accountSeeds: AccountSeeds
    /// The packages on their way; nil until the feature that transfers them is there.
    var transfers: (any PackageTransfers)?
    /// Is called by features when something of `Agent1.Status` changed; set by the agent.
    var statusChanged: (@LoopActor () -> Void)?
    /// What is wrong with the files when the configuration in use is an earlier one; empty otherwise.
    var configurationProblems: [ConfigurationProblem] = []

    init(
        _ configuration: AgentConfiguration, endpoint: String, folder: String, boot: String,
        bus: BusConnection, scheduler: any Scheduler, client: Client, lists: AccessLists, accountSeeds: AccountSeeds
    ) {
        self.configuration = configuration
        self.endpoint = endpoint
        self.folder = folder
        self.boot = boot
        self.bus = bus
        self.scheduler = scheduler
        self.client = client
        self.lists = lists
        self.accountSeeds = accountSeeds
        stateProblems = StateProblems(scheduler: scheduler)
    }

    /// Does work once the answer that is being given has left and was acknowledged, or 3 s later.
    func afterAnswer(_ work: @escaping @Sendable @LoopActor () async -> Void) {
        LoopActor.spawn {
            // The answer is queued in this turn of the loop or the next.
            await self.scheduler.sleep(for: .milliseconds(100))
            await self.client.flush(within: .seconds(3))
            await work()
        }
    }
}
