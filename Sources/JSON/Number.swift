extension JSON {
    /// A number as its text, which follows JSON's grammar exactly.
    public struct Number: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        /// Makes a number from a text that the parser has checked.
        init(verified text: String) { description = text }

        public init(_ value: some FixedWidthInteger) { description = "\(value)" }

        /// A floating-point number with the fewest digits that identify it; nil for infinities and NaN, which JSON does not have.
        public init?(_ value: Double) {
            guard value.isFinite else { return nil }
            if let whole = Int64(exactly: value), abs(value) < 1e15, value != 0 || value.sign == .plus {
                description = "\(whole)"
            } else {
                description = "\(value)"
            }
        }

        /// The number as an integer; nil if it has a fraction or does not fit. `1e3` and `2.0` are integers.
        public var int64: Int64? { integer(Int64.self) }

        /// Like `int64`, but unsigned.
        public var uint64: UInt64? { integer(UInt64.self) }

        /// The nearest floating-point number; nil if that is infinite.
        public var double: Double? {
            guard let value = Double(description), value.isFinite else { return nil }
            return value
        }

        private func integer<Integer: FixedWidthInteger>(_: Integer.Type) -> Integer? {
            if let exact = Integer(description) { return exact }
            guard description.utf8.contains(where: { ".eE".utf8.contains($0) }), let double else { return nil }
            return Integer(exactly: double)
        }
    }
}
