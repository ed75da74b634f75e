/// Converts between payloads and content in all content formats of the client (LwM2M Core 7.4).
///
/// The path is that of the request and gives the level of the payload. The path of Write and Read has an instance. That of
/// Create has only the object, and the payload may name the instance.
public enum Codec {
    /// The most records, elements or items in one payload. Its bytes are limited where they are collected.
    static let recordLimit = 4096

    // MARK: Decoding

    /// Decodes the payload of a Write or Create.
    ///
    /// Refuses instances, resources and resource instances that occur twice or are outside of the path.
    /// - Parameters:
    ///   - format: the request's Content-Format; nil means text, because that is the format of a request without one.
    ///   - version: that the server is spoken to in.
    public static func decode(
        _ payload: [UInt8], _ format: UInt16?, at path: Path, _ definition: ObjectDefinition,
        _ version: EnablerVersion = .v11
    ) throws(CodecError) -> DecodedContent {
        let format = ContentFormat(rawValue: format ?? ContentFormat.text.rawValue)
        try check(format, at: path, definition, version)
        switch format.registered {
        case .text, .opaque, .cbor:
            return try single(at: path, definition) { (resource) throws(CodecError) in
                switch format {
                case .text: try TextCodec.decode(payload, resource)
                case .opaque: .opaque(payload)
                default: try CBORCodec.decode(payload, resource)
                }
            }
        case .tlv: return try TLVCodec.decode(payload, at: path, definition)
        default: return try DecodedContent(named(payload, format, at: path, definition), at: path, definition)
        }
    }

    /// Decodes a payload that names each of its values.
    private static func named(
        _ payload: [UInt8], _ format: ContentFormat, at path: Path, _ definition: ObjectDefinition
    ) throws(CodecError) -> DecodedComposite {
        let decoder = CompositeDecoder(scope: path) { $0 == definition.id ? definition : nil }
        switch format.registered {
        case .senMLJSON: return try SenMLCodec.decode(SenMLJSON.decode(payload), into: decoder)
        case .senMLCBOR: return try SenMLCodec.decode(SenMLCBOR.decode(payload), into: decoder)
        case .lwm2mJSON: return try SenMLCodec.decode(LwM2MJSON.decode(payload, at: path), into: decoder)
        case .lwm2mCBOR: return try LwM2MCBOR.decode(payload, relativeTo: path, into: decoder)
        default: throw .format("content format \(format) is not supported")
        }
    }

    private static func single(
        at path: Path, _ definition: ObjectDefinition,
        _ value: (ResourceDefinition) throws(CodecError) -> Value
    ) throws(CodecError) -> DecodedContent {
        guard let id = path.resource else { throw .format("a single value needs the path of a resource") }
        guard let resource = definition[id] else {
            return DecodedContent([InstanceContent(path.instance)], unknownResources: [id])
        }
        guard resource.type != .none else { throw .executable(resource: id) }
        let decoded = try value(resource)
        let content: ResourceContent
        if let instance = path.resourceInstance {
            content = .multiple([instance: decoded])
        } else {
            content = .single(decoded)
        }
        return DecodedContent([InstanceContent(path.instance, [id: content])])
    }

    // MARK: Encoding

    /// Encodes the payload of a Read, an Observe or a Notify.
    ///
    /// - Parameters:
    ///   - instances: the content at the path. For a resource instance: its resource as `.multiple` with at least that
    ///     instance.
    ///   - version: that the server is spoken to in.
    public static func encode(
        _ instances: [InstanceContent], _ format: ContentFormat, at path: Path, _ definition: ObjectDefinition,
        _ version: EnablerVersion = .v11
    ) throws(CodecError) -> [UInt8] {
        try check(format, at: path, definition, version)
        switch format.registered {
        case .text, .opaque, .cbor:
            let value = try value(in: instances, at: path)
            switch (format, value) {
            case (.text, _): return try TextCodec.encode(value)
            case (.opaque, .opaque(let bytes)): return bytes
            case (.cbor, _): return try CBORCodec.encode(value, version)
            default: throw .format("content format 42 is only for opaque resources")
            }
        case .tlv: return try TLVCodec.encode(instances, at: path)
        default:
            let content = try CompositeContent(instances, within: path)
            if path.resourceInstance != nil && content.entries.isEmpty { throw .absent(path) }
            return try encode(content, format, at: path, version)
        }
    }

    /// Encodes values at and below a path in a format that names each of them.
    private static func encode(
        _ content: CompositeContent, _ format: ContentFormat, at path: Path, _ version: EnablerVersion
    ) throws(CodecError) -> [UInt8] {
        switch format.registered {
        case .senMLJSON: return SenMLJSON.encode(try SenMLCodec.encode(content, at: path))
        case .senMLCBOR: return SenMLCBOR.encode(try SenMLCodec.encode(content, at: path))
        case .lwm2mJSON: return LwM2MJSON.encode(try SenMLCodec.encode(content, at: path))
        case .lwm2mCBOR: return try LwM2MCBOR.encode(content, at: path, version)
        default: throw .format("content format \(format) is not supported")
        }
    }

    private static func value(in instances: [InstanceContent], at path: Path) throws(CodecError) -> Value {
        let resource = path.resource.flatMap { id in
            instances.first { $0.id == path.instance }?.resources[id]
        }
        switch (resource, path.resourceInstance) {
        case (.single(let value), nil): return value
        case (.multiple(let values), let instance?):
            guard let value = values[instance] else { throw .absent(path) }
            return value
        case (.multiple, nil): throw .format("the format holds a single value, but the resource has several instances")
        default: throw .absent(path)
        }
    }

    // MARK: Choosing the format

    /// The format of an answer: that of Accept. Without Accept it is opaque for an opaque value, text for another single
    /// value, and otherwise SenML CBOR: clients of 1.1 and later are not to use TLV (LwM2M Core 7.4). A server of LwM2M 1.0 gets TLV
    /// for all of them.
    /// - Throws: `format` (4.06) if the format is unknown, not of this version, or does not fit the path.
    public static func format(
        accept: UInt16?, at path: Path, _ definition: ObjectDefinition, _ version: EnablerVersion = .v11
    ) throws(CodecError) -> ContentFormat {
        if let accept {
            let format = ContentFormat(rawValue: accept)
            try check(format, at: path, definition, version)
            return format
        }
        guard version > .v10 else { return .tlv }
        guard namesOneValue(path, definition) else { return .senMLCBOR }
        return path.resource.flatMap { definition[$0]?.type } == .opaque ? .opaque : .text
    }

    /// Checks that the version has a format, and that it fits the path. Text, opaque and CBOR hold one value, so they fit only
    /// a single resource or a resource instance.
    private static func check(
        _ format: ContentFormat, at path: Path, _ definition: ObjectDefinition, _ version: EnablerVersion
    ) throws(CodecError) {
        guard version.takes(format) else { throw .format("LwM2M \(version) has no content format \(format)") }
        switch format.registered {
        case _ where format.holdsSeveralValues: return
        case .text, .opaque, .cbor:
            guard namesOneValue(path, definition) else {
                throw .format("content format \(format) holds a single value, but \(path) has several")
            }
            let type = path.resource.flatMap { definition[$0]?.type }
            if format == .opaque, let type, type != .opaque, type != .none {
                throw .format("content format 42 is only for opaque resources, but \(path) is \(type)")
            }
        default: throw .format("content format \(format) is not supported")
        }
    }

    private static func namesOneValue(_ path: Path, _ definition: ObjectDefinition) -> Bool {
        guard let resource = path.resource else { return false }
        return path.resourceInstance != nil || definition[resource]?.multiple != true
    }
}
