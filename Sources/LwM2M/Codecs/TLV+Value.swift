extension TLV {
    /// Decodes the value of a resource or resource instance of the declared type (LwM2M Core, Appendix C).
    static func value(_ bytes: ArraySlice<UInt8>, _ resource: ResourceDefinition) throws(CodecError) -> Value {
        func refuse(_ why: String) -> CodecError { .type(resource: resource.id, why) }
        func text() throws(CodecError) -> String {
            guard let text = String(validating: bytes, as: UTF8.self) else { throw refuse("the text is not UTF-8") }
            return text
        }
        func unsigned() throws(CodecError) -> UInt64 {
            guard [1, 2, 4, 8].contains(bytes.count) else {
                throw refuse("an integer must have 1, 2, 4 or 8 bytes, not \(bytes.count)")
            }
            return bytes.reduce(0) { $0 << 8 | UInt64($1) }
        }
        func signed() throws(CodecError) -> Int64 {
            let pattern = try unsigned()
            // Extend the sign of the shorter number. The length is known to be 1, 2, 4 or 8.
            let unused = 64 - 8 * bytes.count
            return Int64(bitPattern: pattern << unused) >> unused
        }
        switch resource.type {
        case .none: throw .executable(resource: resource.id)
        case .string: return .string(try text())
        case .coreLink: return .coreLink(try text())
        case .opaque: return .opaque(Array(bytes))
        case .integer: return .integer(try signed())
        case .time: return .time(try signed())
        case .unsignedInteger: return .unsignedInteger(try unsigned())
        case .boolean:
            guard bytes.count == 1, let byte = bytes.first, byte < 2 else {
                throw refuse("a boolean must be one byte, 0 or 1")
            }
            return .boolean(byte == 1)
        case .float:
            let pattern = bytes.reduce(0) { $0 << 8 | UInt64($1) }
            let number: Double
            switch bytes.count {
            case 4: number = Double(Float(bitPattern: UInt32(pattern)))
            case 8: number = Double(bitPattern: pattern)
            default: throw refuse("a float must have 4 or 8 bytes, not \(bytes.count)")
            }
            guard number.isFinite else { throw refuse("the float must be finite") }
            return .float(number)
        case .objectLink:
            guard bytes.count == 4 else { throw refuse("an object link must have 4 bytes, not \(bytes.count)") }
            let link = bytes.reduce(0) { $0 << 8 | UInt32($1) }
            return .objectLink(ObjectLink(UInt16(link >> 16), UInt16(truncatingIfNeeded: link)))
        }
    }

    static func bytes(_ value: Value) -> [UInt8] {
        switch value {
        case .string(let text), .coreLink(let text): Array(text.utf8)
        case .opaque(let bytes): bytes
        case .integer(let number), .time(let number): signed(number)
        case .unsignedInteger(let number): unsigned(number)
        case .boolean(let flag): [flag ? 1 : 0]
        case .float(let number):
            // Use four bytes if they hold exactly the same number.
            Double(Float(number)) == number
                ? bigEndian(UInt64(Float(number).bitPattern), 4) : bigEndian(number.bitPattern, 8)
        case .objectLink(let link): bigEndian(UInt64(link.object) << 16 | UInt64(link.instance), 4)
        }
    }

    private static func signed(_ number: Int64) -> [UInt8] {
        let count =
            Int8(exactly: number) != nil ? 1 : Int16(exactly: number) != nil ? 2 : Int32(exactly: number) != nil ? 4 : 8
        return bigEndian(UInt64(bitPattern: number), count)
    }

    private static func unsigned(_ number: UInt64) -> [UInt8] {
        bigEndian(number, number < 1 << 8 ? 1 : number < 1 << 16 ? 2 : number < 1 << 32 ? 4 : 8)
    }

    private static func bigEndian(_ number: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).reversed().map { UInt8(truncatingIfNeeded: number >> UInt64(8 * $0)) }
    }
}
