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
        environment.lists.report = { [weak self] in self?.report($0) }
        follow()
    }

    func reload(_ configuration: AgentConfiguration) async {
        environment.lists.configure(configuration.servers.map { AccessMember($0) })
        follow()
    }

    private func report(_ note: AccessLists.Note) {
        let file = "\(environment.folder)/access"
        switch note {
        case .previousTaken:
            Log.event(
                .stateRestored,
                "\(file, .file) was damaged; the state before it is used. Check the disk (dmesg) if it happens again")
        case .lost:
            Log.event(
                .stateRestored,
                "\(file, .file) and its copy were damaged; servers have the rights that the configuration gives, also to what another one created. Check the disk (dmesg)"
            )
        case .kept(let reason):
            Log.event(
                .stateUnreadable,
                "\(file, .file) cannot be read (\(reason, .reason)); servers have the rights that the configuration gives, also to what another one created, and can neither create nor change rights. It is tried again by itself. Check the disk (dmesg), or install the newer release again"
            )
            let lists = environment.lists
            environment.stateProblems.follow(
                file,
                "\(reason); servers have the rights that the configuration gives, and can neither create nor change any"
            ) { await lists.isReadableNow() }
        case .notStored(let reason):
            Log.event(
                .storageFull,
                "\(file, .file) could not be stored: \(reason, .reason); free space in \(environment.folder), or check the disk (dmesg)"
            )
        }
    }

    private func follow() {
        guard environment.lists.areNeeded != isServed else { return }
        isServed = environment.lists.areNeeded
        if isServed { environment.client.add(object) } else { environment.client.remove(object.definition.id) }
        environment.client.followAccessLists()
    }
}
