/// The payloads of composite operations and of Send: values of several paths, which name themselves.
extension Codec {
    /// The formats of the payloads, in the order of preference.
    public static let compositeFormats: [ContentFormat] = [.senMLCBOR, .senMLJSON, .lwm2mCBOR]

    /// Decodes values, as in a Write-Composite, a Send, or the answer to a Read-Composite.
    ///
    /// - Parameter definitions: the table of an object; nil for an object that is not known. Values without a table are
    ///   reported by their paths.
    /// - Throws: `format` for another format; `malformed`, `type` and `executable` as for a single path.
    public static func decodeComposite(
        _ payload: [UInt8], _ format: ContentFormat, _ definitions: @escaping (UInt16) -> ObjectDefinition?
    ) throws(CodecError) -> DecodedComposite {
        let decoder = CompositeDecoder(scope: nil, definitions: definitions)
        switch format {
        case .senMLJSON: return try SenMLCodec.decode(SenMLJSON.decode(payload), into: decoder)
        case .senMLCBOR: return try SenMLCodec.decode(SenMLCBOR.decode(payload), into: decoder)
        case .lwm2mCBOR: return try LwM2MCBOR.decode(payload, relativeTo: nil, into: decoder)
        default: throw notComposite(format)
        }
    }

    /// Encodes values.
    ///
    /// - Throws: `format` for another format, for times in LwM2M CBOR, and for floats that are not finite.
    public static func encodeComposite(
        _ content: CompositeContent, _ format: ContentFormat, _ version: EnablerVersion = .v11
    ) throws(CodecError) -> [UInt8] {
        switch format {
        case .senMLJSON: return SenMLJSON.encode(try SenMLCodec.encode(content, at: nil))
        case .senMLCBOR: return SenMLCBOR.encode(try SenMLCodec.encode(content, at: nil))
        case .lwm2mCBOR: return try LwM2MCBOR.encode(content, at: nil, version)
        default: throw notComposite(format)
        }
    }

    /// Decodes the paths of a Read-Composite or Observe-Composite.
    ///
    /// - Throws: `format` for another format; `malformed` for a name that is no path, and for one with a value.
    public static func decodePaths(
        _ payload: [UInt8], _ format: ContentFormat
    ) throws(CodecError) -> PathSelection {
        switch format {
        case .senMLJSON: return try SenMLCodec.paths(SenMLJSON.decode(payload))
        case .senMLCBOR: return try SenMLCodec.paths(SenMLCBOR.decode(payload))
        case .lwm2mCBOR: return try LwM2MCBOR.paths(payload)
        default: throw notComposite(format)
        }
    }

    /// Encodes the paths of a Read-Composite or Observe-Composite.
    ///
    /// - Throws: `format` for another format, and for the root path in LwM2M CBOR.
    public static func encodePaths(
        _ selection: PathSelection, _ format: ContentFormat
    ) throws(CodecError) -> [UInt8] {
        switch format {
        case .senMLJSON: return SenMLJSON.encode(SenMLCodec.encode(selection))
        case .senMLCBOR: return SenMLCBOR.encode(SenMLCodec.encode(selection))
        case .lwm2mCBOR: return try LwM2MCBOR.encode(selection)
        default: throw notComposite(format)
        }
    }

    private static func notComposite(_ format: ContentFormat) -> CodecError {
        .format("content format \(format) does not fit several paths; use 110, 112 or 11544")
    }
}
