import Configuration
import EventLoop
import HostObjects
import Journal
import LwM2MClient

/// Objects 4 and 7 on the host's links.
@LoopActor
final class LinksFeature: Feature {
    var objects: [any Object] { [monitoring, statistics] }

    private let monitoring: ConnectivityMonitoring
    private let statistics: ConnectivityStatistics
    private let file: String

    init(_ environment: AgentEnvironment) {
        let network = HostNetwork(environment.client)
        file = "\(environment.folder)/statistics"
        monitoring = ConnectivityMonitoring(network: network, scheduler: environment.scheduler)
        statistics = ConnectivityStatistics(
            network: network, path: file, boot: environment.boot, scheduler: environment.scheduler)
    }

    func start() async {
        if let note = statistics.note { report(note) }
        await statistics.start()
    }

    func networkChanged() {
        monitoring.networkChanged()
        statistics.networkChanged()
    }

    /// Another server may be the first that is registered with.
    func contactChanged() { networkChanged() }

    func stop() async { await statistics.stop() }

    private func report(_ note: ConnectivityStatistics.Note) {
        switch note {
        case .previousStateTaken:
            Log.event(
                .stateRestored,
                "\(file, .file) was damaged; the state before it is used. Check the disk (dmesg) if it happens again")
        case .stateLost:
            Log.event(
                .stateRestored,
                "\(file, .file) and its copy were damaged; no statistics are collected until a server starts that again. Check the disk (dmesg)"
            )
        case .stateKept(let reason):
            Log.error(
                "\(file, .file) cannot be read (\(reason, .reason)); statistics are neither collected nor changed. Check the disk (dmesg), or install the newer release again; then restart gatekeeld"
            )
        }
    }
}
