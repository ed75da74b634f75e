import Linux
@testable import Netlink

/// What the kernel says of links, and what neighbours' beacons say through it.
extension FuzzTarget {
    /// A datagram of rtnetlink: links, addresses and routes are bounded, and its messages are written as they were read.
    static let rtnetlink = FuzzTarget("rtnetlink") { bytes in
        for message in messages(bytes) {
            if let link = accepted({ () throws(Errno) in try NetworkLink(message) }) ?? nil {
                require(link.lower != 0, "no link is below a link by the number 0")
                require(link.name.utf8.count <= 3 * bytes.count, "a name is no longer than the message")
            }
            if let address = accepted({ () throws(Errno) in try NetworkAddress(message) }) ?? nil {
                require([4, 16].contains(address.bytes.count), "an address has the length of its family")
                require(Int(address.prefixLength) <= address.bytes.count * 8, "a prefix is no longer than its address")
                require(!address.text.isEmpty, "an address has a text")
            }
            let routes = accepted { () throws(Errno) in try NetworkRoute.all(in: message) } ?? []
            require(routes.count <= 1 + bytes.count / 8, "each next hop has bytes of its own")
            if let path = accepted({ () throws(Errno) in try NetworkPath.path(in: message) }) ?? nil {
                require(path.interface != 0, "a path has an interface")
                requireEqual(routes.first?.interface, path.interface, "a path is that of its route")
            }
        }
    }

    /// A datagram of generic netlink: families and what nl80211 tells are bounded.
    static let genericNetlink = FuzzTarget("generic-netlink") { bytes in
        for message in messages(bytes) {
            _ = accepted { () throws(Errno) in try GenericFamily(message) }
            if let interface = accepted({ () throws(Errno) in try WirelessInterface(message) }) ?? nil {
                require(interface.ssid.count <= Wireless.ssidLimit, "the name of a network is bounded")
            }
            if let station = accepted({ () throws(Errno) in try WirelessStation(message) }) ?? nil {
                require(station.address.count == 6, "a hardware address has 6 bytes")
            }
            if let network = accepted({ () throws(Errno) in try WirelessNetwork(message) }) ?? nil {
                require(network.bssid.count == 6, "a hardware address has 6 bytes")
                require(network.ssid.count <= Wireless.ssidLimit, "the name of a network is bounded")
            }
            let frequencies = accepted { () throws(Errno) in try Wireless.frequencies(in: message, of: 0) } ?? nil
            require((frequencies ?? []).count <= bytes.count / 8, "each frequency has bytes of its own")
            if let country = accepted({ () throws(Errno) in try Wireless.country(in: message) }) ?? nil {
                require(country.utf8.count == 2, "a country has two letters")
            }
        }
    }

    /// The elements of a beacon, which anybody nearby can send.
    static let beacon = FuzzTarget("beacon", limit: 2304) { bytes in
        let elements = BeaconElements(bytes[...])
        require(elements.ssid.count <= Wireless.ssidLimit, "the name of a network is bounded")
        if !elements.ssid.isEmpty {
            let more = BeaconElements((bytes + [0, 1, 0x61])[...])
            requireEqual(more.ssid, elements.ssid, "a later name does not take the place of the first")
        }
        if elements.security(isPrivate: false) == .open {
            let isPrivate = elements.security(isPrivate: true)
            requireEqual(isPrivate, .wep, "without elements the capability decides")
        }
    }

    /// What is written of the messages of a datagram is read as the same.
    private static func messages(_ bytes: [UInt8]) -> [NetlinkMessage] {
        guard let messages = accepted({ () throws(Errno) in try NetlinkMessage.all(in: bytes[...]) }) else { return [] }
        for message in messages {
            let written = message.bytes
            let again = accepted { () throws(Errno) in try NetlinkMessage.all(in: written[...]) }
            requireEqual(again, [message], "a message is read as it was written")
        }
        return messages
    }
}
