import EventLoop
import LwM2M
import LwM2MClient
import TestSupport
import Testing

@testable import HostObjects

@LoopActor
private func accounts(
    _ version: EnablerVersion = .v11, path: String? = nil, _ edit: (inout ServerSettings) -> Void = { _ in }
) -> ServerAccounts {
    var settings = ServerSettings(lifetime: 300, defaultMinimumPeriod: 5)
    edit(&settings)
    return ServerAccounts(
        seeds: [
            ServerAccount.Seed(
                name: "main", shortServerID: 123,
                endpoint: ServerEndpoint(host: "127.0.0.1", port: 5683, security: .noSec), version: version,
                settings: settings)
        ], path: path)
}

@LoopActor
private func write(
    _ object: ServerObject, _ values: [UInt16: Value], mode: WriteMode = .update
) async -> OperationError? {
    do throws(OperationError) {
        try await object.write(0, values.mapValues(ResourceContent.single), mode: mode)
        return nil
    } catch {
        return error
    }
}

@LoopActor
private func check(_ object: ServerObject, _ values: [UInt16: Value]) -> Code? {
    do throws(OperationError) {
        try object.check(0, values.mapValues(ResourceContent.single))
        return nil
    } catch {
        return error.code
    }
}

@Suite struct ServerObjectTests {
    @Test func theAccountIsRead() async throws {
        try await onLoop {
            let object = ServerObject(accounts: accounts())
            #expect(object.instances == [0])
            #expect(object.resources(of: 0) == [0, 1, 2, 4, 6, 7, 8])
            let expected: [UInt16: Value] = [
                0: .integer(123), 1: .integer(300), 2: .integer(5), 6: .boolean(true), 7: .string("U"),
            ]
            for (id, value) in expected {
                let content = try object.read(0, id)
                #expect(content == .single(value))
            }
            #expect(throws: OperationError.self) { try object.read(0, 3) }
            #expect(throws: OperationError.self) { try object.read(1, 1) }
        }
    }

    @Test func muteSendIsAbsentUntilItIsWritten() async throws {
        try await onLoop {
            let accounts = accounts()
            let object = ServerObject(accounts: accounts)
            #expect(throws: OperationError.self) { try object.read(0, 23) }
            #expect(accounts[0]?.settings.isSendMuted == true)
            #expect(await write(object, [23: .boolean(false)]) == nil)
            let written = try object.read(0, 23)
            #expect(written == .single(.boolean(false)))
            #expect(object.resources(of: 0).contains(23))
            #expect(accounts[0]?.settings.isSendMuted == false)
            // A Write that replaces the instance and does not name it makes it absent again.
            #expect(await write(object, [1: .integer(60)], mode: .replace) == nil)
            #expect(!object.resources(of: 0).contains(23))
            #expect(await write(object, [23: .integer(0)])?.code == .methodNotAllowed)
        }
    }

    @Test func aCheckRefusesAsAWriteDoesAndChangesNothing() async {
        await onLoop {
            let accounts = accounts()
            let object = ServerObject(accounts: accounts)
            let before = accounts[0]
            #expect(check(object, [1: .integer(60), 6: .boolean(false)]) == nil)
            for wrong: [UInt16: Value] in [
                [1: .integer(1)], [1: .integer(-1)], [2: .integer(1 << 40)], [7: .string("T")],
                [6: .boolean(true), 7: .string("")],
            ] {
                #expect(check(object, wrong) == .badRequest)
                #expect(await write(object, wrong)?.code == .badRequest)
            }
            #expect(check(object, [0: .integer(1)]) == .methodNotAllowed)
            #expect(accounts[0] == before)
        }
    }

    @Test func whatIsWrittenHoldsAndIsToldOnce() async {
        await onLoop {
            let accounts = accounts()
            let object = ServerObject(accounts: accounts)
            let changes = RecordedChanges()
            object.changes = changes
            #expect(await write(object, [1: .integer(60), 3: .integer(600), 6: .boolean(true)]) == nil)
            #expect(accounts[0]?.settings.lifetime == 60)
            #expect(accounts[0]?.settings.defaultMaximumPeriod == 600)
            #expect(changes.paths == [Path(1, 0, 1), Path(1, 0, 3)])
        }
    }

    @Test func replaceForgetsWhatIsOptional() async {
        await onLoop {
            let accounts = accounts()
            let object = ServerObject(accounts: accounts)
            #expect(await write(object, [1: .integer(60)], mode: .replace) == nil)
            #expect(accounts[0]?.settings == ServerSettings(lifetime: 60))
        }
    }

    @Test(
        arguments: [
            [1: .integer(0)], [1: .integer(-1)], [1: .integer(1 << 40)], [2: .integer(-1)], [7: .string("T")],
            [7: .string("")],
            [1: .integer(60), 7: .string("X")],
        ] as [[UInt16: Value]])
    func whatCannotBeIsRefusedWhole(values: [UInt16: Value]) async {
        await onLoop {
            let accounts = accounts()
            let object = ServerObject(accounts: accounts)
            #expect(await write(object, values)?.code == .badRequest)
            #expect(accounts[0]?.settings == ServerSettings(lifetime: 300, defaultMinimumPeriod: 5))
        }
    }

    @Test func theTriggerTakesTheOnlyTransport() async throws {
        try await onLoop {
            let object = ServerObject(accounts: accounts())
            try await object.execute(0, 8, [])
            try await object.execute(0, 8, [ExecuteArgument(digit: 0, value: "U")])
            for arguments in [[ExecuteArgument(digit: 0, value: "T")], [ExecuteArgument(digit: 1)]] {
                var code: Code?
                do throws(OperationError) { try await object.execute(0, 8, arguments) } catch { code = error.code }
                #expect(code == .badRequest)
            }
        }
    }

    // MARK: Each resource

    struct Resource: Sendable, CustomTestStringConvertible {
        let id: UInt16
        /// What the configuration says.
        let edit: @Sendable (inout ServerSettings) -> Void
        let value: Value
        /// What a server writes; nil where none may.
        var written: Value?
        var wrong: [Value] = []

        var testDescription: String { "1/x/\(id)" }
    }

    static let optional: [Resource] = [
        Resource(
            id: 2, edit: { $0.defaultMinimumPeriod = 7 }, value: .integer(7), written: .integer(8),
            wrong: [.integer(-1), .integer(1 << 31)]),
        Resource(
            id: 3, edit: { $0.defaultMaximumPeriod = 70 }, value: .integer(70), written: .integer(80),
            wrong: [.integer(-1), .integer(1 << 31)]),
        Resource(
            id: 5, edit: { $0.disableTimeout = 60 }, value: .integer(60), written: .integer(0),
            wrong: [.integer(-1), .integer(1 << 31)]),
        Resource(id: 13, edit: { $0.registrationPriority = 3 }, value: .unsignedInteger(3)),
        Resource(
            id: 14, edit: { $0.initialRegistrationDelay = 30 }, value: .unsignedInteger(30),
            written: .unsignedInteger(0), wrong: [.unsignedInteger(1 << 31), .unsignedInteger(.max)]),
        Resource(id: 15, edit: { $0.registrationFailureBlock = true }, value: .boolean(true)),
        Resource(id: 16, edit: { $0.bootstrapOnRegistrationFailure = false }, value: .boolean(false)),
        Resource(
            id: 17, edit: { $0.communicationRetryCount = 3 }, value: .unsignedInteger(3), written: .unsignedInteger(1),
            wrong: [.unsignedInteger(0), .unsignedInteger(.max)]),
        Resource(
            id: 18, edit: { $0.communicationRetryTimer = 10 }, value: .unsignedInteger(10),
            written: .unsignedInteger(20), wrong: [.unsignedInteger(0), .unsignedInteger(1 << 31)]),
        Resource(
            id: 19, edit: { $0.communicationSequenceDelay = 100 }, value: .unsignedInteger(100),
            written: .unsignedInteger(.max)),
        Resource(
            id: 20, edit: { $0.communicationSequenceCount = 2 }, value: .unsignedInteger(2),
            written: .unsignedInteger(9), wrong: [.unsignedInteger(0)]),
        Resource(
            id: 22, edit: { $0.preferredTransport = "T" }, value: .string("T"), written: .string("U"),
            wrong: [.string(""), .string("UQ"), .string("X")]),
        Resource(id: 23, edit: { $0.muteSend = true }, value: .boolean(true), written: .boolean(false)),
    ]

    @Test(arguments: optional) func aResourceThatIsNotSetIsNotThere(_ resource: Resource) async {
        await onLoop {
            let object = ServerObject(accounts: accounts(.v12) { $0.defaultMinimumPeriod = nil })
            #expect(!object.has(resource.id, in: 0))
            let error = #expect(throws: OperationError.self) { try object.read(0, resource.id) }
            #expect(error?.code == .notFound)
        }
    }

    @Test(arguments: optional) func whatTheConfigurationSaysIsRead(_ resource: Resource) async throws {
        try await onLoop {
            let object = ServerObject(accounts: accounts(.v12, resource.edit))
            #expect(object.has(resource.id, in: 0))
            let content = try object.read(0, resource.id)
            #expect(content == .single(resource.value))
        }
    }

    @Test(arguments: optional) func whatAServerWritesHoldsAlsoAfterARestart(_ resource: Resource) async throws {
        let folder = TemporaryFolder()
        try await onLoop {
            let path = folder.path + "/accounts"
            let object = ServerObject(accounts: accounts(.v12, path: path, resource.edit))
            let changes = RecordedChanges()
            object.changes = changes
            guard let written = resource.written else {
                #expect(await write(object, [resource.id: resource.value])?.code == .methodNotAllowed)
                return
            }
            for wrong in resource.wrong {
                #expect(check(object, [resource.id: wrong]) == .badRequest)
                #expect(await write(object, [resource.id: wrong])?.code == .badRequest)
            }
            #expect(await write(object, [resource.id: written]) == nil)
            #expect(changes.paths == [Path(1, 0, resource.id)])
            let content = try object.read(0, resource.id)
            #expect(content == .single(written))
            let again = ServerObject(accounts: accounts(.v12, path: path, resource.edit))
            let stored = try again.read(0, resource.id)
            #expect(stored == .single(written))
            // A Write that replaces the instance and does not name it takes it away, also over a restart.
            #expect(await write(again, [1: .integer(300)], mode: .replace) == nil)
            let third = ServerObject(accounts: accounts(.v12, path: path, resource.edit))
            #expect(!third.has(resource.id, in: 0))
        }
    }

    /// What a server of each version finds of an account that has all.
    @Test(
        arguments: [
            (EnablerVersion.v10, [0, 1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 5, 6, 7]),
            (.v11, [0, 1, 2, 3, 4, 5, 6, 7, 8, 13, 14, 15, 16, 17, 18, 19, 20, 22, 23], [1, 2, 3, 5, 6, 7, 22, 23]),
            (
                .v12, [0, 1, 2, 3, 4, 5, 6, 7, 8, 13, 14, 15, 16, 17, 18, 19, 20, 22, 23],
                [1, 2, 3, 5, 6, 7, 14, 17, 18, 19, 20, 22, 23]
            ),
        ] as [(EnablerVersion, [UInt16], [UInt16])])
    func theResourcesOfEachVersion(version: EnablerVersion, present: [UInt16], writable: [UInt16]) async {
        await onLoop {
            let object = ServerObject(
                accounts: accounts(version) { settings in
                    for resource in Self.optional { resource.edit(&settings) }
                })
            #expect(object.resources(of: 0) == present)
            let table = object.definition(in: version)
            #expect(present.filter { table[$0]?.operations.writable == true } == writable)
            let readable = present.filter { table[$0]?.operations.readable == true }
            #expect(readable.contains(13) == (version == .v12))
        }
    }

    /// A server of 1.1 may not write 14 to 20, so replacing its instance does not take them away.
    @Test func replaceKeepsWhatTheServerMayNotWrite() async {
        await onLoop {
            let accounts = accounts { settings in
                for resource in Self.optional { resource.edit(&settings) }
            }
            let object = ServerObject(accounts: accounts)
            #expect(await write(object, [1: .integer(60)], mode: .replace) == nil)
            #expect(object.resources(of: 0) == [0, 1, 4, 6, 7, 8, 13, 14, 15, 16, 17, 18, 19, 20])
        }
    }

    @Test func disableIsExecutedWhateverItsArguments() async throws {
        try await onLoop {
            let accounts = accounts()
            let object = ServerObject(accounts: accounts)
            #expect(object.has(4, in: 0))
            try await object.execute(0, 4, [])
            try await object.execute(0, 4, [ExecuteArgument(digit: 3)])
            var code: Code?
            do throws(OperationError) { try await object.execute(7, 4, []) } catch { code = error.code }
            #expect(code == .notFound)
        }
    }

    @Test func securityIsForNoServer() async {
        await onLoop {
            let object = SecurityObject(accounts: accounts())
            #expect(object.instances == [0])
            for resource in object.resources(of: 0) {
                let error = #expect(throws: OperationError.self) { try object.read(0, resource) }
                #expect(error?.code == .unauthorized)
            }
            var codes: [Code] = []
            do throws(OperationError) {
                try await object.write(0, [0: .single(.string("coap://x"))], mode: .update)
            } catch { codes.append(error.code) }
            do throws(OperationError) { _ = try await object.create(nil, [:]) } catch { codes.append(error.code) }
            do throws(OperationError) { try await object.delete(0) } catch { codes.append(error.code) }
            #expect(codes == [.unauthorized, .unauthorized, .unauthorized])
        }
    }
}
