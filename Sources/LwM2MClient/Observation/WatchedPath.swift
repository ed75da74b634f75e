import LwM2M

/// A path whose content is followed: what was told of it last, and by which rule changes count.
struct WatchedPath {
    let path: Path
    var state: NotificationState
    var rule: NotificationState.Rule
    /// How often the path is to be looked at; nil when all of it is announced.
    var sampling: Duration?

    /// Whether a change at a path concerns this one.
    func overlaps(_ other: Path) -> Bool { path.contains(other) || other.contains(path) }

    /// What is to be done now.
    func step(at now: Duration) -> NotificationState.Step { state.step(at: now, rule, sampling: sampling) }
}
