/// The elements of a beacon or a probe response (IEEE 802.11, 9.4.2): an identifier, a length and so many bytes each, as an access
/// point, or whoever plays one, sent them. Numbers are little-endian.
struct BeaconElements: Hashable, Sendable {
    private var ssidElement: ArraySlice<UInt8>?
    private var rsn: ArraySlice<UInt8>?
    private var hasWPA = false

    /// Reads up to the first element that is cut off.
    init(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while let id = rest.first, let length = rest.dropFirst().first, rest.count >= 2 + Int(length) {
            let value = rest.dropFirst(2).prefix(Int(length))
            switch id {
            case 0: ssidElement = ssidElement ?? value
            case 48: rsn = rsn ?? value
            case 221: if value.starts(with: [0x00, 0x50, 0xF2, 0x01]) { hasWPA = true }
            default: break
            }
            rest = rest.dropFirst(2 + Int(length))
        }
    }

    /// Up to 32 bytes; zeros alone stand for a hidden name.
    var ssid: [UInt8] {
        guard let ssidElement, ssidElement.count <= Wireless.ssidLimit, ssidElement.contains(where: { $0 != 0 }) else {
            return []
        }
        return Array(ssidElement)
    }

    /// - Parameter isPrivate: whether the capability information says that frames are encrypted.
    func security(isPrivate: Bool) -> WirelessNetwork.Security {
        guard let rsn else { return hasWPA ? .wpa : isPrivate ? .wep : .open }
        guard let suites = Self.authentications(rsn) else { return .other }
        // The strongest that it offers: a network in transition has SAE beside PSK.
        if !suites.isDisjoint(with: [8, 9, 24, 25]) { return .sae }
        if !suites.isDisjoint(with: [1, 3, 5, 11, 12, 13, 22, 23]) { return .enterprise }
        if !suites.isDisjoint(with: [2, 4, 6, 19, 20]) { return .psk }
        return suites.contains(18) ? .owe : .other
    }

    /// The AKM suites of an RSN element (9.4.2.24.3): version, group cipher, pairwise ciphers, then these. nil when they are not
    /// all there.
    private static func authentications(_ element: ArraySlice<UInt8>) -> Set<UInt8>? {
        func count(at offset: Int) -> Int? {
            guard element.count >= offset + 2 else { return nil }
            return Int(element[element.startIndex + offset]) | Int(element[element.startIndex + offset + 1]) << 8
        }
        guard let pairwise = count(at: 6), let number = count(at: 8 + 4 * pairwise) else { return nil }
        let suites = element.dropFirst(10 + 4 * pairwise)
        guard number > 0, suites.count >= 4 * number else { return nil }
        var found: Set<UInt8> = []
        for place in 0..<number {
            let suite = suites.dropFirst(4 * place).prefix(4)
            if suite.starts(with: [0x00, 0x0F, 0xAC]), let type = suite.last { found.insert(type) }
        }
        return found
    }
}
