import CoAP
import EventLoop
import JSON
import LwM2M
import LwM2MClient
import RuntimeObjects
import TestSupport
import Testing

@testable import DevServer

/// The server decodes objects whose definitions were loaded, of a whole client over loopback.
@Suite struct DefinitionTests {
    @Test func objectsOfADefinitionAreReadAndWritten() async throws {
        try await onLoop {
            let server = DevServer()
            let port = try #require(server.listen("127.0.0.1", port: 0, secure: false))
            let accounts = ServerAccounts(
                seeds: [
                    ServerAccount.Seed(
                        name: "main", shortServerID: 1,
                        endpoint: ServerEndpoint(host: "127.0.0.1", port: port, security: .noSec))
                ], path: nil)
            let object = DefinedObject(try .everyType(32000))
            let client = Client(
                endpoint: "gateway", objects: [object], accounts: accounts, transport: CoAPTransport(),
                scheduler: LoopScheduler.shared)
            client.start()
            let known = try #require(await server.registration(of: "gateway", within: .seconds(30)))
            let path = Path(32000, 0, 21)
            // Bytes, without the definition.
            let unknown = server.value(of: try await server.read(path, nil, known), at: path)
            #expect(unknown.string?.isEmpty == false)
            server.definitions.append(object.definition)
            #expect(server.value(of: try await server.read(path, nil, known), at: path) == ["0": -1, "1": -1])
            #expect(try await server.create(32000, 3, [(0, "new"), (4, "0")], known).code == .created)
            #expect(object.contents[3] == [0: .single(.string("new")), 4: .single(.boolean(false))])
            await client.stop()
            server.close()
        }
    }
}
