import Contract
import EventLoop
import JSON
import TestSupport
import Testing

@testable import CommandLine

@Suite struct JSONDocumentTests {
    @Test func theCommittedPageIsThatOfTheTable() throws {
        try expectGenerated("docs/json.md", is: JSONReference.page)
    }

    /// A gateway with one of everything.
    @LoopActor
    private func gateway() -> FakeGateway {
        let gateway = FakeGateway()
        gateway.status.servers.append(
            ServerStatus(name: "b", uri: "coaps://b", state: .unusable, shortServerID: 2, reason: "no key"))
        gateway.status.transfers = [
            TransferInfo(
                instance: 3, kind: .pull, phase: .queued, host: "h", received: 1, total: 2, reason: "queued: 2")
        ]
        gateway.status.configurationProblems = ["a:1: no"]
        gateway.list = [
            PackageInfo(name: "rinetd", version: "2", isEnabled: true, units: ["rinetd.service"], warnings: ["w"])
        ]
        gateway.history = [gateway.current]
        gateway.stagedList = [StagedInfo(token: "t1", name: "rinetd", version: "2", size: 7, units: ["rinetd.service"])]
        gateway.certificates = [CertificateInfo(subject: "CN=a", notAfter: 5, sha256: "ab", file: "/a.pem")]
        gateway.time = SignedTimeInfo(time: 5, package: "rinetd", version: "2", signer: "CN=me")
        gateway.values = [
            AgentValue(path: "/3/0/9", name: "Battery Level", type: "integer", unit: "%", value: .int64(80)),
            AgentValue(path: "/3/0/0", name: "Manufacturer", type: "string", value: .string("a\0b")),
            AgentValue(path: "/9/0/2", name: "Package", type: "opaque", value: .bytes([0xAB, 1])),
        ]
        gateway.sendResults = [SendInfo(server: "main", result: .failed, reason: "4.04")]
        gateway.script = { $0.tell("finished", 100, .done) }
        return gateway
    }

    @LoopActor
    private func expect(_ out: String, _ command: String) {
        let document = JSONReference.documents.first { $0.command == command }
        guard let document, let value = try? JSON.parse(Array(out.utf8)) else {
            Issue.record("\(command): \(out)")
            return
        }
        #expect(document.shape.differences(value) == [], "\(command)")
    }

    @Test(
        arguments: [
            ("status", "status"), ("status --check", "status"), ("objects", "objects"), ("read /3/0", "read PATH"),
            ("packages", "packages"), ("packages rinetd", "packages NAME"), ("history", "history"),
            ("history rinetd", "history NAME"), ("history d1", "history ID"), ("staged", "staged"),
            ("discard t1", "cancel, reconnect, reload, discard, time reset"),
            ("install /dev/null", "install, remove, activate, deactivate, rollback, watch"),
            ("rollback rinetd", "install, remove, activate, deactivate, rollback, watch"),
            ("remove --no-wait rinetd", "install --no-wait"),
            ("links", "links"), ("link eth0", "link NAME"), ("link wlan0", "link NAME"),
            ("send /3/0/9", "send PATH"), ("access", "access"),
            ("reload", "cancel, reconnect, reload, discard, time reset"),
            ("cancel 3", "cancel, reconnect, reload, discard, time reset"),
            ("time reset", "cancel, reconnect, reload, discard, time reset"),
        ])
    func aDocumentIsAsDescribed(line: String, command: String) async {
        await onLoop { expect(await run("\(line) --json", gateway()).out, command) }
    }

    @Test func aDaemonThatDoesNotAnswerIsAMemberOfTheStatus() async {
        await onLoop {
            let gateway = gateway()
            gateway.agentError = ContractError(.unreachable, "gone")
            gateway.error = ContractError(.accessDenied, "no")
            let out = await run("status --json", gateway).out
            expect(out, "status")
            let problems = (try? JSON.parse(Array(out.utf8)))?["problems"]
            #expect(problems.map { "\($0)" }?.contains("gone") == true)
        }
    }

    /// Packages, but no keyring: what is not known is no empty list.
    @Test func aKeyringThatCannotBeReadIsTold() async {
        await onLoop {
            let gateway = gateway()
            gateway.keyringError = ContractError(.failed, "/etc/gatekeel/keyring.d/a.pem: no certificate")
            let (code, _, err) = await run("status --check", gateway)
            #expect(code == .failed && err.contains("a.pem: no certificate"))
            expect(await run("status --json", gateway).out, "status")
            #expect(!(await run("metrics", gateway).out.contains("gatekeel_certificate")))
        }
    }

    @Test func failuresAreAsDescribed() async {
        await onLoop {
            let gateway = gateway()
            gateway.error = ContractError(.busy, "another deployment is running")
            for line in ["packages", "install --no-wait /dev/null", "cancel x", "log nosuch"] {
                let out = await run("\(line) --json", gateway).out
                let value = try? JSON.parse(Array(out.utf8))
                #expect(value.map { Shape.named(.error).differences($0) } == [], "\(line): \(out)")
            }
        }
    }

    @Test func everyCommandThatWritesJSONIsDescribed() {
        let described = JSONReference.documents.flatMap { document in
            document.command.split(separator: ",").map {
                $0.split(separator: " ").prefix { $0.first?.isLowercase == true }
            }
        }.map { $0.joined(separator: " ") }
        // Their own formats: the journal's, Prometheus's, and that of the command that is run.
        for command in Command.allCases where ![.log, .metrics, .run].contains(command) {
            #expect(described.contains(command.rawValue), "\(command.rawValue)")
        }
    }

    @Test func aDifferenceIsNamed() {
        let shape = Shape.object([.init("a", .integer, ""), .init("b", .choice(["x"]), "")])
        #expect(shape.differences(["a": 1, "b": "x"]) == [])
        #expect(
            shape.differences(["a": "1", "c": true]) == [".c: not described", ".a: expected integer", ".b: missing"])
    }
}
