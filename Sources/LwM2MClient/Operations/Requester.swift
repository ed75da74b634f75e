/// Who asks: decides what is shown and what may be done (LwM2M Core 8.2).
public enum Requester: Hashable, Sendable {
    /// A server, by the instance of its account in objects 0 and 1.
    case server(account: UInt16)
    /// A caller on this host, through an interface that has checked its rights.
    case host
}

extension Requester {
    /// Who asked for what an object does now, and for all that it starts for that: set while an operation of a server is carried out.
    @TaskLocal public static var current = Requester.host

    /// The account of the server that asked; nil: nobody but this host did.
    public static var currentAccount: UInt16? {
        if case .server(let account) = current { account } else { nil }
    }
}
