import Journal

extension AgentConfiguration {
    static let endpointKey = Key<String?>(
        "Endpoint",
        ValueType(
            allowed: "at most 128 letters, digits and the characters - _ . : only",
            parse: { text in
                let fits =
                    text.utf8.count <= 128
                    && text.allSatisfy { character in
                        character.isASCII && (character.isLetter || character.isNumber || "-_.:".contains(character))
                    }
                return fits ? text : nil
            }, format: { $0 }),
        "The endpoint client name that servers know this gateway by. Without it the name is \"gatekeel-\" and an "
            + "identifier derived from /etc/machine-id: the same after every start, different on every gateway, and of no "
            + "use to find out the machine-id itself.")

    static let logLevelKey = Key(
        "LogLevel", .logLevel, default: .info,
        "What is written into the journal: messages of this level and of the more severe ones before it in the list. "
            + "With debug the journal grows fast.")

    /// Every key of `gatekeeld.conf`.
    public static let table = KeyTable(
        file: "gatekeeld.conf", summary: "configuration of the LwM2M agent gatekeeld",
        documentation: [
            "Put changes into a file of your own in /etc/gatekeel/gatekeeld.conf.d/ that ends in .conf, or edit this "
                + "file. 'systemctl reload gatekeeld' makes them take effect, 'gatekeel config check' shows what is "
                + "wrong before that.",
            "Each [Server NAME] section is an account. It applies when it is new or was changed. Values that a server "
                + "writes to its account stay until the section is changed again.",
        ],
        sections: [
            SectionDeclaration(
                "Agent", "The gateway as an LwM2M client.", [endpointKey.declaration, logLevelKey.declaration]),
            SectionDeclaration(
                "Server", named: "NAME",
                "A server to register with. Choose any NAME; there may be more than one such section.",
                ServerConfiguration.keys),
            SectionDeclaration(
                "Send", named: "NAME",
                "Values that are sent to servers without being asked for (Send, of LwM2M 1.1). While a server is not in contact "
                    + "they are kept in memory with their times, at most 256 KiB for each server; then the oldest are dropped.",
                SendConfiguration.keys),
            SectionDeclaration(
                "Device",
                "What the Device object (3) says about the gateway. Values that are not set here are taken from DMI or the "
                    + "device tree; values that these do not provide are omitted.",
                DeviceConfiguration.keys),
            SectionDeclaration(
                "Software", "Software Management (object 9).", SoftwareConfiguration.keys),
        ],
        examples: [
            (
                "A server, in /etc/gatekeel/gatekeeld.conf.d/main.conf; the key file is made with 'openssl rand -hex 16':",
                [
                    "[Server main]", "URI=coaps://lwm2m.example.com", "PSKIdentity=gw1",
                    "PSKKeyFile=/etc/gatekeel/keys/main.psk", "Lifetime=5min",
                ]
            ),
            (
                "The battery level each quarter of an hour, and at once when it crosses 20 %:",
                ["[Server main]", "MuteSend=no", "[Send battery]", "Paths=/3/0/9", "Period=15min", "GreaterThan=20"]
            ),
            ("A NAT on the way forgets a mapping after 30 seconds:", ["[Server main]", "KeepAlive=25s"]),
            (
                "A credential of systemd instead of a key file, with 'systemctl edit gatekeeld' and "
                    + "LoadCredential=main.psk:/path in the section [Service]:",
                ["[Server main]", "PSKKeyFile=/run/credentials/gatekeeld.service/main.psk"]
            ),
        ])
}
