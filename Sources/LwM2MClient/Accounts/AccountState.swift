import LwM2M

/// What survives a restart: per account its instance, what holds, and the attributes that its server attached.
struct AccountState: Hashable, Sendable {
    struct Entry: Hashable, Sendable {
        var name: String
        var instance: UInt16
        /// Of the section that was seeded from; another one means that an administrator changed it.
        var fingerprint: String
        var settings: ServerSettings
        var attributes = AttributeTable()
    }

    /// Sorted by instance.
    var entries: [Entry] = []

    /// How many attribute sets one server may attach.
    static let attributeLimit = 256
}

extension ServerAccount.Seed {
    /// A digest of all that the account says but its key: 64 bits, FNV-1a, in hexadecimal.
    ///
    /// A comment or a spelling of the section does not count, and so does not take back what a server wrote.
    var fingerprint: String {
        let identity =
            switch endpoint.security {
            case .noSec: ""
            case .psk(let identity, _): identity.map { String($0, radix: 16) }.joined(separator: ",")
            }
        return fnv1a(
            """
            \(name)
            \(shortServerID)
            \(endpoint.uri)
            \(identity)
            \(settings.lines.joined(separator: "\n"))
            """.utf8)
    }
}

/// FNV-1a, 64 bits, 16 hexadecimal digits: tells one section from another, not against an adversary.
private func fnv1a(_ bytes: some Sequence<UInt8>) -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
