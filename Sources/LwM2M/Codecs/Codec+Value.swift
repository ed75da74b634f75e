extension Codec {
    /// Encodes the single value that a path names, without a dictionary of its instance. Most Reads need only this.
    ///
    /// - Parameters:
    ///   - format: the format from `format(accept:at:_:_:)`.
    ///   - version: that the server is spoken to in.
    /// - Returns: nil if the format is not text, opaque or CBOR, or does not fit the value.
    public static func encode(
        _ value: Value, _ format: ContentFormat, _ version: EnablerVersion = .v11
    ) throws(CodecError) -> [UInt8]? {
        switch (format, value) {
        case (.text, _): return try TextCodec.encode(value)
        case (.opaque, .opaque(let bytes)): return bytes
        case (.cbor, _): return try CBORCodec.encode(value, version)
        default: return nil
        }
    }
}
