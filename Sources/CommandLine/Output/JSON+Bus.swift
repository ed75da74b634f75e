import Bus
import Contract
import JSON
import Linux

extension JSON {
    /// A value of the bus; dictionaries become objects, bytes become hexadecimal text.
    init(_ value: BusValue) {
        switch value {
        case .bool(let flag): self = .bool(flag)
        case .double(let number): self = Number(number).map { .number($0) } ?? .null
        case .string(let text), .objectPath(let text), .signature(let text): self = .string(text)
        case .descriptor: self = .null
        case .bytes(let bytes): self = .string(bytes.hexadecimal)
        case .array(_, let elements), .structure(let elements): self = .array(elements.map { JSON($0) })
        case .dictionary(_, _, let entries):
            self = .object(entries.map { Member($0.key.text ?? "\($0.key.integer ?? 0)", JSON($0.value)) })
        case .variant(let inner): self = JSON(inner)
        case .int64(let number): self = .number(Number(number))
        case .uint64(let number): self = .number(Number(number))
        case .byte, .int16, .uint16, .int32, .uint32: self = .number(Number(value.integer ?? 0))
        }
    }

    /// A value of the contract, its members sorted by name.
    init(_ value: some DictionaryValue) { self = JSON(BusValue.properties(value.properties)) }
}
