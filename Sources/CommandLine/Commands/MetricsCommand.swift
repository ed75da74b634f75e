import Contract
import EventLoop
import Glibc
import Linux

/// `metrics`: the gateway's state as Prometheus reads it.
@LoopActor
struct MetricsCommand {
    let console: Console
    let gateway: any Gateway
    let invocation: Invocation

    func run() async throws(Failure) -> ExitCode {
        guard !console.isJSON else {
            throw Failure(.usage, "metrics writes Prometheus's text format; 'gatekeel status --json' writes JSON")
        }
        let picture = await GatewayPicture.take(gateway, deployments: 1000)
        // A daemon that does not answer is a figure; missing rights are not.
        if let failure = picture.failures.first(where: { $0.code == .notPermitted }) { throw failure }
        let text = Metrics.text(picture)
        guard let path = invocation.options["output"] else {
            console.text(text)
            return .done
        }
        do throws(Errno) {
            // A reader sees the file before or the one after, never a part.
            try Files.replace(path, with: text.utf8, mode: 0o644)
        } catch {
            throw Failure(writing: error)
        }
        return .done
    }
}

/// Prometheus's text format, version 0.0.4.
enum Metrics {
    static func text(_ picture: GatewayPicture) -> String {
        var page = MetricsPage()
        var agent: AgentStatus?
        if case .success(let status) = picture.agent { agent = status }
        var packages: [PackageInfo]?
        if case .success(let list) = picture.packages { packages = list }
        page.family("gatekeel_info", "The running gatekeeld.")
        if let agent { page.add(["endpoint": agent.endpoint, "version": agent.version], 1) }
        page.family("gatekeel_up", "Whether the daemon answers.")
        page.add(["daemon": "gatekeeld"], agent == nil ? 0 : 1)
        page.add(["daemon": "gatekeel-installd"], packages == nil ? 0 : 1)
        if let agent { add(agent, &page) }
        if let packages { add(packages, &page) }
        if case .success(let deployments) = picture.deployments { add(deployments, &page) }
        if case .success(let certificates) = picture.certificates { add(certificates, &page) }
        return page.text
    }

    private static func add(_ agent: AgentStatus, _ page: inout MetricsPage) {
        page.family("gatekeel_configuration_errors", "Errors of configuration files that are therefore not in use.")
        page.add([:], Int64(agent.configurationProblems.count))
        page.family("gatekeel_server_registered", "Whether the gateway is registered with the server.")
        for server in agent.servers {
            page.add(["server": server.name], server.state.isRegistered ? 1 : 0)
        }
        page.family("gatekeel_server_state", "The state of the account; always 1.")
        for server in agent.servers { page.add(["server": server.name, "state": server.state.rawValue], 1) }
        page.family("gatekeel_server_registered_timestamp_seconds", "When the registration began; 0 without one.")
        for server in agent.servers { page.add(["server": server.name], server.registeredAt) }
        page.family("gatekeel_server_waiting_values", "Values that wait to be sent to the server (Send).")
        for server in agent.servers { page.add(["server": server.name], Int64(server.waitingValues)) }
        page.family("gatekeel_transfer_received_bytes", "Bytes received of a package that is on its way.")
        for transfer in agent.transfers { page.add(labels(transfer), transfer.received) }
        page.family("gatekeel_transfer_size_bytes", "Size of a package that is on its way; 0 when unknown.")
        for transfer in agent.transfers { page.add(labels(transfer), transfer.total) }
    }

    private static func labels(_ transfer: TransferInfo) -> [String: String] {
        ["instance": "\(transfer.instance)", "kind": transfer.kind.rawValue, "phase": transfer.phase.rawValue]
    }

    private static func add(_ packages: [PackageInfo], _ page: inout MetricsPage) {
        let installed = packages.filter { $0.state == .installed }
        page.family("gatekeel_package_active", "Whether the package's units are active.")
        for package in installed {
            page.add(["package": package.name, "version": package.version], package.isActive ? 1 : 0)
        }
        page.family("gatekeel_package_enabled", "Whether the package's units start at boot.")
        for package in installed { page.add(["package": package.name], package.isEnabled ? 1 : 0) }
        page.family("gatekeel_package_installed_timestamp_seconds", "When the version was installed.")
        for package in installed { page.add(["package": package.name], package.installedAt) }
    }

    private static func add(_ deployments: [DeploymentInfo], _ page: inout MetricsPage) {
        page.family("gatekeel_deployment_running", "Whether a deployment is running.")
        page.add([:], deployments.contains { !$0.hasEnded } ? 1 : 0)
        page.family("gatekeel_deployments_remembered", "Deployments in the gateway's history, by how they ended.")
        for result in DeploymentInfo.Result.allCases where result != .running {
            let count = deployments.count { $0.result == result }
            page.add(["result": result.rawValue], Int64(count))
        }
        page.family("gatekeel_deployment_ended_timestamp_seconds", "When the package's last deployment ended.")
        for one in lastOfEach(deployments) {
            page.add(["package": one.package, "result": one.result.rawValue], one.endedAt)
        }
        page.family("gatekeel_deployment_downtime_seconds", "How long the package was down in its last deployment.")
        for one in lastOfEach(deployments) { page.add(["package": one.package], seconds: one.downtime) }
    }

    private static func add(_ certificates: [CertificateInfo], _ page: inout MetricsPage) {
        page.family("gatekeel_certificate_expiry_timestamp_seconds", "When the certificate of the keyring expires.")
        for certificate in certificates {
            page.add(["file": certificate.file, "sha256": certificate.sha256], certificate.notAfter)
        }
    }

    /// The newest deployment of each package that has ended.
    private static func lastOfEach(_ deployments: [DeploymentInfo]) -> [DeploymentInfo] {
        deployments.filter(\.hasEnded).reduce(into: []) { last, one in
            if !last.contains(where: { $0.package == one.package }) { last.append(one) }
        }
    }
}

/// Families of gauges with their samples.
private struct MetricsPage {
    private(set) var text = ""
    private var name = ""

    mutating func family(_ name: String, _ help: String) {
        self.name = name
        text += "# HELP \(name) \(help)\n# TYPE \(name) gauge\n"
    }

    mutating func add(_ labels: [String: String], _ value: Int64) { add(labels, "\(value)") }

    mutating func add(_ labels: [String: String], seconds: Duration) {
        let microseconds = seconds / .microseconds(1)
        let fraction = String(Int64(microseconds) % 1_000_000 + 1_000_000).dropFirst()
        add(labels, "\(Int64(microseconds) / 1_000_000).\(fraction)")
    }

    private mutating func add(_ labels: [String: String], _ value: String) {
        let pairs = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(Self.escaped($0.value))\"" }
        text += name + (pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}") + " \(value)\n"
    }

    private static func escaped(_ text: String) -> String {
        text.map { $0 == "\\" ? "\\\\" : $0 == "\"" ? "\\\"" : $0 == "\n" ? "\\n" : String($0) }.joined()
    }
}
