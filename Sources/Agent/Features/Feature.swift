import Configuration
import EventLoop
import LwM2MClient

/// A part of the agent: objects with the ports that they need, and what it does at start, reload and stop.
///
/// To add an object, add a folder with its feature beside this file and a line to `Features.all`.
@LoopActor
protocol Feature: AnyObject {
    /// The objects that are there from the start. Others may come and go through `AgentEnvironment.client`.
    var objects: [any Object] { get }

    /// Reads what was kept and begins to follow the host. The client registers when all features have started, or after
    /// `Agent.startLimit`: what cannot be reached must not hold this up.
    func start() async

    /// Takes over a configuration without errors. The client contacts accounts that changed when all features have.
    ///
    /// - Throws: why this feature stays as it was; it has logged that.
    func reload(_ configuration: AgentConfiguration) async throws(ReloadFailure)

    /// Links, addresses or routes of the host may have changed.
    func networkChanged()

    /// A server was registered with, lost, or contacted over another session.
    func contactChanged()

    /// The client has de-registered; the process is about to end.
    func stop() async
}

/// Why a part of a new configuration could not be taken over; the text says what to do.
struct ReloadFailure: Error {
    let text: String
}

extension Feature {
    func start() async {}
    func reload(_ configuration: AgentConfiguration) async {}
    func networkChanged() {}
    func contactChanged() {}
    func stop() async {}
}

/// The features of gatekeeld.
@LoopActor
enum Features {
    /// In the order in which they start.
    static func all(_ environment: AgentEnvironment) -> [any Feature] {
        [
            ServersFeature(environment),
            AccessFeature(environment),
            DeviceFeature(environment),
            SoftwareFeature(environment),
            SendFeature(environment),
            LinksFeature(environment),
        ]
    }
}
