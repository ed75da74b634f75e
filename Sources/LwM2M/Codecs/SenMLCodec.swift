/// Converts between SenML records and content (LwM2M Core 7.4.5 and 7.4.6). LwM2M JSON has the same records.
enum SenMLCodec {
    // MARK: Decoding

    /// Decodes the payload of a Write, Create, Write-Composite or Send, or of an answer.
    static func decode(
        _ records: [SenMLRecord], into decoder: CompositeDecoder
    ) throws(CodecError) -> DecodedComposite {
        var decoder = decoder
        var resolver = SenMLResolver()
        for record in records {
            let resolved = try resolver.resolve(record)
            guard let value = resolved.value else {
                // A record with only base fields applies to the following records. Any other record has exactly one value.
                guard record.isBase else { throw record.failure("the record has no value") }
                continue
            }
            guard let path = Path(resolved.name) else {
                throw record.failure("'\(resolved.name.prefix(64))' is not a path of a resource")
            }
            try decoder.take(path, time: resolved.time, offset: record.offset) { (resource) throws(CodecError) in
                self.value(value, resource.type)
            }
        }
        return decoder.decoded
    }

    private static func value(_ value: SenMLRecord.Value, _ type: DataType) -> Value? {
        switch (value, type) {
        case (.string(let text), .string), (.encoded(let text), .string): .string(text)
        case (.string(let text), .coreLink), (.encoded(let text), .coreLink): .coreLink(text)
        case (.boolean(let flag), .boolean): .boolean(flag)
        case (.data(let bytes), .opaque): .opaque(bytes)
        case (.encoded(let text), .opaque): Base64.decode(text.utf8, .standard).map(Value.opaque)
        case (.link(let text), .objectLink): ObjectLink(text).map(Value.objectLink)
        case (.number(let number), let type): number.value(type)
        default: nil
        }
    }

    /// Decodes the payload of a Read-Composite or Observe-Composite: names without values (LwM2M Core 6.3.8).
    ///
    /// A base name alone is a path too, unless it ends in a slash: then it applies to the following records.
    static func paths(_ records: [SenMLRecord]) throws(CodecError) -> PathSelection {
        var selection = PathSelection()
        var resolver = SenMLResolver()
        for record in records {
            let resolved = try resolver.resolve(record)
            guard record.value == nil else { throw record.failure("a path that is to be read has no value") }
            if record.name == nil, records.count > 1, resolved.name.hasSuffix("/") { continue }
            if resolved.name == "/" {
                selection.includesRoot = true
            } else if let path = Path(resolved.name) {
                selection.add(path)
            } else {
                throw record.failure("'\(resolved.name.prefix(64))' is not a path")
            }
        }
        return selection
    }

    // MARK: Encoding

    /// Makes the records.
    ///
    /// - Parameter path: gives the first record its base name: the level of the path, or the path itself for a single
    ///   value. Nil for several paths: each record then has its whole name.
    static func encode(_ content: CompositeContent, at path: Path?) throws(CodecError) -> [SenMLRecord] {
        // A base time holds for all that follow, so that it is of use only if all have a time.
        let base = content.entries.allSatisfy { $0.time != nil } ? content.entries.first?.time : nil
        var records: [SenMLRecord] = []
        for entry in content.entries {
            var record = try record(entry, at: path, first: records.isEmpty)
            if records.isEmpty { record.baseTime = base }
            if let time = entry.time, time != base { record.time = base.map { difference(time, $0) } ?? time }
            records.append(record)
        }
        return records
    }

    /// In microseconds: a difference of large numbers has a tail of digits that are not the time's, and Leshan refuses a time
    /// with more than nine decimals.
    private static func difference(_ time: Double, _ base: Double) -> Double {
        ((time - base) * 1_000_000).rounded() / 1_000_000
    }

    /// Makes the records of a Read-Composite's payload.
    static func encode(_ selection: PathSelection) -> [SenMLRecord] {
        let names = (selection.includesRoot ? ["/"] : []) + selection.paths.map(\.description)
        return names.map { name in
            var record = SenMLRecord()
            record.name = name
            return record
        }
    }

    private static func record(
        _ entry: CompositeContent.Entry, at path: Path?, first: Bool
    ) throws(CodecError) -> SenMLRecord {
        var record = SenMLRecord()
        if let path {
            if entry.path == path {
                record.baseName = path.description
            } else {
                if first { record.baseName = path.description + "/" }
                record.name = entry.path.identifiers.dropFirst(path.identifiers.count).map(String.init)
                    .joined(separator: "/")
            }
        } else {
            record.name = entry.path.description
        }
        switch entry.value {
        case .string(let text), .coreLink(let text): record.value = .string(text)
        case .integer(let number), .time(let number): record.value = .number(.signed(number))
        case .unsignedInteger(let number): record.value = .number(.unsigned(number))
        case .float(let number):
            guard number.isFinite else { throw .format("the value \(number) cannot be sent") }
            record.value = .number(.float(number))
        case .boolean(let flag): record.value = .boolean(flag)
        case .opaque(let bytes): record.value = .data(bytes)
        case .objectLink(let link): record.value = .link(link.description)
        }
        return record
    }
}
