import EventLoop
import LwM2M
import LwM2MClient

/// Object 2, LwM2M Access Control: what each of several servers may do.
@LoopActor
public final class AccessControlObject: Object {
    public let definition = ObjectDefinition.accessControl
    public weak var changes: (any ObjectChanges)?
    private let lists: AccessLists

    public init(lists: AccessLists) {
        self.lists = lists
        lists.instancesChanged = { [weak self] in self?.changes?.instancesChanged(2) }
    }

    public func definition(in version: EnablerVersion) -> ObjectDefinition { .accessControl(in: version) }

    public var instances: [UInt16] { lists.instances }

    public func resources(of instance: UInt16) -> [UInt16] { [0, 1, 2, 3] }

    public func has(_ resource: UInt16, in instance: UInt16) -> Bool { definition[resource] != nil }

    public func read(_ instance: UInt16, _ resource: UInt16) throws(OperationError) -> ResourceContent {
        guard let list = lists.list(instance) else { throw OperationError(.notFound, "no instance /2/\(instance)") }
        switch resource {
        case 0: return .single(.integer(Int64(list.object)))
        case 1: return .single(.integer(Int64(list.instance)))
        case 2: return .multiple(list.rights.mapValues { .integer(Int64($0.rawValue)) })
        case 3: return .single(.integer(Int64(list.owner)))
        default: throw OperationError(.notFound, "no resource \(resource)")
        }
    }

    public func check(_ instance: UInt16, _ values: [UInt16: ResourceContent]) throws(OperationError) {
        let change = try Self.change(values)
        try lists.check(instance, owner: change.owner, rights: change.rights)
    }

    public func write(
        _ instance: UInt16, _ values: [UInt16: ResourceContent], mode: WriteMode
    ) async throws(OperationError) {
        var change = try Self.change(values)
        // Without ACL, all rights are the owner's.
        if mode == .replace, change.rights == nil { change.rights = [:] }
        try await lists.change(instance, owner: change.owner, rights: change.rights)
        if change.rights != nil { changes?.changed(Path(2, instance, 2)) }
        if change.owner != nil { changes?.changed(Path(2, instance, 3)) }
    }

    private static func change(
        _ values: [UInt16: ResourceContent]
    ) throws(OperationError) -> (owner: UInt16?, rights: [UInt16: AccessRights]?) {
        var owner: UInt16?
        var rights: [UInt16: AccessRights]?
        for (resource, content) in values {
            switch (resource, content) {
            case (2, .multiple(let list)):
                var read: [UInt16: AccessRights] = [:]
                for (server, value) in list { read[server] = try Self.rights(value) }
                rights = read
            case (3, .single(.integer(let number))):
                guard let server = UInt16(exactly: number) else {
                    throw OperationError(.badRequest, "Access Control Owner is a Short Server ID")
                }
                owner = server
            default: throw OperationError(.methodNotAllowed, "resource \(resource) is not written")
            }
        }
        return (owner, rights)
    }

    private static func rights(_ value: Value) throws(OperationError) -> AccessRights {
        guard case .integer(let number) = value, (0...Int64(AccessRights.all.rawValue)).contains(number) else {
            throw OperationError(
                .badRequest, "a value of ACL is the sum of 1 (read), 2 (write), 4 (execute), 8 (delete) and 16 (create)"
            )
        }
        return AccessRights(rawValue: UInt8(number))
    }

    public func execute(
        _ instance: UInt16, _ resource: UInt16, _ arguments: [ExecuteArgument]
    ) async throws(OperationError) {
        throw OperationError(.methodNotAllowed, "resource \(resource) is not executed")
    }
}
