import Journal

/// The type of a key's value: how it is parsed, what is allowed, and how it is formatted.
///
/// Without a requirement on the value's type that exists at runtime: the runtime would search all conformances for each type of
/// each table, which was a tenth of a daemon's start.
public struct ValueType<Value: Sendable>: Sendable {
    /// What is allowed, to follow "expected": `a time span from 1s to 1h`.
    public let allowed: String
    /// Later assignments add to earlier ones.
    public let isList: Bool
    /// Whether a message may show a value that is not allowed. Not where people write a secret by mistake.
    public let isShown: Bool
    /// nil: not allowed.
    public let parse: @Sendable (String) -> Value?
    /// Which part of a text is not allowed, where that can be said: `the port '0' is not a number from 1 to 65535`.
    public let explain: @Sendable (String) -> String?
    /// The part of a text that is not allowed, to be shown instead of the whole: a word of a list. nil if no part can be named.
    public let fault: @Sendable (String) -> String?
    /// As `parse` reads it.
    public let format: @Sendable (Value) -> String

    public init(
        allowed: String, isList: Bool = false, isShown: Bool = true, parse: @escaping @Sendable (String) -> Value?,
        explain: @escaping @Sendable (String) -> String? = { _ in nil },
        fault: @escaping @Sendable (String) -> String? = { _ in nil }, format: @escaping @Sendable (Value) -> String
    ) {
        self.allowed = allowed
        self.isList = isList
        self.isShown = isShown
        self.parse = parse
        self.explain = explain
        self.fault = fault
        self.format = format
    }

    /// The same type where a key may be without a value.
    public var optional: ValueType<Value?> {
        let (parse, format) = (parse, format)
        return ValueType<Value?>(
            allowed: allowed, isList: isList, isShown: isShown, parse: { text in parse(text).map { .some($0) } },
            explain: explain, fault: fault, format: { $0.map(format) ?? "" })
    }
}

extension ValueType where Value == Bool {
    /// `yes` or `no`, and what else systemd takes for them.
    public static var boolean: ValueType {
        ValueType(
            allowed: "yes or no",
            parse: { text in
                switch text.lowercased() {
                case "yes", "y", "true", "t", "on", "1": true
                case "no", "n", "false", "f", "off", "0": false
                default: nil
                }
            }, format: { $0 ? "yes" : "no" })
    }
}

extension ValueType where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of some words.
    public static var choice: ValueType {
        ValueType(
            allowed: Value.allCases.map(\.rawValue).joined(separator: ", "), parse: { Value(rawValue: $0) },
            format: { $0.rawValue })
    }
}

extension ValueType where Value == Int {
    /// A whole number of a range.
    public static func integer(_ range: ClosedRange<Int>) -> ValueType {
        ValueType(
            allowed: range.count == 1
                ? "\(range.lowerBound)" : "a number from \(range.lowerBound) to \(range.upperBound)",
            parse: { text in
                guard !text.hasPrefix("+"), let number = Int(text), range.contains(number) else { return nil }
                return number
            }, format: { "\($0)" })
    }
}

extension ValueType where Value == Duration {
    /// A time span of a range.
    ///
    /// - Parameter zero: what `0` stands for when it is allowed besides the range: `off`.
    public static func duration(_ range: ClosedRange<Duration>, zero: String? = nil) -> ValueType {
        let span = "a time span from \(TimeSpan.format(range.lowerBound)) to \(TimeSpan.format(range.upperBound))"
        return ValueType(
            allowed: zero.map { "\(span), or 0 (\($0))" } ?? span,
            parse: { text in
                guard let value = TimeSpan.parse(text) else { return nil }
                return range.contains(value) || (zero != nil && value == .zero) ? value : nil
            }, format: TimeSpan.format)
    }
}

extension ValueType where Value == UInt64 {
    /// A number of bytes of a range.
    public static func size(_ range: ClosedRange<UInt64>) -> ValueType {
        ValueType(
            allowed: "a size from \(ByteSize.format(range.lowerBound)) to \(ByteSize.format(range.upperBound))",
            parse: { ByteSize.parse($0).flatMap { range.contains($0) ? $0 : nil } }, format: ByteSize.format)
    }
}

extension ValueType where Value == String {
    /// A text of at most so many bytes.
    public static func string(maxBytes: Int) -> ValueType {
        ValueType(
            allowed: "a text of at most \(maxBytes) bytes",
            parse: { $0.utf8.count <= maxBytes ? $0 : nil }, format: { $0 })
    }

    /// An absolute path without `.` and `..`, and without control characters: no path that is meant has them, and a line's end
    /// in one would begin another line wherever it is written.
    public static var path: ValueType {
        ValueType(
            allowed: "an absolute path, without dots for folders", isShown: false,
            parse: { text in
                let parts = text.split(separator: "/", omittingEmptySubsequences: true)
                guard text.hasPrefix("/"), text.utf8.count < 4096, !parts.contains("."), !parts.contains(".."),
                    text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
                else { return nil }
                return "/" + parts.joined(separator: "/")
            }, format: { $0 })
    }
}

extension ValueType where Value == Level {
    /// How much a daemon writes into the journal.
    public static var logLevel: ValueType {
        ValueType(
            allowed: Level.allCases.map(\.name).joined(separator: ", "),
            parse: { text in Level.allCases.first { $0.name == text.lowercased() } }, format: { $0.name })
    }
}

extension ValueType where Value == [String] {
    /// Words, separated by white space; later assignments add, an empty one drops all before it.
    ///
    /// - Parameter explain: what is wrong with a word that is not accepted, where that can be said.
    public static func words(
        _ allowed: String, explain: @escaping @Sendable (String) -> String? = { _ in nil },
        _ accepts: @escaping @Sendable (String) -> Bool
    ) -> ValueType {
        @Sendable func fault(_ text: String) -> String? { Words.split(text)?.first { !accepts($0) } }
        return ValueType(
            allowed: allowed, isList: true,
            parse: { text in Words.split(text).flatMap { $0.allSatisfy(accepts) ? $0 : nil } },
            explain: { text in
                Words.split(text) == nil
                    ? "a quote is not closed, or a backslash ends the line" : fault(text).flatMap(explain)
            }, fault: fault,
            format: { $0.map(Words.quoted).joined(separator: " ") })
    }
}

extension ValueType where Value == ServerURI {
    /// The address of an LwM2M server.
    public static var serverURI: ValueType {
        ValueType(
            allowed: "coaps://HOST[:PORT] or coap://HOST[:PORT], at most 255 bytes",
            parse: { ServerURI($0) }, explain: ServerURI.problem, format: { $0.description })
    }
}
