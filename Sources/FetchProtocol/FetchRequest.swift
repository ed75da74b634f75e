/// What gatekeeld asks gatekeel-fetch for, once, on its standard input.
///
/// # The pipe protocol
///
/// gatekeeld starts `/usr/lib/gatekeel/gatekeel-fetch` without arguments and with three pipes:
///
/// - **descriptor 0**, the request: text, one `KEY VALUE` a line, then the end of the file. Not arguments: a URI may hold secrets, and
///   everybody can read a command line. Keys: `uri` (required), `offset`, `validator`, `limit`, `ca`, `local` (`yes` or `no`),
///   `low-speed` (two numbers: bytes a second, seconds), `connect-timeout` (seconds), `redirects`. An unknown key is an error.
/// - **descriptor 1**, the body: the raw bytes and nothing else. Their count is the progress.
/// - **descriptor 3**, the status: text, one line an event, each a `FetchStatus`: `size N`, `validator TEXT`, then `body N` before the first
///   byte of the body, and at the end `done N` or `error CODE CHANCE TEXT` with the chance `retry`, `unlikely` or `final`.
///
/// The reader must not take bytes of the body before it has seen `body N`: they belong at offset N of its file, which it cuts to N
/// bytes first. N is `offset` when the server could resume, and 0 when the resource changed or the server cannot: the file starts
/// anew. Success is `done N` with as many bytes read. When the pipes end without `done` or `error`, the program was killed: that is a
/// lost connection (52, retry).
public struct FetchRequest: Hashable, Sendable {
    /// A request that cannot be encoded or decoded.
    public struct Malformed: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// The most bytes of an encoded request.
    public static let sizeLimit = 16384
    /// The most bytes of a URI.
    public static let uriLimit = 4096

    /// `http` or `https`. May hold secrets: never logged.
    public var uri: String
    /// Bytes that are stored already; 0 starts from the beginning.
    public var offset = 0
    /// What `FetchStatus.validator` gave for those bytes; without it they cannot be trusted and are fetched again.
    public var validator: String?
    /// The most bytes of the whole resource.
    public var limit = 1 << 30
    /// A PEM file with the authorities for https, instead of the system's.
    public var authorities: String?
    /// Whether loopback and link-local addresses may be connected to.
    public var allowsLocal = false
    /// The attempt is ended when it is slower than so many bytes a second …
    public var lowSpeedBytes = 100
    /// … for so many seconds.
    public var lowSpeedSeconds = 60
    /// The longest time to connect, in seconds.
    public var connectTimeout = 30
    /// The most redirects that are followed.
    public var redirects = 5

    public init(uri: String) { self.uri = uri }

    /// The bytes for the program's standard input.
    ///
    /// - Throws: `Malformed` for control characters or something too long, without showing it.
    public func encoded() throws(Malformed) -> [UInt8] {
        var lines = [
            "uri \(uri)", "offset \(offset)", "limit \(limit)", "low-speed \(lowSpeedBytes) \(lowSpeedSeconds)",
            "connect-timeout \(connectTimeout)", "redirects \(redirects)", "local \(allowsLocal ? "yes" : "no")",
        ]
        if let validator { lines.append("validator \(validator)") }
        if let authorities { lines.append("ca \(authorities)") }
        for line in lines where line.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) {
            throw Malformed(description: "the \(line.prefix { $0 != " " }) holds a control character")
        }
        let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        guard uri.utf8.count <= Self.uriLimit, bytes.count <= Self.sizeLimit else {
            throw Malformed(description: "the URI is longer than \(Self.uriLimit) bytes")
        }
        return bytes
    }

    /// Reads what `encoded` wrote.
    public init(decoding bytes: [UInt8]) throws(Malformed) {
        guard bytes.count <= Self.sizeLimit else { throw Malformed(description: "the request is too long") }
        var uri: String?
        var request = FetchRequest(uri: "")
        for line in bytes.split(separator: 0x0a) {
            guard let text = String(validating: line, as: UTF8.self) else {
                throw Malformed(description: "the request is not UTF-8")
            }
            let words = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard words.count == 2 else { throw Malformed(description: "a line has no value") }
            let value = words[1]
            switch words[0] {
            case "uri": uri = value
            case "offset": request.offset = try Self.number(value)
            case "validator": request.validator = value
            case "limit": request.limit = try Self.number(value)
            case "ca": request.authorities = value
            case "low-speed":
                let numbers = value.split(separator: " ").map(String.init)
                guard numbers.count == 2 else { throw Malformed(description: "low-speed takes two numbers") }
                request.lowSpeedBytes = try Self.number(numbers[0])
                request.lowSpeedSeconds = try Self.number(numbers[1])
            case "local":
                guard value == "yes" || value == "no" else { throw Malformed(description: "local is yes or no") }
                request.allowsLocal = value == "yes"
            case "connect-timeout": request.connectTimeout = try Self.number(value)
            case "redirects": request.redirects = try Self.number(value)
            default: throw Malformed(description: "the key \(words[0].prefix(32)) is unknown")
            }
        }
        guard let uri, !uri.isEmpty, uri.utf8.count <= Self.uriLimit else {
            throw Malformed(description: "no URI, or one too long")
        }
        request.uri = uri
        self = request
    }

    private static func number(_ text: String) throws(Malformed) -> Int {
        guard let number = Int(text), number >= 0, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            throw Malformed(description: "a number is malformed")
        }
        return number
    }
}
