import EventLoop
import HostObjects

/// Replaced by the one over gatekeel-fetch.
@LoopActor
final class ProcessFetcher: SoftwareFetcher {
    init(limit: Int, deadline: Duration, scheduler: any Scheduler) {}

    func fetch(_ uri: String, to path: String) async throws(FetchFailure) {
        throw FetchFailure(.deviceError, "unavailable: downloads are not built in")
    }
}
