extension Event {
    /// The catalogue file that is shipped as `/usr/lib/systemd/catalog/gatekeel.catalog`.
    public static func catalogue() -> String {
        allCases.map { event in
            let entry = event.entry
            let help = entry.help.isEmpty ? "" : "\n\n\(entry.help)"
            return """
                -- \(event.messageID)
                Subject: \(entry.subject)
                Defined-By: Gatekeel

                \(entry.body)\(help)

                """
        }.joined(separator: "\n")
    }

    private var entry: (subject: String, body: String, help: String) {
        switch self {
        case .registered:
            (
                "Registered with an LwM2M server",
                """
                The gateway is registered with the LwM2M server of the account @GATEKEEL_SERVER@
                and can be managed by it.
                """,
                ""
            )
        case .registrationFailed:
            (
                "An LwM2M server does not accept the registration",
                """
                The server of the account @GATEKEEL_SERVER@ rejected the registration or did not
                answer: @REASON@
                The gateway tries again by itself, with growing pauses.
                """,
                """
                Check the server's address, the endpoint name and the keys of the account in
                /etc/gatekeel/ ('gatekeel config check'), and that the server knows the endpoint.
                'gatekeel status' shows the next attempt, 'gatekeel reconnect' tries at once.
                """
            )
        case .deregistered:
            (
                "De-registered from an LwM2M server",
                """
                The gateway de-registered from the LwM2M server of the account @GATEKEEL_SERVER@.
                The server cannot manage it until it registers again.
                """,
                ""
            )
        case .packageInstalled:
            (
                "A package was installed",
                """
                Version @PACKAGE_VERSION@ of the package @PACKAGE@ is installed and kept.
                """,
                ""
            )
        case .packageRemoved:
            (
                "A package was removed",
                """
                The package @PACKAGE@ was removed. Its configuration and data stay unless it was
                purged.
                """,
                ""
            )
        case .packageRefused:
            (
                "A package was refused",
                """
                A package was not installed: @REASON@
                Nothing on the gateway was changed.
                """,
                """
                Correct the package or the policy in /etc/gatekeel/installd.conf, and send the
                package again. 'gatekeel package verify FILE' and 'gatekeel package info FILE'
                check a package on any machine.
                """
            )
        case .downloadWaits:
            (
                "A download waits",
                """
                A package cannot be downloaded now: @REASON@
                The gateway tries again by itself until DownloadPatience= of gatekeeld.conf(5) has
                passed without a byte. 'gatekeel status' shows how far it got and the next attempt.
                """,
                """
                Check that the host of the Package URI can be reached from the gateway: its name,
                the network, a firewall, a proxy. 'gatekeel cancel INSTANCE' ends the download.
                """
            )
        case .rolledBack:
            (
                "An update was undone",
                """
                The deployment @DEPLOYMENT@ of @PACKAGE@ failed: @REASON@
                The previous version is back, with its configuration files. Data that the new
                version wrote in /var is not undone.
                """,
                """
                'gatekeel log @PACKAGE@' shows what the new version wrote before it failed.
                Deliver a corrected version.
                """
            )
        case .deploymentFailed:
            (
                "A deployment failed",
                """
                The deployment @DEPLOYMENT@ of @PACKAGE@ failed: @REASON@
                """,
                """
                'gatekeel history @DEPLOYMENT@' shows its details, 'gatekeel log @PACKAGE@' what
                the package wrote. Remove the cause, then repeat the operation.
                """
            )
        case .deploymentRecovered:
            (
                "An interrupted deployment was resolved",
                """
                The deployment @DEPLOYMENT@ of @PACKAGE@ had been interrupted by a crash or a loss
                of power and was brought to an end: @REASON@
                """,
                """
                'gatekeel packages @PACKAGE@' shows which version is in place. If it is not the
                wanted one, deliver that again.
                """
            )
        case .activationFailed:
            (
                "A package could not be activated",
                """
                The units of the package @PACKAGE@ did not start: @REASON@
                """,
                """
                'gatekeel log @PACKAGE@' shows what its units wrote. Remove the cause, then call
                'gatekeel activate @PACKAGE@'.
                """
            )
        case .certificateExpires:
            (
                "A certificate of the keyring is about to expire",
                """
                The certificate @CERTIFICATE@ in /etc/gatekeel/keyring.d ends at @TIME@. After
                that no package signed under it can be installed; installed packages keep running.
                """,
                """
                Add its successor with 'gatekeel keyring add FILE'.
                """
            )
        case .hostChanged:
            (
                "The host does not fit an installed package any more",
                """
                Debian packages or files of the host have changed since @PACKAGE@ was installed:
                @REASON@
                It runs on, but may fail at its next start.
                """,
                """
                Do what the reason says. 'gatekeel status' lists the problems that are left.
                """
            )
        case .configurationRefused:
            (
                "The configuration has an error",
                """
                @FILE@ is not valid: @REASON@
                """,
                """
                Correct it ('gatekeel config check' names every error), then reload the service:
                'systemctl reload gatekeeld' or 'systemctl reload gatekeel-installd'.
                """
            )
        case .configurationKept:
            (
                "An earlier configuration is in use",
                """
                The configuration has errors. The service started with the last one that had none,
                so that the gateway can still be reached; later changes have no effect.
                """,
                """
                'gatekeel config check' names every error. Correct them and reload the service.
                """
            )
        case .keyRefused:
            (
                "A key file was refused",
                """
                The key file @FILE@ was not used: @REASON@
                """,
                """
                A key belongs in a file of its own that only root and the group gatekeel can
                read: chown root:gatekeel FILE; chmod 0640 FILE. Then 'systemctl reload gatekeeld'.
                """
            )
        case .storageFull:
            (
                "Storage is full",
                """
                There is not enough free storage: @REASON@
                """,
                """
                Free some space on the file system. The gateway continues by itself afterwards.
                """
            )
        case .stateRestored:
            (
                "A state file was damaged",
                """
                @FILE@ was damaged. Its previous good copy is used instead, if there is one.
                """,
                """
                Check the storage medium ('journalctl -k', 'smartctl -a DEVICE') and the power
                supply. 'gatekeel status' shows what the gateway works with now.
                """
            )
        case .stateUnreadable:
            (
                "State cannot be read",
                """
                @FILE@ cannot be read: @REASON@
                That is not taken for an absence: nothing is written over it and nothing is cleaned up. The
                gateway tries again by itself, at the latest every five minutes.
                """,
                """
                Check the storage medium ('journalctl -k', 'smartctl -a DEVICE') and that it is mounted
                and writable. If the text names a newer release of Gatekeel, install that one.
                'gatekeel status' shows what does not work meanwhile.
                """
            )
        case .accountReset:
            (
                "An account follows the configuration again",
                """
                The section of the account @GATEKEEL_SERVER@ changed in the configuration and is
                used. What the server had written to the account is dropped.
                """,
                ""
            )
        case .callerRefused:
            (
                "A caller was refused",
                """
                The user @CALLER@ called something that the user may not call: @OPERATION@
                """,
                """
                Only root and the service user gatekeel may change packages; members of the group
                adm may look. If the user should look, add it to the group: adduser USER adm.
                """
            )
        case .rebootRequested:
            (
                "A reboot was requested",
                """
                The gateway reboots: @REASON@
                """,
                ""
            )
        }
    }
}
