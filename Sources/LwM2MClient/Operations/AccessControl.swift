import EventLoop
import LwM2M

/// What a requester may see and do (LwM2M Core 8.2).
///
/// The only server of a client has all rights (8.2.1). Of several servers each has those of the access control lists. Whatever these
/// say, of object 1 a server reaches the instance of its own account alone: one server must not change how another one is
/// registered with.
@LoopActor
struct AccessControl {
    let accounts: ServerAccounts
    let registry: ObjectRegistry
    /// nil: every server reaches all objects but Server (1) (tests).
    let lists: AccessLists?

    /// - Throws: 4.01 for Security (0), for a server without an account, for another server's instance of object 1, and for
    ///   what the lists do not allow.
    func check(_ operation: Operation, at path: Path, by requester: Requester) throws(OperationError) {
        try Self.checkObject(path.object)
        try checkAccount(requester)
        guard case .server(let account) = requester else { return }
        guard path.object == 1 else { return try checkLists(operation, path, account) }
        guard let instance = path.instance, instance != account, accounts.has(instance) else { return }
        throw OperationError(.unauthorized, "/1/\(instance) belongs to another server; yours is /1/\(account)")
    }

    private func checkLists(_ operation: Operation, _ path: Path, _ account: UInt16) throws(OperationError) {
        guard let lists, lists.areNeeded else { return }
        if path.object == 2 { return try checkList(operation, path, account, lists) }
        let target: UInt16
        switch operation {
        case .create: target = AccessTable.wholeObject
        // On an object these show what the server may read, and need no right themselves (7.1.2.4).
        case .read, .observe, .cancelObservation, .discover, .writeAttributes, .write, .execute, .delete:
            guard let instance = path.instance else { return }
            target = instance
        }
        guard !lists.rights(account, object: path.object, instance: target).contains(operation.right) else { return }
        // What is not there is answered by 4.04, and what cannot be created by 4.05.
        let entry = registry[path.object, .newest]
        if operation == .create {
            guard entry?.definition.multiple == true else { return }
        } else {
            guard entry?.object.hasInstance(target) == true else { return }
        }
        throw OperationError(.unauthorized, "this server has no right to that; object 2 says who has")
    }

    /// Every server may read the lists; the owner of one may write it. Nobody creates or deletes them but with the instance that
    /// they are about.
    private func checkList(
        _ operation: Operation, _ path: Path, _ account: UInt16, _ lists: AccessLists
    ) throws(OperationError) {
        switch operation {
        case .read, .observe, .cancelObservation, .discover, .writeAttributes: return
        case .write, .execute, .create, .delete:
            guard let instance = path.instance, lists.has(instance), !lists.owns(account, instance) else { return }
            throw OperationError(.unauthorized, "only its owner, /2/\(instance)/3, may write it")
        }
    }

    /// The version of LwM2M that a requester is spoken to in; callers on this host see all.
    func version(of requester: Requester) -> EnablerVersion {
        switch requester {
        case .server(let account): accounts.version(of: account)
        case .host: .newest
        }
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
        guard case .server(let account) = requester else { return object.instances }
        if id == 1 { return object.instances.filter { $0 == account } }
        guard id > 2, let lists, lists.areNeeded else { return object.instances }
        return lists.readable(account, object: id, of: object.instances)
    }
}

extension Operation {
    /// The right that it needs (LwM2M Core, Table 8.2.2).
    fileprivate var right: AccessRights {
        switch self {
        case .read, .observe, .cancelObservation, .discover, .writeAttributes: .read
        case .write: .write
        case .execute: .execute
        case .delete: .delete
        case .create: .create
        }
    }
}
