@testable import LwM2M

/// Formats that hold several values, on the paths of a Write or Create.
extension FuzzTarget {
    static let tlv = content("tlv", .tlv)
    static let lwm2mJSON = content("lwm2m-json", .lwm2mJSON)
    static let senMLJSON = content("senml-json", .senMLJSON)
    static let senMLCBOR = content("senml-cbor", .senMLCBOR)
    static let lwm2mCBOR = content("lwm2m-cbor", .lwm2mCBOR)

    /// What is decoded is within the path and of the types of the table; written, it is read as the same.
    private static func content(_ name: String, _ format: ContentFormat) -> FuzzTarget {
        FuzzTarget(name) { bytes in
            for path in FuzzObjects.paths {
                for version in EnablerVersion.allCases where version.takes(format) {
                    check(bytes, format, path, version)
                }
            }
        }
    }

    private static func check(_ bytes: [UInt8], _ format: ContentFormat, _ path: Path, _ version: EnablerVersion) {
        let device = FuzzObjects.device
        let decoded = accepted { () throws(CodecError) in
            try Codec.decode(bytes, format.rawValue, at: path, device, version)
        }
        guard let decoded else { return }
        decoded.requireFits(path, device)
        // Resources that are not known are not written; without any other there may be nothing to write.
        var known = decoded
        known.unknownResources = []
        let written = accepted { () throws(CodecError) in
            try Codec.encode(known.instances, format, at: path, device, version)
        }
        guard let written else {
            require(!known.canBeWritten, "decoded content is written: \(known)")
            return
        }
        require(written.count <= 256 + 64 * bytes.count, "\(bytes.count) bytes are written with \(written.count)")
        guard known.canBeWritten else { return }
        let again = requireSuccess("written content is read") { () throws(CodecError) in
            try Codec.decode(written, format.rawValue, at: path, device, version)
        }
        requireEqual(again.sorted, known.sorted, "content is read as it was written, at \(path)")
    }
}

extension DecodedContent {
    /// Whether a Read could give this: every instance has an identifier and values, and every resource has some.
    fileprivate var canBeWritten: Bool {
        !instances.isEmpty
            && instances.allSatisfy {
                $0.id != nil && !$0.resources.isEmpty && $0.resources.values.allSatisfy(\.hasValues)
            }
    }

    fileprivate var sorted: DecodedContent {
        DecodedContent(
            instances.sorted { ($0.id ?? .max) < ($1.id ?? .max) }, unknownResources: unknownResources.sorted())
    }

    /// Requires that each value is at or below the path, once, and of the type that the table says.
    fileprivate func requireFits(_ path: Path, _ definition: ObjectDefinition) {
        requireEqual(Set(instances.map(\.id)).count, instances.count, "each instance is there once")
        if path.instance != nil { requireEqual(instances.map(\.id), [path.instance], "the path's instance alone") }
        requireEqual(unknownResources, Set(unknownResources).sorted(), "unknown resources are sorted")
        for id in unknownResources { require(definition[id] == nil, "resource \(id) is known") }
        for (id, content) in instances.flatMap(\.resources) {
            guard let resource = definition[id], resource.type != .none else {
                require(false, "resource \(id) has no values")
                return
            }
            require(path.resource == nil || path.resource == id, "resource \(id) is outside of \(path)")
            for (instance, value) in content.values {
                requireEqual(value.type, resource.type, "the value of \(id) has the resource's type")
                requireEqual(instance != nil, resource.multiple, "\(id) has instances if it is multiple")
                require(
                    path.resourceInstance == nil || path.resourceInstance == instance,
                    "an instance of \(id) is outside of \(path)")
            }
        }
    }
}

extension ResourceContent {
    fileprivate var hasValues: Bool { !values.isEmpty }
}
