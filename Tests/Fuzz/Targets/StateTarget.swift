@testable import LwM2MClient
import State

extension FuzzTarget {
    /// The client's state files: what is written is read as the same.
    static let state = FuzzTarget("state") { bytes in
        if let table = accepted({ () throws(NewerFormat) in try AccessTable(bytes: bytes) }) ?? nil {
            let written = table.bytes
            let again = accepted { () throws(NewerFormat) in try AccessTable(bytes: written) } ?? nil
            requireEqual(again?.bytes, written, "the access control lists are read as they were written")
        }
        if let state = accepted({ () throws(NewerFormat) in try AccountState(bytes: bytes) }) ?? nil {
            let written = state.bytes
            let again = accepted { () throws(NewerFormat) in try AccountState(bytes: written) } ?? nil
            requireEqual(again?.bytes, written, "the accounts are read as they were written")
        }
    }
}
