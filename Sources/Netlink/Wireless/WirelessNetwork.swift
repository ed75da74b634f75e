import Linux

/// A network that the last scan of a station saw (nl80211, `NL80211_CMD_NEW_SCAN_RESULTS`).
public struct WirelessNetwork: Hashable, Sendable {
    /// What it asks of a station, by the elements in its beacon (IEEE 802.11, 9.4.2.24).
    public enum Security: String, Hashable, Sendable, CaseIterable {
        case open
        case wep
        /// WPA alone, before IEEE 802.11i.
        case wpa
        /// A pre-shared key.
        case psk
        /// A password with SAE (WPA3).
        case sae
        /// IEEE 802.1X.
        case enterprise
        /// Encryption without authentication (OWE).
        case owe
        /// An element that cannot be read, or an authentication that is not told apart.
        case other
    }

    /// The access point's hardware address.
    public var bssid: [UInt8]
    /// Up to 32 bytes; empty when it is hidden.
    public var ssid: [UInt8] = []
    /// MHz.
    public var frequency: UInt32?
    /// dBm; nil where the driver has another unit.
    public var signal: Int32?
    /// The station is associated with it.
    public var isAssociated = false
    public var security: Security = .open

    init(bssid: [UInt8]) { self.bssid = bssid }

    /// nil when it has no BSSID.
    ///
    /// - Throws: `EBADMSG` for what is cut off. Elements of a beacon are the neighbours': what cannot be read of them is left
    ///   out.
    init?(_ message: NetlinkMessage) throws(Errno) {
        guard let attributes = try GenericFamily.attributes(of: message).nested(Wireless.Attribute.bss),
            let bssid = attributes[Kind.bssid], bssid.count == 6
        else { return nil }
        self.init(bssid: Array(bssid))
        frequency = attributes.number(Kind.frequency, as: UInt32.self)
        signal = attributes.number(Kind.signal, as: Int32.self).map { $0 / 100 }
        isAssociated = attributes.number(Kind.status, as: UInt32.self) == Kind.associated
        let elements = BeaconElements(attributes[Kind.elements] ?? [])
        ssid = elements.ssid
        let isPrivate = (attributes.number(Kind.capability, as: UInt16.self) ?? 0) & Kind.privacy != 0
        security = elements.security(isPrivate: isPrivate)
    }

    /// `NL80211_BSS_…`.
    private enum Kind {
        static let bssid: UInt16 = 1
        static let frequency: UInt16 = 2
        static let capability: UInt16 = 5
        static let elements: UInt16 = 6  // INFORMATION_ELEMENTS
        static let signal: UInt16 = 7  // SIGNAL_MBM
        static let status: UInt16 = 9
        static let associated: UInt32 = 1  // STATUS_ASSOCIATED
        /// Of the capability information (IEEE 802.11, 9.4.1.4).
        static let privacy: UInt16 = 0x10
    }
}
