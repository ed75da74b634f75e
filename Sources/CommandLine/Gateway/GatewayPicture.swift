import Contract
import EventLoop

/// All that the daemons tell about the gateway at one moment; what one of them does not answer is an error of its own.
struct GatewayPicture: Sendable {
    var agent: Result<AgentStatus, ContractError>
    var packages: Result<[PackageInfo], ContractError>
    /// The newest first.
    var deployments: [DeploymentInfo]
    var certificates: [CertificateInfo]
    /// The newest time in signed data that was accepted; nil when gatekeel-installd does not answer.
    var signedTime: SignedTimeInfo?
    /// The clock, in seconds since the epoch.
    var now: Int64

    /// - Parameter deployments: how many of the latest deployments are asked for.
    @LoopActor
    static func take(
        _ gateway: any Gateway, deployments: Int = 1, now: Int64 = Moments.now
    ) async -> GatewayPicture {
        GatewayPicture(
            agent: await caught { () async throws(ContractError) in try await gateway.agentStatus() },
            packages: await caught { () async throws(ContractError) in try await gateway.packages() },
            deployments: (try? await gateway.deployments(limit: deployments)) ?? [],
            certificates: (try? await gateway.keyring()) ?? [], signedTime: try? await gateway.signedTime(), now: now)
    }

    /// How far the signed time may be ahead of the clock: build machines are not synchronised to the second.
    private static let signedTimeTolerance: Int64 = 3600

    /// What is wrong when a package was signed in the clock's future; nil when all is well.
    private var clockIll: String? {
        guard let signedTime, signedTime.time > now + Self.signedTimeTolerance else { return nil }
        return """
            the clock says \(Moments.text(now)), but \(signedTime.package) \(signedTime.version) was signed on \
            \(Moments.text(signedTime.time)), and packages are verified at the later time; set the clock, or, if that package's \
            time is wrong, call "gatekeel time reset" as root
            """
    }

    /// The deployment that is running.
    var running: DeploymentInfo? { deployments.first { !$0.hasEnded } }

    /// What did not answer: a sentence for each daemon, one for both when the caller has no rights.
    var failures: [Failure] {
        var failures: [Failure] = []
        if case .failure(let error) = agent { failures.append(Failure(error, asking: "gatekeeld")) }
        if case .failure(let error) = packages { failures.append(Failure(error, asking: "gatekeel-installd")) }
        return failures.count == 2 && failures[0].text == failures[1].text ? [failures[0]] : failures
    }

    /// Why the gateway is not as it should be: not registered, or a package that should run does not.
    var ills: [String] {
        var ills: [String] = []
        if let clockIll { ills.append(clockIll) }
        if case .success(let status) = agent {
            if status.servers.isEmpty { ills.append("no server is configured") }
            for server in status.servers where server.state != .registered {
                let why = server.reason.isEmpty ? "" : ": \(server.reason)"
                ills.append("not registered with \(server.name) (\(server.state.rawValue))\(why)")
            }
        }
        if case .success(let packages) = packages {
            for package in packages where package.isDown { ills.append("the package \(package.name) is not active") }
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

extension PackageInfo {
    /// Its units start at boot, and do not run.
    var isDown: Bool { state == .installed && isEnabled && !isActive && !units.isEmpty }
}
