/// The `%` specifiers of `tmpfiles.d(5)` and `sysusers.d(5)`, for files that root's instances of the programs read.
enum LineSpecifiers {
    struct Problem: Error, Hashable { let text: String }

    /// Those that mean the same on every host.
    private static let fixed: [Character: String] = [
        "C": "/var/cache", "L": "/var/log", "S": "/var/lib", "t": "/run", "T": "/tmp", "V": "/var/tmp",
        "g": "root", "G": "0", "h": "/root", "u": "root", "U": "0",
    ]
    /// Those that each host, boot or image has its own text for.
    private static let varying: Set<Character> = ["a", "A", "b", "B", "H", "l", "m", "M", "o", "q", "v", "w", "W"]

    /// Replaces the specifiers of a text that says where something is, or who.
    ///
    /// - Throws: for one that is not known, or that each host has another text for.
    static func expanded(_ text: String) throws(Problem) -> String {
        switch Specifiers(in: text, { fixed[$0] }) {
        case .expanded(let expanded): return expanded
        case .unknown(nil): throw Problem(text: "'\(text)' ends with '%'; write '%%'")
        case .unknown(let letter?) where varying.contains(letter):
            throw Problem(text: "'%\(letter)' means something else on each host; write the name itself")
        case .unknown(let letter?):
            throw Problem(text: "systemd does not know '%\(letter)'; write '%%' for a percent sign")
        }
    }
}
