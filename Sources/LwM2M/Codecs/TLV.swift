/// One element of OMA TLV (LwM2M Core 7.4.3): type byte, identifier, length, value.
struct TLV: Equatable {
    /// Bits 7 and 6 of the type byte.
    enum Kind: UInt8 { case instance = 0, resourceInstance = 1, multipleResource = 2, resource = 3 }

    let kind: Kind
    let id: UInt16
    let value: ArraySlice<UInt8>

    /// The elements at the top level of these bytes, which they must fill. Nested elements are not decoded.
    static func elements(_ bytes: ArraySlice<UInt8>) throws(CodecError) -> [TLV] {
        var elements: [TLV] = []
        var rest = bytes
        while !rest.isEmpty {
            guard elements.count < Codec.recordLimit else {
                throw .malformed("the payload has more than \(Codec.recordLimit) TLV elements", offset: rest.startIndex)
            }
            elements.append(try element(&rest))
        }
        return elements
    }

    private static func element(_ rest: inout ArraySlice<UInt8>) throws(CodecError) -> TLV {
        let start = rest.startIndex
        let type = UInt8(try number(1, &rest))
        let id = UInt16(try number(type & 0x20 == 0 ? 1 : 2, &rest))
        let lengthBytes = Int(type >> 3 & 3)
        let length = lengthBytes == 0 ? Int(type & 7) : try number(lengthBytes, &rest)
        guard length <= rest.count, let kind = Kind(rawValue: type >> 6) else {
            throw .malformed(
                "a TLV element has the length \(length), but only \(rest.count) bytes are left", offset: start)
        }
        guard id != .max else { throw .malformed("the identifier 65535 is reserved", offset: start) }
        defer { rest = rest.dropFirst(length) }
        return TLV(kind: kind, id: id, value: rest.prefix(length))
    }

    private static func number(_ count: Int, _ rest: inout ArraySlice<UInt8>) throws(CodecError) -> Int {
        guard rest.count >= count else { throw .malformed("a TLV element is truncated", offset: rest.startIndex) }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
    }

    /// Appends an element with identifier and length in the fewest bytes.
    /// - Throws: `format` for a value of 16 MiB or more, which TLV cannot represent.
    static func append(_ kind: Kind, _ id: UInt16, _ value: [UInt8], to bytes: inout [UInt8]) throws(CodecError) {
        guard value.count < 1 << 24 else { throw .format("a value of \(value.count) bytes is too long for TLV") }
        let lengthBytes = value.count < 8 ? 0 : value.count < 1 << 8 ? 1 : value.count < 1 << 16 ? 2 : 3
        let type = kind.rawValue << 6 | (id < 256 ? 0 : 0x20) | UInt8(lengthBytes) << 3
        bytes.append(lengthBytes == 0 ? type | UInt8(value.count) : type)
        if id >= 256 { bytes.append(UInt8(id >> 8)) }
        bytes.append(UInt8(truncatingIfNeeded: id))
        for shift in (0..<lengthBytes).reversed() {
            bytes.append(UInt8(truncatingIfNeeded: value.count >> (8 * shift)))
        }
        bytes += value
    }
}
