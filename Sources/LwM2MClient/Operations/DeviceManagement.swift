import EventLoop
import LwM2M

/// The operations of servers on the data model, each in a file of its own, to the response codes of LwM2M Core 6.3.
@LoopActor
final class DeviceManagement {
    let registry: ObjectRegistry
    let accounts: ServerAccounts
    let access: AccessControl
    /// Is told of instances that operations made or deleted, and of attributes that were attached.
    weak var changes: (any ObjectChanges)?
    var attributesChanged: (@LoopActor (_ account: UInt16) -> Void)?
    private let lines = ChangeLines()

    /// The largest body that is collected in memory; what is larger has a sink, or gets 4.13.
    static let bodyLimit = 65536

    init(registry: ObjectRegistry, accounts: ServerAccounts, lists: AccessLists? = nil) {
        self.registry = registry
        self.accounts = accounts
        access = AccessControl(accounts: accounts, registry: registry, lists: lists)
    }

    /// An operation that was asked for, checked as far as the table goes.
    struct Call {
        let operation: Operation
        let path: Path
        let entry: ObjectRegistry.Entry
        let requester: Requester
    }

    /// Finds what a request asks for.
    ///
    /// - Throws: 4.02 for unknown critical options, 4.01 for Security, 4.04 for paths that are not there, 4.05 for
    ///   methods that mean nothing there.
    func call(_ request: Request, from requester: Requester) throws(OperationError) -> Call {
        if let option = request.unknownCriticalOptions.first {
            throw OperationError(.badOption, "option \(option) is critical and not known here")
        }
        guard let target = Target(request.path) else { throw OperationError(.notFound, "no such path") }
        let path: Path
        switch target {
        case .path(let found): path = found
        case .bootstrap: throw OperationError(.methodNotAllowed, "/bs is a bootstrap server's alone")
        case .root:
            throw OperationError(.methodNotAllowed, "on the root there are only the composite operations")
        }
        try AccessControl.checkObject(path.object)
        let version = access.version(of: requester)
        guard let entry = registry[path.object, version] else {
            throw OperationError(.notFound, "no object \(path.object)")
        }
        guard version > .v10 || path.resourceInstance == nil else {
            throw OperationError(.notFound, "LwM2M 1.0 has no paths of resource instances")
        }
        let operation = try Operation(request, at: path, entry.definition, version)
        try access.check(operation, at: path, by: requester)
        if ![.writeAttributes, .observe, .cancelObservation].contains(operation), !request.query.isEmpty {
            throw OperationError(.badRequest, "queries belong to Write-Attributes and Observe")
        }
        return Call(operation: operation, path: path, entry: entry, requester: requester)
    }

    /// Serves what changes something. Reads, Discover and observations are answered without a task by their own
    /// functions, for they are most of what happens.
    func change(
        _ call: Call, _ request: Request, respond: @escaping @LoopActor (Response) -> Void
    ) {
        if let sink = directSink(call, request, respond) {
            // A body of one block for a resource that streams: the same way as one of thousands.
            if let response = sink.append(request.payload) { respond(response) } else { sink.finish(respond: respond) }
            return
        }
        answer(call.requester, respond) { () throws(OperationError) in try await self.perform(call, request) }
    }

    /// Serves a Write-Composite.
    func change(
        _ call: CompositeCall, _ request: Request, respond: @escaping @LoopActor (Response) -> Void
    ) {
        answer(call.requester, respond) { () throws(OperationError) in try await self.writeComposite(call, request) }
    }

    /// Answers with what an operation brings, once it is done. One server of several has its changes carried out in a line.
    private func answer(
        _ requester: Requester, _ respond: @escaping @LoopActor (Response) -> Void,
        _ body: @escaping @LoopActor () async throws(OperationError) -> Response
    ) {
        guard case .server(let account) = requester, accounts.all.count > 1 else {
            return carryOut(requester, respond, body) {}
        }
        lines.enter(account) { [self] in carryOut(requester, respond, body) { self.lines.leave(account) } }
    }

    private func carryOut(
        _ requester: Requester, _ respond: @escaping @LoopActor (Response) -> Void,
        _ body: @escaping @LoopActor () async throws(OperationError) -> Response,
        ended: @escaping @LoopActor () -> Void
    ) {
        Requester.$current.withValue(requester) {
            _ = LoopActor.spawn {
                do throws(OperationError) {
                    respond(try await body())
                } catch {
                    respond(error.response)
                }
                ended()
            }
        }
    }

    private func perform(_ call: Call, _ request: Request) async throws(OperationError) -> Response {
        switch call.operation {
        case .write(let mode): try await write(call, request, mode)
        case .writeAttributes: try await writeAttributes(call, request)
        case .execute: try await execute(call, request)
        case .create: try await create(call, request)
        case .delete: try await delete(call, request)
        case .read, .observe, .cancelObservation: try read(call, accept: request.accept)
        case .discover: try discover(call)
        }
    }

    // MARK: What is there

    /// - Throws: 4.04 when the path's instance is not there.
    func requireInstance(_ path: Path, _ entry: ObjectRegistry.Entry) throws(OperationError) -> UInt16 {
        guard let instance = path.instance, entry.object.hasInstance(instance) else {
            throw OperationError(.notFound, "no instance \(path)")
        }
        return instance
    }

    /// - Throws: 4.04 when the object's table does not have the resource, or this instance lacks it.
    func requireResource(
        _ id: UInt16, of instance: UInt16, _ entry: ObjectRegistry.Entry
    ) throws(OperationError) -> ResourceDefinition {
        guard let definition = entry.definition[id], entry.object.has(id, in: instance) else {
            throw OperationError(.notFound, "no resource \(Path(entry.definition.id, instance, id))")
        }
        return definition
    }
}
