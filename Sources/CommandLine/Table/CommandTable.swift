import Contract

/// All commands and options: the one source of parsing, help, man page and completion.
enum CommandTable {
    /// Options of every command.
    static let common = [
        OptionDeclaration(
            "json",
            "Writes JSON, for programs, also when the command fails. /usr/share/doc/gatekeel/docs/json.md describes every "
                + "document."),
        OptionDeclaration("help", short: "h", "Shows help on the program or on a command."),
        OptionDeclaration("version", short: "V", "Shows the version."),
    ]

    private static let noWait = OptionDeclaration(
        "no-wait",
        "Returns when the deployment has begun, with its identifier, which 'gatekeel watch' takes. While another deployment "
            + "is running, it fails at once instead of waiting for its turn.")
    private static let name = ArgumentDeclaration("NAME", .package)

    static let commands = [
        CommandDeclaration(
            .status, "Show the servers, the packages and what is running",
            "Shows each account with its registration or its problem, packages on their way from a server, the installed "
                + "packages, the deployment that is running, the newest time in a signature that was accepted, and "
                + "certificates of the keyring that have expired or expire soon.",
            options: [
                OptionDeclaration(
                    "check",
                    "Exits with 2 if the gateway is not registered with one of its servers, an enabled package is not active, or "
                        + "the clock is behind the newest signed time.")
            ]),
        CommandDeclaration(
            .objects, "List the LwM2M objects and their instances", "Lists what the agent serves, by object."),
        CommandDeclaration(
            .read, "Read a path of the LwM2M data model",
            "Reads an object, an instance, a resource or a resource instance as a server sees it: /3, /3/0, /3/0/9.",
            arguments: [ArgumentDeclaration("PATH", .words(["/1", "/3", "/3/0", "/9"]))]),
        CommandDeclaration(
            .packages, "List the packages, or show one",
            "Lists the packages, or shows all that is known of one. A note is why the last deployment ended badly; it begins "
                + "with the version that it is about, if that is not the installed one.",
            arguments: [ArgumentDeclaration("NAME", required: false, .package)]),
        CommandDeclaration(
            .install, "Install a package, or update to it",
            "Hands a signed package to the installer, which verifies and checks it, switches it in, watches it and "
                + "keeps it only if it is healthy. A new package is not activated unless you say so. With - the package "
                + "is read from standard input.",
            arguments: [ArgumentDeclaration("FILE", .file)],
            options: [
                OptionDeclaration(
                    "activate", value: "WHEN", completes: .words(["restore", "yes", "no"]),
                    "Whether its units are enabled and started afterwards: restore (as it was before; the default), "
                        + "yes or no."),
                OptionDeclaration(
                    "allow-downgrade",
                    "Accepts a version below the highest one that was kept. Only root may do that."),
                OptionDeclaration(
                    "reinstall",
                    "Installs the package also if the same one, byte for byte, is in place. Otherwise nothing is changed then."
                ),
                noWait,
            ]),
        CommandDeclaration(
            .remove, "Remove a package",
            "Stops and removes a package. Its configuration files and its data stay, unless they are purged.",
            arguments: [name],
            options: [
                OptionDeclaration(
                    "purge",
                    "Removes its configuration files and its data as well: the folders that it was given in /var and /srv, and the "
                        + "StateDirectory=, CacheDirectory= and LogsDirectory= of its units, except what another package has "
                        + "too and what was there before the package. Folders that it only lists, and those below /srv and /var/www, go if they are empty. "
                        + "Files that it wrote elsewhere stay, and so do its users. Only root may do that."
                ),
                noWait,
            ]),
        CommandDeclaration(
            .activate, "Enable and start a package's units", "The units start now and at every boot.",
            arguments: [name], options: [noWait]),
        CommandDeclaration(
            .deactivate, "Stop and disable a package's units", "The units stop now and do not start at boot.",
            arguments: [name], options: [noWait]),
        CommandDeclaration(
            .rollback, "Go back to a package's previous version",
            "Brings back the previous version with its configuration files. Data that the current version wrote in /var is "
                + "not undone. Only root may do that.", arguments: [name], options: [noWait]),
        CommandDeclaration(
            .history, "Show what was installed, updated, removed and undone, and why",
            "Shows the latest deployments, the newest first; those of one package with its name; all details of one "
                + "deployment with its identifier.",
            arguments: [ArgumentDeclaration("NAME|ID", required: false, .package)],
            options: [OptionDeclaration("limit", value: "COUNT", "How many deployments are shown; 20 by default.")]),
        CommandDeclaration(
            .watch, "Follow a deployment to its end",
            "Follows a deployment, whoever began it, and exits as the command that began it would. Without ID it follows the "
                + "one that is running.",
            arguments: [ArgumentDeclaration("ID", required: false, .deployment)]),
        CommandDeclaration(
            .staged, "List the packages that were handed over and are not installed",
            "Lists staged packages: delivered by a server, or left by an installation that failed or was never followed. "
                + "They take space, and there is a largest number of them."),
        CommandDeclaration(
            .discard, "Drop a staged package",
            "Removes the bytes of a staged package. One that a server delivered is told to the server as lost.",
            arguments: [ArgumentDeclaration("TOKEN", .staged)]),
        CommandDeclaration(
            .cancel, "Cancel a package's transfer from a server",
            "Ends the transfer of a package to an instance of object 9 (/9/0, or 0) and drops its bytes. The server sees the "
                + "instance in its initial state. 'gatekeel status' lists the transfers.",
            arguments: [ArgumentDeclaration("INSTANCE", .nothing)]),
        CommandDeclaration(
            .log, "Show the journal of a package",
            "Shows what the package's units and its health command wrote, and what Gatekeel and systemd say about them: "
                + "journalctl(1) with the fields that select these entries. Entries of other programs are not shown, "
                + "whatever they claim to be. With --json each entry is a JSON object of journalctl's.",
            arguments: [name],
            options: [
                OptionDeclaration("follow", short: "f", "Waits for new entries and shows them."),
                OptionDeclaration(
                    "lines", short: "n", value: "COUNT",
                    "Shows the last so many entries; 50 by default, and all of them with --since."),
                OptionDeclaration(
                    "since", value: "TIME",
                    "Shows entries from this time on, as journalctl(1) takes it: yesterday, \"2026-11-21 14:00\", -2h."),
            ]),
        CommandDeclaration(
            .run, "Run a command that sees a package's files",
            "Runs a command where the package's files are in /usr and /opt, as its units see them, with those of packages that it "
                + "depends on: systemd-run(1) with ExtensionDirectories=. The files come from the release that is in place when it "
                + "begins. Without a user it runs as root. It exits as the command does. 'gatekeel run mosquitto -- man mosquitto.conf' "
                + "shows a page of a package, if the host has man. Only root may do that.",
            arguments: [name, ArgumentDeclaration("COMMAND", repeated: true, .nothing)],
            options: [OptionDeclaration("user", short: "u", value: "USER", "Runs the command as this user.")]),
        CommandDeclaration(
            .links, "List the network links, and which server is contacted by which",
            "Lists the host's network interfaces with what they are, their state, their addresses, the signal of a radio, what they "
                + "received and sent since they exist, and the accounts whose servers are contacted by them. Anybody may call it; who "
                + "may not ask gatekeeld is not shown the servers."),
        CommandDeclaration(
            .link, "Show a network link",
            "Shows all that is known of one network interface. Of a radio that is also what it is associated with, the channels that it "
                + "may use, and the networks that its last scan saw: no scan is made for it.",
            arguments: [ArgumentDeclaration("NAME", .link)]),
        CommandDeclaration(
            .access, "Show what each of several servers may do",
            "Shows the access control lists (object 2): of which object instance, who owns the list and may change it, and what "
                + "each server may do. With one server there are none."),
        CommandDeclaration(
            .send, "Send values to the servers now",
            "Sends what paths hold to the servers without being asked for (Send, of LwM2M 1.1), and waits up to 10 seconds for "
                + "their answers. A server that is not in contact gets the values, with their time, when it is again. Servers mute "
                + "this with the resource 1/x/23; MuteSend=no in a server's section unmutes it. It exits with 1 if no server took "
                + "the values. Only root may do that.",
            arguments: [ArgumentDeclaration("PATH", repeated: true, .words(["/1", "/3", "/3/0", "/9"]))],
            options: [OptionDeclaration("server", value: "NAME", "Sends to this server only.")]),
        CommandDeclaration(
            .reconnect, "Contact the servers at once",
            "Drops every session and contacts the servers at once, also those that wait for their next attempt: after the "
                + "network or a server was repaired."),
        CommandDeclaration(
            .reload, "Load gatekeeld's configuration again",
            "Checks the configuration files and applies them. If they have errors, nothing changes, and the command fails "
                + "and shows them. 'systemctl reload gatekeeld' runs it."),
        CommandDeclaration(
            .metrics, "Write the gateway's state for Prometheus",
            "Writes Prometheus's text format. gatekeel-metrics.timer, which is not enabled by default, writes it each minute "
                + "into the folder of node_exporter's textfile collector: 'systemctl enable --now gatekeel-metrics.timer'.",
            options: [
                OptionDeclaration(
                    "output", value: "FILE", completes: .file,
                    "Replaces this file at once, instead of writing to standard output.")
            ]),
        CommandDeclaration(
            .diagnose, "Collect what support needs into one archive",
            "Writes status, packages, history, network links, the journal of Gatekeel's units, the configuration and versions into a "
                + "compressed tar archive that only you can read, and lists what is in it. Keys, user information and "
                + "queries of addresses, and comments of the configuration are removed. Call it as root to have all of it.",
            options: [
                OptionDeclaration(
                    "output", value: "FILE", completes: .file,
                    "The archive; gatekeel-diagnose-TIME.tar.gz in the current folder by default.")
            ]),
        CommandDeclaration(
            .packageSign, "Sign a Debian package",
            "Appends a signature, and the manifest if there is one, to an otherwise unmodified .deb; dpkg still "
                + "installs it. The file is replaced unless --output names another.",
            arguments: [ArgumentDeclaration("FILE", .file)],
            options: [
                OptionDeclaration("key", value: "FILE", required: true, completes: .file, "The private key, in PEM."),
                OptionDeclaration(
                    "certificate", value: "FILE", required: true, completes: .file,
                    "The signer's certificate in PEM, followed by the authorities between it and the keyring's."),
                OptionDeclaration(
                    "manifest", value: "FILE", completes: .file,
                    "A manifest to attach (gatekeel.manifest(5)). It is checked first."),
                OptionDeclaration(
                    "suggest",
                    "Makes the manifest from the maintainer scripts, as 'gatekeel package suggest' does, and shows it with "
                        + "every line that was not understood before it signs. On a terminal it asks. Not together with "
                        + "--manifest, and not for a package that has a manifest already."),
                OptionDeclaration(
                    "yes",
                    "With --suggest: signs without asking. If a line was not understood, nothing is signed, and the command "
                        + "exits with 6. Without a terminal this option is needed."),
                OptionDeclaration("output", value: "FILE", completes: .file, "Where the signed package is written."),
                OptionDeclaration(
                    "passphrase-file", value: "FILE", completes: .file,
                    "A file with the passphrase of an encrypted key."),
                OptionDeclaration("replace", "Replaces an existing signature."),
            ]),
        CommandDeclaration(
            .packageVerify, "Verify a package's signature",
            "Verifies the signature as the installer does, with the certificates of the keyring.",
            arguments: [ArgumentDeclaration("FILE", .file)],
            options: [
                OptionDeclaration(
                    "keyring", value: "FOLDER", completes: .folder,
                    "Certificates of this folder instead of /etc/gatekeel/keyring.d.")
            ]),
        CommandDeclaration(
            .packageInfo, "Show what a package holds and whether it fits this host",
            "Shows name, version, units, configuration files, what an update changes of these, and everything that the installer of "
                + "this host would refuse or warn of by its configuration, its keyring and what dpkg has installed. Ends with status "
                + "65 if it would refuse the package. Not considered are the packages that Gatekeel has installed and the free space.",
            arguments: [ArgumentDeclaration("FILE", .file)]),
        CommandDeclaration(
            .packageSuggest, "Make a manifest from a package's maintainer scripts",
            "Reads the maintainer scripts, without running anything, and writes a manifest that does the same: users, groups, "
                + "folders with their owners and modes. Standard error shows every line that was not understood, with script "
                + "and line, and lines that are left out with what that means. The exit status is 6 if a line was not "
                + "understood: read it in the script, complete the manifest, and sign with --manifest.",
            arguments: [ArgumentDeclaration("FILE", .file)]),
        CommandDeclaration(
            .keyringAdd, "Trust the packages of a certificate authority",
            "Adds a certificate in PEM to /etc/gatekeel/keyring.d. Whoever has the key of a certificate that it "
                + "issued for code signing can then install packages.",
            arguments: [ArgumentDeclaration("FILE", .file)],
            options: [
                OptionDeclaration("name", value: "NAME", "The name in the keyring; the file's by default.")
            ]),
        CommandDeclaration(
            .keyringRemove, "Stop trusting a certificate authority",
            "Removes a certificate from /etc/gatekeel/keyring.d, by the name that 'gatekeel keyring list' shows. Packages "
                + "signed under it are refused from now on; installed ones keep running.",
            arguments: [ArgumentDeclaration("NAME", .certificate)]),
        CommandDeclaration(
            .keyringList, "List the certificates that packages may be signed under",
            "Lists the certificates of /etc/gatekeel/keyring.d, with the days that are left."),
        CommandDeclaration(
            .timeReset, "Forget the newest signed time",
            "Packages are verified at the later of the clock and the newest time in a signature that was accepted, so that an "
                + "expired certificate does not become valid when the clock is set back. If a signer's clock was wrong, later "
                + "packages may be refused as expired. This command forgets that time; the next package that is accepted sets "
                + "it again. Only root may do that."),
        CommandDeclaration(
            .configCheck, "Check the configuration files",
            "Checks gatekeeld.conf, installd.conf, their drop-ins, the key files and the keyring. It names every file that "
                + "was read and shows all that is wrong. Called by root, it opens gatekeeld's files as the user gatekeel, so "
                + "that it finds what gatekeeld cannot read."),
    ]

    /// For the man page: what somebody wants, and the command line that does it.
    static let examples = [
        ("See whether all is well, for a monitoring system:", "gatekeel status --check"),
        ("Install a package and start it:", "gatekeel install --activate=yes rinetd_0.73-1_amd64.deb"),
        (
            "Install a package over ssh, without copying it first:",
            "ssh root@gw1 gatekeel install - < rinetd_0.73-1_amd64.deb"
        ),
        ("Find out why the last deployment of a package failed:", "gatekeel history rinetd"),
        ("Read what a package wrote in the last hour, and follow it:", "gatekeel log -f --since=-1h rinetd"),
        ("See the gateway as a server sees it:", "gatekeel read /3/0"),
        (
            "Sign a package:",
            "gatekeel package sign --key=sign.key --certificate=sign.pem rinetd_0.73-1_amd64.deb"
        ),
        (
            "Make a manifest for a daemon of Debian from its maintainer scripts:",
            "gatekeel package suggest mosquitto_2.0.11-1_amd64.deb"
        ),
        (
            "Name each server that the gateway is not registered with:",
            "gatekeel status --json | jq -r '.agent.servers[] | select(.state != \"registered\") | .name'"
        ),
    ]

    static func declaration(_ command: Command) -> CommandDeclaration? { commands.first { $0.command == command } }
}
