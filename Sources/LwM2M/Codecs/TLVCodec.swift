/// OMA TLV (content format 11542; LwM2M Core 7.4.3).
///
/// A payload may begin at the level of its path. It may also include the levels above if they match the path.
enum TLVCodec {
    // MARK: Decoding

    static func decode(
        _ payload: [UInt8], at path: Path, _ definition: ObjectDefinition
    ) throws(CodecError) -> DecodedContent {
        var decoder = Decoder(definition: definition)
        let elements = try TLV.elements(payload[...])
        guard path.instance != nil else {
            try decoder.object(elements)
            return DecodedContent(decoder.instances, unknownResources: decoder.unknown.sorted())
        }
        let resources = try decoder.instance(elements, at: path)
        return DecodedContent(
            [InstanceContent(path.instance, resources)], unknownResources: decoder.unknown.sorted())
    }

    private struct Decoder {
        let definition: ObjectDefinition
        var instances: [InstanceContent] = []
        var unknown: Set<UInt16> = []

        /// Decodes a Create: instances with identifiers, or the resources of one instance whose identifier the client chooses.
        mutating func object(_ elements: [TLV]) throws(CodecError) {
            guard elements.contains(where: { $0.kind == .instance }) else {
                instances = [InstanceContent(nil, try resources(elements, at: nil))]
                return
            }
            for element in elements {
                guard element.kind == .instance else { throw offending(element, "expected an instance") }
                guard !instances.contains(where: { $0.id == element.id }) else {
                    throw offending(element, "instance \(element.id) occurs twice")
                }
                instances.append(
                    InstanceContent(element.id, try resources(try TLV.elements(element.value), at: nil)))
            }
        }

        mutating func instance(
            _ elements: [TLV], at path: Path
        ) throws(CodecError) -> [UInt16: ResourceContent] {
            guard let first = elements.first, first.kind == .instance else { return try resources(elements, at: path) }
            guard elements.count == 1, first.id == path.instance else {
                throw offending(first, "the path names only instance \(path.instance ?? 0)")
            }
            return try resources(try TLV.elements(first.value), at: path)
        }

        private mutating func resources(
            _ elements: [TLV], at path: Path?
        ) throws(CodecError) -> [UInt16: ResourceContent] {
            if let id = path?.resource { return try resource(id, elements, at: path) }
            var resources: [UInt16: ResourceContent] = [:]
            for element in elements {
                guard resources[element.id] == nil else {
                    throw offending(element, "resource \(element.id) occurs twice")
                }
                if let content = try content(element) { resources[element.id] = content }
            }
            return resources
        }

        /// Decodes a payload for one resource or one of its instances. It has instances of the resource or the resource itself.
        private mutating func resource(
            _ id: UInt16, _ elements: [TLV], at path: Path?
        ) throws(CodecError) -> [UInt16: ResourceContent] {
            guard let definition = definition[id] else {
                unknown.insert(id)
                return [:]
            }
            let content: ResourceContent?
            if elements.allSatisfy({ $0.kind == .resourceInstance }) && (definition.multiple || !elements.isEmpty) {
                content = .multiple(try instances(elements, definition))
            } else {
                guard elements.count == 1, elements[0].id == id else {
                    throw .malformed(
                        "the path names only resource \(id)", offset: elements.first?.value.startIndex ?? 0)
                }
                content = try self.content(elements[0])
            }
            if let wanted = path?.resourceInstance {
                guard case .multiple(let values) = content, Array(values.keys) == [wanted] else {
                    throw .malformed("the path names only resource instance \(wanted)", offset: 0)
                }
            }
            return content.map { [id: $0] } ?? [:]
        }

        /// The content of a resource's element; nil if the object's table does not have the resource.
        private mutating func content(_ element: TLV) throws(CodecError) -> ResourceContent? {
            guard element.kind == .resource || element.kind == .multipleResource else {
                throw offending(element, "expected a resource")
            }
            guard let resource = definition[element.id] else {
                unknown.insert(element.id)
                return nil
            }
            guard resource.type != .none else { throw .executable(resource: resource.id) }
            if element.kind == .resource {
                guard !resource.multiple else {
                    throw .type(resource: resource.id, "it has instances, not a single value")
                }
                return .single(try TLV.value(element.value, resource))
            }
            return .multiple(try instances(try TLV.elements(element.value), resource))
        }

        private func instances(
            _ elements: [TLV], _ resource: ResourceDefinition
        ) throws(CodecError) -> [UInt16: Value] {
            guard resource.multiple else { throw .type(resource: resource.id, "it has a single value, not instances") }
            var values: [UInt16: Value] = [:]
            for element in elements {
                guard element.kind == .resourceInstance else {
                    throw offending(element, "expected a resource instance")
                }
                guard values.updateValue(try TLV.value(element.value, resource), forKey: element.id) == nil else {
                    throw offending(element, "resource instance \(element.id) occurs twice")
                }
            }
            return values
        }

        private func offending(_ element: TLV, _ why: String) -> CodecError {
            .malformed(why, offset: element.value.startIndex)
        }
    }

    // MARK: Encoding

    static func encode(_ instances: [InstanceContent], at path: Path) throws(CodecError) -> [UInt8] {
        var bytes: [UInt8] = []
        guard let instance = path.instance else {
            for instance in instances.sorted(by: { ($0.id ?? .max) < ($1.id ?? .max) }) {
                let resources = try encode(instance.resources)
                if let id = instance.id {
                    try TLV.append(.instance, id, resources, to: &bytes)
                } else {
                    bytes += resources
                }
            }
            return bytes
        }
        let resources = instances.first { $0.id == instance }?.resources ?? [:]
        guard let id = path.resource else { return try encode(resources) }
        guard let content = resources[id] else { throw .absent(path) }
        guard let resourceInstance = path.resourceInstance else { return try encode([id: content]) }
        guard case .multiple(let values) = content, let value = values[resourceInstance] else { throw .absent(path) }
        try TLV.append(.resourceInstance, resourceInstance, TLV.bytes(value), to: &bytes)
        return bytes
    }

    private static func encode(_ resources: [UInt16: ResourceContent]) throws(CodecError) -> [UInt8] {
        var bytes: [UInt8] = []
        for (id, content) in resources.sorted(by: { $0.key < $1.key }) {
            switch content {
            case .single(let value): try TLV.append(.resource, id, TLV.bytes(value), to: &bytes)
            case .multiple:
                var nested: [UInt8] = []
                for (instance, value) in content.values {
                    try TLV.append(.resourceInstance, instance ?? 0, TLV.bytes(value), to: &nested)
                }
                try TLV.append(.multipleResource, id, nested, to: &bytes)
            }
        }
        return bytes
    }
}
