import Linux

/// Questions to nl80211 (linux/nl80211.h) that need no rights.
///
/// Nothing here makes a radio do anything: of a scan only the results of the last one are read.
public struct Wireless: ~Copyable {
    /// The longest name of a network (IEEE 802.11, 9.4.2.2).
    static let ssidLimit = 32

    /// `NL80211_CMD_…`.
    private enum Command {
        static let getRadio: UInt8 = 1  // GET_WIPHY
        static let getInterface: UInt8 = 5
        static let getStation: UInt8 = 17
        static let getRegulatory: UInt8 = 31  // GET_REG
        static let getScan: UInt8 = 32
    }

    /// `NL80211_ATTR_…`.
    enum Attribute {
        static let radio: UInt16 = 1  // WIPHY
        static let interface: UInt16 = 3  // IFINDEX
        static let interfaceType: UInt16 = 5  // IFTYPE
        static let address: UInt16 = 6  // MAC
        static let stationInformation: UInt16 = 21  // STA_INFO
        static let bands: UInt16 = 22  // WIPHY_BANDS
        static let country: UInt16 = 33  // REG_ALPHA2
        static let frequency: UInt16 = 38  // WIPHY_FREQ
        static let bss: UInt16 = 47
        static let ssid: UInt16 = 52
        static let splitDump: UInt16 = 174  // SPLIT_WIPHY_DUMP
    }

    private var socket: NetlinkSocket
    private let family: UInt16

    /// nil on a host whose kernel has no radio's driver loaded.
    public init?() throws(Errno) {
        var socket = try NetlinkSocket(.generic)
        guard let family = try GenericFamily.named("nl80211", &socket) else { return nil }
        self.socket = socket
        self.family = family.id
    }

    /// All interfaces of all radios.
    public mutating func interfaces() throws(Errno) -> [WirelessInterface] {
        try socket.table(family, GenericFamily.body(Command.getInterface)) { (message) throws(Errno) in
            try WirelessInterface(message)
        }
    }

    /// The peers of an interface.
    public mutating func stations(of interface: Int32) throws(Errno) -> [WirelessStation] {
        try socket.table(family, body(Command.getStation, interface)) { (message) throws(Errno) in
            try WirelessStation(message)
        }
    }

    /// What the last scan of an interface saw.
    public mutating func networks(of interface: Int32) throws(Errno) -> [WirelessNetwork] {
        try socket.table(family, body(Command.getScan, interface)) { (message) throws(Errno) in
            try WirelessNetwork(message)
        }
    }

    /// The frequencies that a radio may use here, in MHz, sorted.
    public mutating func frequencies(of radio: UInt32) throws(Errno) -> [UInt32] {
        // In one message they would not all fit.
        let question = GenericFamily.body(
            Command.getRadio,
            Attributes.bytes(Attribute.radio, radio.bytes) + Attributes.bytes(Attribute.splitDump, []))
        let parts = try socket.table(family, question) { (message) throws(Errno) in
            try Self.frequencies(in: message, of: radio)
        }
        return Set(parts.flatMap { $0 }).sorted()
    }

    /// The country by whose rules the radios send: two letters, or `00` for rules that are allowed everywhere.
    public mutating func country() throws(Errno) -> String? {
        try Self.country(in: try socket.answer(family, GenericFamily.body(Command.getRegulatory)).accepted())
    }

    private func body(_ command: UInt8, _ interface: Int32) -> [UInt8] {
        GenericFamily.body(command, Attributes.bytes(Attribute.interface, interface.bytes))
    }

    // MARK: Decoding

    /// nil for a message about another radio: kernels of before 3.10 do not filter.
    ///
    /// - Throws: `EBADMSG` for what is cut off.
    static func frequencies(in message: NetlinkMessage, of radio: UInt32) throws(Errno) -> [UInt32]? {
        let attributes = try GenericFamily.attributes(of: message)
        guard attributes.number(Attribute.radio, as: UInt32.self) == radio else { return nil }
        var found: [UInt32] = []
        // Bands, of each its frequencies, of each its properties.
        for band in try attributes.nested(Attribute.bands)?.values ?? [] {
            for value in try Attributes(band).nested(1)?.values ?? [] {  // NL80211_BAND_ATTR_FREQS
                let properties = try Attributes(value)
                // NL80211_FREQUENCY_ATTR_FREQ and …_DISABLED.
                guard let frequency = properties.number(1, as: UInt32.self), properties[2] == nil else { continue }
                found.append(frequency)
            }
        }
        return found
    }

    /// - Throws: `EBADMSG` for what is cut off.
    static func country(in message: NetlinkMessage) throws(Errno) -> String? {
        guard let text = try GenericFamily.attributes(of: message).text(Attribute.country), text.utf8.count == 2 else {
            return nil
        }
        return text
    }

    /// The number of the channel at a frequency in MHz (IEEE 802.11, 17 to 27); nil for one of no band that is known.
    public static func channel(at frequency: UInt32) -> Int? {
        switch frequency {
        case 2484: 14
        case 2412...2472: (Int(frequency) - 2407) / 5
        // Channel 2 of the 6 GHz band lies below its channel 1.
        case 5935: 2
        case 5955...7115: (Int(frequency) - 5950) / 5
        case 4915..<5000: (Int(frequency) - 4000) / 5
        case 5000..<5935: (Int(frequency) - 5000) / 5
        default: nil
        }
    }
}
