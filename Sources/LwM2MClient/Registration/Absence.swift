/// Why a server is not in contact, for what is to be told to it.
enum Absence: Hashable, Sendable {
    /// It is.
    case none
    /// On purpose (queue mode, LwM2M Core 6.5): what is to be told is a reason for contact.
    case asleep
    /// Contact is on the way, after `asleep`.
    case waking
    case offline

    /// What happens when a session ends or one is on the way.
    ///
    /// - Parameter isAsleep: nothing is in the way of a session, and the server does not need one.
    mutating func suspend(isAsleep: Bool) { self = isAsleep ? .asleep : self == .asleep ? .waking : .offline }

    /// Sleep is no outage: nothing is dropped for it.
    var isOutage: Bool { self == .offline }
}
