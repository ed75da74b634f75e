import EventLoop
import LwM2M

/// The objects of this client, by identifier and by the version of LwM2M that a server is spoken to in.
@LoopActor
final class ObjectRegistry {
    /// An object as a server of one version knows it. A class, for its table is passed around with every request and is not
    /// to be copied.
    @LoopActor
    final class Entry {
        let object: any Object
        let version: EnablerVersion
        /// The object's in this version, fetched once.
        let definition: ObjectDefinition

        fileprivate init(_ object: any Object, _ version: EnablerVersion) {
            self.object = object
            self.version = version
            definition = object.definition(in: version)
        }

        /// The content of a readable resource, as a server of this version is told it; throws 4.04 for one that is not
        /// there.
        func read(_ instance: UInt16, _ resource: UInt16) throws(OperationError) -> ResourceContent {
            object.content(try object.read(instance, resource), of: resource, in: version)
        }
    }

    /// For each version the objects, sorted. A client has a handful of them: a scan beats a dictionary's hashing.
    private var entries: [[Entry]] = EnablerVersion.allCases.map { _ in [] }

    /// - Precondition: no object with this identifier is there.
    func add(_ object: any Object) {
        let id = object.definition.id
        precondition(self[id, .newest] == nil, "two objects have the identifier \(id)")
        for version in EnablerVersion.allCases {
            let index = entries[version.rawValue].firstIndex { $0.definition.id > id }
            entries[version.rawValue].insert(
                Entry(object, version), at: index ?? entries[version.rawValue].endIndex)
        }
    }

    /// - Returns: the object that was there; nil when there was none.
    func remove(_ id: UInt16) -> (any Object)? {
        let object = self[id, .newest]?.object
        for index in entries.indices { entries[index].removeAll { $0.definition.id == id } }
        return object
    }

    subscript(id: UInt16, version: EnablerVersion) -> Entry? {
        for entry in entries[version.rawValue] where entry.definition.id == id { return entry }
        return nil
    }

    /// Sorted.
    var identifiers: [UInt16] { entries[EnablerVersion.newest.rawValue].map(\.definition.id) }

    /// Whether an object does something that servers began.
    var isWorking: Bool { entries[EnablerVersion.newest.rawValue].contains { $0.object.isWorking } }

    /// What Register tells a server of a version; Security (0) is left out where the payload is made.
    func registered(_ version: EnablerVersion) -> [RegisteredObject] {
        entries[version.rawValue].map { RegisteredObject($0.definition, instances: $0.object.instances) }
    }
}
