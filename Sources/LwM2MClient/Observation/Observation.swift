import EventLoop
import LwM2M

/// One observation of a server: what it watches, how it wants it told, and what it was told.
@LoopActor
final class Observation {
    let token: [UInt8]
    let path: Path
    /// The Accept of the observe request: every notification is in that format.
    let accept: UInt16?
    var state: NotificationState
    var rule: NotificationState.Rule
    /// How often the path is to be looked at; nil when all of it is announced.
    var sampling: Duration?
    /// A last word is on its way, and the observation ends when it is acknowledged.
    var isEnding = false
    /// Notifications in a row that were not delivered.
    var failures = 0
    /// When it came to owe something: what changed first is told first.
    var stamp = 0

    init(token: [UInt8], path: Path, accept: UInt16?, state: NotificationState, rule: NotificationState.Rule) {
        self.token = token
        self.path = path
        self.accept = accept
        self.state = state
        self.rule = rule
    }

    func step(at now: Duration) -> NotificationState.Step {
        isEnding ? .wait(until: nil) : state.step(at: now, rule, sampling: sampling)
    }
}
