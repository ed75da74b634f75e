/// One argument of Execute (LwM2M Core 6.3.5): a digit, optionally followed by `=` and a quoted value.
public struct ExecuteArgument: Hashable, Sendable {
    public let digit: UInt8
    public let value: String?

    public init(digit: UInt8, value: String? = nil) {
        self.digit = digit
        self.value = value
    }

    /// Why a payload is not a list of arguments. The response is 4.00.
    public struct Malformed: Error, Hashable, Sendable {
        public let message: String
    }

    /// Parses `arg *( "," arg )`, `arg = DIGIT / DIGIT "=" "'" *CHAR "'"`. An empty payload has no arguments.
    ///
    /// Blanks after a comma and within a value are accepted: the specification's example has them, although its grammar does
    /// not. Each digit may occur once.
    public static func list(_ payload: [UInt8]) throws(Malformed) -> [ExecuteArgument] {
        guard !payload.isEmpty else { return [] }
        var arguments: [ExecuteArgument] = []
        var rest = payload[...]
        while true {
            guard let byte = rest.popFirst(), (0x30...0x39).contains(byte) else {
                throw Malformed(message: "an argument must start with a digit")
            }
            let digit = byte - 0x30
            guard !arguments.contains(where: { $0.digit == digit }) else {
                throw Malformed(message: "argument \(digit) occurs twice")
            }
            var value: String?
            if rest.first == UInt8(ascii: "=") {
                rest = rest.dropFirst()
                value = try quoted(&rest)
            }
            arguments.append(ExecuteArgument(digit: digit, value: value))
            guard let comma = rest.popFirst() else { return arguments }
            guard comma == UInt8(ascii: ",") else {
                throw Malformed(message: "expected a comma or the end after argument \(digit)")
            }
            while rest.first == UInt8(ascii: " ") { rest = rest.dropFirst() }
        }
    }

    private static func quoted(_ rest: inout ArraySlice<UInt8>) throws(Malformed) -> String {
        guard rest.popFirst() == UInt8(ascii: "'"), let end = rest.firstIndex(of: UInt8(ascii: "'")) else {
            throw Malformed(message: "a value must be quoted: 0='…'")
        }
        let text = rest[..<end]
        guard text.allSatisfy({ isCharacter($0) }) else {
            throw Malformed(message: "a value may have only printable ASCII without \" and \\")
        }
        rest = rest[(end + 1)...]
        return String(decoding: text, as: UTF8.self)
    }

    /// `"!" / %x23-26 / %x28-5B / %x5D-7E`, or a blank.
    private static func isCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x20, 0x21, 0x23...0x26, 0x28...0x5B, 0x5D...0x7E: true
        default: false
        }
    }
}
