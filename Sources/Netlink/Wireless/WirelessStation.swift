import Linux

/// A peer of a wireless interface (nl80211, `NL80211_CMD_NEW_STATION`): the access point that a station is associated with, or
/// a client of an access point.
public struct WirelessStation: Hashable, Sendable {
    /// Its hardware address; the BSSID of an access point.
    public var address: [UInt8]
    /// How strong its last frame was, dBm.
    public var signal: Int8?
    /// How strong its frames are on average, dBm.
    public var averageSignal: Int8?
    /// The rate at which it is sent to, in 100 kbit/s.
    public var sendRate: UInt32?
    /// The rate at which it sends, in 100 kbit/s.
    public var receiveRate: UInt32?
    /// For how many seconds it is associated.
    public var connected: UInt32?

    public init(address: [UInt8]) { self.address = address }

    /// nil when it has no address.
    ///
    /// - Throws: `EBADMSG` for what is cut off.
    init?(_ message: NetlinkMessage) throws(Errno) {
        let attributes = try GenericFamily.attributes(of: message)
        guard let address = attributes[Wireless.Attribute.address], address.count == 6 else { return nil }
        self.init(address: Array(address))
        guard let information = try attributes.nested(Wireless.Attribute.stationInformation) else { return }
        signal = information.number(Kind.signal, as: Int8.self)
        averageSignal = information.number(Kind.averageSignal, as: Int8.self)
        sendRate = try Self.rate(information, Kind.sendRate)
        receiveRate = try Self.rate(information, Kind.receiveRate)
        connected = information.number(Kind.connectedTime, as: UInt32.self)
    }

    private static func rate(_ information: Attributes, _ kind: UInt16) throws(Errno) -> UInt32? {
        guard let rate = try information.nested(kind) else { return nil }
        return rate.number(Kind.rate, as: UInt32.self)
            ?? rate.number(Kind.shortRate, as: UInt16.self).map { UInt32($0) }
    }

    /// `NL80211_STA_INFO_…` and `NL80211_RATE_INFO_…`.
    private enum Kind {
        static let signal: UInt16 = 7
        static let sendRate: UInt16 = 8  // TX_BITRATE
        static let averageSignal: UInt16 = 13  // SIGNAL_AVG
        static let receiveRate: UInt16 = 14  // RX_BITRATE
        static let connectedTime: UInt16 = 16
        static let shortRate: UInt16 = 1  // BITRATE
        static let rate: UInt16 = 5  // BITRATE32
    }
}
