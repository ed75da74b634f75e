extension Codec {
    /// Encodes the single value that a path names, without a dictionary of its instance. Most Reads need only this.
    ///
    /// - Parameter format: the format from `format(accept:at:_:)`.
    /// - Returns: nil if the format is not text, opaque or CBOR, or does not fit the value.
    public static func encode(_ value: Value, _ format: ContentFormat) throws(CodecError) -> [UInt8]? {
        switch (format, value) {
        case (.text, _): return try TextCodec.encode(value)
        case (.opaque, .opaque(let bytes)): return bytes
        case (.cbor, _): return try CBORCodec.encode(value)
        default: return nil
        }
    }
}
