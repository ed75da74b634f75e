import Glibc

extension CBOR {
    /// The item as a number: an integer, a float, a decimal fraction or a bigfloat (tags 4 and 5), or a time (tag 1).
    var number: SenMLNumber? {
        switch self {
        case .unsigned(let number): .unsigned(number)
        case .negative(let number): Int64(exactly: number).map { .signed(~$0) } ?? .float(-1 - Double(number))
        case .float(let number): .float(number)
        case .tagged(1, let item): item.isTagged ? nil : item.number
        case .tagged(4, .array(let parts)): CBOR.scaled(parts) { $0 * pow(10, $1) }
        case .tagged(5, .array(let parts)): CBOR.scaled(parts) { scalbn($0, Int32(clamping: Int($1))) }
        default: nil
        }
    }

    private var isTagged: Bool {
        if case .tagged = self { true } else { false }
    }

    /// Exponent and mantissa; exponents beyond those of a Double are refused.
    private static func scaled(_ parts: [CBOR], _ scale: (Double, Double) -> Double) -> SenMLNumber? {
        guard parts.count == 2, let exponent = parts[0].number?.int64, abs(exponent) < 2048,
            let mantissa = parts[1].number?.double
        else { return nil }
        return .float(scale(mantissa, Double(exponent)))
    }
}
