import EventLoop
import Glibc
import LwM2MClient
import Linux
import Netlink
import TestSupport
import Testing

@testable import CoAP

/// `openssl s_server` with DTLS 1.2 and a pre-shared key, at a port of loopback.
private struct OpenSSLServer {
    let port: UInt16
    private let folder: TemporaryDirectory
    private let process: String

    static let missing: String? =
        (try? shell("command -v openssl")) == nil ? "SKIPPED: openssl is not installed" : nil

    /// - Parameter ciphers: an OpenSSL cipher list.
    @LoopActor
    init(ciphers: String) throws {
        folder = try TemporaryDirectory("dtls")
        port = try Self.freePort()
        let key = SecurityTests.key.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        // Its input must not end: that would end the session.
        let output = "\(folder.path)/output"
        process = try shell(
            """
            sleep \(30 * patience) 2>/dev/null | timeout -s KILL \(30 * patience) openssl s_server -dtls1_2 -accept 127.0.0.1:\(port) -nocert -psk \(key) \
            -psk_identity \(String(decoding: SecurityTests.identity, as: UTF8.self)) -cipher '\(ciphers)' \
            >\(output) 2>&1 & echo $!
            """
        ).filter(\.isNumber)
    }

    /// A port that is free, and that the kernel gives to nobody who asks for any: tests beside this one do.
    @LoopActor
    private static func freePort() throws -> UInt16 {
        for _ in 0..<100 {
            guard let probe = try? DatagramSocket(port: .random(in: 20000..<30000)) else { continue }
            probe.close()
            return probe.port
        }
        throw Errno(EADDRINUSE, "a port from 20000 to 29999")
    }

    /// Waits until it has written this.
    @LoopActor
    func says(_ text: String) async -> Bool {
        for _ in 0..<500 * patience {
            let output = (try? Files.read("\(folder.path)/output", limit: 65536)) ?? []
            if String(decoding: output, as: UTF8.self).firstOccurrence(of: text) != nil { return true }
            await LoopScheduler.shared.sleep(for: .milliseconds(20))
        }
        return false
    }

    /// The whole group, by a signal that no child of the event loop's process inherits as blocked.
    func end() { _ = try? shellStatus("kill -KILL -- -\(process)") }
}

@Suite(.timeLimit(.minutes(patience))) struct HandshakeTests {
    // MARK: Cipher suites

    @Test(
        .enabled(if: OpenSSLServer.missing == nil, "SKIPPED: openssl is not installed"),
        arguments: [
            "PSK-AES128-CCM8", "PSK-AES256-CCM8", "PSK-AES128-CCM", "PSK-AES128-GCM-SHA256", "PSK-CHACHA20-POLY1305",
            "PSK-AES128-CBC-SHA256", "ECDHE-PSK-AES128-CBC-SHA256", "ECDHE-PSK-CHACHA20-POLY1305",
        ])
    func suitesOfPreSharedKeysAreAccepted(_ suite: String) async throws {
        try await onLoop {
            let server = try OpenSSLServer(ciphers: "\(suite):@SECLEVEL=0")
            defer { server.end() }
            #expect(await server.says("ACCEPT"))
            let handler = TestHandler()
            let session = CoAPTransport().open(
                ServerEndpoint(
                    host: "127.0.0.1", port: server.port,
                    security: .psk(identity: SecurityTests.identity, key: SecurityTests.key)), handler: handler)
            #expect(await server.says("CIPHER is \(suite)"))
            #expect(handler.ends.isEmpty)
            session.close()
        }
    }

    /// It costs a third of a second of the loop.
    @Test(
        .enabled(if: OpenSSLServer.missing == nil, "SKIPPED: openssl is not installed"),
        arguments: ["DHE-PSK-AES128-GCM-SHA256", "DHE-PSK-AES128-CCM8:DHE-PSK-AES256-CBC-SHA384"])
    func finiteFieldKeyExchangeIsNotOffered(_ suites: String) async throws {
        try await onLoop {
            let server = try OpenSSLServer(ciphers: "\(suites):@SECLEVEL=0")
            defer { server.end() }
            #expect(await server.says("ACCEPT"))
            let handler = TestHandler()
            _ = CoAPTransport().open(
                ServerEndpoint(
                    host: "127.0.0.1", port: server.port,
                    security: .psk(identity: SecurityTests.identity, key: SecurityTests.key)), handler: handler)
            let reason = await handler.end()
            if case .handshake(let text) = reason {
                #expect(text.firstOccurrence(of: "handshake failure") != nil, "\(text)")
            } else {
                Issue.record("\(String(describing: reason))")
            }
            #expect(await server.says("no shared cipher"))
        }
    }

    // MARK: Silence

    @Test func aServerThatNeverAnswersIsToldFromAWrongKey() async throws {
        try await onLoop {
            let clock = ManualScheduler()
            let silent = try DatagramSocket()
            let handler = TestHandler()
            _ = CoAPTransport(scheduler: clock).open(
                ServerEndpoint(
                    host: "127.0.0.1", port: silent.port,
                    security: .psk(identity: SecurityTests.identity, key: SecurityTests.key)), handler: handler)
            #expect(await silent.next() != nil)
            clock.advance(by: .seconds(21))
            #expect(handler.ends.isEmpty)
            clock.advance(by: .seconds(1))
            #expect(handler.ends == [.handshake(HandshakeProgress.unanswered.reason)])
            silent.close()
        }
    }

    /// OpenSSL's server drops what it cannot decrypt without a word.
    @Test func aWrongKeyIsReportedWithinHalfAMinute() async throws {
        try await onLoop {
            let clock = ManualScheduler()
            let pair = try SecurityTests.Pair("127.0.0.1", CoAPParameters(), scheduler: clock)
            let session = try #require(pair.open(key: [1, 2, 3]) as? CoAPSession)
            while session.progress != .keyExchanged { await LoopScheduler.shared.sleep(for: .milliseconds(1)) }
            clock.advance(by: .seconds(21))
            #expect(pair.clientHandler.ends.isEmpty)
            clock.advance(by: .seconds(1))
            #expect(pair.clientHandler.ends == [.handshake(HandshakeProgress.keyExchanged.reason)])
            pair.server.close()
        }
    }

    @Test func aHandshakeThatSucceedsHasNoDeadlineLeft() async throws {
        try await onLoop {
            let clock = ManualScheduler()
            let pair = try SecurityTests.Pair("127.0.0.1", CoAPParameters(), scheduler: clock)
            let session = pair.open()
            _ = try await pair.peer(of: session)
            clock.advance(by: .seconds(100))
            #expect(pair.clientHandler.ends.isEmpty)
            session.close()
            pair.server.close()
        }
    }

    // MARK: The path

    @LoopActor
    private final class Routes {
        var answer: Result<NetworkPath?, Errno> = .success(
            NetworkPath(source: [127, 0, 0, 1], interface: 1, gateway: []))
    }

    @Test func aSessionKnowsWhetherItsPathChanged() async throws {
        try await onLoop {
            let routes = Routes()
            let peer = try DatagramSocket()
            let transport = CoAPTransport { bytes throws(Errno) in
                #expect(bytes == DatagramSocket.loopback(peer.port))
                return try routes.answer.get()
            }
            let session = transport.open(
                ServerEndpoint(host: "127.0.0.1", port: peer.port, security: .noSec), handler: TestHandler())
            #expect(session.path == .unopened, "not opened over any path yet")
            let ping = Eventually { () throws(TransportError) in try await session.ping() }
            #expect(await peer.next() != nil)
            #expect(session.path == .same)
            routes.answer = .success(NetworkPath(source: [127, 0, 0, 1], interface: 2, gateway: []))
            #expect(session.path == .moved)
            routes.answer = .success(nil)
            #expect(session.path == .gone)
            // No descriptor is left to ask with: no reason to give up what works.
            routes.answer = .failure(Errno(EMFILE, "socket"))
            #expect(session.path == .same)
            session.close()
            routes.answer = .success(NetworkPath(source: [127, 0, 0, 1], interface: 1, gateway: []))
            #expect(session.path == .same, "the last path, when the session has ended")
            _ = await ping.value()
            peer.close()
        }
    }

    @Test func theKernelsRouteToLoopbackStaysTheSame() async throws {
        try await onLoop {
            let pair = try SecurityTests.Pair("::1")
            let session = pair.open("::1")
            _ = try await pair.peer(of: session)
            #expect(session.path == .same)
            session.close()
            pair.server.close()
        }
    }
}
