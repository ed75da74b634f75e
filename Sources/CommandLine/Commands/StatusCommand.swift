import Configuration
import Contract
import EventLoop
import JSON

/// `status`: all at a glance.
@LoopActor
struct StatusCommand {
    let console: Console
    let gateway: any Gateway
    /// How long before its end a certificate is mentioned.
    var certificateWarning = InstallerConfiguration().install.certificateWarning
    var now = Moments.now

    func run() async throws(Failure) -> ExitCode {
        let agent: Result<AgentStatus, ContractError> = await caught { () async throws(ContractError) in
            try await gateway.agentStatus()
        }
        let packages: Result<[PackageInfo], ContractError> = await caught { () async throws(ContractError) in
            try await gateway.packages()
        }
        let deployments = (try? await gateway.deployments(limit: 1)) ?? []
        let running = deployments.first { $0.result == .running }
        let keyring = (try? await gateway.keyring()) ?? []
        if console.isJSON {
            console.json(json(agent, packages, running, keyring))
        } else {
            show(agent)
            show(packages, running)
            for certificate in keyring {
                if let text = self.warning(certificate) { console.complain("warning: \(text)") }
            }
        }
        for case .failure(let error) in [agent.map { _ in () }, packages.map { _ in () }] {
            return ExitCode(error.code)
        }
        return .done
    }

    private func show(_ agent: Result<AgentStatus, ContractError>) {
        switch agent {
        case .failure(let error): console.complain(Failure(error, asking: "gatekeeld").text)
        case .success(let status):
            console.line("Endpoint \(status.endpoint), Gatekeel \(status.version)")
            if status.servers.isEmpty {
                console.line("No servers; give one a [Server NAME] section in /etc/gatekeel/gatekeeld.conf.")
                return
            }
            var table = TextTable("SERVER", "ADDRESS", "STATE", "SINCE", "NOTE")
            for server in status.servers {
                let next = server.nextAttempt > 0 ? "next attempt \(Moments.text(server.nextAttempt))" : ""
                let note = [server.reason, server.state == .registered ? "" : next].filter { !$0.isEmpty }
                table.add(
                    server.name, server.uri, server.state.rawValue, Moments.text(server.registeredAt),
                    note.joined(separator: "; "))
            }
            console.table(table)
        }
    }

    private func show(_ packages: Result<[PackageInfo], ContractError>, _ running: DeploymentInfo?) {
        switch packages {
        case .failure(let error): console.complain(Failure(error, asking: "gatekeel-installd").text)
        case .success(let packages):
            if console.isTerminal { console.line("") }
            if packages.isEmpty { console.line("No packages.") } else { console.table(ViewCommands.table(packages)) }
            if let running {
                console.line("\(running.operation) of \(running.subject): \(running.activity) (\(running.percent)%)")
            }
        }
    }

    /// nil when a certificate is good for a while.
    func warning(_ certificate: CertificateInfo) -> String? {
        let days = Moments.days(until: certificate.notAfter, now: now)
        if days < 0 {
            return
                "the certificate \(certificate.subject) (\(certificate.file)) has expired on \(Moments.text(certificate.notAfter)); packages signed under it are refused"
        }
        guard certificateWarning > .zero, days < certificateWarning.components.seconds / 86400 else { return nil }
        return
            "the certificate \(certificate.subject) (\(certificate.file)) expires in \(days) days, on \(Moments.text(certificate.notAfter))"
    }

    private func json(
        _ agent: Result<AgentStatus, ContractError>, _ packages: Result<[PackageInfo], ContractError>,
        _ running: DeploymentInfo?, _ keyring: [CertificateInfo]
    ) -> JSON {
        var members: [JSON.Member] = []
        switch agent {
        case .success(let status): members.append(.init("agent", JSON(status)))
        case .failure(let error):
            members.append(.init("agent", ["error": .string(error.code.rawValue), "text": .string(error.text)]))
        }
        switch packages {
        case .success(let packages): members.append(.init("packages", .array(packages.map { JSON($0) })))
        case .failure(let error):
            members.append(.init("packages", ["error": .string(error.code.rawValue), "text": .string(error.text)]))
        }
        members.append(.init("deployment", running.map { JSON($0) } ?? .null))
        members.append(.init("keyring", .array(keyring.map { JSON($0) })))
        return .object(members)
    }

    private func caught<Value: Sendable>(
        _ body: () async throws(ContractError) -> Value
    ) async -> Result<Value, ContractError> {
        do throws(ContractError) {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }
}
