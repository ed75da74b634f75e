import Linux

/// An interface of an IEEE 802.11 radio (nl80211, `NL80211_CMD_NEW_INTERFACE`).
public struct WirelessInterface: Hashable, Sendable {
    /// `NL80211_IFTYPE_…` of linux/nl80211.h, those that are told apart.
    public enum Mode: UInt32, Hashable, Sendable {
        case adHoc = 1
        case station = 2
        case accessPoint = 3
        case monitor = 6
        case mesh = 7
    }

    /// Its link's index.
    public var index: Int32
    /// The number of its radio.
    public var radio: UInt32
    /// nil for a mode that is not told apart.
    public var mode: Mode?
    /// The network's name: up to 32 bytes; empty when it has none.
    public var ssid: [UInt8] = []
    /// MHz; nil while it is on no channel.
    public var frequency: UInt32?

    public init(index: Int32, radio: UInt32, mode: Mode?) {
        self.index = index
        self.radio = radio
        self.mode = mode
    }

    /// nil for one without a link, such as a P2P device.
    ///
    /// - Throws: `EBADMSG` for what is cut off.
    init?(_ message: NetlinkMessage) throws(Errno) {
        let attributes = try GenericFamily.attributes(of: message)
        guard
            let index = attributes.number(Wireless.Attribute.interface, as: UInt32.self).flatMap({ Int32(exactly: $0) }
            ),
            let radio = attributes.number(Wireless.Attribute.radio, as: UInt32.self)
        else { return nil }
        self.init(
            index: index, radio: radio,
            mode: attributes.number(Wireless.Attribute.interfaceType, as: UInt32.self).flatMap(Mode.init))
        ssid = attributes[Wireless.Attribute.ssid].map { Array($0.prefix(Wireless.ssidLimit)) } ?? []
        frequency = attributes.number(Wireless.Attribute.frequency, as: UInt32.self)
    }
}
