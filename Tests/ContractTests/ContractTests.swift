import Bus
import Contract
import TestSupport
import Testing

@Suite struct ContractTests {
    /// The files that are shipped to /usr/share/dbus-1/interfaces.
    @Test(arguments: [
        (Installer1.interface, Installer1.path), (Host1.interface, Host1.path), (Agent1.interface, Agent1.path),
    ])
    func theCommittedInterfaceEqualsTheTable(interface: BusInterface, path: String) throws {
        let document = BusInterface.document([interface], node: path, comments: true)
        try expectGenerated("packaging/dbus/\(interface.name).xml", is: document)
    }

    @Test func everyValueSurvivesTheBus() {
        var package = PackageInfo(
            name: "rinetd", version: "0.73-1", previous: "0.62-5", state: .absent, isActive: true, isEnabled: true,
            units: ["rinetd.service"], signer: "CN=fleet", description: "redirects", architecture: "amd64",
            installedAt: 1_700_000_000, reason: "health: no", reasonVersion: "0.80-1",
            warnings: ["w"], problems: ["p"])
        package.provides = "redirector"
        #expect(PackageInfo(properties: package.properties) == package)
        let staged = StagedInfo(
            token: "t", name: "a", version: "1", architecture: "all", description: "d", signer: "s", size: 5,
            installedSize: 6, stagedAt: 7, units: ["u.service"], warnings: ["x"])
        #expect(StagedInfo(properties: staged.properties) == staged)
        let deployment = DeploymentInfo(
            id: "1", package: "a", operation: "update", version: "2", previous: "1", state: "probation", percent: 80,
            result: .rolledBack, reason: "probation: died", startedAt: 1, endedAt: 2, downtime: .microseconds(1500),
            until: 99)
        #expect(DeploymentInfo(properties: deployment.properties) == deployment)
        var long = deployment
        long.downtime = .microseconds(Int64(1) << 62 + 1)
        #expect(DeploymentInfo(properties: long.properties) == long)
        let certificate = CertificateInfo(subject: "CN=x", notAfter: 9, sha256: "ab", file: "/etc/x.pem")
        #expect(CertificateInfo(properties: certificate.properties) == certificate)
        let time = SignedTimeInfo(time: 9, package: "a", version: "1", signer: "CN=x")
        #expect(SignedTimeInfo(properties: time.properties) == time)
        let server = ServerStatus(
            name: "main", uri: "coaps://h", state: .waiting, shortServerID: 5, registeredAt: 1, nextAttempt: 2,
            lifetime: 300, reason: "no answer")
        let transfer = TransferInfo(
            instance: 7, kind: .pull, phase: .waiting, host: "files.example", received: 10, total: 20,
            reason: "connection-lost: refused", since: 3, nextAttempt: 4)
        #expect(TransferInfo(properties: transfer.properties) == transfer)
        let status = AgentStatus(endpoint: "gw", version: "1", servers: [server], transfers: [transfer])
        #expect(AgentStatus(properties: status.properties) == status)
        let object = AgentObject(id: 9, name: "Software Management", version: "1.0", instances: [0, 7])
        #expect(AgentObject(properties: object.properties) == object)
        let value = AgentValue(path: "/3/0/9", name: "Battery", type: "integer", unit: "%", value: .int64(5))
        #expect(AgentValue(properties: value.properties) == value)
    }

    @Test func aDictionaryWithoutItsNameIsNothingAndUnknownKeysAreIgnored() {
        #expect(PackageInfo(properties: ["version": .string("1")]) == nil)
        #expect(PackageInfo(properties: ["name": .string("a"), "new": .bool(true)]) == PackageInfo(name: "a"))
        #expect(DeploymentInfo(properties: ["id": .string("1"), "package": .uint32(1)]) == nil)
        #expect(TransferInfo(properties: ["kind": .string("push")]) == nil)
        #expect(AgentStatus(properties: ["endpoint": .string("gw")])?.transfers == [])
    }

    /// D-Bus texts hold no zero byte: one in a server's refusal must not make the whole status fail.
    @Test func aZeroByteIsShown() {
        let server = ServerStatus(name: "main", uri: "coaps://h", state: .waiting, reason: "4.00 bad\0name")
        let status = AgentStatus(
            endpoint: "gw", version: "1", servers: [server], configurationProblems: ["a\0"], stateProblems: ["b"])
        #expect(AgentStatus(properties: status.properties)?.servers[0].reason == "4.00 bad\\x00name")
        #expect(AgentStatus(properties: status.properties)?.configurationProblems == ["a\\x00"])
        #expect(AgentStatus(properties: status.properties)?.stateProblems == ["b"])
        let value = AgentValue(path: "/3/0/0", name: "", type: "string", value: .string("x\0"))
        #expect(AgentValue(properties: value.properties)?.value == .string("x\\x00"))
        let package = PackageInfo(name: "a", reason: "r\0", warnings: ["w\0"])
        #expect(package.properties["warnings"]?.strings == ["w\\x00"])
    }

    @Test func theBusesOwnRefusalIsOneSentence() {
        let error = ContractError(BusError(BusError.accessDenied, "Rejected send message, 2 matched rules; type=\"m\""))
        #expect(error.code == .accessDenied && !error.text.contains("matched rules"))
    }

    @Test func errorsKeepTheirCodeOverTheBus() {
        for code in ContractError.Code.allCases {
            let error = ContractError(code, "why")
            #expect(ContractError(error.busError) == error)
        }
        #expect(ContractError(BusError(BusError.noReply, "x")).code == .unreachable)
        #expect(ContractError(BusError("org.example.Odd", "x")) == ContractError(.failed, "x"))
    }

    @Test func installOptionsAreCheckedByNameAndType() throws {
        let options = InstallOptions(allowDowngrade: true, activation: .no)
        #expect(try InstallOptions(properties: options.properties) == options)
        #expect(try InstallOptions(properties: [:]) == InstallOptions())
        for bad: [String: BusValue] in [
            ["allow-downgrade": .string("yes")], ["activate": .string("maybe")], ["force": .bool(true)],
        ] {
            let error = #expect(throws: ContractError.self) { try InstallOptions(properties: bad) }
            #expect(error?.code == .invalidArgument)
        }
    }
}
