import EventLoop
import LwM2M
import LwM2MClient
import TestSupport
import Testing

@testable import HostObjects

@LoopActor
private func accounts(minimum: UInt32? = 5) -> ServerAccounts {
    ServerAccounts(
        seeds: [
            ServerAccount.Seed(
                name: "main", shortServerID: 123,
                endpoint: ServerEndpoint(host: "127.0.0.1", port: 5683, security: .noSec),
                settings: ServerSettings(lifetime: 300, defaultMinimumPeriod: minimum))
        ], path: nil)
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
            #expect(object.resources(of: 0) == [0, 1, 2, 6, 7, 8])
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
