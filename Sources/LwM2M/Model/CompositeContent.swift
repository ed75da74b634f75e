/// The content of several paths, which may be of several objects: values in order, each with its path and its time.
///
/// The content of a single path is its simple case: the formats that name each value (SenML, LwM2M JSON and LwM2M CBOR) are
/// decoded into this form and encoded from it.
public struct CompositeContent: Hashable, Sendable {
    /// One value.
    public struct Entry: Hashable, Sendable {
        /// The path of a single resource, or of an instance of a multiple one.
        public let path: Path
        public let value: Value
        /// When the resource had the value, in SenML's form (RFC 8428, section 4.5.3): seconds since 1970, or relative to
        /// now if it is below 2²⁸; nil is now.
        public let time: Double?

        public init(_ path: Path, _ value: Value, time: Double? = nil) {
            self.path = path
            self.value = value
            self.time = time
        }

        /// The same value, of this time.
        public func at(_ time: Double?) -> Entry { Entry(path, value, time: time) }
    }

    public var entries: [Entry]

    public init(_ entries: [Entry] = []) { self.entries = entries }

    /// The values of one object's instances that are at or below a path, sorted by path.
    ///
    /// - Throws: `format` for an instance without an identifier, whose values have no paths.
    public init(_ instances: [InstanceContent], within path: Path, time: Double? = nil) throws(CodecError) {
        entries = []
        for instance in instances.sorted(by: { ($0.id ?? .max) < ($1.id ?? .max) }) {
            guard let id = instance.id else { throw .format("an instance without an identifier has no path") }
            for (resource, content) in instance.resources.sorted(by: { $0.key < $1.key }) {
                for (resourceInstance, value) in content.values {
                    let identifiers = [path.object, id, resource] + (resourceInstance.map { [$0] } ?? [])
                    guard let target = Path(identifiers: identifiers), path.contains(target) else { continue }
                    entries.append(Entry(target, value, time: time))
                }
            }
        }
    }

    /// The content of one object instance, with the object that it is of.
    public struct Instance: Hashable, Sendable {
        public let object: UInt16
        public var content: InstanceContent
    }

    /// The values by object instance, in the order in which the instances are named first.
    ///
    /// - Throws: `malformed` if a path occurs twice: one of the values would be lost.
    public func instances() throws(CodecError) -> [Instance] {
        var result: [Instance] = []
        var indices: [Path: Int] = [:]
        for entry in entries {
            guard let instance = entry.path.instance, let resource = entry.path.resource else { continue }
            let key = Path(entry.path.object, instance)
            let index = indices[key] ?? result.count
            if index == result.count {
                indices[key] = index
                result.append(Instance(object: entry.path.object, content: InstanceContent(instance)))
            }
            guard result[index].content.add(entry.value, resource, entry.path.resourceInstance) else {
                throw .malformed("\(entry.path) occurs twice", offset: 0)
            }
        }
        return result
    }
}

extension InstanceContent {
    /// Adds a value; false if there is one already.
    fileprivate mutating func add(_ value: Value, _ resource: UInt16, _ resourceInstance: UInt16?) -> Bool {
        guard let resourceInstance else {
            return resources.updateValue(.single(value), forKey: resource) == nil
        }
        // Taken out while it grows, so that the values are not copied for each.
        switch resources.removeValue(forKey: resource) {
        case nil: resources[resource] = .multiple([resourceInstance: value])
        case .multiple(var values):
            guard values.updateValue(value, forKey: resourceInstance) == nil else { return false }
            resources[resource] = .multiple(values)
        case .single: return false
        }
        return true
    }
}

/// A decoded payload of several paths.
public struct DecodedComposite: Hashable, Sendable {
    public var content: CompositeContent
    /// Paths whose object or resource the tables do not have, each once, in order. The operation decides what that means.
    public var unknown: [Path]

    public init(_ content: CompositeContent, unknown: [Path] = []) {
        self.content = content
        self.unknown = unknown
    }
}
