/// Converts between SenML records and content (LwM2M Core 7.4.5 and 7.4.6).
enum SenMLCodec {
    // MARK: Decoding

    static func decode(
        _ records: [SenMLRecord], at path: Path, _ definition: ObjectDefinition
    ) throws(CodecError) -> DecodedContent {
        var decoder = Decoder(path: path, definition: definition)
        for record in records { try decoder.take(record) }
        return try decoder.content()
    }

    private struct Decoder {
        let path: Path
        let definition: ObjectDefinition
        var baseName = ""
        var baseValue: SenMLNumber?
        var instances: [InstanceContent] = []
        var unknown: Set<UInt16> = []

        init(path: Path, definition: ObjectDefinition) {
            self.path = path
            self.definition = definition
        }

        mutating func take(_ record: SenMLRecord) throws(CodecError) {
            if let name = record.baseName { baseName = name }
            if let value = record.baseValue { baseValue = value }
            guard let value = record.value else {
                // A record with only base fields applies to the following records. Any other record has exactly one value.
                guard record.name == nil, record.baseName != nil || record.baseValue != nil else {
                    throw record.failure("the record has no value")
                }
                return
            }
            let name = baseName + (record.name ?? "")
            guard let target = Path(name), path.contains(target), let resource = target.resource else {
                throw record.failure("'\(name.prefix(64))' is not a resource under \(path)")
            }
            guard let definition = definition[resource] else {
                unknown.insert(resource)
                try place(target, nil, record)
                return
            }
            guard definition.type != .none else { throw .executable(resource: resource) }
            guard definition.multiple == (target.resourceInstance != nil) else {
                throw .type(
                    resource: resource,
                    definition.multiple
                        ? "it has instances, not a single value" : "it has a single value, not instances")
            }
            try place(target, try self.value(value, definition), record)
        }

        private func value(_ value: SenMLRecord.Value, _ resource: ResourceDefinition) throws(CodecError) -> Value {
            let result: Value? =
                switch (value, resource.type) {
                case (.string(let text), .string): .string(text)
                case (.string(let text), .coreLink): .coreLink(text)
                case (.boolean(let flag), .boolean): .boolean(flag)
                case (.data(let bytes), .opaque): .opaque(bytes)
                case (.link(let text), .objectLink): ObjectLink(text).map(Value.objectLink)
                case (.number(let number), let type):
                    (baseValue.map { number.adding($0) } ?? number)?.value(type)
                default: nil
                }
            guard let result else {
                throw .type(resource: resource.id, "the value is not of the type \(resource.type.name)")
            }
            return result
        }

        /// Stores a value at its target. Without a value only the instance is added.
        private mutating func place(_ target: Path, _ value: Value?, _ record: SenMLRecord) throws(CodecError) {
            let index: Int
            if let found = instances.firstIndex(where: { $0.id == target.instance }) {
                index = found
            } else {
                instances.append(InstanceContent(target.instance))
                index = instances.count - 1
            }
            guard let value, let resource = target.resource else { return }
            let present = instances[index].resources[resource]
            switch (present, target.resourceInstance) {
            case (nil, nil): instances[index].resources[resource] = .single(value)
            case (nil, let instance?): instances[index].resources[resource] = .multiple([instance: value])
            case (.multiple(var values), let instance?):
                guard values.updateValue(value, forKey: instance) == nil else {
                    throw record.failure("\(target) occurs twice")
                }
                instances[index].resources[resource] = .multiple(values)
            default: throw record.failure("\(target) occurs twice")
            }
        }

        func content() throws(CodecError) -> DecodedContent {
            let unknown = unknown.sorted()
            guard let instance = path.instance else {
                // No instance is named: a Create without values, and the client chooses the identifier.
                let named = instances.isEmpty ? [InstanceContent(nil)] : instances
                return DecodedContent(named, unknownResources: unknown)
            }
            var only = instances.first ?? InstanceContent(instance)
            if let resource = path.resource, let definition = definition[resource], only.resources[resource] == nil {
                // An empty array empties a multiple resource. A single resource needs a value.
                guard definition.multiple && path.resourceInstance == nil else {
                    throw .malformed("\(path) has no value in the payload", offset: 0)
                }
                only.resources[resource] = .multiple([:])
            }
            return DecodedContent([only], unknownResources: unknown)
        }
    }

    // MARK: Encoding

    /// Makes the records. The first has the base name: the level of the path, or the path itself for a single value.
    static func encode(_ instances: [InstanceContent], at path: Path) throws(CodecError) -> [SenMLRecord] {
        var records: [SenMLRecord] = []
        for instance in instances.sorted(by: { ($0.id ?? .max) < ($1.id ?? .max) }) {
            guard let id = instance.id else {
                throw .format("an instance without an identifier cannot be encoded as SenML")
            }
            for (resource, content) in instance.resources.sorted(by: { $0.key < $1.key }) {
                for (resourceInstance, value) in content.values {
                    let identifiers = [path.object, id, resource] + (resourceInstance.map { [$0] } ?? [])
                    guard let target = Path(identifiers: identifiers), path.contains(target) else { continue }
                    records.append(try record(target, value, at: path, first: records.isEmpty))
                }
            }
        }
        if path.resourceInstance != nil && records.isEmpty { throw .absent(path) }
        return records
    }

    private static func record(
        _ target: Path, _ value: Value, at path: Path, first: Bool
    ) throws(CodecError) -> SenMLRecord {
        var record = SenMLRecord()
        if target == path {
            record.baseName = path.description
        } else {
            if first { record.baseName = path.description + "/" }
            record.name = target.identifiers.dropFirst(path.identifiers.count).map(String.init).joined(separator: "/")
        }
        switch value {
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
