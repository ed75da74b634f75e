import Fetch
import FetchProtocol
import Glibc
import Linux
import TestSupport
import Testing

@Suite struct TransferTests {
    private let server: TestServer
    init() throws { server = try TestServer() }

    /// What a download gave: its statuses, and the file after it.
    private struct Outcome {
        var statuses: [FetchStatus]
        var file: [UInt8]
        var error: FetchError? { if case .error(let error)? = statuses.last { error } else { nil } }
        var isDone: Bool { if case .done? = statuses.last { true } else { false } }
        var offset: Int? { statuses.compactMap { if case .body(let offset) = $0 { offset } else { nil } }.last }
        var validator: String? { statuses.compactMap { if case .validator(let text) = $0 { text } else { nil } }.last }
    }

    /// Downloads as gatekeeld does: the body's bytes go to the offset that `body` names.
    private func fetch(
        _ uri: String, having: [UInt8] = [], environment: [String: String] = [:],
        _ change: (inout FetchRequest) -> Void = { _ in }
    ) throws -> Outcome {
        var request = FetchRequest(uri: uri)
        request.offset = having.count
        request.allowsLocal = true
        change(&request)
        let folder = try TemporaryDirectory("fetched")
        let body = try FileDescriptor.open("\(folder.path)/body", O_RDWR | O_CREAT)
        let status = try FileDescriptor.open("\(folder.path)/status", O_RDWR | O_CREAT)
        let ended = try Transfer(
            FetchRequest(decoding: request.encoded()), body: body.duplicate(), status: status.duplicate(),
            environment: environment
        ).run()
        var reader = FetchStatusReader()
        let statuses = try reader.take(status.read(0..<status.size()))
        var outcome = Outcome(statuses: statuses, file: [])
        let bytes = try body.read(0..<body.size())
        if let offset = outcome.offset { outcome.file = having.prefix(offset) + bytes } else { #expect(bytes.isEmpty) }
        #expect(ended == outcome.isDone)
        if case .done(let count)? = statuses.last { #expect(count == bytes.count) }
        return outcome
    }

    @Test func wholeFiles() throws {
        let whole = try fetch(server.http("/file"))
        #expect(whole.statuses == [.size(500_000), .validator("\"v1\""), .body(offset: 0), .done(bytes: 500_000)])
        #expect(whole.file == TestServer.content)
        #expect(try fetch(server.http("/chunked")).file == Array("hello".utf8))
        let empty = try fetch(server.http("/empty"))
        #expect(empty.isDone && empty.offset == 0 && empty.file.isEmpty)
        #expect(try fetch(server.http("/weak")).validator == "Tue, 01 Oct 2024 10:00:00 GMT")
    }

    @Test func whatWasLostIsResumed() throws {
        var have: [UInt8] = []
        var validator: String?
        for _ in 0..<30 {
            let outcome = try fetch(server.http("/cut"), having: have) { $0.validator = validator }
            #expect(outcome.offset == have.count)
            have = outcome.file
            validator = outcome.validator ?? validator
            if outcome.isDone { break }
            #expect(outcome.error?.result == .connectionLost)
            #expect(outcome.error?.chance == .retry)
            if have.count == 500_000 { break }
        }
        #expect(have.count > 499_000)
        let rest = try fetch(server.http("/file"), having: have) { $0.validator = validator }
        #expect(rest.isDone)
        #expect(rest.file == TestServer.content)
    }

    @Test func whatChangedOrCannotBeResumedStartsAnew() throws {
        let half = Array(TestServer.content.prefix(1000))
        let resumed = try fetch(server.http("/file"), having: half) { $0.validator = "\"v1\"" }
        #expect(resumed.offset == 1000 && resumed.file == TestServer.content)
        let dated = try fetch(server.http("/weak"), having: half) { $0.validator = "Tue, 01 Oct 2024 10:00:00 GMT" }
        #expect(dated.offset == 1000 && dated.file == TestServer.content)
        let wrong = [UInt8](repeating: 0, count: 1000)
        for (path, validator) in [("/file", "\"v0\""), ("/norange", "\"v1\""), ("/file", nil)] as [(String, String?)] {
            let outcome = try fetch(server.http(path), having: wrong) { $0.validator = validator }
            #expect(outcome.offset == 0 && outcome.file == TestServer.content, "\(path)")
        }
        let complete = try fetch(server.http("/file"), having: TestServer.content) { $0.validator = "\"v1\"" }
        #expect(complete.statuses == [.size(500_000), .body(offset: 500_000), .done(bytes: 0)])
        let longer = try fetch(server.http("/file"), having: TestServer.content + [1]) { $0.validator = "\"v1\"" }
        #expect(longer.offset == 0 && longer.file == TestServer.content)
        let liar = try fetch(server.http("/liar"), having: half) { $0.validator = "\"v1\"" }
        #expect(liar.error?.result == .other && liar.offset == nil)
    }

    @Test(
        arguments: [
            ("/status/404", .invalidURI, false), ("/status/410", .invalidURI, false),
            ("/status/403", .invalidURI, false),
            ("/page404", .invalidURI, false), ("/status/500", .other, true), ("/status/503", .other, true),
            ("/status/429", .other, true), ("/status/304", .invalidURI, false), ("/cut", .connectionLost, true),
            ("/cutchunks", .connectionLost, true), ("/nothing", .connectionLost, true),
            ("/encoded", .unsupportedType, false),
            ("/loop", .invalidURI, false), ("/to?ftp://127.0.0.1/x", .invalidURI, false),
            ("/to?file:///etc/passwd", .invalidURI, false),
            ("/endless", .noStorage, false),
        ] as [(String, FetchError.Result, Bool)])
    func failuresAreToldApart(path: String, result: FetchError.Result, mayRetry: Bool) throws {
        let error = try fetch(server.http(path)) { $0.limit = 1 << 20 }.error
        #expect(error?.result == result)
        #expect((error?.chance == .retry) == mayRetry)
    }

    @Test func limitsAndSlowServers() throws {
        let large = try fetch(server.http("/file")) { $0.limit = 499_999 }
        #expect(large.error?.result == .noStorage && large.file.isEmpty)
        #expect(try fetch(server.http("/file")) { $0.limit = 500_000 }.isDone)
        let slow = try fetch(server.http("/slow")) {
            $0.lowSpeedBytes = 1000
            $0.lowSpeedSeconds = 1
        }
        #expect(slow.error?.result == .connectionLost && slow.error?.chance == .retry)
    }

    @Test func redirects() throws {
        #expect(try fetch(server.http("/to?/file")).file == TestServer.content)
        #expect(try fetch(server.http("/to?/to?/file")).isDone)
        #expect(try fetch(server.http("/to?/file")) { $0.redirects = 0 }.error?.result == .invalidURI)
        let down = try fetch(server.https("/to?" + server.http("/file"))) {
            $0.authorities = "\(server.folder.path)/cert.pem"
        }
        #expect(down.error?.text.contains("from https to http") == true)
        let round = try fetch(server.http("/to?" + server.https("/to?" + server.http("/file")))) {
            $0.authorities = "\(server.folder.path)/cert.pem"
        }
        #expect(round.error?.text.contains("from https to http") == true)
        // Credentials of one host are not told to another.
        let secret = "http://user:word@127.0.0.1:\(server.port)"
        #expect(try fetch("\(secret)/auth").file == Array("Basic dXNlcjp3b3Jk".utf8))
        let other = try fetch("\(secret)/to?http://localhost:\(server.port)/auth")
        #expect(other.file == Array("none".utf8))
    }

    @Test func certificatesAreChecked() throws {
        let stranger = try fetch(server.https("/file"))
        #expect(stranger.error?.result == .other && stranger.error?.text.contains("certificate") == true)
        #expect(
            try fetch(server.https("/file")) { $0.authorities = "\(server.folder.path)/cert.pem" }.file
                == TestServer.content)
    }

    @Test func badURIsAndUnreachableServers() throws {
        for uri in ["ftp://127.0.0.1/x", "file:///etc/passwd", "http://", "gopher:x", "/etc/passwd", "http://[::zz/"] {
            let error = try fetch(uri).error
            #expect(error?.result == .invalidURI, "\(uri)")
        }
        let closed = try fetch("http://user:hidden@127.0.0.1:1/x?token=hidden").error
        #expect(closed?.result == .connectionLost && closed?.chance == .retry)
        #expect(closed?.text.contains("hidden") == false)
    }

    @Test func localAddressesAreRefusedUnlessAllowed() throws {
        let port = server.port
        for host in [
            "127.0.0.1", "localhost", "127.9.9.9", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "2130706433",
        ] {
            let error = try fetch("http://\(host):\(port)/file") { $0.allowsLocal = false }.error
            #expect(error?.result == .invalidURI && error?.chance == .final, "\(host): \(String(describing: error))")
            #expect(error?.text.contains("AllowLocalDownloads=") == true, "\(host)")
        }
        let linkLocal = try fetch("http://169.254.169.254/latest") { $0.allowsLocal = false }.error
        #expect(linkLocal?.result == .invalidURI && linkLocal?.chance == .final)
        // The same address through a proxy: it is the administrator's choice.
        let proxy = ["http_proxy": "http://127.0.0.1:\(port)"]
        let proxied = try fetch("http://files.example/file", environment: proxy) { $0.allowsLocal = false }
        #expect(proxied.error?.text.contains("AllowLocalDownloads=") != true)
        #expect(proxied.isDone)
        // Not what is excepted from it.
        let excepted = try fetch(
            "http://localhost:\(port)/file",
            environment: ["http_proxy": proxy["http_proxy"] ?? "", "no_proxy": "localhost"]
        ) { $0.allowsLocal = false }
        #expect(excepted.error?.text.contains("AllowLocalDownloads=") == true)
    }

    /// A server may redirect to the gateway's own services; each request of its own is checked.
    @Test func aRedirectToLoopbackIsRefused() throws {
        // The first request goes through a proxy, which redirects; the target is excepted from the proxy.
        let environment = ["http_proxy": "http://127.0.0.1:\(server.port)", "no_proxy": "127.0.0.1"]
        let error = try fetch("http://files.example/to?http://127.0.0.1:\(server.port)/file", environment: environment)
        {
            $0.allowsLocal = false
        }.error
        #expect(error?.result == .invalidURI && error?.text.contains("AllowLocalDownloads=") == true)
    }

    @Test func serversThatSpeakSomethingElseAreToldApart() throws {
        let banner = try PlainServer("SSH-2.0-OpenSSH_9.2\r\n")
        let plain = try fetch("http://127.0.0.1:\(banner.port)/x").error
        #expect(plain?.result == .invalidURI && plain?.chance == .final)
        let secure = try fetch("https://127.0.0.1:\(banner.port)/x").error
        #expect(secure?.chance == .unlikely)
        let crossed = try fetch("https://127.0.0.1:\(server.port)/file").error
        #expect(crossed?.chance == .unlikely)
    }

    /// The same failure has the same text: what changes from attempt to attempt would be told each time.
    @Test func textsOfFailuresThatRepeatAreStable() throws {
        let refused = try (0..<3).map { _ in try fetch("http://127.0.0.1:1/x").error }
        #expect(Set(refused).count == 1 && refused[0]?.chance == .retry)
        #expect(refused[0]?.text == "127.0.0.1 cannot be connected to: Connection refused")
        // A label of more than 63 characters: no name server is asked.
        let name = String(repeating: "a", count: 64) + ".invalid"
        #expect(
            try fetch("http://\(name)/x").error
                == FetchError(.connectionLost, .retry, "the name \(name) does not resolve"))
        let silent = try fetch(server.http("/slow")) {
            $0.lowSpeedBytes = 1000
            $0.lowSpeedSeconds = 1
        }.error
        #expect(silent?.text == "127.0.0.1 does not answer, or sends next to nothing")
    }
}
