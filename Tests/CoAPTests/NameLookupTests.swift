import EventLoop
import Glibc
import LwM2MClient
import Synchronization
import TestSupport
import Testing

@testable import CoAP

@Suite(.timeLimit(.minutes(patience))) struct NameLookupTests {
    /// A name server that answers when the test allows it.
    private final class SlowServer: @unchecked Sendable {
        // Sendable: semaphores are for threads.
        private let gate: UnsafeMutablePointer<sem_t>
        private let asked = Atomic<Int>(0)

        var questions: Int { asked.load(ordering: .relaxed) }

        init() {
            gate = .allocate(capacity: 1)
            sem_init(gate, 0, 0)
        }

        deinit {
            sem_destroy(gate)
            gate.deallocate()
        }

        func allow(_ count: Int) { for _ in 0..<count { sem_post(gate) } }

        func answer(_ host: String) throws -> [PeerAddress] {
            asked.add(1, ordering: .relaxed)
            sem_wait(gate)
            throw TransportError.unresolved("\(host): no address")
        }
    }

    /// Attempts that were given up must not leave a queue of look-ups behind.
    @Test func aNameIsLookedUpOnceForAllSessionsThatWaitForIt() async {
        await onLoop {
            let server = SlowServer()
            let transport = CoAPTransport(names: NameLookups { host, _ in try server.answer(host) })
            let endpoint = ServerEndpoint(host: "gateway.example", port: 5683, security: .noSec)
            for _ in 0..<3 {
                let session = transport.open(endpoint, handler: TestHandler())
                #expect(session.path == .unopened)
                for _ in 0..<12 { await Task.yield() }
                session.close()
            }
            let handler = TestHandler()
            _ = transport.open(endpoint, handler: handler)
            for _ in 0..<12 { await Task.yield() }
            server.allow(4)
            #expect(await handler.end() == .unresolved("gateway.example: no address"))
            #expect(server.questions == 1)

            // A later attempt asks anew.
            let later = TestHandler()
            server.allow(1)
            _ = transport.open(endpoint, handler: later)
            #expect(await later.end() != nil)
            #expect(server.questions == 2)
        }
    }
}
