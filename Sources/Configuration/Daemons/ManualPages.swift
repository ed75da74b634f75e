extension AgentConfiguration {
    /// `gatekeeld.conf(5)`.
    public static var manualPage: String {
        table.manualPage(
            paths: files.shownPaths, seeAlso: ["gatekeel(1)", "gatekeeld(8)", "installd.conf(5)", "systemd.syntax(7)"],
            examples: [
                (
                    "A gateway behind a mobile network, in /etc/gatekeel/gatekeeld.conf.d/main.conf:",
                    [
                        "[Server main]", "URI=coaps://lwm2m.example.com", "PSKIdentity=gateway-17",
                        "PSKKeyFile=/etc/gatekeel/keys/main.psk", "KeepAlive=30s",
                    ]
                ),
                (
                    "A second server, and a name for the gateway:",
                    [
                        "[Agent]", "Endpoint=gateway-17", "", "[Server second]", "URI=coaps://[2001:db8::5]:5684",
                        "PSKIdentity=gateway-17", "PSKKeyFile=/etc/gatekeel/keys/second.psk", "ShortServerID=2",
                    ]
                ),
                (
                    "Turn the account main off without deleting its section:",
                    ["[Server main]", "URI="]
                ),
                (
                    "Check the files and use them:", ["gatekeel config check && systemctl reload gatekeeld"]
                ),
            ])
    }
}

extension InstallerConfiguration {
    /// `installd.conf(5)`.
    public static var manualPage: String {
        table.manualPage(
            paths: files.shownPaths,
            seeAlso: [
                "gatekeel(1)", "gatekeel-installd(8)", "gatekeel.manifest(5)", "gatekeeld.conf(5)", "systemd.syntax(7)",
            ],
            examples: [
                (
                    "Services that need longer to prove themselves, in /etc/gatekeel/installd.conf.d/fleet.conf:",
                    ["[Probation]", "StartTimeout=2min", "Time=5min", "MaxRestarts=1"]
                ),
                (
                    "A gateway for development, which takes every package and every version:",
                    ["[Install]", "RequireSignature=no", "AllowDowngrade=yes"]
                ),
                (
                    "Check the files and use them:", ["gatekeel config check && systemctl reload gatekeel-installd"]
                ),
            ])
    }
}

extension ConfigurationFiles {
    fileprivate var shownPaths: [String] { ["/etc/\(name)"] + roots.map { "\($0)/\(name).d/*.conf" } }
}
