/// Who asks: decides what is shown and what may be done (LwM2M Core 8.2).
public enum Requester: Hashable, Sendable {
    /// A server, by the instance of its account in objects 0 and 1.
    case server(account: UInt16)
    /// A caller on this host, through an interface that has checked its rights.
    case host
}
