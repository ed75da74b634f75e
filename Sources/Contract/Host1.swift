import Bus

/// `org.gatekeel.Host1`: what needs root on the host, of `gatekeel-installd`, under the bus name of `Installer1`.
public enum Host1 {
    public static let path = "/org/gatekeel/Host1"
    public static let name = "org.gatekeel.Host1"

    public static let interface = BusInterface(
        name,
        "The host, narrowly and rate-limited. Root and the user gatekeel may call; the group adm may read the property.",
        methods: [
            .init(
                "Reboot",
                "Reboots in an orderly way; returns before it happens. Refused with TooOften after three in a quarter of an "
                    + "hour; the count survives the reboot.", changes: true),
            .init(
                "RebootWait", "How many seconds to wait until Reboot is allowed; 0 when it is now.",
                outputs: [.init("seconds", "t")]),
            .init(
                "SetTime",
                "Sets the clock; refused with Refused where a time service keeps it, with TooOften after 60 "
                    + "calls in a minute. time: microseconds since the epoch.",
                inputs: [.init("time", "t")], changes: true),
            .init(
                "SetTimezone", "Sets the time zone: a name of the time zone database, Europe/Berlin.",
                inputs: [.init("timezone", "s")], changes: true),
        ],
        properties: [
            .init(
                "HardwareSerial", "s", "The hardware's serial number (DMI, device tree); empty when it has none.",
                changes: .never)
        ])
}
