import Contract

/// All commands and options: the one source of parsing, help, man page and completion.
enum CommandTable {
    /// Options of every command.
    static let common = [
        OptionDeclaration("json", "Writes JSON, for programs. Times are seconds since the epoch."),
        OptionDeclaration("help", "Shows help, on the program or on a command."),
        OptionDeclaration("version", "Shows the version."),
    ]

    private static let noWait = OptionDeclaration(
        "no-wait", "Returns when the deployment has begun, with its identifier; \"gatekeel history\" shows its end.")
    private static let name = ArgumentDeclaration("NAME", .package)

    static let commands = [
        CommandDeclaration(
            .status, "Show the servers, the packages and what is under way",
            "Shows the state of the registration with each server, the packages, a deployment that runs, and "
                + "certificates of the keyring that have expired or are about to."),
        CommandDeclaration(
            .objects, "List the LwM2M objects and their instances", "Lists what the agent serves, by object."),
        CommandDeclaration(
            .read, "Read a path of the LwM2M data model",
            "Reads an object, an instance, a resource or a resource instance as a server sees it: /3, /3/0, /3/0/9.",
            arguments: [ArgumentDeclaration("PATH", .words(["/1", "/3", "/3/0", "/9"]))]),
        CommandDeclaration(
            .packages, "List the packages, or show one", "Lists the packages, or shows all that is known of one.",
            arguments: [ArgumentDeclaration("NAME", required: false, .package)]),
        CommandDeclaration(
            .install, "Install a package, or update to it",
            "Hands a signed package to the installer, which verifies and checks it, switches it in, watches it and "
                + "keeps it only if it is healthy. A package that is new is not activated unless you say so. With - "
                + "the package is read from standard input.",
            arguments: [ArgumentDeclaration("FILE", .file)],
            options: [
                OptionDeclaration(
                    "activate", value: "WHEN", completes: .words(["restore", "yes", "no"]),
                    "Whether its units are enabled and started afterwards: restore (as it was before; the default), "
                        + "yes or no."),
                OptionDeclaration(
                    "allow-downgrade",
                    "Takes a version below the highest one that was kept. Only root may ask for that."),
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
                        + "StateDirectory=, CacheDirectory= and LogsDirectory= of its units, but for what another package has "
                        + "too. What it wrote elsewhere stays, and its users do. Only root may ask for that."),
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
            "Brings back the previous version with its configuration files. What the present version wrote in /var is "
                + "not undone. Only root may ask for that.", arguments: [name], options: [noWait]),
        CommandDeclaration(
            .history, "Show what was installed, updated, removed and undone, and why",
            "Shows the latest deployments, the newest first, those of one package with NAME.",
            arguments: [ArgumentDeclaration("NAME", required: false, .package)],
            options: [OptionDeclaration("limit", value: "COUNT", "How many deployments are shown; 20 by default.")]),
        CommandDeclaration(
            .log, "Show the journal of a package",
            "Shows what the package's units wrote and what Gatekeel did with the package: journalctl(1) with its fields.",
            arguments: [name],
            options: [
                OptionDeclaration("follow", "Goes on showing what comes."),
                OptionDeclaration("lines", value: "COUNT", "The last so many lines; 50 by default."),
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
                    "The signer's certificate in PEM, and after it the authorities between it and the keyring's."),
                OptionDeclaration(
                    "manifest", value: "FILE", completes: .file,
                    "A manifest to attach (gatekeel.manifest(5)). It is checked first."),
                OptionDeclaration("output", value: "FILE", completes: .file, "Where the signed package is written."),
                OptionDeclaration(
                    "passphrase-file", value: "FILE", completes: .file,
                    "A file with the passphrase of an encrypted key."),
                OptionDeclaration("replace", "Replaces a signature that is there."),
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
            "Shows name, version, signer, units, configuration files, and everything that the installer would refuse or "
                + "warn of. The signature is not verified.", arguments: [ArgumentDeclaration("FILE", .file)]),
        CommandDeclaration(
            .keyringAdd, "Trust the packages of a certificate authority",
            "Adds a certificate in PEM to /etc/gatekeel/keyring.d. Whoever has the key of a certificate that it "
                + "issued for code signing can then install packages.",
            arguments: [ArgumentDeclaration("FILE", .file)],
            options: [
                OptionDeclaration("name", value: "NAME", "The name in the keyring; the file's by default.")
            ]),
        CommandDeclaration(
            .keyringList, "List the certificates that packages may be signed under",
            "Lists the certificates of /etc/gatekeel/keyring.d, with the days that are left."),
        CommandDeclaration(
            .configCheck, "Check the configuration files",
            "Checks gatekeeld.conf, installd.conf, their drop-ins, key files and the keyring, and shows all that is "
                + "wrong. As a user who may not read the keys it says so."),
    ]

    static func declaration(_ command: Command) -> CommandDeclaration? { commands.first { $0.command == command } }
}
