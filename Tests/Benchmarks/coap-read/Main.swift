import CoAP
import EventLoop
import Glibc
import Linux
import LwM2MClient

/// CPU per Read: ours against Debian's `coap-server`, which stands on the same libcoap.
///
/// This process is the peer that asks: one confirmable GET at a time, the next when the answer is here. Both sides run
/// on one core: across two, wake-ups drown the difference. Rounds of the two alternate; the medians are compared.
///
///     gatekeel-bench [--requests N] [--rounds N] [-- PROGRAM [ARGUMENT]...]
///
/// PROGRAM is started with the port of this process in `GATEKEEL_BENCH_PORT`, registers there as an LwM2M client in the
/// clear, and has a resource /3/0/0. Without one it is this program itself: the CoAP module alone, under a handler that
/// answers from a constant.
@main
struct Main {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == "--serve", let port = arguments.dropFirst().first.flatMap({ UInt16($0) }) {
            exit(Subject.run(port))
        }
        do {
            exit(try Comparison(arguments).run() ? 0 : 1)
        } catch {
            print("gatekeel-bench: \(error)")
            exit(2)
        }
    }
}

/// The CoAP module as a client that is read.
@LoopActor
final class Subject: SessionHandler {
    private let answer = Array("Gatekeel".utf8)
    private var session: (any Session)?

    init() {}

    nonisolated static func run(_ port: UInt16) -> Int32 {
        LoopActor.spawn {
            let subject = Subject()
            let transport = CoAPTransport()
            let session = transport.open(
                ServerEndpoint(host: "127.0.0.1", port: port, security: .noSec), handler: subject)
            _ = try? await session.send(
                Request(.post, path: ["rd"], query: ["ep=bench", "lwm2m=1.1"], payload: Array("</3/0>".utf8)))
            // Until this process is ended.
            await LoopScheduler.shared.sleep(for: .seconds(3600))
            session.close()
            EventLoop.shared.exit(0)
        }
        return EventLoop.shared.run()
    }

    func handle(_ request: Request, on session: any Session, respond: @escaping @LoopActor (Response) -> Void) {
        guard request.method == .get, request.path == ["3", "0", "0"] else { return respond(Response(.notFound)) }
        respond(Response(.content, contentFormat: 0, payload: answer))
    }

    func upload(_ request: Request, size: Int?, on session: any Session) -> UploadDecision {
        .refuse(Response(.methodNotAllowed))
    }

    func sessionEnded(_ session: any Session, _ reason: TransportError) { EventLoop.shared.exit(1) }
}
