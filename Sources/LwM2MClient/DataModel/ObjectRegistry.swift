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
    private let entries: [Entry]

    /// - Parameter objects: with distinct identifiers.
    init(_ objects: [any Object]) {
        entries = objects.map { Entry($0) }
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
