import FetchProtocol
import Testing

@Suite struct FetchProtocolTests {
    @Test func requestsGoThroughThePipe() throws {
        var request = FetchRequest(uri: "https://user:pass@example.org/a b?q=1")
        #expect(try FetchRequest(decoding: request.encoded()) == request)
        request.offset = 12
        request.validator = "\"v 1\""
        request.limit = 99
        request.authorities = "/etc/ssl/with space.pem"
        request.lowSpeedBytes = 5
        request.lowSpeedSeconds = 6
        request.connectTimeout = 7
        request.redirects = 8
        request.allowsLocal = true
        #expect(try FetchRequest(decoding: request.encoded()) == request)
    }

    @Test func hostileRequestsAreRefusedWithoutShowingThem() throws {
        for uri in ["http://x/\nlimit 9", "http://x/\u{0}", String(repeating: "a", count: 5000)] {
            #expect(throws: FetchRequest.Malformed.self) { try FetchRequest(uri: uri).encoded() }
        }
        for text in [
            "", "uri", "uri ", "limit 5", "uri x\nlimit -5", "uri x\nlimit +5", "uri x\nfoo 1", "uri x\nlow-speed 1",
            "uri x\nlocal 1",
        ] {
            #expect(throws: FetchRequest.Malformed.self) { try FetchRequest(decoding: Array(text.utf8)) }
        }
        do { _ = try FetchRequest(uri: "http://secret@x/\n").encoded() } catch {
            #expect(!error.description.contains("secret"))
        }
    }

    @Test func statusesGoThroughThePipeInPieces() throws {
        let all: [FetchStatus] = [
            .size(7), .validator("\"abc d\""), .body(offset: 0), .done(bytes: 7),
            .error(FetchError(.invalidURI, .final, "HTTP 404: not there")),
            .error(FetchError(.connectionLost, .retry, "lost")),
            .error(FetchError(.connectionLost, .unlikely, "no TLS")),
        ]
        let bytes = all.flatMap(\.line)
        for size in [1, 3, 1000] {
            var reader = FetchStatusReader()
            var found: [FetchStatus] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                found += try reader.take(bytes[start..<min(start + size, bytes.count)])
            }
            #expect(found == all)
        }
    }

    @Test func linesStayLinesWhateverIsInThem() throws {
        var reader = FetchStatusReader()
        let error = FetchError(.other, .final, "a\ndone 5\u{1b}[2Jö" + String(repeating: "x", count: 2000))
        let found = try reader.take(FetchStatus.error(error).line)
        #expect(found.count == 1)
    }

    @Test func whatIsNotOfTheProtocolIsRefused() {
        for text in [
            "size\n", "size -1\n", "size x\n", "done\n", "error 55 final x\n", "error 52 maybe x\n", "foo 1\n", "\n",
        ] {
            var reader = FetchStatusReader()
            #expect(throws: FetchError.self) { try reader.take(text.utf8) }
        }
        var reader = FetchStatusReader()
        #expect(throws: FetchError.self) { try reader.take([UInt8](repeating: 0x61, count: 600)) }
    }
}
