import Configuration
import JSON
import Linux
import Netlink

/// One link, as people and programs are shown it.
struct LinkView {
    let link: NetworkLink
    let picture: NetworkPicture
    /// The accounts whose servers are contacted by it; nil when gatekeeld did not say.
    let servers: [String]?

    var radio: WirelessInterface? { picture.radio(of: link) }
    var kind: String { picture.kind(of: link) }

    private var accessPoint: WirelessStation? { picture.accessPoints[link.index] }

    /// dBm, of a station that is associated.
    var signal: Int? { (accessPoint?.averageSignal ?? accessPoint?.signal).map(Int.init) }

    /// `up`, or why it is not.
    var state: String {
        if link.isUp { return "up" }
        if link.flags & 1 == 0 { return "off" }
        return link.state == .dormant || link.hasCarrier ? link.state.name : "no carrier"
    }

    /// `192.0.2.2/24`.
    var addresses: [String] { picture.addresses(of: link).map { "\($0.text)/\($0.prefixLength)" } }

    /// The next hops of its default routes.
    var routers: [String] {
        picture.defaultRoutes.filter { $0.interface == link.index && !$0.gateway.isEmpty }
            .map { NetworkAddress.text($0.gateway) }
    }

    var receivedSize: String { ByteSize.rounded(Int64(clamping: link.traffic.receivedBytes)) }
    var sentSize: String { ByteSize.rounded(Int64(clamping: link.traffic.sentBytes)) }

    /// All that is known, a line each.
    func add(to table: inout TextTable, _ survey: RadioSurvey?) {
        table.add("name", link.name)
        table.add("kind", kind)
        let device = picture.device(of: link)
        table.add("device", device.index == link.index ? "" : device.name)
        table.add("state", state)
        table.add("hardware address", HardwareAddress.text(link.address))
        table.add("MTU", "\(link.mtu)")
        for address in addresses { table.add("address", address) }
        for router in routers { table.add("router", router) }
        let traffic = link.traffic
        table.add(
            "received", Self.traffic(receivedSize, traffic.receivedPackets, traffic.receiveErrors, traffic.receiveDrops)
        )
        table.add("sent", Self.traffic(sentSize, traffic.sentPackets, traffic.sendErrors, traffic.sendDrops))
        table.add("servers", (servers ?? []).joined(separator: " "))
        if let radio { add(radio, to: &table, survey) }
        table.rows.removeAll { $0[1].isEmpty }
    }

    private static func traffic(_ size: String, _ packets: UInt64, _ errors: UInt64, _ drops: UInt64) -> String {
        var parts = ["\(size) in \(packets) packets"]
        if errors > 0 { parts.append("\(errors) errors") }
        if drops > 0 { parts.append("\(drops) dropped") }
        return parts.joined(separator: ", ")
    }

    private func add(_ radio: WirelessInterface, to table: inout TextTable, _ survey: RadioSurvey?) {
        table.add("mode", radio.mode.map { $0.name } ?? "")
        table.add("network", NetworkName.text(radio.ssid))
        table.add("access point", accessPoint.map { HardwareAddress.text($0.address) } ?? "")
        table.add("associated for", accessPoint?.connected.map { Moments.span(Int64($0)) } ?? "")
        table.add("channel", radio.frequency.map(Self.channel) ?? "")
        table.add("signal", signal.map { "\($0) dBm" } ?? "")
        table.add("sends at", accessPoint?.sendRate.map(Self.rate) ?? "")
        table.add("receives at", accessPoint?.receiveRate.map(Self.rate) ?? "")
        guard let survey else { return }
        table.add("country", survey.country ?? "")
        table.add(
            "channels", survey.frequencies.compactMap(Wireless.channel).map { "\($0)" }.joined(separator: " "))
        for network in survey.networks {
            let parts = [
                NetworkName.text(network.ssid), HardwareAddress.text(network.bssid),
                network.frequency.map(Self.channel) ?? "", network.signal.map { "\($0) dBm" } ?? "",
                network.security.rawValue,
            ]
            table.add("seen", parts.filter { !$0.isEmpty }.joined(separator: ", "))
        }
    }

    private static func channel(_ frequency: UInt32) -> String {
        Wireless.channel(at: frequency).map { "\($0) (\(frequency) MHz)" } ?? "\(frequency) MHz"
    }

    /// 100 kbit/s each.
    private static func rate(_ rate: UInt32) -> String { "\(rate / 10).\(rate % 10) Mbit/s" }
}

/// Names of networks are bytes; a terminal or a document gets text.
enum NetworkName {
    static func text(_ ssid: [UInt8]) -> String { String(decoding: ssid, as: UTF8.self) }
}

enum HardwareAddress {
    /// `02:00:00:00:01:00`; empty for none.
    static func text(_ bytes: [UInt8]) -> String {
        // Loopback has six zeros.
        bytes.allSatisfy { $0 == 0 } ? "" : bytes.map(\.hexadecimal).joined(separator: ":")
    }
}

extension NetworkLink.State {
    var name: String {
        switch self {
        case .unknown: "unknown"
        case .absent: "absent"
        case .down: "down"
        case .lowerLayerDown: "lower layer down"
        case .testing: "testing"
        case .dormant: "dormant"
        case .up: "up"
        }
    }
}

extension WirelessInterface.Mode {
    var name: String {
        switch self {
        case .adHoc: "ad hoc"
        case .station: "station"
        case .accessPoint: "access point"
        case .monitor: "monitor"
        case .mesh: "mesh"
        }
    }
}
