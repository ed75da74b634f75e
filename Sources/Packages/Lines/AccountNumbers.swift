/// Debian's numbers of users and groups (policy, section 9.2.2).
public enum AccountNumbers {
    /// systemd and adduser choose from these for services.
    static let chosen: ClosedRange<UInt32> = 100...999
    /// Given by Debian to one package each, which makes the account when it needs it. systemd takes numbers from 61184 on for
    /// dynamic users as well, but none that an account has.
    static let given: ClosedRange<UInt32> = 60000...64999

    /// Whether a package may ask for a number.
    static func isForPackages(_ id: UInt32) -> Bool { chosen.contains(id) || given.contains(id) }

    /// Whether an account that is there is one for services, neither root's nor a person's.
    public static func isForServices(_ id: UInt32) -> Bool { (1..<1000).contains(id) || given.contains(id) }
}
