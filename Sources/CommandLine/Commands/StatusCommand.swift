import Configuration
import Contract
import EventLoop
import JSON

/// `status`: all at a glance.
@LoopActor
struct StatusCommand {
    let console: Console
    let gateway: any Gateway
    /// `--check`: the exit code reports problems.
    var checks = false
    /// How long before its end a certificate is mentioned.
    var certificateWarning: Duration
    var now = Moments.now

    func run() async throws(Failure) -> ExitCode {
        let picture = await GatewayPicture.take(gateway, now: now)
        if console.isJSON {
            console.json(JSON(picture))
        } else {
            for failure in picture.failures { console.complain(failure.text) }
            if case .success(true) = picture.installerConfigurationRefused, !checks {
                console.complain("warning: \(GatewayPicture.installerRefused)")
            }
            if case .success(let status) = picture.agent { show(status) }
            if case .success(let packages) = picture.packages { show(packages, picture.running) }
            if case .success(let time) = picture.signedTime, time.time > 0 { show(time) }
            for certificate in (try? picture.certificates.get()) ?? [] {
                if let text = self.warning(certificate) { console.complain("warning: \(text)") }
            }
            if checks { for ill in picture.ills { console.complain(ill) } }
        }
        if let failure = picture.failures.first { return failure.code }
        return checks && !picture.ills.isEmpty ? .unhealthy : .done
    }

    private func show(_ status: AgentStatus) {
        console.line("Endpoint \(status.endpoint), Gatekeel \(status.version)")
        if !checks {
            for problem in status.configurationProblems {
                console.complain("warning: the configuration has an error; an earlier one is in use: \(problem)")
            }
            for problem in status.stateProblems { console.complain("warning: \(problem)") }
        }
        if status.servers.isEmpty {
            console.line("No servers; add a section [Server NAME] in /etc/gatekeel/gatekeeld.conf.d/.")
        } else {
            var table = TextTable("SERVER", "ADDRESS", "STATE", "SINCE", "NOTE")
            for server in status.servers {
                table.add(
                    server.name, server.uri, server.state.rawValue, Moments.text(server.registeredAt),
                    [server.reason, next(server), Self.waiting(server)].filter { !$0.isEmpty }.joined(separator: "; "))
            }
            console.table(table)
        }
        guard !status.transfers.isEmpty else { return }
        if console.isTerminal { console.line("") }
        console.table(Self.table(status.transfers, now: now))
    }

    private func next(_ server: ServerStatus) -> String {
        guard server.state != .registered, server.nextAttempt > 0 else { return "" }
        let left = server.nextAttempt - now
        return "next attempt \(left > 0 ? "in \(Moments.span(left))" : "now")"
    }

    private static func waiting(_ server: ServerStatus) -> String {
        switch server.waitingValues {
        case 0: ""
        case 1: "1 value waits to be sent"
        default: "\(server.waitingValues) values wait to be sent"
        }
    }

    private static func table(_ transfers: [TransferInfo], now: Int64) -> TextTable {
        var table = TextTable("TRANSFER", "KIND", "PHASE", "HOST", "RECEIVED", "NOTE")
        for transfer in transfers {
            let total = transfer.total > 0 ? " of \(ByteSize.rounded(transfer.total))" : ""
            let left = transfer.nextAttempt - now
            let next = left > 0 ? "next attempt in \(Moments.span(left))" : ""
            table.add(
                "/9/\(transfer.instance)", transfer.kind.rawValue, transfer.phase.rawValue, transfer.host,
                ByteSize.rounded(transfer.received) + total,
                [transfer.reason, next].filter { !$0.isEmpty }.joined(separator: "; "))
        }
        return table
    }

    private func show(_ packages: [PackageInfo], _ running: DeploymentInfo?) {
        if console.isTerminal { console.line("") }
        if packages.isEmpty { console.line("No packages.") } else { console.table(ViewCommands.table(packages)) }
        for package in packages where !checks {
            for problem in package.problems { console.complain("warning: the package \(package.name): \(problem)") }
        }
        if let running {
            console.line("\(running.operation) of \(running.subject): \(running.activity) (\(running.percent)%)")
        }
    }

    private func show(_ time: SignedTimeInfo) {
        if console.isTerminal { console.line("") }
        console.line("Newest signed time: \(Moments.text(time.time)) (\(time.package) \(time.version), \(time.signer))")
    }

    /// nil when a certificate is good for a while.
    func warning(_ certificate: CertificateInfo) -> String? {
        let days = Moments.days(until: certificate.notAfter, now: now)
        let name = "the certificate \(certificate.subject) (\(certificate.file))"
        let advice = "add its successor with 'gatekeel keyring add FILE'"
        if days < 0 {
            return
                "\(name) expired on \(Moments.text(certificate.notAfter)); packages signed under it are refused; \(advice)"
        }
        guard certificateWarning > .zero, days < certificateWarning.components.seconds / 86400 else { return nil }
        return "\(name) expires in \(days) days, on \(Moments.text(certificate.notAfter)); \(advice)"
    }
}

extension JSON {
    /// What `status --json` writes.
    init(_ picture: GatewayPicture) {
        self = [
            "agent": Self.part(picture.agent.map { JSON($0) }),
            "packages": Self.part(picture.packages.map { .array($0.map { JSON($0) }) }),
            "deployment": Self.part(picture.deployments.map { _ in picture.running.map { JSON($0) } ?? .null }),
            "keyring": Self.part(picture.certificates.map { .array($0.map { JSON($0) }) }),
            "signed-time": Self.part(picture.signedTime.map { JSON($0) }),
            "installer-configuration-refused": Self.part(picture.installerConfigurationRefused.map { .bool($0) }),
            "problems": .array((picture.failures.map(\.text) + picture.ills).map { .string($0) }),
        ]
    }

    private static func part(_ result: Result<JSON, ContractError>) -> JSON {
        switch result {
        case .success(let value): value
        case .failure(let error):
            ["error": ["name": .string(ExitCode(error.code).name), "text": .string(error.text)]]
        }
    }
}
