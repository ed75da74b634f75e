import JSON

/// LwM2M JSON (content format 11543; LwM2M 1.0, 6.4.4): SenML's predecessor, with base fields for the whole payload.
enum LwM2MJSON {
    /// - Parameter path: that of the request. Without a base name the names are relative to it; nil if there is none.
    static func decode(_ payload: [UInt8], at path: Path?) throws(CodecError) -> [SenMLRecord] {
        guard case .object(let members) = try SenMLJSON.parse(payload) else {
            throw .malformed("LwM2M JSON must be an object with the array 'e'", offset: 0)
        }
        var base = SenMLRecord()
        var elements: [JSON]?
        for member in members {
            switch (member.name, member.value) {
            case ("bn", let value): try base.set(.baseName, SenMLJSON.field(value))
            case ("bt", let value): try base.set(.baseTime, SenMLJSON.field(value))
            case ("e", .array(let array)): elements = array
            default: continue
            }
        }
        guard let elements else { throw .malformed("the array 'e' is missing", offset: 0) }
        guard elements.count <= Codec.recordLimit else {
            throw .malformed("the payload has more than \(Codec.recordLimit) elements", offset: 0)
        }
        var records: [SenMLRecord] = []
        for element in elements {
            var record = try record(element)
            rename(&record, base.baseName, path)
            if records.isEmpty { record.baseTime = base.baseTime }
            records.append(record)
        }
        return records
    }

    /// Gives a record the base name that makes its own a whole path. Some servers leave the slash between them out.
    private static func rename(_ record: inout SenMLRecord, _ baseName: String?, _ path: Path?) {
        let name = record.name ?? ""
        var base = baseName ?? ""
        if base.isEmpty, name.first != "/" { base = path?.description ?? "" }
        if !name.isEmpty, name.first != "/", base.last != "/" { base += "/" }
        record.baseName = base
    }

    private static func record(_ json: JSON) throws(CodecError) -> SenMLRecord {
        var record = SenMLRecord()
        guard case .object(let members) = json else { throw record.failure("an element of 'e' must be an object") }
        for member in members {
            switch member.name {
            case "n": try record.set(.name, SenMLJSON.field(member.value))
            case "t": try record.set(.time, SenMLJSON.field(member.value))
            case "v": try record.set(.value, SenMLJSON.field(member.value))
            case "bv": try record.set(.boolean, SenMLJSON.field(member.value))
            case "ov": try record.set(.link, SenMLJSON.field(member.value))
            case "sv":
                guard case .string(let text) = member.value else { throw record.failure("sv is not a string") }
                try record.set(.encoded(text))
            default: continue
            }
        }
        guard record.value != nil else { throw record.failure("the element has no value") }
        return record
    }

    /// - Parameter records: as `SenMLCodec.encode` makes them: only the first has base fields, or each its whole name.
    static func encode(_ records: [SenMLRecord]) -> [UInt8] {
        var members: [JSON.Member] = []
        if let name = records.first?.baseName { members.append(JSON.Member("bn", .string(name))) }
        members.append(JSON.Member("e", .array(records.map { .object(element($0)) })))
        if let time = records.first?.baseTime, let number = JSON.Number(time) {
            members.append(JSON.Member("bt", .number(number)))
        }
        return JSON.object(members).write()
    }

    private static func element(_ record: SenMLRecord) -> [JSON.Member] {
        var members: [JSON.Member] = []
        if let name = record.name { members.append(JSON.Member("n", .string(name))) }
        switch record.value {
        case .number(let number): members.append(JSON.Member("v", SenMLJSON.json(number) ?? .null))
        case .string(let text), .encoded(let text): members.append(JSON.Member("sv", .string(text)))
        case .boolean(let flag): members.append(JSON.Member("bv", .bool(flag)))
        case .data(let bytes):
            members.append(
                JSON.Member("sv", .string(String(decoding: Base64.encode(bytes, .standard), as: UTF8.self))))
        case .link(let text): members.append(JSON.Member("ov", .string(text)))
        case nil: break
        }
        if let time = record.time, let number = JSON.Number(time) { members.append(JSON.Member("t", .number(number))) }
        return members
    }
}
