import Bus
import Contract
import EventLoop
import JSON
import TestSupport
import Testing

@testable import CommandLine

/// The daemons, played.
@LoopActor
private final class FakeGateway: Gateway {
    var error: ContractError?
    var agentError: ContractError?
    var list: [PackageInfo] = []
    var history: [DeploymentInfo] = []
    var certificates: [CertificateInfo] = []
    var values: [AgentValue] = []
    var calls: [String] = []
    /// What the deployment does once it is asked for.
    var script: @LoopActor (FakeGateway) -> Void = { _ in }
    /// What happens while a package is handed over.
    var staging: @LoopActor (FakeGateway) -> Void = { _ in }
    private var deploymentHandler: @LoopActor (DeploymentInfo) -> Void = { _ in }
    private var availabilityHandler: @LoopActor (Bool) -> Void = { _ in }
    private var interruptHandler: @LoopActor () -> Void = {}
    var current = DeploymentInfo(
        id: "d1", package: "rinetd", operation: "update", version: "2", previous: "1", state: "unpacking")

    func tell(_ state: String, _ percent: Int, _ result: DeploymentInfo.Result = .running, reason: String = "") {
        current.state = state
        current.percent = percent
        current.result = result
        current.reason = reason
        deploymentHandler(current)
    }

    func available(_ flag: Bool) { availabilityHandler(flag) }
    func interrupt() { interruptHandler() }

    private func check() throws(ContractError) { if let error { throw error } }

    private func begin(_ call: String) throws(ContractError) -> String {
        calls.append(call)
        try check()
        LoopActor.spawn { self.script(self) }
        return "d1"
    }

    func agentStatus() async throws(ContractError) -> AgentStatus {
        if let agentError { throw agentError }
        return AgentStatus(
            endpoint: "gw1", version: "0.1",
            servers: [ServerStatus(name: "main", uri: "coaps://h", state: .waiting, reason: "no answer")])
    }
    func objects() async throws(ContractError) -> [AgentObject] {
        [AgentObject(id: 3, name: "Device", version: "1.1", instances: [0])]
    }
    func read(_ path: String) async throws(ContractError) -> [AgentValue] {
        try check()
        return values
    }
    func packages() async throws(ContractError) -> [PackageInfo] {
        try check()
        return list
    }
    func package(_ name: String) async throws(ContractError) -> PackageInfo {
        guard let package = list.first(where: { $0.name == name }) else {
            throw ContractError(.notFound, "no package \(name)")
        }
        return package
    }
    func keyring() async throws(ContractError) -> [CertificateInfo] { certificates }
    func deployments(limit: Int) async throws(ContractError) -> [DeploymentInfo] { Array(history.prefix(limit)) }
    func deployment(_ id: String) async throws(ContractError) -> DeploymentInfo {
        try check()
        return current
    }
    func stage(_ file: BusDescriptor) async throws(ContractError) -> StagedInfo {
        calls.append("stage")
        try check()
        staging(self)
        return StagedInfo(
            token: "t1", name: "rinetd", version: "2", architecture: "amd64", signer: "CN=me", warnings: ["careful"])
    }
    func discard(_ token: String) async throws(ContractError) { calls.append("discard \(token)") }
    func install(_ token: String, _ options: InstallOptions) async throws(ContractError) -> String {
        try begin("install \(token) \(options.activation) \(options.allowDowngrade)")
    }
    func remove(_ name: String, purge: Bool) async throws(ContractError) -> String {
        try begin("remove \(name) \(purge)")
    }
    func activate(_ name: String) async throws(ContractError) -> String { try begin("activate \(name)") }
    func deactivate(_ name: String) async throws(ContractError) -> String { try begin("deactivate \(name)") }
    func rollback(_ name: String) async throws(ContractError) -> String { try begin("rollback \(name)") }
    func watch(
        deployments: @escaping @LoopActor (DeploymentInfo) -> Void, availability: @escaping @LoopActor (Bool) -> Void
    ) throws(ContractError) {
        deploymentHandler = deployments
        availabilityHandler = availability
    }
    func onInterrupt(_ handler: @escaping @LoopActor () -> Void) { interruptHandler = handler }
}

/// Standard output and standard error of a command.
private final class Output {
    var out = ""
    var err = ""
}

@Suite struct SessionTests {
    @LoopActor
    private func run(
        _ line: String, _ gateway: FakeGateway, terminal: Bool = false
    ) async -> (code: ExitCode, out: String, err: String) {
        let output = Output()
        do throws(Failure) {
            let invocation = try Invocation.parse(line.split(separator: " ").map(String.init))
            let console = Console(json: invocation.isJSON, isTerminal: terminal) {
                if $0 == 1 { output.out += $1 } else { output.err += $1 }
            }
            guard let command = invocation.command else { return (.usage, "", "") }
            let code = try await Session(console: console, gateway: gateway, invocation: invocation).run(command)
            return (code, output.out, output.err)
        } catch {
            return (error.code, output.out, output.err + error.text)
        }
    }

    @Test func anInstallIsFollowedToItsEnd() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.list = [PackageInfo(name: "rinetd", version: "2", units: ["rinetd.service"])]
            gateway.script = {
                $0.tell("probation", 80)
                $0.tell("finished", 100, .done)
            }
            let (code, out, err) = await run("install --activate=yes /dev/null", gateway)
            #expect(code == .done)
            #expect(gateway.calls == ["stage", "install t1 yes false"])
            #expect(out.hasPrefix("rinetd 2 (amd64), signed by CN=me\n"))
            #expect(out.contains("rinetd 2: on probation: watching the units\nrinetd is updated from 1 to 2\n"))
            #expect(out.contains("gatekeel activate rinetd"))
            #expect(err == "gatekeel: warning: careful\n")
        }
    }

    @Test func aRollbackHasAnExitCodeOfItsOwn() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.script = { $0.tell("finished", 100, .rolledBack, reason: "start-failed: rinetd.service failed") }
            let (code, out, err) = await run("--json install /dev/null", gateway)
            #expect(code == .rolledBack)
            #expect(out.contains(#""result":"rolled-back""#))
            #expect(err.contains("careful"))
            let plain = await run("install /dev/null", gateway)
            #expect(plain.err.contains("start-failed: rinetd.service failed); 1 is back"))
        }
    }

    @Test func anEndBeforeTheIdentifierWasKnownIsNotMissed() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.current.result = .done
            gateway.current.operation = "remove"
            let (code, out, _) = await run("remove --purge rinetd", gateway)
            #expect(code == .done)
            #expect(out == "rinetd is removed\n")
            #expect(gateway.calls == ["remove rinetd true"])
        }
    }

    @Test func theInstallerMayGoAndComeBack() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.script = { gateway in
                gateway.available(false)
                gateway.current.result = .done
                gateway.available(true)
            }
            let (code, _, err) = await run("activate rinetd", gateway)
            #expect(code == .done)
            #expect(err.contains("waiting for it to come back"))
        }
    }

    @Test func ctrlCEndsTheProgramNotTheDeployment() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.script = { $0.interrupt() }
            let (code, _, err) = await run("rollback rinetd", gateway)
            #expect(code == .interrupted)
            #expect(err.contains("goes on in gatekeel-installd"))
        }
    }

    @Test func ctrlCWhileAPackageIsHandedOverLeavesNothingBehind() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.staging = { $0.interrupt() }
            let (code, _, err) = await run("install /dev/null", gateway)
            #expect(code == .interrupted)
            #expect(gateway.calls == ["stage", "discard t1"])
            #expect(err.contains("nothing was installed"))
        }
    }

    @Test func whatIsNotInstalledDoesNotStayStaged() async {
        await onLoop {
            let failing = FakeGateway()
            failing.script = { $0.tell("finished", 100, .rolledBack, reason: "health: no") }
            _ = await run("install /dev/null", failing)
            #expect(failing.calls.last == "discard t1")
            let refusing = FakeGateway()
            refusing.staging = { $0.error = ContractError(.downgrade, "lower") }
            #expect(await run("install /dev/null", refusing).code == .refused)
            #expect(refusing.calls.last == "discard t1")
            let good = FakeGateway()
            good.script = { $0.tell("finished", 100, .done) }
            _ = await run("install /dev/null", good)
            #expect(good.calls.last == "install t1 restore false")
        }
    }

    @Test func anEndIsToldAsItWas() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.current.operation = "remove"
            gateway.script = { $0.tell("finished", 100, .done, reason: "incomplete: /srv/x could not be removed") }
            let removed = await run("remove --purge rinetd", gateway)
            #expect(removed.out.contains("but not all of it (incomplete: /srv/x could not be removed)"))
            gateway.current.operation = "activate"
            gateway.current.isDown = true
            gateway.script = { $0.tell("finished", 100, .failed, reason: "start-failed: no") }
            #expect(!(await run("activate rinetd", gateway).err.contains("what ran before runs")))
        }
    }

    @Test func withNoWaitTheIdentifierIsShown() async {
        await onLoop {
            let (code, out, _) = await run("deactivate --no-wait rinetd", FakeGateway())
            #expect(code == .done)
            #expect(out == "d1\n")
        }
    }

    @Test(arguments: [
        (ContractError.Code.accessDenied, ExitCode.notPermitted), (.busy, .tryAgain), (.unmetRelation, .refused),
        (.badSignature, .badData), (.unreachable, .unavailable), (.noSpace, .noSpace), (.failed, .failed),
        (.notFound, .notFound),
    ])
    func refusalsHaveTheirCodes(error: ContractError.Code, code: ExitCode) async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.error = ContractError(error, "because")
            let result = await run("install /dev/null", gateway)
            #expect(result.code == code)
            #expect(result.err.contains("because"))
        }
    }

    @Test func aFileThatIsNotThere() async {
        await onLoop {
            let gateway = FakeGateway()
            let result = await run("install /nonexistent.deb", gateway)
            #expect(result.code == .noInput)
            #expect(gateway.calls.isEmpty)
        }
    }

    @Test func statusShowsWhatItCan() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.list = [PackageInfo(name: "rinetd", version: "2", isActive: true, units: ["rinetd.service"])]
            gateway.certificates = [
                CertificateInfo(subject: "CN=old", notAfter: Moments.now + 5 * 86400 + 60, sha256: "", file: "old.pem"),
                CertificateInfo(subject: "CN=good", notAfter: Moments.now + 500 * 86400, sha256: "", file: "good.pem"),
                CertificateInfo(subject: "CN=gone", notAfter: 86400, sha256: "", file: "gone.pem"),
            ]
            gateway.agentError = ContractError(.unreachable, "gone")
            let (code, out, err) = await run("status", gateway)
            #expect(code == .unavailable)
            #expect(out.contains("rinetd\t2\t\tactive\t"))
            #expect(err.contains("gatekeeld does not answer") && err.contains("CN=old (old.pem) expires in 5 days"))
            #expect(err.contains("CN=gone (gone.pem) has expired") && !err.contains("CN=good"))
            gateway.agentError = nil
            let whole = await run("status", gateway)
            #expect(whole.code == .done)
            #expect(whole.out.contains("Endpoint gw1") && whole.out.contains("main\tcoaps://h\twaiting\t\tno answer"))
            let json = await run("status --json", gateway)
            #expect((try? JSON.parse(Array(json.out.utf8)))?["agent"]?["endpoint"]?.string == "gw1")
        }
    }

    @Test func views() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.values = [
                AgentValue(path: "/3/0/9", name: "Battery Level", type: "integer", unit: "%", value: .int64(80)),
                AgentValue(path: "/9/0/2", name: "Package", type: "opaque", value: .bytes([0xAB, 1])),
            ]
            #expect(await run("read /3/0", gateway).out == "/3/0/9\tBattery Level\t80 %\n/9/0/2\tPackage\tab01\n")
            #expect(await run("read 3", gateway).code == .usage)
            #expect(await run("objects", gateway).out == "3\tDevice\t1.1\t0\n")
            gateway.history = [
                DeploymentInfo(id: "2", package: "b", result: .failed, reason: "health: no"),
                DeploymentInfo(id: "1", package: "a", result: .done),
            ]
            #expect(await run("history b", gateway).out == "\tb\tinstall\t\t\tfailed\thealth: no\n")
            #expect(await run("packages", gateway).out.isEmpty)
            #expect(await run("packages none", gateway).code == .notFound)
            #expect(await run("packages", gateway, terminal: true).out.contains("gatekeel install FILE"))
        }
    }

    @Test func journalFields() {
        let package = PackageInfo(name: "foo", units: ["foo.service", "foo@.service"])
        #expect(
            LogCommand.arguments(package, follow: true, lines: 5) == [
                "journalctl", "--lines=5", "--follow", "PACKAGE=foo", "+", "_SYSTEMD_UNIT=foo.service", "+",
                "UNIT=foo.service",
            ])
    }
}
