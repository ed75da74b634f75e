import EventLoop
import LwM2M
import LwM2MClient

/// An object in memory that is what its definition says: for tests, and for trying a server out.
///
/// Each instance has all resources at first, with values of their types; multiple ones have two. What is written is kept, what is
/// executed is remembered.
@LoopActor
public final class DefinedObject: Object {
    public let definition: ObjectDefinition
    public weak var changes: (any ObjectChanges)?
    /// The contents by instance and resource.
    public private(set) var contents: [UInt16: [UInt16: ResourceContent]] = [:]
    /// Executed resources, with their arguments.
    public private(set) var executed: [(path: Path, arguments: [ExecuteArgument])] = []

    public init(_ definition: ObjectDefinition, instances: [UInt16] = [0]) {
        self.definition = definition
        for instance in instances { contents[instance] = defaults }
    }

    private var defaults: [UInt16: ResourceContent] {
        var contents: [UInt16: ResourceContent] = [:]
        for resource in definition.resources where resource.type != .none {
            guard let value = Self.value(of: resource.type) else { continue }
            contents[resource.id] = resource.multiple ? .multiple([0: value, 1: value]) : .single(value)
        }
        return contents
    }

    private static func value(of type: DataType) -> Value? {
        switch type {
        case .none: nil
        case .string: .string("text")
        case .integer: .integer(-1)
        case .unsignedInteger: .unsignedInteger(1)
        case .float: .float(0.5)
        case .boolean: .boolean(true)
        case .opaque: .opaque([0, 0xFF])
        case .time: .time(1_700_000_000)
        case .objectLink: .objectLink(ObjectLink(3, 0))
        case .coreLink: .coreLink("</3/0>")
        }
    }

    // MARK: What a host does

    /// Makes an instance appear.
    public func appear(_ instance: UInt16) {
        contents[instance] = defaults
        changes?.instancesChanged(definition.id)
    }

    /// Makes an instance disappear.
    public func disappear(_ instance: UInt16) {
        contents[instance] = nil
        changes?.instancesChanged(definition.id)
    }

    /// Gives a resource another content; nil makes it disappear.
    public func set(_ instance: UInt16, _ resource: UInt16, _ content: ResourceContent?) {
        contents[instance]?[resource] = content
        changes?.changed(Path(definition.id, instance, resource))
    }

    // MARK: Object

    public var instances: [UInt16] { contents.keys.sorted() }

    public func resources(of instance: UInt16) -> [UInt16] {
        guard let content = contents[instance] else { return [] }
        return definition.resources.map(\.id).filter { content[$0] != nil || definition[$0]?.operations == .execute }
    }

    public func read(_ instance: UInt16, _ resource: UInt16) throws(OperationError) -> ResourceContent {
        guard let content = contents[instance]?[resource] else {
            throw OperationError(.notFound, "\(Path(definition.id, instance, resource)) is not there")
        }
        return content
    }

    public func write(
        _ instance: UInt16, _ values: [UInt16: ResourceContent], mode: WriteMode
    ) async throws(OperationError) {
        if mode == .replace {
            for resource in definition.resources where resource.operations.writable {
                contents[instance]?[resource.id] = nil
            }
        }
        contents[instance]?.merge(values) { $1 }
        for resource in values.keys.sorted() { changes?.changed(Path(definition.id, instance, resource)) }
    }

    public func execute(
        _ instance: UInt16, _ resource: UInt16, _ arguments: [ExecuteArgument]
    ) async throws(OperationError) {
        executed.append((Path(definition.id, instance, resource), arguments))
    }

    public func create(
        _ instance: UInt16?, _ values: [UInt16: ResourceContent]
    ) async throws(OperationError) -> UInt16 {
        guard let id = instance ?? (0..<UInt16.max).first(where: { contents[$0] == nil }) else {
            throw OperationError(.internalServerError, "all instances are taken")
        }
        contents[id] = values
        changes?.instancesChanged(definition.id)
        return id
    }

    public func delete(_ instance: UInt16) async throws(OperationError) { disappear(instance) }
}
