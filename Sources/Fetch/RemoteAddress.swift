import Glibc

/// An address that a connection is made to.
struct RemoteAddress: Hashable, CustomStringConvertible {
    /// 4 or 16 bytes, in network order.
    let bytes: [UInt8]

    /// From a `sockaddr`; nil for another family than IPv4 and IPv6.
    init?(_ family: Int32, _ storage: UnsafeRawBufferPointer) {
        switch family {
        case AF_INET where storage.count >= 8: bytes = Array(storage[4..<8])
        case AF_INET6 where storage.count >= 24: bytes = Array(storage[8..<24])
        default: return nil
        }
    }

    /// From its text (`inet_pton(3)`); an IPv6 address may stand in brackets.
    init?(_ text: String) {
        let text = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: count)
            if inet_pton(family, text, &bytes) == 1 {
                self.bytes = bytes
                return
            }
        }
        return nil
    }

    /// Loopback, link-local, or unspecified, which reaches the host itself; also when it is embedded in IPv6 (RFC 4291,
    /// 2.5.5; RFC 6052).
    var isLocal: Bool {
        let prefix = Array(bytes.prefix(12))
        if bytes.count == 4 || Self.embedding.contains(prefix) {
            let four = Array(bytes.suffix(4))
            return four[0] == 127 || four[0] == 0 || (four[0] == 169 && four[1] == 254)
        }
        return bytes[0] == 0xfe && bytes[1] & 0xc0 == 0x80
    }

    /// `::` and `::1` are among these: 0.0.0.0 and 0.0.0.1.
    private static let embedding: [[UInt8]] = [
        [UInt8](repeating: 0, count: 12),
        [UInt8](repeating: 0, count: 10) + [0xff, 0xff],
        [0x00, 0x64, 0xff, 0x9b] + [UInt8](repeating: 0, count: 8),
    ]

    /// Whether it lies in a network of so many leading bits.
    func isIn(_ network: RemoteAddress, bits: Int) -> Bool {
        guard bytes.count == network.bytes.count, (0...bytes.count * 8).contains(bits) else { return false }
        return (0..<bits).allSatisfy { bit in
            (bytes[bit / 8] ^ network.bytes[bit / 8]) & (0x80 >> UInt8(bit % 8)) == 0
        }
    }

    var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return "?" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
