import EventLoop
import LwM2M

/// Follows the paths of one rule, whether servers are in contact or not, and says when their values are to be taken.
@LoopActor
final class SendSchedule {
    let rule: SendRule
    private let management: DeviceManagement
    private let scheduler: any Scheduler
    /// Takes the values of now and hands them to the servers.
    private let due: @LoopActor (SendRule) -> Void
    /// Those whose changes count; none without a condition.
    private var watched: [WatchedPath] = []
    private var nextPeriod: Duration?
    private var timer: (any Scheduled)?
    private var timerDue: Duration?

    /// - Parameter jitter: from 0 to 1: the first time comes after this part of the period, so that a fleet that was switched on
    ///   together does not send together.
    init(
        _ rule: SendRule, management: DeviceManagement, scheduler: any Scheduler, jitter: Double,
        due: @escaping @LoopActor (SendRule) -> Void
    ) {
        self.rule = rule
        self.management = management
        self.scheduler = scheduler
        self.due = due
        if let period = rule.period { nextPeriod = scheduler.now + period * min(max(jitter, 0), 1) }
        if let condition = rule.condition {
            watched = rule.paths.filter { !condition.hasChangeConditions || management.isNumeric($0) }
                .map { watch($0, management.readableContent(of: $0, for: .host)) }
        }
        advance()
    }

    func stop() {
        timer?.cancel()
        timer = nil
        timerDue = nil
        nextPeriod = nil
        watched = []
    }

    /// The content of a resource changed.
    func changed(_ path: Path) {
        var isConcerned = false
        for index in watched.indices where watched[index].overlaps(path) {
            isConcerned = true
            let rule = watched[index].rule
            if watched[index].state.mayLook(at: scheduler.now, rule, announced: path.resource) {
                look(index, announced: path.resource)
            }
        }
        if isConcerned { advance() }
    }

    /// Instances of an object came or went.
    func instancesChanged(_ object: UInt16) {
        for index in watched.indices where watched[index].path.object == object {
            let path = watched[index].path
            let rule = rule(at: path)
            watched[index].rule = rule
            watched[index].sampling = management.samplingInterval(of: path, rule)
        }
        changed(Path(object))
    }

    private func watch(_ path: Path, _ content: PathContent) -> WatchedPath {
        let rule = rule(at: path)
        return WatchedPath(
            path: path, state: NotificationState(content, at: scheduler.now), rule: rule,
            sampling: management.samplingInterval(of: path, rule))
    }

    private func rule(at path: Path) -> NotificationState.Rule {
        NotificationState.Rule(
            rule.condition ?? Attributes(), at: path, ServerSettings(), passing: management.passingResources(of: path))
    }

    private func look(_ index: Int, announced: UInt16? = nil) {
        let content = management.readableContent(of: watched[index].path, for: .host)
        watched[index].state.saw(content, at: scheduler.now, watched[index].rule, announced: announced)
    }

    private func advance() {
        let now = scheduler.now
        for index in watched.indices where watched[index].step(at: now) == .look { look(index) }
        var isDue = watched.contains { $0.step(at: now) == .notify }
        if let period = rule.period, let next = nextPeriod, now >= next {
            isDue = true
            // What was slept through is not made up for.
            nextPeriod = next + period > now ? next + period : now + period
        }
        if isDue {
            // All that the rule names is sent now, so nothing of it is owed any more.
            for index in watched.indices {
                watched[index].state.tell(management.readableContent(of: watched[index].path, for: .host), at: now)
            }
            due(rule)
        }
        rearm()
    }

    private func rearm() {
        var earliest = nextPeriod
        for path in watched {
            guard case .wait(let until?) = path.step(at: scheduler.now) else { continue }
            earliest = min(earliest ?? until, until)
        }
        guard earliest != timerDue else { return }
        timer?.cancel()
        timer = nil
        timerDue = earliest
        guard let earliest else { return }
        timer = scheduler.schedule(after: max(.zero, earliest - scheduler.now)) { [weak self] in
            self?.timer = nil
            self?.timerDue = nil
            self?.advance()
        }
    }
}
