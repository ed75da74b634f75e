import JSON
import Netlink

extension LinkView {
    /// The document of `gatekeel links`, an element of it.
    var json: JSON { .object(members) }

    /// The document of `gatekeel link NAME`.
    func json(_ survey: RadioSurvey?) -> JSON {
        .object(members + [JSON.Member("radio", survey.map { $0.json } ?? .null)])
    }

    private var members: [JSON.Member] {
        let traffic = link.traffic
        return [
            .init("name", .string(link.name)), .init("index", .number(.init(Int64(link.index)))),
            .init("kind", .string(kind)), .init("device", .string(picture.device(of: link).name)),
            .init("up", .bool(link.isUp)), .init("state", .string(state)),
            .init("hardware-address", .string(HardwareAddress.text(link.address))),
            .init("mtu", .number(.init(UInt64(link.mtu)))),
            .init(
                "addresses",
                .array(
                    picture.addresses(of: link).map {
                        [
                            "address": .string($0.text), "prefix": .number(.init(UInt64($0.prefixLength))),
                            "global": .bool($0.isGlobal),
                        ]
                    })), .init("routers", .array(routers.map { .string($0) })),
            .init("received-bytes", .number(.init(traffic.receivedBytes))),
            .init("received-packets", .number(.init(traffic.receivedPackets))),
            .init("receive-errors", .number(.init(traffic.receiveErrors))),
            .init("receive-drops", .number(.init(traffic.receiveDrops))),
            .init("sent-bytes", .number(.init(traffic.sentBytes))),
            .init("sent-packets", .number(.init(traffic.sentPackets))),
            .init("send-errors", .number(.init(traffic.sendErrors))),
            .init("send-drops", .number(.init(traffic.sendDrops))),
            .init("servers", servers.map { .array($0.map { .string($0) }) } ?? .null),
            .init("wireless", radio.map { wireless($0) } ?? .null),
        ]
    }

    private func wireless(_ radio: WirelessInterface) -> JSON {
        let accessPoint = picture.accessPoints[link.index]
        return [
            "mode": .string(radio.mode.map { $0.name } ?? ""), "network": .string(NetworkName.text(radio.ssid)),
            "access-point": .string(accessPoint.map { HardwareAddress.text($0.address) } ?? ""),
            "associated-for": .number(.init(UInt64(accessPoint?.connected ?? 0))),
            "frequency": .number(.init(UInt64(radio.frequency ?? 0))),
            "channel": .number(.init(Int64(radio.frequency.flatMap(Wireless.channel) ?? 0))),
            "signal": signal.map { .number(.init(Int64($0))) } ?? .null,
            "send-rate": .number(.init(UInt64(accessPoint?.sendRate ?? 0))),
            "receive-rate": .number(.init(UInt64(accessPoint?.receiveRate ?? 0))),
        ]
    }
}

extension RadioSurvey {
    fileprivate var json: JSON {
        [
            "country": .string(country ?? ""),
            "channels": .array(frequencies.compactMap(Wireless.channel).map { .number(.init(Int64($0))) }),
            "networks": .array(
                networks.map { network in
                    [
                        "network": .string(NetworkName.text(network.ssid)),
                        "access-point": .string(HardwareAddress.text(network.bssid)),
                        "frequency": .number(.init(UInt64(network.frequency ?? 0))),
                        "signal": network.signal.map { .number(.init(Int64($0))) } ?? .null,
                        "security": .string(network.security.rawValue), "associated": .bool(network.isAssociated),
                    ]
                }),
        ]
    }
}
