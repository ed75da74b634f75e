import LwM2M

/// What an outage leaves of one server's observations, as it is kept over a restart (1/x/6). Pure.
struct KeptNotifications: Hashable, Sendable {
    struct Observation: Hashable, Sendable {
        var request: Request
        /// Of its parts, in their order.
        var paths: [Path]
    }

    /// Values of one moment.
    struct Record: Hashable, Sendable {
        /// The index of its observation.
        var observation: Int
        var moment: Moment
        /// Of the observation's parts.
        var contents: [PathContent]
    }

    /// A moment by two clocks.
    struct Moment: Hashable, Sendable {
        /// The scheduler's, which holds within a boot whatever the time of day is set to; nil: it was in an earlier boot.
        var uptime: Duration?
        /// The time since 1970.
        var time: Duration
    }

    /// Whose they are: another server under the same name gets none of them.
    var server = ""
    /// The boot in which they were kept.
    var boot = ""
    /// Until when the server knows the observations.
    var until = Moment(uptime: nil, time: .zero)
    var observations: [Observation] = []
    /// Oldest first.
    var records: [Record] = []
}
