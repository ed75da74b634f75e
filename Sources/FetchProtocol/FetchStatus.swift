/// One line of gatekeel-fetch's status, on descriptor 3; see `FetchRequest`.
public enum FetchStatus: Hashable, Sendable {
    /// `size N`: the whole resource has N bytes.
    case size(Int)
    /// `validator TEXT`: a strong ETag or Last-Modified, to resume with (RFC 9110, 13.1.5).
    case validator(String)
    /// `body N`: the bytes that follow on descriptor 1 belong at offset N.
    case body(offset: Int)
    /// `done N`: all is there; N bytes of the body were written by this run.
    case done(bytes: Int)
    /// `error CODE retry|unlikely|final TEXT`.
    case error(FetchError)

    /// The line, with its newline. Control characters in a text are replaced, and it is cut to 400 bytes.
    public var line: [UInt8] {
        switch self {
        case .size(let count): Array("size \(count)\n".utf8)
        case .validator(let text): Self.clean("validator \(text)")
        case .body(let offset): Array("body \(offset)\n".utf8)
        case .done(let bytes): Array("done \(bytes)\n".utf8)
        case .error(let error):
            Self.clean("error \(error.result.rawValue) \(error.chance.rawValue) \(error.text)")
        }
    }

    /// Reads one line, without its newline; nil for a line of no known kind.
    public init?(_ line: some Collection<UInt8>) {
        guard let text = String(validating: line, as: UTF8.self) else { return nil }
        let words = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard words.count == 2 else { return nil }
        switch words[0] {
        case "validator": self = .validator(words[1])
        case "size", "body", "done":
            guard let number = Int(words[1]), number >= 0 else { return nil }
            self =
                words[0] == "size" ? .size(number) : words[0] == "body" ? .body(offset: number) : .done(bytes: number)
        case "error":
            let parts = words[1].split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3, let code = Int(parts[0]), let result = FetchError.Result(rawValue: code),
                let chance = FetchError.Chance(rawValue: parts[1])
            else { return nil }
            self = .error(FetchError(result, chance, parts[2]))
        default: return nil
        }
    }

    private static func clean(_ text: String) -> [UInt8] {
        text.utf8.prefix(400).map { $0 < 0x20 || $0 >= 0x7f ? 0x3f : $0 } + [0x0a]
    }
}

/// Why a download failed.
public struct FetchError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Update Result of object 9 (LwM2M registry, 9/x/9).
    public enum Result: Int, Sendable {
        case noStorage = 50
        case outOfMemory = 51
        case connectionLost = 52
        case unsupportedType = 54
        case invalidURI = 56
        case other = 57
    }

    /// Whether the same request may succeed later.
    public enum Chance: String, Sendable {
        case retry
        /// Hardly: the server is probably not one of http or https. A few attempts tell.
        case unlikely
        case final
    }

    public let result: Result
    public let chance: Chance
    /// For people; never the URI's userinfo or query.
    public let text: String

    public init(_ result: Result, _ chance: Chance, _ text: String) {
        self.result = result
        self.chance = chance
        self.text = text
    }

    public var description: String { text }
}

/// Cuts the status bytes into lines as they arrive; bounded.
public struct FetchStatusReader: Sendable {
    private var rest: [UInt8] = []

    public init() {}

    /// Takes the next bytes and returns the statuses that they complete.
    ///
    /// - Throws: `FetchError` (57) for bytes that do not follow the protocol.
    public mutating func take(_ bytes: some Sequence<UInt8>) throws(FetchError) -> [FetchStatus] {
        var found: [FetchStatus] = []
        for byte in bytes {
            if byte != 0x0a {
                rest.append(byte)
                guard rest.count <= 512 else { throw Self.broken }
                continue
            }
            guard let status = FetchStatus(rest) else { throw Self.broken }
            found.append(status)
            rest.removeAll(keepingCapacity: true)
        }
        return found
    }

    private static let broken = FetchError(
        .other, .final, "gatekeel-fetch said something that is not understood")
}
