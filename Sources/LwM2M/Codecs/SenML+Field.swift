/// The value of a field, whichever representation it came in.
enum SenMLField {
    case text(String)
    case number(SenMLNumber)
    case boolean(Bool)
    case bytes([UInt8])
    case other
}

extension SenMLRecord {
    /// Takes one field.
    ///
    /// Times, units and sums are checked and forgotten: what is written is written now.
    /// - Throws: for a field of the wrong type, a second value, and a version of SenML above 10.
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
            guard let bytes = Base64.decode(text.utf8, .url) else { throw failure("vd is not base 64 of URLs") }
            try set(.data(bytes))
        case (.link, .text(let text)): try set(.link(text))
        case (.baseUnit, .text), (.unit, .text): break
        case (.baseTime, .number(let number)), (.time, .number(let number)), (.updateTime, .number(let number)),
            (.sum, .number(let number)), (.baseSum, .number(let number)):
            guard number.double != nil else { throw failure("\(label.rawValue) is not a finite number") }
        case (.baseVersion, .number(let number)):
            guard let version = number.uint64, (1...10).contains(version) else {
                throw failure("a version of SenML above 10")
            }
        default: throw failure("\(label.rawValue) has a value of the wrong type")
        }
    }

    private mutating func set(_ value: Value) throws(CodecError) {
        guard self.value == nil else { throw failure("a record with two values") }
        self.value = value
    }

    /// A label that is not known is ignored, unless it ends in an underscore: that must be understood (RFC 8428, 4.4).
    func ignore(_ label: String) throws(CodecError) {
        if label.hasSuffix("_") { throw failure("the field «\(label.prefix(32))» must be understood") }
    }

    func failure(_ message: String) -> CodecError { .malformed(message, offset: offset) }
}
