import EventLoop
import LwM2M

/// The objects of this client, by identifier.
@LoopActor
final class ObjectRegistry {
    struct Entry {
        let object: any Object
        /// The object's, fetched once.
        let definition: ObjectDefinition
    }

    /// Sorted. A client has a handful of objects: a scan beats a dictionary's hashing.
    private let entries: [Entry]

    /// - Parameter objects: with distinct identifiers.
    init(_ objects: [any Object]) {
        entries = objects.map { Entry(object: $0, definition: $0.definition) }
            .sorted { $0.definition.id < $1.definition.id }
        let identifiers = Set(entries.map(\.definition.id))
        precondition(identifiers.count == entries.count, "two objects have the same identifier")
    }

    subscript(id: UInt16) -> Entry? {
        for entry in entries where entry.definition.id == id { return entry }
        return nil
    }

    /// What Register tells; Security (0) is left out where the payload is made.
    var registered: [RegisteredObject] {
        entries.map { RegisteredObject($0.definition, instances: $0.object.instances) }
    }

    func attach(_ changes: any ObjectChanges) {
        for entry in entries { entry.object.changes = changes }
    }
}
