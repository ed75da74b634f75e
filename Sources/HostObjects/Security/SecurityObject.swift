import EventLoop
import LwM2M
import LwM2MClient

/// Object 0, LwM2M Security: the accounts' addresses and keys. A server may neither read nor write it (LwM2M Core,
/// Appendix E.1); it is here so that the client knows its instances and refuses with 4.01.
@LoopActor
public final class SecurityObject: Object {
    public let definition = ObjectDefinition.security
    public weak var changes: (any ObjectChanges)?
    private let accounts: ServerAccounts

    public init(accounts: ServerAccounts) { self.accounts = accounts }

    public var instances: [UInt16] { accounts.all.map(\.instance) }

    public func resources(of instance: UInt16) -> [UInt16] { definition.resources.map(\.id) }

    public func has(_ resource: UInt16, in instance: UInt16) -> Bool { definition[resource] != nil }

    public func read(_ instance: UInt16, _ resource: UInt16) throws(OperationError) -> ResourceContent { throw refusal }

    public func write(
        _ instance: UInt16, _ values: [UInt16: ResourceContent], mode: WriteMode
    ) async throws(OperationError) { throw refusal }

    public func execute(
        _ instance: UInt16, _ resource: UInt16, _ arguments: [ExecuteArgument]
    ) async throws(OperationError) { throw refusal }

    public func create(_ instance: UInt16?, _ values: [UInt16: ResourceContent]) async throws(OperationError) -> UInt16
    { throw refusal }

    public func delete(_ instance: UInt16) async throws(OperationError) { throw refusal }

    private var refusal: OperationError { OperationError(.unauthorized, "object 0 is not for servers") }
}
