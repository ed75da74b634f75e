import EventLoop
import LwM2M

/// What a server may do (LwM2M Core 8.2).
///
/// The only server of a client has all rights (8.2.1); rights of one's own for each of several are object 2's, which
/// this client does not have yet.
@LoopActor
enum AccessControl {
    /// - Throws: 4.01 for Security (0), which no server but a bootstrap server sees.
    static func check(
        _ operation: Operation, on object: UInt16, by account: UInt16, _ accounts: ServerAccounts
    ) throws(OperationError) {
        try checkObject(object)
        guard accounts.has(account) else { throw OperationError(.unauthorized, "this server has no account") }
    }

    /// Before it is told whether there is such an object at all.
    static func checkObject(_ object: UInt16) throws(OperationError) {
        if object == 0 { throw OperationError(.unauthorized, "object 0 is a bootstrap server's alone") }
    }
}
