/// Applies the base fields of SenML records to those that follow (RFC 8428, section 4.6).
struct SenMLResolver {
    /// A record with all that it inherits.
    struct Resolved {
        let name: String
        let value: SenMLRecord.Value?
        /// As `CompositeContent.Entry.time`.
        let time: Double?
    }

    private var baseName = ""
    private var baseTime = 0.0
    private var baseValue: SenMLNumber?

    /// Resolves the next record.
    ///
    /// - Throws: `malformed` if the sum of base time and time is not finite.
    mutating func resolve(_ record: SenMLRecord) throws(CodecError) -> Resolved {
        if let name = record.baseName { baseName = name }
        if let value = record.baseValue { baseValue = value }
        if let time = record.baseTime { baseTime = time }
        let time = baseTime + (record.time ?? 0)
        guard time.isFinite else { throw record.failure("the time is not finite") }
        var value = record.value
        if case .number(let number) = record.value, let baseValue {
            // A sum that overflows is a number that fits no resource.
            value = .number(number.adding(baseValue) ?? .float(.infinity))
        }
        return Resolved(name: baseName + (record.name ?? ""), value: value, time: time == 0 ? nil : time)
    }
}
