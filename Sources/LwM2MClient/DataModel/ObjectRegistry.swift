import EventLoop
import LwM2M

/// The objects of this client, by identifier.
@LoopActor
final class ObjectRegistry {
    /// A class, for its table is passed around with every request and is not to be copied.
    @LoopActor
    final class Entry {
        let object: any Object
        /// The object's, fetched once.
        let definition: ObjectDefinition

        fileprivate init(_ object: any Object) {
            self.object = object
            definition = object.definition
        }
    }

    /// Sorted. A client has a handful of objects: a scan beats a dictionary's hashing.
    private var entries: [Entry] = []

    /// - Precondition: no object with this identifier is there.
    func add(_ object: any Object) {
        let entry = Entry(object)
        let id = entry.definition.id
        precondition(self[id] == nil, "two objects have the identifier \(id)")
        entries.insert(entry, at: entries.firstIndex { $0.definition.id > id } ?? entries.endIndex)
    }

    /// - Returns: the object that was there; nil when there was none.
    func remove(_ id: UInt16) -> (any Object)? {
        guard let index = entries.firstIndex(where: { $0.definition.id == id }) else { return nil }
        return entries.remove(at: index).object
    }

    subscript(id: UInt16) -> Entry? {
        for entry in entries where entry.definition.id == id { return entry }
        return nil
    }

    /// Sorted.
    var identifiers: [UInt16] { entries.map(\.definition.id) }

    /// What Register tells; Security (0) is left out where the payload is made.
    var registered: [RegisteredObject] {
        entries.map { RegisteredObject($0.definition, instances: $0.object.instances) }
    }
}
