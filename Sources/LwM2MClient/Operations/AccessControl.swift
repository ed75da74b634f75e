import EventLoop
import LwM2M

/// What a requester may see and do (LwM2M Core 8.2).
///
/// The only server of a client has all rights (8.2.1). Rights of each of several servers are object 2's, which this client
/// does not have yet; until then every server reaches all objects, but of object 1 only the instance of its own account:
/// one server must not change how another one is registered with.
@LoopActor
struct AccessControl {
    let accounts: ServerAccounts

    /// - Throws: 4.01 for Security (0), for a server without an account, and for another server's instance of object 1.
    func check(_ operation: Operation, at path: Path, by requester: Requester) throws(OperationError) {
        try Self.checkObject(path.object)
        try checkAccount(requester)
        guard case .server(let account) = requester else { return }
        guard path.object == 1, let instance = path.instance, instance != account, accounts.has(instance) else {
            return
        }
        throw OperationError(.unauthorized, "/1/\(instance) belongs to another server; yours is /1/\(account)")
    }

    /// - Throws: 4.01 for a server without an account.
    func checkAccount(_ requester: Requester) throws(OperationError) {
        guard case .server(let account) = requester, !accounts.has(account) else { return }
        throw OperationError(.unauthorized, "this server has no account")
    }

    /// Called before the client tells whether it has such an object at all.
    static func checkObject(_ object: UInt16) throws(OperationError) {
        if object == 0 { throw OperationError(.unauthorized, "only a bootstrap server may use object 0") }
    }

    /// The instances whose content a requester may read, sorted. Discover on an object needs no right (7.1.2.4).
    func readableInstances(of object: any Object, _ id: UInt16, by requester: Requester) -> [UInt16] {
        guard id == 1, case .server(let account) = requester else { return object.instances }
        return object.instances.filter { $0 == account }
    }
}
