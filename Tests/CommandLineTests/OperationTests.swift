import Contract
import EventLoop
import JSON
import TestSupport
import Testing

@testable import CommandLine

@Suite struct WaitingTests {
    private let other = DeploymentInfo(
        id: "d0", package: "nginx", operation: "update", version: "9", state: "probation", percent: 80)

    @Test func aBusyGatewayIsWaitedFor() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.busy = 1
            gateway.history = [other]
            var ended = other
            ended.result = .done
            gateway.whileBusy = { $0.tell(ended) }
            gateway.script = { $0.tell("finished", 100, .done) }
            let (code, out, err) = await run("activate rinetd", gateway)
            #expect(code == .done)
            #expect(gateway.calls == ["activate rinetd", "activate rinetd"])
            #expect(err.contains("waiting for the update of nginx 9 to end"))
            #expect(out.contains("nginx 9: on probation"))
        }
    }

    /// A signal may be missed: it is tried again after a while.
    @Test func theTurnIsTriedAgainAfterSomeSeconds() async {
        await onLoop {
            let scheduler = ManualScheduler()
            let gateway = FakeGateway()
            gateway.busy = 1
            gateway.whileBusy = { _ in scheduler.advance(by: .seconds(5)) }
            gateway.script = { $0.tell("finished", 100, .done) }
            #expect(await run("activate rinetd", gateway, scheduler: scheduler).code == .done)
        }
    }

    @Test func withNoWaitABusyGatewayIsAFailure() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.busy = 1
            #expect(await run("activate --no-wait rinetd", gateway).code == .tryAgain)
            gateway.stagesBusy = 1
            #expect(await run("install --no-wait /dev/null", gateway).code == .tryAgain)
        }
    }

    @Test func anInstallerThatReceivesOtherPackagesIsWaitedFor() async {
        await onLoop {
            let scheduler = ManualScheduler()
            let gateway = FakeGateway()
            gateway.stagesBusy = 1
            gateway.whileBusy = { _ in scheduler.advance(by: .seconds(2)) }
            gateway.script = { $0.tell("finished", 100, .done) }
            #expect(await run("install /dev/null", gateway, scheduler: scheduler).code == .done)
            #expect(gateway.calls.filter { $0 == "stage" }.count == 2)
        }
    }

    @Test func ctrlCWhileWaitingBeginsNothing() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.busy = 1
            gateway.whileBusy = { $0.interrupt() }
            let (code, _, err) = await run("install /dev/null", gateway)
            #expect(code == .interrupted)
            #expect(err.contains("nothing was begun"))
            #expect(gateway.calls.last == "discard t1")
        }
    }

    @Test func aLongStepShowsHowLongItStillTakes() async {
        await onLoop {
            let scheduler = ManualScheduler()
            var out = ""
            let console = Console(json: false, isTerminal: true, width: 120) { out += $1 }
            var now: Int64 = 1000
            let line = ProgressLine(console, scheduler: scheduler) { now }
            var info = other
            info.until = 1030
            line.show(info)
            #expect(out.contains("on probation: watching the units (30 s left)"))
            now = 1001
            scheduler.advance(by: .seconds(1))
            #expect(out.contains("(29 s left)"))
            info.until = 0
            info.state = "unpacking"
            line.show(info)
            scheduler.advance(by: .seconds(1))
            scheduler.advance(by: .seconds(1))
            scheduler.advance(by: .seconds(1))
            #expect(out.contains("unpacking beside the running version (3 s)"))
            line.stop()
            let before = out
            scheduler.advance(by: .seconds(10))
            #expect(out == before)
        }
    }
}

@Suite struct WatchAndHistoryTests {
    @Test func watchFollowsADeploymentByIdentifierOrTheRunningOne() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.current.result = .rolledBack
            #expect(await run("watch d1", gateway).code == .rolledBack)
            #expect(await run("watch nosuch", gateway).code == .notFound)
            #expect(await run("watch", gateway).code == .notFound)
            gateway.history = [gateway.current]
            gateway.history[0].result = .running
            #expect(await run("watch", gateway).code == .rolledBack)
        }
    }

    @Test func historyShowsOneDeploymentWithAllItsDetails() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.history = [
                DeploymentInfo(
                    id: "d7", package: "rinetd", operation: "update", version: "2", previous: "1", result: .rolledBack,
                    reason: "health: no", startedAt: 1_700_000_000, endedAt: 1_700_000_095,
                    downtime: .milliseconds(412))
            ]
            let (code, out, _) = await run("history d7", gateway)
            #expect(code == .done)
            for line in ["id\td7", "version before\t1", "result\trolled back", "took\t1 min 35 s", "downtime\t412 ms"] {
                #expect(out.contains("\(line)\n"), "\(line)")
            }
            #expect(await run("history", gateway).out.hasPrefix("d7\t"))
        }
    }

    @Test func aNameThatNobodyKnowsIsNotFound() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.list = [PackageInfo(name: "quiet")]
            #expect(await run("history nosuch", gateway).code == .notFound)
            #expect(await run("history quiet", gateway).code == .done)
        }
    }

    /// What the installer answers to a name that cannot be one.
    @Test func aBadArgumentIsAWrongCommandLine() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.error = ContractError(.invalidArgument, "'bad name' is not a package's name")
            #expect(await run("packages", gateway).code == .usage)
        }
    }

    @Test func aNoteNamesTheVersionThatItIsAbout() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.list = [
                PackageInfo(name: "a", version: "1", reason: "health: no", reasonVersion: "2"),
                PackageInfo(name: "b", version: "1", reason: "stop-failed: no", reasonVersion: "1"),
            ]
            let out = await run("packages", gateway).out
            #expect(out.contains("\t2: health: no\n") && out.contains("\tstop-failed: no\n"))
        }
    }
}

@Suite struct StatusTests {
    private let package = PackageInfo(
        name: "rinetd", version: "2", isActive: true, isEnabled: true, units: ["rinetd.service"])

    @Test func everyAccountIsShownWithItsProblem() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.status.servers = [
                ServerStatus(name: "main", uri: "coaps://h", state: .registered, registeredAt: 5),
                ServerStatus(
                    name: "spare", uri: "coaps://s", state: .unusable, reason: "key file /k: Permission denied"),
                ServerStatus(
                    name: "third", uri: "coaps://t", state: .waiting, nextAttempt: Moments.now + 65, reason: "no answer"
                ),
            ]
            gateway.status.configurationProblems = ["/etc/gatekeel/gatekeeld.conf:3: unknown key"]
            let (_, out, err) = await run("status", gateway)
            #expect(out.contains("spare\tcoaps://s\tunusable\t\tkey file /k: Permission denied\n"))
            #expect(out.contains("no answer; next attempt in 1 min"))
            #expect(err.contains("an earlier one is in use: /etc/gatekeel/gatekeeld.conf:3: unknown key"))
        }
    }

    @Test func transfersAreShown() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.status.transfers = [
                TransferInfo(
                    instance: 3, kind: .pull, phase: .waiting, host: "files.example.com", received: 1_500_000,
                    total: 3 << 20, reason: "refused: the host refuses the connection")
            ]
            let out = await run("status", gateway).out
            #expect(
                out.contains(
                    "/9/3\tpull\twaiting\tfiles.example.com\t1.4M of 3.0M\trefused: the host refuses the connection\n"))
        }
    }

    @Test func checkTellsWhetherAllIsWell() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.list = [package]
            let waiting = await run("status --check", gateway)
            #expect(waiting.code == .unhealthy && waiting.err.contains("not registered with main (waiting): no answer"))
            #expect(await run("status", gateway).code == .done)
            for state in [ServerStatus.State.registered, .disabled] {
                gateway.status.servers[0].state = state
                #expect(await run("status --check", gateway).code == .done)
            }
            gateway.list[0].isActive = false
            let down = await run("status --check --json", gateway)
            #expect(down.code == .unhealthy)
            let problems = (try? JSON.parse(Array(down.out.utf8)))?["problems"]?.array?.compactMap(\.string)
            #expect(problems == ["the package rinetd is not active"])
            gateway.list = []
            gateway.status.servers = []
            #expect(await run("status --check", gateway).code == .unhealthy)
            gateway.agentError = ContractError(.unreachable, "gone")
            #expect(await run("status --check", gateway).code == .unavailable)
        }
    }

    @Test func missingRightsAreOneSentence() async {
        await onLoop {
            let gateway = FakeGateway()
            let refused = ContractError(BusErrors.rejected)
            gateway.error = refused
            gateway.agentError = refused
            let (code, out, err) = await run("status", gateway)
            #expect(code == .notPermitted && out.isEmpty)
            #expect(
                err
                    == "gatekeel: you are not permitted to do that: looking needs root or the group adm, changing needs root\n"
            )
        }
    }

    @Test func metricsShowServersAndPackages() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.list = [package]
            gateway.history = [
                DeploymentInfo(id: "1", package: "rinetd", result: .done, endedAt: 7, downtime: .milliseconds(412))
            ]
            gateway.status.servers[0].name = "a\"b\\c\nd"
            let out = await run("metrics", gateway).out
            for line in [
                #"gatekeel_info{endpoint="gw1",version="0.1"} 1"#, #"gatekeel_up{daemon="gatekeeld"} 1"#,
                #"gatekeel_server_registered{server="a\"b\\c\nd"} 0"#,
                #"gatekeel_server_state{server="a\"b\\c\nd",state="waiting"} 1"#,
                #"gatekeel_package_active{package="rinetd",version="2"} 1"#,
                #"gatekeel_deployments_remembered{result="done"} 1"#,
                #"gatekeel_deployment_downtime_seconds{package="rinetd"} 0.412000"#, "gatekeel_deployment_running 0",
            ] {
                #expect(out.contains("\(line)\n"), "\(line)")
            }
            // Each sample follows the HELP and TYPE of its family.
            var family = ""
            for line in out.split(separator: "\n") {
                if line.hasPrefix("# TYPE ") { family = String(line.dropFirst(7).prefix { $0 != " " }) }
                if !line.hasPrefix("#") { #expect(line.hasPrefix(family), "\(line)") }
            }
            gateway.agentError = ContractError(.unreachable, "gone")
            #expect(await run("metrics", gateway).out.contains("gatekeel_up{daemon=\"gatekeeld\"} 0\n"))
            #expect(await run("metrics --json", gateway).code == .usage)
            // What is not known is left out, not made up.
            gateway.error = ContractError(.unreachable, "gone")
            let without = await run("metrics", gateway)
            #expect(without.code == .done && without.out.contains("gatekeel_up{daemon=\"gatekeel-installd\"} 0\n"))
            #expect(!without.out.contains("gatekeel_deployment") && !without.out.contains("certificate"))
            gateway.error = ContractError(BusErrors.rejected)
            #expect(await run("metrics", gateway).code == .notPermitted)
        }
    }
}

@Suite struct AgentCommandTests {
    @Test func aReloadThatIsRefusedFails() async {
        await onLoop {
            let gateway = FakeGateway()
            #expect(await run("reload", gateway).code == .done)
            gateway.agentError = ContractError(.refused, "/etc/gatekeel/gatekeeld.conf:3: unknown key\nb:4: c")
            let (code, _, err) = await run("reload", gateway)
            #expect(code == .badConfiguration)
            #expect(err.contains("gatekeeld.conf:3: unknown key\nb:4: c"))
        }
    }

    @Test func sendTellsWhatBecameOfTheValues() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.sendResults = [
                SendInfo(server: "main", result: .delivered), SendInfo(server: "second", result: .muted),
            ]
            let (code, out, _) = await run("send /3/0/9 /3/0/13", gateway)
            #expect(code == .done)
            #expect(out.contains("main") && out.contains("delivered") && out.contains("MuteSend=no in [Server second]"))
            #expect(gateway.calls == ["send /3/0/9,/3/0/13 "])

            gateway.sendResults = [SendInfo(server: "main", result: .failed, reason: "the server answered with 4.04")]
            let refused = await run("send --server main /3", gateway)
            #expect(refused.code == .failed)
            #expect(refused.out.contains("4.04"))
            #expect(gateway.calls.last == "send /3 main")
            gateway.sendResults = [SendInfo(server: "main", result: .stored)]
            #expect(await run("send /3", gateway).code == .done)
            gateway.sendResults = []
            #expect(await run("send /3", gateway).code == .failed)
            #expect(await run("send", gateway).code == .usage)
            gateway.agentError = ContractError(.notFound, "/3/0/99: not there (4.04)")
            #expect(await run("send /3/0/99", gateway).code == .notFound)
        }
    }

    @Test func accessShowsTheListsOfObject2() async throws {
        await onLoop {
            let gateway = FakeGateway()
            let one = await run("access", gateway)
            #expect(one.code == .done && one.out.contains("one alone may do everything"))
            gateway.status.servers = [
                ServerStatus(name: "main", uri: "coaps://h", state: .registered, shortServerID: 7),
                ServerStatus(name: "second", uri: "coaps://i", state: .registered, shortServerID: 8),
            ]
            func value(_ path: String, _ number: Int64) -> AgentValue {
                AgentValue(path: path, name: "", type: "integer", value: .int64(number))
            }
            gateway.values = [
                value("/2/0/0", 9), value("/2/0/1", 65535), value("/2/0/2/7", 31), value("/2/0/2/8", 15),
                value("/2/0/3", 7), value("/2/1/0", 3), value("/2/1/1", 0), value("/2/1/2/0", 1),
                value("/2/1/2/7", 31), value("/2/1/3", 9),
            ]
            let shown = await run("access", gateway).out
            for text in [
                "new instances of /9", "main: create; second: nothing", "/3/0", "others: read",
                "main: read write execute delete",
            ] { #expect(shown.contains(text), "\(shown)") }
            let json = await run("access --json", gateway).out
            #expect(json.contains(#""list":1,"object":3,"instance":0,"owner":9,"#), "\(json)")
        }
    }

    @Test func reconnectAndCancel() async {
        await onLoop {
            let gateway = FakeGateway()
            #expect(await run("reconnect", gateway).code == .done)
            #expect(await run("cancel /9/2", gateway).code == .done)
            #expect(await run("cancel 65534", gateway).code == .done)
            #expect(gateway.calls == ["reconnect", "cancel 2", "cancel 65534"])
            for word in ["x", "/9/", "/8/1", "65535", "+1", "/9/1/2"] {
                #expect(await run("cancel \(word)", gateway).code == .usage, "\(word)")
            }
            gateway.agentError = ContractError(.notFound, "no transfer is under way")
            #expect(await run("cancel 2", gateway).code == .notFound)
        }
    }
}

@Suite struct LogTests {
    private func arguments(_ line: String, _ package: PackageInfo) throws -> [String] {
        try LogCommand(package, Invocation.parse(line.split(separator: " ").map(String.init))).arguments
    }

    @Test func optionsBecomeThoseOfJournalctl() throws {
        let package = PackageInfo(name: "foo")
        #expect(try arguments("log foo", package).prefix(2) == ["journalctl", "--lines=50"])
        #expect(
            try arguments("log -f -n5 --since=-1h --json foo", package).prefix(5) == [
                "journalctl", "--lines=5", "--follow", "--since=-1h", "--output=json",
            ])
        #expect(try !arguments("log --since=-1h foo", package).contains { $0.hasPrefix("--lines") })
    }

    /// Any user may write an entry with `PACKAGE=foo`; each alternative holds a field that the journal sets itself.
    @Test func everyAlternativeHoldsATrustedField() {
        let package = PackageInfo(name: "foo", units: ["foo.service", "foo.socket", "foo-bar@.service"])
        let command = LogCommand(package)
        for match in command.matches { #expect(match.contains { $0.hasPrefix("_") }, "\(match)") }
        let daemons = ["gatekeeld", "gatekeel-installd", "gatekeel-recover"]
        for daemon in daemons {
            #expect(command.matches.contains(["PACKAGE=foo", "_SYSTEMD_UNIT=\(daemon).service"]))
        }
        #expect(command.matches.contains(["_SYSTEMD_UNIT=foo.service"]))
        #expect(command.matches.contains(["UNIT=foo.socket", "_PID=1"]))
        #expect(command.matches.contains(["_SYSTEMD_SLICE=system-foo\\x2dbar.slice"]))
    }

    /// What the service manager says of an instance names the instance, as in "Failed to start foo-bar@1.service".
    @Test func theServiceManagersLinesOfInstancesAreShown() {
        var command = LogCommand(PackageInfo(name: "foo", units: ["foo-bar@.service", "foo@.timer"]))
        #expect(command.hasTemplates)
        command.known = [
            "foo-bar@1.service", "foo-bar@.service", "foo-bar.service", "foo@x-y.timer", "foo@x.service", "a@1.service",
        ]
        let instances = command.matches.filter { $0.last == "_PID=1" }
        #expect(instances.contains(["UNIT=foo-bar@1.service", "_PID=1"]))
        #expect(instances.contains(["UNIT=foo@x-y.timer", "_PID=1"]))
        #expect(!command.matches.joined().contains { $0.hasPrefix("UNIT=foo@x.service") || $0.hasPrefix("UNIT=a@") })
        #expect(!command.matches.joined().contains("UNIT=foo-bar@.service"))
        command.known = (0..<2000).map { "foo-bar@\($0).service" }
        #expect(command.arguments.count < 2000)
        #expect(!LogCommand(PackageInfo(name: "foo", units: ["foo.service"])).hasTemplates)
    }

    @Test func theHealthCommandsOutputIsShown() {
        #expect(LogCommand(PackageInfo(name: "foo")).matches.contains(["_SYSTEMD_UNIT=gatekeel-health-foo.service"]))
        #expect(
            LogCommand(PackageInfo(name: "foo-c++")).matches.contains([
                "_SYSTEMD_UNIT=gatekeel-health-foo\\x2dc\\x2b\\x2b.service"
            ]))
    }
}

@Suite struct FailureDocumentTests {
    @Test func aCommandOfAPackageRunsInItsOverlay() throws {
        func arguments(_ words: [String], isTerminal: Bool = false) throws -> [String] {
            var command = RunCommand(["/store/foo/1", "/store/lib/2"], try Invocation.parse(words))
            command.isTerminal = isTerminal
            command.folder = isTerminal ? nil : "/srv/a b"
            return command.arguments
        }
        let folders = "--property=ExtensionDirectories=/store/foo/1 /store/lib/2"
        let plain = try arguments(["run", "foo", "--", "foo-tool", "--json", "a b", "$i"])
        #expect(
            plain.prefix(7) == [
                "systemd-run", "--quiet", "--wait", "--collect", "--working-directory=/srv/a b", "--pipe", folders,
            ])
        #expect(plain.dropFirst(7) == ["--", "/usr/bin/env", "--", "foo-tool", "--json", "a b", "$$i"])
        let atTerminal = try arguments(["run", "-u", "nobody", "foo", "id"], isTerminal: true)
        #expect(atTerminal.suffix(7) == ["--pty", folders, "--uid=nobody", "--", "/usr/bin/env", "--", "id"])
        #expect(throws: Failure.self) { try Invocation.parse(["run", "foo"]) }
    }

    @Test(arguments: ["--json frobnicate", "history --json --limit=x", "remove --json"])
    func aWrongCommandLineIsJSON(line: String) throws {
        let words = line.split(separator: " ").map(String.init)
        #expect(Invocation.asksForJSON(words))
        #expect(!Invocation.asksForJSON(["install", "--", "--json"]))
    }

    @Test func anErrorIsADocument() async throws {
        await onLoop {
            let gateway = FakeGateway()
            gateway.error = ContractError(.unreachable, "gone")
            let (code, out, err) = await run("packages --json", gateway)
            let document = (try? JSON.parse(Array(out.utf8)))?["error"]
            #expect(code == .unavailable && err.isEmpty)
            #expect(document?["name"]?.string == "unavailable" && document?["code"]?.number?.int64 == 69)
            #expect(document?["text"]?.string == "gatekeel-installd does not answer: gone")
        }
    }

    @Test func exitCodesHaveNames() {
        #expect(ExitCode.notFound.name == "not-found" && ExitCode.badConfiguration.name == "bad-configuration")
        #expect(Set(ExitCode.allCases.map(\.name)).count == ExitCode.allCases.count)
    }
}
