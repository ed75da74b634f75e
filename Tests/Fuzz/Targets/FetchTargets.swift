@testable import Fetch
import FetchProtocol

extension FuzzTarget {
    /// What gatekeeld and gatekeel-fetch say to each other.
    static let fetchProtocol = FuzzTarget("fetch-protocol") { bytes in
        checkRequest(bytes)
        let whole = statuses([bytes[...]])
        let half = bytes.count / 2
        requireEqual(statuses([bytes[..<half], bytes[half...]]), whole, "in two pieces it is the same")
        for status in whole ?? [] {
            let line = status.line
            require(line.count <= 401 && line.last == 0x0A, "a line is bounded")
            guard let again = FetchStatus(line.dropLast()) else {
                require(false, "a written status is read: \(status)")
                return
            }
            requireEqual(again.line, line, "a status is read as it was written")
        }
    }

    private static func statuses(_ pieces: [ArraySlice<UInt8>]) -> [FetchStatus]? {
        var reader = FetchStatusReader()
        var all: [FetchStatus] = []
        for piece in pieces {
            guard let found = accepted({ () throws(FetchError) in try reader.take(piece) }) else { return nil }
            all += found
        }
        return all
    }

    private static func checkRequest(_ bytes: [UInt8]) {
        let request = accepted { () throws(FetchRequest.Malformed) in try FetchRequest(decoding: bytes) }
        guard let request else { return }
        require(!request.uri.isEmpty && request.uri.utf8.count <= FetchRequest.uriLimit, "the URI is bounded")
        let numbers = [request.offset, request.limit, request.lowSpeedBytes, request.connectTimeout, request.redirects]
        require(numbers.allSatisfy { $0 >= 0 }, "no number is negative")
        // A control character is taken and never written.
        guard !bytes.contains(where: { $0 < 0x20 && $0 != 0x0A || $0 == 0x7F }) else { return }
        let written = requireSuccess("a request is written") { () throws(FetchRequest.Malformed) in
            try request.encoded()
        }
        let again = requireSuccess("a written request is read") { () throws(FetchRequest.Malformed) in
            try FetchRequest(decoding: written)
        }
        requireEqual(again, request, "a request is read as it was written")
    }

    /// The header Content-Range of a file server.
    static let contentRange = FuzzTarget("content-range", limit: 128) { bytes in
        guard let range = ContentRange(String(decoding: bytes, as: UTF8.self)) else { return }
        require(range.first ?? 0 >= 0 && range.total ?? 0 >= 0, "no number is negative")
        if let first = range.first, let total = range.total { require(first < total, "the range is within the whole") }
    }
}
