import Bus

/// `org.gatekeel.Agent1`: the LwM2M client, of `gatekeeld`, on the system bus. Root and the group adm may look; root
/// and the user gatekeel may change something.
public enum Agent1 {
    public static let busName = "org.gatekeel.Agent1"
    public static let path = "/org/gatekeel/Agent1"

    public static let interface = BusInterface(
        busName,
        "What the gateway's LwM2M client does and shows. Dictionaries may gain keys: ignore those that you do not know.",
        methods: [
            .init(
                "Status",
                """
                endpoint s, version s, servers aa{sv}: name s, uri s, state s (registered, registering, waiting, stopped),
                short-server-id u, registered-at t, next-attempt t, lifetime u, reason s. Times are seconds since the
                epoch, 0 for none; an address shows no user information and no query.
                """,
                outputs: [.init("status", "a{sv}")]),
            .init(
                "Objects",
                "The objects that are served: id u, name s, version s, instances au.",
                outputs: [.init("objects", "aa{sv}")]),
            .init(
                "Read",
                """
                Reads an object, an instance, a resource or a resource instance: /3, /3/0, /3/0/9. Each value that is
                there: path s, name s, type s, unit s, value v (s, x, t, d, b, ay; times are seconds since the epoch).
                """,
                inputs: [.init("path", "s")], outputs: [.init("values", "aa{sv}")]),
            .init(
                "Reload",
                """
                Reads the configuration again and applies it; returns when that is done. If the files have an error,
                nothing changes, and the call fails with InvalidArgument and every problem, one a line.
                """, changes: true),
            .init(
                "Reconnect",
                """
                Drops every session and contacts the servers at once, also those that wait for their next attempt.
                Returns before they answer; StatusChanged tells what becomes of it.
                """, changes: true),
        ],
        signals: [.init("StatusChanged", "Something of Status changed.", arguments: [.init("status", "a{sv}")])])
}
