import Bus

/// `org.gatekeel.Agent1`: the LwM2M client, of `gatekeeld`, on the system bus. Root and the group adm may look; root and
/// the service's own user may change something.
public enum Agent1 {
    public static let busName = "org.gatekeel.Agent1"
    public static let path = "/org/gatekeel/Agent1"

    public static let interface = BusInterface(
        busName,
        """
        What the gateway's LwM2M client does and shows. Root and the user gatekeel may call what changes something; the
        group adm may look. Dictionaries may gain keys: ignore those that you do not know.

        Errors are named org.gatekeel.Error.X, with a text for people: NotFound, AccessDenied, InvalidArgument,
        Refused, Failed, Unavailable (gatekeeld runs and cannot start its work yet; it tries again, and Reload does so at once).
        """,
        methods: [
            .init(
                "Status",
                """
                endpoint s, version s, servers aa{sv}: name s, uri s, state s (registered, registering, waiting, stopped,
                disabled, asleep, unusable),
                short-server-id u, registered-at t, next-attempt t, lifetime u, reason s, waiting-values u (to be sent),
                interface s (of the network, by which it is contacted);
                transfers aa{sv}: instance u,
                kind s (push, pull), phase s (queued, waiting, transferring, verifying), host s, received t, total t (0
                when unknown), reason s (why it waits, or that it is slow), since t, next-attempt t; configuration-problems as (of the files, while an
                earlier configuration is in use), state-problems as (state files that cannot be read, which are tried again). Times are seconds since the epoch, 0 for
                none; an address shows no user information and no query.
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
                "Send",
                """
                Sends what paths hold to a server, or to all if the name is empty, and waits up to 10 seconds for their answers.
                For each account: server s, result s (delivered, stored, muted, nothing, failed), reason s. What is stored is sent
                when the server is in contact. NotFound for a path or an account that is not there.
                """,
                inputs: [.init("paths", "as"), .init("server", "s")], outputs: [.init("results", "aa{sv}")],
                changes: true),
            .init(
                "Cancel",
                """
                Ends the transfer of a package to an instance of object 9 and drops its bytes. NotFound when none is under
                way, or when all of it has arrived.
                """,
                inputs: [.init("instance", "u")], changes: true),
            .init(
                "Reload",
                """
                Reads the configuration again and applies it; returns when that is done. If the files have an error,
                nothing changes, and the call fails with Refused and every problem, one a line. It fails with Failed when the
                accounts cannot be stored: they stay as they were.
                """, changes: true),
            .init(
                "Reconnect",
                """
                Drops every session and contacts the servers at once, also those that wait for their next attempt or disabled
                themselves.
                Returns before they answer; StatusChanged tells what becomes of it.
                """, changes: true),
        ],
        signals: [.init("StatusChanged", "Something of Status changed.", arguments: [.init("status", "a{sv}")])])
}
