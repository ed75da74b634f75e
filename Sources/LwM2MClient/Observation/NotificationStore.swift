/// Where what servers are to be told of an outage outlasts a restart: a file for each account.
public struct NotificationStore: Hashable, Sendable {
    /// The files' path, without the account's number. The folder exists.
    let prefix: String
    /// Identifies this boot (`/proc/sys/kernel/random/boot_id`).
    let boot: String

    public init(prefix: String, boot: String) {
        self.prefix = prefix
        self.boot = boot
    }

    func path(_ account: UInt16) -> String { "\(prefix)-\(account)" }
}
