import EventLoop
import Linux
import Netlink

/// Tells that links, addresses or routes of the host may have changed, once for a burst of events.
@LoopActor
final class NetworkWatch {
    private let monitor: RouteMonitor
    private let scheduler: any Scheduler
    private let changed: @LoopActor () -> Void
    private var source: IOSource?
    private var pending: (any Scheduled)?

    /// Events come in bursts: a link, its addresses, its routes. They are told together, this long after the first one.
    static let settling = Duration.seconds(1)

    init(scheduler: any Scheduler, changed: @escaping @LoopActor () -> Void) throws(Errno) {
        monitor = try RouteMonitor()
        self.scheduler = scheduler
        self.changed = changed
        source = IOSource(descriptor: monitor.descriptor) { [weak self] _ in self?.readable() }
    }

    func stop() {
        source?.cancel()
        pending?.cancel()
    }

    private func readable() {
        guard monitor.drain(), pending == nil else { return }
        pending = scheduler.schedule(after: Self.settling) { [weak self] in
            self?.pending = nil
            self?.changed()
        }
    }
}
