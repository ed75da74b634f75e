extension CBOR {
    /// The item as a number: an integer, a float, a decimal fraction or a bigfloat (tags 4 and 5), or a time (tag 1).
    var number: SenMLNumber? {
        switch self {
        case .unsigned(let number): .unsigned(number)
        case .negative(let number): Int64(exactly: number).map { .signed(~$0) } ?? .float(-1 - Double(number))
        case .float(let number): .float(number)
        case .tagged(1, let item): item.isTagged ? nil : item.number
        // Convert via text, so that it is rounded only once: 27315 × 10⁻² is 273.15.
        case .tagged(4, .array(let parts)): CBOR.scaled(parts) { Double("\($0)e\($1)") }
        case .tagged(5, .array(let parts)):
            CBOR.scaled(parts) { Double(sign: .plus, exponent: $1, significand: Double($0)) }
        default: nil
        }
    }

    private var isTagged: Bool {
        if case .tagged = self { true } else { false }
    }

    /// A number from exponent and mantissa, both integers. Exponents outside of Double's range are refused.
    private static func scaled(_ parts: [CBOR], _ scale: (Int64, Int) -> Double?) -> SenMLNumber? {
        guard parts.count == 2, let exponent = parts[0].integer, (-2048...2048).contains(exponent),
            let mantissa = parts[1].integer, let number = scale(mantissa, Int(exponent))
        else { return nil }
        return .float(number)
    }

    private var integer: Int64? {
        switch self {
        case .unsigned, .negative: number?.int64
        default: nil
        }
    }
}
