import JSON

/// SenML as JSON (content format 110; RFC 8428, section 5).
enum SenMLJSON {
    static func decode(_ payload: [UInt8]) throws(CodecError) -> [SenMLRecord] {
        guard case .array(let elements) = try parse(payload) else {
            throw .malformed("SenML must be an array of records", offset: 0)
        }
        guard elements.count <= Codec.recordLimit else {
            throw .malformed("the payload has more than \(Codec.recordLimit) records", offset: 0)
        }
        var records: [SenMLRecord] = []
        for element in elements { records.append(try record(element)) }
        return records
    }

    static func parse(_ payload: [UInt8]) throws(CodecError) -> JSON {
        do throws(JSON.Malformed) {
            return try JSON.parse(payload, depth: 8)
        } catch {
            throw .malformed(error.message, offset: error.offset)
        }
    }

    private static func record(_ json: JSON) throws(CodecError) -> SenMLRecord {
        var record = SenMLRecord()
        guard case .object(let members) = json else { throw record.failure("a SenML record must be an object") }
        for member in members {
            guard let label = SenMLLabel(rawValue: member.name) else {
                try record.ignore(member.name)
                continue
            }
            try record.set(label, field(member.value))
        }
        return record
    }

    static func field(_ json: JSON) -> SenMLField {
        switch json {
        case .string(let text): return .text(text)
        case .bool(let flag): return .boolean(flag)
        case .number(let number):
            if let integer = number.int64 { return .number(.signed(integer)) }
            if let integer = number.uint64 { return .number(.unsigned(integer)) }
            return number.double.map { .number(.float($0)) } ?? .other
        default: return .other
        }
    }

    static func encode(_ records: [SenMLRecord]) -> [UInt8] {
        JSON.array(
            records.map { record in
                var members: [JSON.Member] = []
                func add(_ label: SenMLLabel, _ value: JSON?) {
                    if let value { members.append(JSON.Member(label.rawValue, value)) }
                }
                add(.baseName, record.baseName.map(JSON.string))
                add(.baseTime, record.baseTime.flatMap { JSON.Number($0) }.map(JSON.number))
                add(.name, record.name.map(JSON.string))
                switch record.value {
                case .number(let number): add(.value, json(number))
                case .string(let text), .encoded(let text): add(.string, .string(text))
                case .boolean(let flag): add(.boolean, .bool(flag))
                case .data(let bytes): add(.data, .string(String(decoding: Base64.encode(bytes, .url), as: UTF8.self)))
                case .link(let text): add(.link, .string(text))
                case nil: break
                }
                add(.time, record.time.flatMap { JSON.Number($0) }.map(JSON.number))
                return .object(members)
            }
        ).write()
    }

    static func json(_ number: SenMLNumber) -> JSON? {
        switch number {
        case .signed(let number): .number(JSON.Number(number))
        case .unsigned(let number): .number(JSON.Number(number))
        case .float(let number): JSON.Number(number).map(JSON.number)
        }
    }
}
