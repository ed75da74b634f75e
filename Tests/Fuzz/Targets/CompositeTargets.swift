import LwM2M

/// Payloads of several paths.
extension FuzzTarget {
    /// Values: of Write-Composite and Send. What one format says, each format says.
    static let composite = FuzzTarget("composite") { bytes in
        for format in Codec.compositeFormats { checkValues(bytes, format) }
    }

    /// Paths: of Read-Composite and Observe-Composite.
    static let paths = FuzzTarget("paths") { bytes in
        for format in Codec.compositeFormats { checkPaths(bytes, format) }
    }

    private static func checkValues(_ bytes: [UInt8], _ format: ContentFormat) {
        let decoded = accepted { () throws(CodecError) in
            try Codec.decodeComposite(bytes, format, FuzzObjects.definition)
        }
        guard let decoded else { return }
        for path in decoded.unknown {
            require(
                path.resource.flatMap { FuzzObjects.definition(path.object)?[$0] } == nil, "\(path) is known")
        }
        let entries = decoded.content.entries
        for entry in entries {
            let resource = entry.path.resource.flatMap { FuzzObjects.definition(entry.path.object)?[$0] }
            requireEqual(entry.value.type, resource?.type, "the value at \(entry.path) has the resource's type")
            requireEqual(entry.path.resourceInstance != nil, resource?.multiple, "\(entry.path) is a value's path")
        }
        // Differences of times are written in microseconds.
        guard entries.allSatisfy({ ($0.time ?? 0).isWhole }) else { return }
        let hasTimes = entries.contains { $0.time != nil }
        for other in Codec.compositeFormats where !(hasTimes && other == .lwm2mCBOR) {
            for version in [EnablerVersion.v11, .v12] {
                let written = requireSuccess("decoded values are written in \(other)") { () throws(CodecError) in
                    try Codec.encodeComposite(decoded.content, other, version)
                }
                let again = requireSuccess("written values are read in \(other)") { () throws(CodecError) in
                    try Codec.decodeComposite(written, other, FuzzObjects.definition)
                }
                requireEqual(again.unknown, [], "what is written is known")
                // LwM2M CBOR groups values by their paths.
                requireEqual(
                    again.content.inOrder, decoded.content.inOrder, "values are read as they were written in \(other)")
            }
        }
    }

    private static func checkPaths(_ bytes: [UInt8], _ format: ContentFormat) {
        guard let paths = accepted({ () throws(CodecError) in try Codec.decodePaths(bytes, format) }) else { return }
        requireEqual(Set(paths.paths).count, paths.paths.count, "each path is there once")
        for other in Codec.compositeFormats where !(paths.includesRoot && other == .lwm2mCBOR) {
            let written = requireSuccess("decoded paths are written in \(other)") { () throws(CodecError) in
                try Codec.encodePaths(paths, other)
            }
            let again = requireSuccess("written paths are read in \(other)") { () throws(CodecError) in
                try Codec.decodePaths(written, other)
            }
            requireEqual(again, paths, "paths are read as they were written in \(other)")
        }
    }
}

extension Double {
    /// Whether a difference with another such number is exact.
    fileprivate var isWhole: Bool { rounded() == self && abs(self) < 1e9 }
}

extension CompositeContent {
    fileprivate var inOrder: [Entry] {
        entries.sorted { $0.path == $1.path ? ($0.time ?? 0) < ($1.time ?? 0) : $0.path < $1.path }
    }
}
