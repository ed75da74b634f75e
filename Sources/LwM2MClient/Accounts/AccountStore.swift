import FaultPoints
import Linux

/// The file of the accounts: replaced atomically, checksummed, and with the state before it beside it.
///
/// A crash at any moment leaves the old state or the new one: `link(2)` keeps the old bytes under `PATH.previous`, then
/// `Files.replace` switches. A file whose checksum fails (a bad sector, an editor) falls back to the copy.
struct AccountStore: Sendable {
    /// Where a state came from.
    enum Origin: Hashable, Sendable {
        /// The file is whole.
        case file
        /// There is none: the first start, or an administrator removed it.
        case absent
        /// The file is damaged; the state before it was taken.
        case previous
        /// Both are damaged: the configuration is all that is left.
        case lost
    }

    let path: String

    private static let limit = 1 << 20

    private var copy: String { path + ".previous" }

    /// Reads the state; never fails, for a gateway that does not start is worse than one that forgot.
    func load() -> (AccountState, Origin) {
        if let state = read(path) { return (state, .file) }
        let damaged = Files.exists(path)
        if let state = read(copy) { return (state, .previous) }
        return (AccountState(), damaged || Files.exists(copy) ? .lost : .absent)
    }

    /// Writes the state durably; blocks.
    func save(_ state: AccountState) throws(Errno) {
        try faultPoint("accounts.write.before")
        if read(path) != nil {
            try Files.link(path, replacing: copy)
            try faultPoint("accounts.copy.after")
        }
        try Files.replace(path, with: state.bytes, mode: 0o600)
        try faultPoint("accounts.write.after")
    }

    private func read(_ path: String) -> AccountState? {
        guard let bytes = try? Files.read(path, limit: Self.limit) else { return nil }
        return AccountState(bytes: bytes)
    }
}
