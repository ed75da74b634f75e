/// What a client tells who wired it; the daemon writes it to the journal.
public enum ClientReport: Hashable, Sendable {
    /// Registered anew.
    case registered(server: String, location: String)
    /// In contact again after an outage; the registration had lasted.
    case reachedAgain(server: String)
    /// The server is out of reach; attempts go on.
    case lost(server: String, reason: String)
    /// The server refuses this client (4.00, 4.03, …); an attempt follows after a long time.
    case refused(server: String, code: Code, diagnostic: String)
    case deregistered(server: String)
    /// The server did not take values that were sent, and they are gone; told once until it takes some.
    case sendRefused(server: String, reason: String)
    /// Values that wait for the server had to make room for newer ones; told once until it is in contact again.
    case sendDropped(server: String)
    /// What the server is to be told after an outage cannot be stored; told once until it can.
    case notificationsNotStored(server: String, reason: String)
    /// The server disabled itself (1/x/4): it is left alone for so long.
    case disabled(server: String, seconds: Int64)
    /// Queue mode: this client is not to be reached from now on.
    case asleep(server: String)
    /// The server is contacted again after that.
    case awake(server: String)
}
