/// SenML as CBOR (content format 112; RFC 8428, section 6).
enum SenMLCBOR {
    static func decode(_ payload: [UInt8]) throws(CodecError) -> [SenMLRecord] {
        guard case .array(let items) = try CBOR.decode(payload, depth: 8) else {
            throw .malformed("SenML must be an array of records", offset: 0)
        }
        var records: [SenMLRecord] = []
        for item in items { records.append(try record(item)) }
        return records
    }

    private static func record(_ item: CBOR) throws(CodecError) -> SenMLRecord {
        var record = SenMLRecord()
        guard case .map(let pairs) = item else { throw record.failure("a SenML record must be a map") }
        for pair in pairs {
            let label: SenMLLabel?
            switch pair.key {
            case .text("vlo"): label = .link
            case .text(let text):
                guard SenMLLabel(rawValue: text) == nil else {
                    throw record.failure("the label '\(text)' must be a number in CBOR")
                }
                try record.ignore(text)
                label = nil
            default:
                guard let number = pair.key.number?.int64 else {
                    throw record.failure("a label must be a number or a text")
                }
                label = SenMLLabel(cbor: number)
            }
            if let label { try record.set(label, field(label, pair.value)) }
        }
        return record
    }

    private static func field(_ label: SenMLLabel, _ item: CBOR) -> SenMLField {
        switch item {
        // In CBOR data is bytes; only JSON uses base 64.
        case .text(let text): label == .data ? .other : .text(text)
        case .bytes(let bytes): .bytes(bytes)
        case .simple(20): .boolean(false)
        case .simple(21): .boolean(true)
        default: item.number.map(SenMLField.number) ?? .other
        }
    }

    static func encode(_ records: [SenMLRecord]) -> [UInt8] {
        CBOR.array(
            records.map { record in
                var pairs: [CBOR.Pair] = []
                if let baseName = record.baseName { pairs.append(.init(.integer(-2), .text(baseName))) }
                if let time = record.baseTime { pairs.append(.init(.integer(-3), .number(time))) }
                if let name = record.name { pairs.append(.init(.integer(0), .text(name))) }
                switch record.value {
                case .number(.signed(let number)): pairs.append(.init(.integer(2), .integer(number)))
                case .number(.unsigned(let number)): pairs.append(.init(.integer(2), .unsigned(number)))
                case .number(.float(let number)): pairs.append(.init(.integer(2), .float(number)))
                case .string(let text), .encoded(let text): pairs.append(.init(.integer(3), .text(text)))
                case .boolean(let flag): pairs.append(.init(.integer(4), .bool(flag)))
                case .data(let bytes): pairs.append(.init(.integer(8), .bytes(bytes)))
                case .link(let text): pairs.append(.init(.text("vlo"), .text(text)))
                case nil: break
                }
                if let time = record.time { pairs.append(.init(.integer(6), .number(time))) }
                return .map(pairs)
            }
        ).encode()
    }
}
