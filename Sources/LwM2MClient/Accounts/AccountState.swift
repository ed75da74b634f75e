import Linux
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
        /// Whether the server was registered with since the section changed.
        var wasRegistered = false
        /// Until when the server is left alone (1/x/4), in seconds since 1970.
        var disabledUntil: Int64?
        /// Lines that a newer release wrote.
        var others: [String] = []
    }

    /// Sorted by instance.
    var entries: [Entry] = []
    /// Lines of no account, that a newer release wrote.
    var others: [String] = []

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
            // Without leading zeros: state files of earlier releases hold digests made this way.
            case .psk(let identity, _): identity.map { String($0, radix: 16) }.joined(separator: ",")
            }
        // Earlier releases knew 1.1 alone.
        let version = version == .v11 ? [] : ["version \(version)"]
        let digest = fnv1a(
            """
            \(name)
            \(shortServerID)
            \(endpoint.uri)
            \(identity)
            \((settings.lines + version).joined(separator: "\n"))
            """.utf8)
        return digest.hexadecimal
    }
}
