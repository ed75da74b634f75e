extension Codec {
    /// Encodes the one value that a path names, without the table of an instance around it: what most Reads are.
    ///
    /// - Parameter format: text, opaque or CBOR, as `format(accept:at:_:)` gave it; nil for any other.
    public static func encode(_ value: Value, _ format: ContentFormat) throws(CodecError) -> [UInt8]? {
        switch (format, value) {
        case (.text, _): return try TextCodec.encode(value)
        case (.opaque, .opaque(let bytes)): return bytes
        case (.cbor, _): return try CBORCodec.encode(value)
        default: return nil
        }
    }
}
