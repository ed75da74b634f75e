import Linux

/// The command line of `gatekeel-devserver`.
struct ConsoleOptions: Sendable {
    var address = "127.0.0.1"
    var port: UInt16 = 5683
    var securePort: UInt16 = 5684
    var keys: [[UInt8]: [UInt8]] = [:]
    var plain = true
    var strict = false
    var help = false
    /// Files with definitions of objects.
    var definitions: [String] = []

    init(_ arguments: [String]) throws(CommandError) {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            switch option {
            case "--help": help = true
            case "--strict": strict = true
            case "--no-plain": plain = false
            case "--listen": address = try ConsoleOptions.value(of: option, &rest)
            case "--port": port = try ConsoleOptions.port(option, &rest)
            case "--secure-port": securePort = try ConsoleOptions.port(option, &rest)
            case "--definition": definitions.append(try ConsoleOptions.value(of: option, &rest))
            case "--psk":
                let value = try ConsoleOptions.value(of: option, &rest)
                guard let colon = value.lastIndex(of: ":"), colon > value.startIndex,
                    let key = [UInt8](hexadecimal: value[value.index(after: colon)...].utf8), !key.isEmpty
                else { throw CommandError("--psk needs IDENTITY:HEX") }
                keys[Array(value[..<colon].utf8)] = key
            default: throw CommandError("unknown option '\(option)'; --help lists the options")
            }
        }
    }

    private static func value(of option: String, _ rest: inout ArraySlice<String>) throws(CommandError) -> String {
        guard let value = rest.popFirst() else { throw CommandError("\(option) needs a value") }
        return value
    }

    private static func port(_ option: String, _ rest: inout ArraySlice<String>) throws(CommandError) -> UInt16 {
        let text = try value(of: option, &rest)
        guard let port = UInt16(text) else { throw CommandError("\(option) needs a port from 0 to 65535") }
        return port
    }
}
