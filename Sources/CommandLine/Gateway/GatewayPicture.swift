import Contract
import EventLoop

/// All that the daemons tell about the gateway at one moment; what one of them does not answer is an error of its own.
struct GatewayPicture: Sendable {
    var agent: Result<AgentStatus, ContractError>
    var packages: Result<[PackageInfo], ContractError>
    /// The newest first.
    var deployments: Result<[DeploymentInfo], ContractError>
    /// The keyring.
    var certificates: Result<[CertificateInfo], ContractError>
    /// The newest time in signed data that was accepted.
    var signedTime: Result<SignedTimeInfo, ContractError>
    /// Whether gatekeel-installd runs with an earlier configuration, because its files have errors.
    var installerConfigurationRefused: Result<Bool, ContractError>
    /// The clock, in seconds since the epoch.
    var now: Int64

    /// - Parameter deployments: how many of the latest deployments are asked for.
    @LoopActor
    static func take(
        _ gateway: any Gateway, deployments: Int = 1, now: Int64 = Moments.now
    ) async -> GatewayPicture {
        let agent = await caught { () async throws(ContractError) in try await gateway.agentStatus() }
        let packages = await caught { () async throws(ContractError) in try await gateway.packages() }
        // A daemon that hangs is waited for once.
        if case .failure(let error) = packages, error.code == .unreachable {
            return GatewayPicture(
                agent: agent, packages: packages, deployments: .failure(error), certificates: .failure(error),
                signedTime: .failure(error), installerConfigurationRefused: .failure(error), now: now)
        }
        return GatewayPicture(
            agent: agent, packages: packages,
            deployments: await caught { () async throws(ContractError) in
                try await gateway.deployments(limit: deployments)
            }, certificates: await caught { () async throws(ContractError) in try await gateway.keyring() },
            signedTime: await caught { () async throws(ContractError) in try await gateway.signedTime() },
            installerConfigurationRefused: await caught { () async throws(ContractError) in
                try await gateway.installerConfigurationRefused()
            }, now: now)
    }

    /// How far the signed time may be ahead of the clock: build machines are not synchronised to the second.
    private static let signedTimeTolerance: Int64 = 3600

    /// What is wrong when a package was signed in the clock's future; nil when all is well.
    private var clockIll: String? {
        guard case .success(let time) = signedTime, time.time > now + Self.signedTimeTolerance else { return nil }
        return """
            the clock says \(Moments.text(now)), but \(time.package) \(time.version) was signed on \
            \(Moments.text(time.time)), and packages are verified at the later time; set the clock, or, if that package's \
            time is wrong, call 'gatekeel time reset' as root
            """
    }

    static let installerRefused =
        "the configuration of gatekeel-installd has errors, and an earlier one is in use; 'gatekeel config check' names them"

    /// The deployment that is running.
    var running: DeploymentInfo? { (try? deployments.get())?.first { !$0.hasEnded } }

    /// What was not answered: a sentence for each reason, one for all when the caller has no rights.
    var failures: [Failure] {
        var failures: [Failure] = []
        func add(_ error: ContractError?, _ daemon: String) {
            guard let failure = error.map({ Failure($0, asking: daemon) }) else { return }
            if !failures.contains(where: { $0.text == failure.text }) { failures.append(failure) }
        }
        add(agent.failure, "gatekeeld")
        add(packages.failure, "gatekeel-installd")
        add(deployments.failure, "gatekeel-installd")
        add(certificates.failure, "gatekeel-installd")
        add(signedTime.failure, "gatekeel-installd")
        add(installerConfigurationRefused.failure, "gatekeel-installd")
        return failures
    }

    /// Why the gateway is not as it should be: a configuration that is refused, state that cannot be read, no registration, a
    /// package that should run and does not.
    var ills: [String] {
        var ills: [String] = []
        if let clockIll { ills.append(clockIll) }
        if case .success(true) = installerConfigurationRefused { ills.append(Self.installerRefused) }
        if case .success(let status) = agent {
            ills += status.configurationProblems.map {
                "the configuration of gatekeeld has an error, and an earlier one is in use: \($0)"
            }
            ills += status.stateProblems
            if status.servers.isEmpty { ills.append("no server is configured") }
            // A server that disabled itself wants it so.
            for server in status.servers where !server.state.isRegistered && server.state != .disabled {
                let why = server.reason.isEmpty ? "" : ": \(server.reason)"
                ills.append("not registered with \(server.name) (\(server.state.rawValue))\(why)")
            }
        }
        if case .success(let packages) = packages {
            for package in packages {
                if package.isDown { ills.append("the package \(package.name) is not active") }
                ills += package.problems.map { "the package \(package.name): \($0)" }
            }
        }
        return ills
    }

    @LoopActor
    private static func caught<Value: Sendable>(
        _ body: () async throws(ContractError) -> Value
    ) async -> Result<Value, ContractError> {
        do throws(ContractError) {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }
}

extension Result {
    var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}

extension PackageInfo {
    /// Its units start at boot, and do not run.
    var isDown: Bool { state == .installed && isEnabled && !isActive && !units.isEmpty }
}
