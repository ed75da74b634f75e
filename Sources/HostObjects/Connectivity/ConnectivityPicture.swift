import LwM2M
import Netlink

/// Object 4's resources, made of a picture of the host's links.
struct ConnectivityPicture: Hashable {
    /// A host with containers has many; more are not told.
    static let addressLimit = 32

    /// The link by which the server is reached; nil when there is none.
    let link: NetworkLink?
    /// The device that its frames leave by.
    let device: NetworkLink?
    /// Network Bearer (0); nil without a link.
    let bearer: Bearer?
    /// Available Network Bearer (1), sorted.
    let bearers: [Bearer]
    /// Radio Signal Strength (2), dBm; nil for what is no radio, or does not say.
    let signal: Int64?
    /// The rate at which the radio sends, in bits per second; nil for what is no radio.
    let radioRate: Double?
    /// IP Addresses (4): those of the server's link first.
    let addresses: [String]
    /// Router IP Addresses (5), by the place of the address whose link they are on.
    let routers: [UInt16: String]

    init(_ picture: NetworkPicture, path: NetworkPath?) {
        link = picture.serverLink(path)
        device = link.map { picture.device(of: $0) }
        bearer = link.map { Bearer($0, in: picture) }
        // Of a veth or a bridge of containers there may be many: the server's link first, then by their numbers.
        let server = link?.index
        let usable = picture.links.filter { link in
            link.isUp && !link.isLoopback && picture.addresses(of: link).contains(where: \.isGlobal)
        }
        let ordered = usable.filter { $0.index == server } + usable.filter { $0.index != server }
        bearers = Set(ordered.map { Bearer($0, in: picture) }).sorted { $0.rawValue < $1.rawValue }
        let accessPoint = device.flatMap { picture.accessPoints[$0.index] }
        signal = (accessPoint?.averageSignal ?? accessPoint?.signal).map(Int64.init)
        radioRate = accessPoint?.sendRate.map { Double($0) * 100_000 }
        var addresses: [String] = []
        var routers: [UInt16: String] = [:]
        for link in ordered {
            for address in picture.addresses(of: link) where address.isGlobal && addresses.count < Self.addressLimit {
                if let router = picture.router(of: link, family: address.family) {
                    routers[UInt16(addresses.count)] = NetworkAddress.text(router)
                }
                addresses.append(address.text)
            }
        }
        self.addresses = addresses
        self.routers = routers
    }
}
