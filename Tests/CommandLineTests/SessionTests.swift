import Bus
import Contract
import EventLoop
import JSON
import TestSupport
import Testing

@testable import CommandLine

@Suite struct SessionTests {
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

    /// Whoever wonders why packages are refused as expired sees the time that counts, and can correct it.
    @Test func theNewestSignedTimeIsShownAndCanBeForgotten() async {
        await onLoop {
            let gateway = FakeGateway()
            #expect(!(await run("status", gateway).out.contains("signed time")))
            gateway.time = SignedTimeInfo(time: 1_700_000_000, package: "rinetd", version: "2", signer: "CN=me")
            let good = await run("status --check", gateway)
            #expect(good.out.contains("Newest signed time: \(Moments.text(1_700_000_000)) (rinetd 2, CN=me)\n"))
            #expect(!good.err.contains("time reset"))
            gateway.time.time = Moments.now + 400 * 86400
            let ahead = await run("status --check", gateway)
            #expect(ahead.code == .unhealthy && ahead.err.contains("'gatekeel time reset' as root"))
            #expect(await run("status --json", gateway).out.contains("time reset"))
            let reset = await run("time reset", gateway)
            #expect(reset.code == .done && reset.out.contains("(rinetd 2) is forgotten"))
            #expect(gateway.calls == ["reset time"])
            #expect(await run("time reset", gateway).out == "no signed time was known\n")
        }
    }

    /// The server sees Error Code 18; whoever looks on the gateway sees why.
    @Test func anInstallerOnItsEarlierConfigurationIsShown() async {
        await onLoop {
            let gateway = FakeGateway()
            #expect(!(await run("status", gateway).err.contains("gatekeel-installd has errors")))
            gateway.isInstallerConfigurationRefused = true
            #expect(
                await run("status", gateway).err.contains("gatekeel-installd has errors, and an earlier one is in use"))
            #expect(await run("status --json", gateway).out.contains(#""installer-configuration-refused":true"#))
        }
    }

    /// A gateway whose edited configuration does not work is not well, although it runs.
    @Test func aRefusedConfigurationFailsTheCheck() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.status.servers = [ServerStatus(name: "main", uri: "coaps://h", state: .registered)]
            #expect(await run("status --check", gateway).code == .done)
            gateway.isInstallerConfigurationRefused = true
            let installer = await run("status --check", gateway)
            #expect(
                installer.code == .unhealthy && installer.err.contains("configuration of gatekeel-installd has errors"))
            // Said once.
            #expect(!installer.err.contains("warning: the configuration of gatekeel-installd"))
            gateway.isInstallerConfigurationRefused = false
            gateway.status.configurationProblems = ["gatekeeld.conf:3: unknown key"]
            let agent = await run("status --check", gateway)
            #expect(agent.code == .unhealthy && agent.err.contains("gatekeeld.conf:3: unknown key"))
            #expect(await run("status --json", gateway).out.contains("in use: gatekeeld.conf:3: unknown key"))
            gateway.status.configurationProblems = []
            gateway.status.stateProblems = ["/var/lib/gatekeeld/accounts cannot be read: EIO"]
            let state = await run("status --check", gateway)
            #expect(state.code == .unhealthy && state.err.contains("accounts cannot be read"))
            #expect(await run("status", gateway).err.contains("warning: /var/lib/gatekeeld/accounts cannot be read"))
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
            #expect(err.contains("continues in gatekeel-installd"))
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

    @Test func anInstallerThatStaysAwayIsNotWaitedForForEver() async {
        await onLoop {
            let gateway = FakeGateway()
            let scheduler = ManualScheduler()
            gateway.script = { gateway in
                gateway.error = ContractError(.unreachable, "no reply")
                gateway.available(false)
                gateway.available(true)
            }
            let outcome = Output()
            LoopActor.spawn {
                let (code, _, err) = await run("activate rinetd", gateway, scheduler: scheduler)
                outcome.out = "\(code)"
                outcome.err = err
            }
            for _ in 0..<30 {
                await settled()
                #expect(outcome.out.isEmpty)
                scheduler.advance(by: .seconds(10))
            }
            await settled { !outcome.out.isEmpty }
            #expect(outcome.out == "unavailable" && outcome.err.contains("no reply"))
        }
    }

    @Test func aRefusalThatTimeDoesNotChangeIsNotWaitedFor() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.error = ContractError(.noSpace, "8 packages are staged already")
            let (code, _, err) = await run("install /dev/null", gateway)
            #expect(code == .noSpace && err.contains("8 packages are staged already"))
        }
    }

    @Test func ctrlCEndsTheWaitForTheInstaller() async {
        await onLoop {
            let gateway = FakeGateway()
            gateway.stagesBusy = 1000
            gateway.whileBusy = { $0.interrupt() }
            #expect(await run("install /dev/null", gateway).code == .interrupted)
            #expect(gateway.calls == ["stage"])
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
            #expect(!(await run("activate rinetd", gateway).err.contains("is as before")))
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
            // Without --no-wait it would wait for a busy installer.
            let result = await run("install --no-wait /dev/null", gateway)
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
            #expect(err.contains("CN=gone (gone.pem) expired") && !err.contains("CN=good"))
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
            #expect(await run("history b", gateway).out == "2\t\tb\tinstall\t\t\tfailed\thealth: no\n")
            #expect(await run("packages", gateway).out.isEmpty)
            #expect(await run("packages none", gateway).code == .notFound)
            #expect(await run("packages", gateway, terminal: true).out.contains("gatekeel install FILE"))
        }
    }
}

/// Lets what was spawned run; with a condition, until it holds.
@LoopActor
private func settled(_ condition: () -> Bool = { false }) async {
    var rounds = 0
    while !condition(), rounds < 20 {
        rounds += 1
        await LoopScheduler.shared.sleep(for: .milliseconds(1))
    }
}
