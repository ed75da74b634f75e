import Bus

/// `org.gatekeel.Installer1`: packages, of `gatekeel-installd`, on the system bus.
public enum Installer1 {
    public static let busName = "org.gatekeel.Installer1"
    public static let path = "/org/gatekeel/Installer1"

    public static let interface = BusInterface(
        busName,
        """
        Packages of this gateway. Root and the user gatekeel may call what changes something; the group adm may
        look. Dictionaries may gain keys: ignore those that you do not know.

        Errors are named org.gatekeel.Error.X, with a text for people: BadSignature, Unsupported, NoSpace,
        UnmetRelation, Downgrade, WrongArchitecture, Conflict, Busy, NotFound, AccessDenied, InvalidArgument, Failed,
        Unavailable (every method but Keyring, while StoreProblem is not empty).
        """,
        methods: [
            .init(
                "Stage",
                """
                Copies a package out of a regular file, verifies the copy and checks it against this host. It waits, also
                across restarts, until it is installed or discarded.
                info: name s, version s, architecture s, description s, signer s, size t, installed-size t, staged-at t,
                units as, warnings as, token s.
                No options are defined; unknown ones are refused.
                """,
                inputs: [.init("file", "h"), .init("options", "a{sv}")],
                outputs: [.init("token", "s"), .init("info", "a{sv}")], changes: true),
            .init("Discard", "Drops a staged package.", inputs: [.init("token", "s")], changes: true),
            .init(
                "Install",
                """
                Installs a staged package or updates to it; returns once the deployment is durable. Its way is told by
                DeploymentChanged.
                options: allow-downgrade b (root only), activate s: restore (as it was; the default), yes, no;
                reinstall b: also what is in place already, byte for byte.
                """,
                inputs: [.init("token", "s"), .init("options", "a{sv}")], outputs: [.init("deployment", "s")],
                changes: true),
            .init(
                "Remove",
                "Removes a package. options: purge b: its configuration files and its data as well (root only).",
                inputs: [.init("name", "s"), .init("options", "a{sv}")], outputs: [.init("deployment", "s")],
                changes: true),
            .init(
                "Activate", "Enables and starts a package's units.", inputs: [.init("name", "s")],
                outputs: [.init("deployment", "s")], changes: true),
            .init(
                "Deactivate", "Stops and disables a package's units.", inputs: [.init("name", "s")],
                outputs: [.init("deployment", "s")], changes: true),
            .init(
                "Rollback", "Back to the previous version.", inputs: [.init("name", "s")],
                outputs: [.init("deployment", "s")], changes: true),
            .init("ListPackages", "All packages, as GetPackage.", outputs: [.init("packages", "aa{sv}")]),
            .init(
                "GetPackage",
                """
                A package: name s, version s, previous s, state s (installed, absent: only configuration files are left),
                active b, enabled b, units as, signer s, description s, architecture s, installed-at t, reason s (why its
                last deployment ended badly), reason-version s (the version that the reason is about), warnings as,
                problems as (what of the host does not fit it any more), provides s (names that it provides to
                relations of other packages).
                """,
                inputs: [.init("name", "s")], outputs: [.init("package", "a{sv}")]),
            .init(
                "Overlay",
                """
                The folders that a package's units see over /usr and /opt: that of its release, then those of the packages that it
                depends on and that are not on the host.
                """,
                inputs: [.init("name", "s")], outputs: [.init("folders", "as")]),
            .init("ListStaged", "Packages that wait, as Stage's info.", outputs: [.init("staged", "aa{sv}")]),
            .init(
                "GetDeployment",
                """
                A deployment: id s, package s, operation s (install, update, remove, activate, deactivate, rollback),
                version s, previous s, state s (the step), percent u, result s (running, done, failed, rolled-back),
                reason s (a short token, a colon, a text), down b (the version before could not be started again), token s (of the
                staged package), started-at t, ended-at t, downtime t (microseconds), until t
                (when the step that is under way ends at the latest; 0 when that is not known).
                """,
                inputs: [.init("id", "s")], outputs: [.init("deployment", "a{sv}")]),
            .init(
                "ListDeployments", "The latest deployments, the newest first.", inputs: [.init("limit", "u")],
                outputs: [.init("deployments", "aa{sv}")]),
            .init(
                "Keyring", "Certificates that packages may be signed under: subject s, not-after t, sha256 s, file s.",
                outputs: [.init("certificates", "aa{sv}")]),
            .init(
                "SignedTime",
                """
                The newest time in signed data that was accepted; certificates are checked at the later of the clock and this.
                time t (0 when none is known), package s, version s, signer s: whose signature contains it.
                """,
                outputs: [.init("time", "a{sv}")]),
            .init(
                "ResetSignedTime",
                """
                Forgets the newest signed time, if a signer's clock was wrong (root only). The next package that is accepted sets
                it again.
                """,
                changes: true),
        ],
        signals: [
            .init(
                "PackageChanged", "A package came, or something of it changed; the whole of it, as GetPackage.",
                arguments: [.init("name", "s"), .init("package", "a{sv}")]),
            .init("PackageRemoved", "Nothing is left of a package.", arguments: [.init("name", "s")]),
            .init(
                "DeploymentChanged", "A deployment took a step or ended; the whole of it, as GetDeployment.",
                arguments: [.init("id", "s"), .init("deployment", "a{sv}")]),
        ],
        properties: [
            .init("Version", "s", "Gatekeel's version.", changes: .never),
            .init(
                "Busy", "b",
                "Whether a deployment is under way, or may be: a request for one is being checked, or the store is not open."
            ),
            .init("Progress", "a{sv}", "The deployment under way, as GetDeployment; empty when there is none."),
            .init(
                "ConfigurationRefused", "b",
                "Whether the configuration files have errors, and the last configuration that worked is in use."),
            .init(
                "StoreProblem", "s",
                "Why the store cannot be opened, and so nothing is known of the packages; it is tried again. Empty when it is open."
            ),
        ])
}
