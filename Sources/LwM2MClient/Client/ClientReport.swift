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
}
