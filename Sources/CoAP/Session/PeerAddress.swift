import CCoAP
import EventLoop
import Glibc
import LwM2MClient

/// An address and port, as the kernel takes them.
struct PeerAddress: Hashable, Sendable {
    /// The bytes of a `sockaddr_in` or `sockaddr_in6`.
    let bytes: [UInt8]

    func withCoAPAddress<Result>(_ body: (UnsafePointer<coap_address_t>) -> Result) -> Result {
        var address = coap_address_t()
        bytes.withUnsafeBytes { gk_coap_address_set(&address, $0.baseAddress, socklen_t($0.count)) }
        return body(&address)
    }

    /// An address written in digits; nil for a name. Nothing is asked over the network.
    static func numeric(_ host: String, _ port: UInt16) -> PeerAddress? {
        try? lookup(host, port, AI_NUMERICHOST).first
    }

    /// The addresses of a name, best first (`getaddrinfo(3)`, RFC 6724). It blocks: call it on a worker.
    static func resolve(_ host: String, _ port: UInt16) throws(TransportError) -> [PeerAddress] {
        try lookup(host, port, AI_ADDRCONFIG)
    }

    /// - Throws: `.unresolved` for text that cannot be a host's name.
    static func check(_ host: String) throws(TransportError) {
        guard !host.isEmpty, host.utf8.count <= 255, !host.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f }) else {
            throw .unresolved("a host has 1 to 255 bytes and no blanks")
        }
    }

    private static func lookup(_ host: String, _ port: UInt16, _ flags: Int32) throws(TransportError) -> [PeerAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        hints.ai_flags = flags | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, "\(port)", &hints, &list)
        guard result == 0 else { throw .unresolved("\(host): \(String(cString: gai_strerror(result)))") }
        defer { freeaddrinfo(list) }
        var addresses: [PeerAddress] = []
        var next = list
        while let item = next?.pointee {
            if item.ai_family == AF_INET || item.ai_family == AF_INET6, let address = item.ai_addr {
                let bytes = UnsafeRawBufferPointer(start: address, count: Int(item.ai_addrlen))
                addresses.append(PeerAddress(bytes: Array(bytes)))
            }
            next = item.ai_next
        }
        guard !addresses.isEmpty else { throw .unresolved("\(host): no address") }
        return addresses
    }
}
