/// The value of a field in either representation.
enum SenMLField {
    case text(String)
    case number(SenMLNumber)
    case boolean(Bool)
    case bytes([UInt8])
    case other
}

extension SenMLRecord {
    /// Sets one field.
    ///
    /// Units, sums and update times are checked and then ignored.
    /// - Throws: for a field of the wrong type, a second value, or a SenML version above 10.
    mutating func set(_ label: SenMLLabel, _ field: SenMLField) throws(CodecError) {
        switch (label, field) {
        case (.baseName, .text(let text)): baseName = text
        case (.name, .text(let text)): name = text
        case (.baseValue, .number(let number)): baseValue = number
        case (.value, .number(let number)): try set(.number(number))
        case (.string, .text(let text)): try set(.string(text))
        case (.boolean, .boolean(let flag)): try set(.boolean(flag))
        case (.data, .bytes(let bytes)): try set(.data(bytes))
        case (.data, .text(let text)):
            guard let bytes = Base64.decode(text.utf8, .url) else { throw failure("vd is not valid base64url") }
            try set(.data(bytes))
        case (.link, .text(let text)): try set(.link(text))
        case (.baseUnit, .text), (.unit, .text): break
        case (.baseTime, .number(let number)): baseTime = try finite(label, number)
        case (.time, .number(let number)): time = try finite(label, number)
        case (.updateTime, .number(let number)), (.sum, .number(let number)), (.baseSum, .number(let number)):
            _ = try finite(label, number)
        case (.baseVersion, .number(let number)):
            guard let version = number.uint64, (1...10).contains(version) else {
                throw failure("the SenML version is above 10")
            }
        default: throw failure("\(label.rawValue) has a value of the wrong type")
        }
    }

    private func finite(_ label: SenMLLabel, _ number: SenMLNumber) throws(CodecError) -> Double {
        guard let number = number.double else { throw failure("\(label.rawValue) is not a finite number") }
        return number
    }

    mutating func set(_ value: Value) throws(CodecError) {
        guard self.value == nil else { throw failure("the record has two values") }
        self.value = value
    }

    /// Ignores an unknown label. A label that ends in an underscore must be understood, so it is refused (RFC 8428, section 4.4).
    func ignore(_ label: String) throws(CodecError) {
        if label.hasSuffix("_") { throw failure("the field '\(label.prefix(32))' must be understood, but is unknown") }
    }

    func failure(_ message: String) -> CodecError { .malformed(message, offset: offset) }
}
