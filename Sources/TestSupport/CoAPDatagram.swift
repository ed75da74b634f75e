/// One CoAP message over UDP (RFC 7252, section 3), encoded and decoded independently of the module under test. A lockstep
/// peer sends exactly what a test writes.
public struct CoAPDatagram: Hashable, Sendable, CustomStringConvertible {
    public enum Kind: UInt8, Sendable { case con, non, ack, rst }

    public struct Option: Hashable, Sendable {
        public var number: Int
        public var value: [UInt8]

        public init(_ number: Int, _ value: [UInt8]) {
            self.number = number
            self.value = value
        }

        public init(_ number: Int, _ text: String) { self.init(number, Array(text.utf8)) }

        /// An unsigned integer without leading zero bytes.
        public init(_ number: Int, uint: UInt32) {
            self.init(number, withUnsafeBytes(of: uint.bigEndian) { Array($0.drop { $0 == 0 }) })
        }
    }

    public var kind: Kind
    /// Class and detail in decimal: 205 is 2.05, 3 is PUT.
    public var code: Int
    public var id: UInt16
    public var token: [UInt8]
    public var options: [Option]
    public var payload: [UInt8]

    public init(
        _ kind: Kind, _ code: Int, id: UInt16, token: [UInt8] = [], path: String = "", options: [Option] = [],
        payload: [UInt8] = []
    ) {
        self.kind = kind
        self.code = code
        self.id = id
        self.token = token
        self.options = path.split(separator: "/").map { Option(11, String($0)) } + options
        self.payload = payload
    }

    /// Option values by number.
    public subscript(_ number: Int) -> [UInt8]? { options.first { $0.number == number }?.value }

    /// An option as an unsigned integer.
    public func uint(_ number: Int) -> UInt32? { self[number].map { $0.reduce(0) { $0 << 8 | UInt32($1) } } }

    /// Uri-Path, segment by segment.
    public var path: [String] { options.filter { $0.number == 11 }.map { String(decoding: $0.value, as: UTF8.self) } }

    public var text: String { String(decoding: payload, as: UTF8.self) }

    // MARK: Bytes

    public var bytes: [UInt8] {
        var bytes: [UInt8] = [
            1 << 6 | kind.rawValue << 4 | UInt8(token.count), UInt8(code / 100) << 5 | UInt8(code % 100),
            UInt8(id >> 8), UInt8(id & 255),
        ]
        bytes += token
        var last = 0
        for option in options.sorted(by: { $0.number < $1.number }) {
            let (delta, deltaTail) = CoAPDatagram.nibble(option.number - last)
            let (length, lengthTail) = CoAPDatagram.nibble(option.value.count)
            bytes += [delta << 4 | length] + deltaTail + lengthTail + option.value
            last = option.number
        }
        return payload.isEmpty ? bytes : bytes + [0xff] + payload
    }

    private static func nibble(_ value: Int) -> (UInt8, [UInt8]) {
        switch value {
        case ..<13: (UInt8(value), [])
        case ..<269: (13, [UInt8(value - 13)])
        default: (14, [UInt8((value - 269) >> 8), UInt8((value - 269) & 255)])
        }
    }

    /// Returns nil for bytes that are not a CoAP message.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count >= 4, bytes[0] >> 6 == 1, let kind = Kind(rawValue: bytes[0] >> 4 & 3) else { return nil }
        let tokenEnd = 4 + Int(bytes[0] & 15)
        guard tokenEnd <= bytes.count else { return nil }
        self.init(kind, Int(bytes[1] >> 5) * 100 + Int(bytes[1] & 31), id: UInt16(bytes[2]) << 8 | UInt16(bytes[3]))
        token = Array(bytes[4..<tokenEnd])
        var rest = bytes[tokenEnd...]
        var number = 0
        while let first = rest.popFirst() {
            if first == 0xff {
                payload = Array(rest)
                return
            }
            guard let delta = CoAPDatagram.value(first >> 4, &rest), let length = CoAPDatagram.value(first & 15, &rest),
                length <= rest.count
            else { return nil }
            number += delta
            options.append(Option(number, Array(rest.prefix(length))))
            rest = rest.dropFirst(length)
        }
    }

    private static func value(_ nibble: UInt8, _ rest: inout ArraySlice<UInt8>) -> Int? {
        switch nibble {
        case ..<13: return Int(nibble)
        case 13: return rest.popFirst().map { Int($0) + 13 }
        case 14:
            guard let high = rest.popFirst(), let low = rest.popFirst() else { return nil }
            return Int(high) << 8 + Int(low) + 269
        default: return nil
        }
    }

    public var description: String {
        "\(kind) \(code) id \(id) token \(token) options \(options.map { "\($0.number)=\($0.value)" }) "
            + "payload \(payload.count) bytes"
    }
}
