/// A CBOR data item (RFC 8949).
indirect enum CBOR: Hashable, Sendable {
    case unsigned(UInt64)
    /// -1 minus this number.
    case negative(UInt64)
    case bytes([UInt8])
    case text(String)
    case array([CBOR])
    case map([Pair])
    case tagged(UInt64, CBOR)
    /// False, true, null and undefined are 20 to 23.
    case simple(UInt8)
    case float(Double)

    struct Pair: Hashable, Sendable {
        let key: CBOR
        let value: CBOR

        init(_ key: CBOR, _ value: CBOR) {
            self.key = key
            self.value = value
        }
    }

    static let null = CBOR.simple(22)

    /// An integer if the number is whole, else a float.
    static func number(_ number: Double) -> CBOR { Int64(exactly: number).map { .integer($0) } ?? .float(number) }

    static func bool(_ flag: Bool) -> CBOR { .simple(flag ? 21 : 20) }

    static func integer(_ number: Int64) -> CBOR {
        number < 0 ? .negative(UInt64(~number)) : .unsigned(UInt64(number))
    }
}
