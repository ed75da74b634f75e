import Configuration
import EventLoop
import HostObjects
import Journal
import LwM2MClient

/// Object 2: there while there are several servers.
@LoopActor
final class AccessFeature: Feature {
    let objects: [any Object] = []

    private let environment: AgentEnvironment
    private let object: AccessControlObject
    private var isServed = false

    init(_ environment: AgentEnvironment) {
        self.environment = environment
        object = AccessControlObject(lists: environment.lists)
    }

    func start() async {
        let file = "\(environment.folder)/access"
        switch environment.lists.note {
        case nil: break
        case .previousTaken:
            Log.event(
                .stateRestored,
                "\(file, .file) was damaged; the state before it is used. Check the disk (dmesg) if it happens again")
        case .lost:
            Log.event(
                .stateRestored,
                "\(file, .file) and its copy were damaged; servers have the rights that the configuration gives. Check the disk (dmesg)"
            )
        case .kept(let reason):
            Log.error(
                "\(file, .file) cannot be read (\(reason, .reason)); servers have the rights that the configuration gives, and what they write is refused. Check the disk (dmesg), or install the newer release again; then restart gatekeeld"
            )
        }
        follow()
    }

    func reload(_ configuration: AgentConfiguration) async { follow() }

    private func follow() {
        guard environment.lists.areNeeded != isServed else { return }
        isServed = environment.lists.areNeeded
        if isServed { environment.client.add(object) } else { environment.client.remove(object.definition.id) }
    }
}
