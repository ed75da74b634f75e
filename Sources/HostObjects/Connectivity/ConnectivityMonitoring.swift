import EventLoop
import LwM2M
import LwM2MClient
import Netlink

/// Object 4, Connectivity Monitoring: the link by which the server is reached, and the host's addresses.
///
/// The host is asked when a server reads or observes, and at no other time.
@LoopActor
public final class ConnectivityMonitoring: Object {
    public let definition = ObjectDefinition.connectivityMonitoring
    public let instances: [UInt16] = [0]
    public weak var changes: (any ObjectChanges)?

    private let network: any NetworkView
    private let files: HostFiles
    private let scheduler: any Scheduler
    private var picture: ConnectivityPicture?
    private var utilization = LinkUtilization()
    /// While there is no link, that of the last one: it is mandatory, and told after an outage.
    private var bearer = Bearer.ethernet
    private var lookedAt: Duration?

    public init(network: any NetworkView, files: HostFiles = HostFiles(), scheduler: any Scheduler) {
        self.network = network
        self.files = files
        self.scheduler = scheduler
    }

    /// Links, addresses or routes of the host may have changed. Whoever observes is told what did; if nobody does, nothing is
    /// asked.
    public func networkChanged() {
        lookedAt = nil
        changes?.changed(Path(4, 0))
    }

    public func definition(in version: EnablerVersion) -> ObjectDefinition { .connectivityMonitoring(in: version) }

    // MARK: Reading

    public func resources(of instance: UInt16) -> [UInt16] {
        look()
        return definition.resources.map(\.id).filter { content($0) != nil }
    }

    public func read(_ instance: UInt16, _ resource: UInt16) throws(OperationError) -> ResourceContent {
        look()
        guard let content = content(resource) else {
            throw OperationError(.notFound, "this host's link has no \(definition[resource]?.name ?? "such resource")")
        }
        return content
    }

    private func content(_ resource: UInt16) -> ResourceContent? {
        switch resource {
        case 0: .single(.integer(bearer.rawValue))
        case 1: several((picture?.bearers ?? []).map { .integer($0.rawValue) })
        // Mandatory: 0 for a link that is no radio.
        case 2: .single(.integer(picture?.signal ?? 0))
        case 4: several((picture?.addresses ?? []).map { .string($0) })
        case 5:
            (picture?.routers).flatMap { $0.isEmpty ? nil : .multiple($0.mapValues { .string($0) }) }
        case 6: utilization.percent.map { .single(.integer($0)) }
        default: nil
        }
    }

    private func several(_ values: [Value]) -> ResourceContent {
        .multiple(Dictionary(uniqueKeysWithValues: values.enumerated().map { (UInt16($0), $1) }))
    }

    /// Looks at the host, at most once a second: reading the whole object is one look. What cannot be asked stays as it was.
    private func look() {
        if let lookedAt, scheduler.now - lookedAt < .seconds(1) { return }
        lookedAt = scheduler.now
        guard let host = network.picture() else { return }
        let picture = ConnectivityPicture(host, path: network.pathToServer())
        self.picture = picture
        bearer = picture.bearer ?? bearer
        utilization.look(picture.device, rate: rate(of: picture), at: scheduler.now)
    }

    /// Bits per second: a radio's present rate, or what the driver says (Documentation/ABI/testing/sysfs-class-net, `speed`).
    private func rate(of picture: ConnectivityPicture) -> Double? {
        if let rate = picture.radioRate { return rate }
        guard let device = picture.device, let megabits = files.integer("/sys/class/net/\(device.name)/speed"),
            megabits > 0
        else { return nil }
        return Double(megabits) * 1_000_000
    }

    /// Signal and utilization change without a word; links, addresses and routes are announced.
    public func samplingInterval(_ instance: UInt16, _ resource: UInt16) -> Duration? {
        resource == 2 || resource == 6 ? .seconds(30) : nil
    }

    public func write(
        _ instance: UInt16, _ values: [UInt16: ResourceContent], mode: WriteMode
    ) async throws(OperationError) {
        throw OperationError(.methodNotAllowed, "links are only looked at here")
    }

    public func execute(
        _ instance: UInt16, _ resource: UInt16, _ arguments: [ExecuteArgument]
    ) async throws(OperationError) {
        throw OperationError(.methodNotAllowed, "resource \(resource) is not executed")
    }
}
