/// Decimal numbers as text: `-?digits[.digits][(e|E)[+-]digits]`. Other forms that `strtod(3)` accepts are refused.
enum Decimal {
    /// Parses a number; returns nil for other text, a number that is not finite, and text of more than 64 bytes.
    static func double(_ text: String) -> Double? {
        var rest = text.utf8[...]
        guard rest.count <= 64 else { return nil }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        guard digits(&rest) else { return nil }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits(&rest) else { return nil }
        }
        if let exponent = rest.first, exponent | 0x20 == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest = rest.dropFirst() }
            guard digits(&rest) else { return nil }
        }
        guard rest.isEmpty, let number = Double(text), number.isFinite else { return nil }
        return number
    }

    private static func digits(_ rest: inout Substring.UTF8View.SubSequence) -> Bool {
        let before = rest.count
        rest = rest.drop { (0x30...0x39).contains($0) }
        return rest.count < before
    }
}

extension Decimal {
    /// The text of a finite number, without `.0`, and without exponent for whole numbers below 10¹⁵: `42.5`, `-3`.
    static func text(_ number: Double) -> String {
        if let whole = Int64(exactly: number), abs(number) < 1e15 { return "\(whole)" }
        return "\(number)"
    }
}
