import Configuration

/// A service that the message bus has systemd start when it is called: a file of `/usr/share/dbus-1/system-services`.
public struct BusActivation: Hashable, Sendable {
    /// The bus name: `org.freedesktop.Avahi`.
    public var name: String
    /// The unit that systemd starts, by any of its names: `dbus-org.freedesktop.Avahi.service`.
    public var unit: String

    public init(name: String, unit: String) {
        self.name = name
        self.unit = unit
    }

    /// The text for the message bus. Its program is not run: systemd starts the unit.
    public var text: String {
        "[D-BUS Service]\nName=\(name)\nExec=/bin/false\nUser=root\nSystemdService=\(unit)\n"
    }

    /// - Parameters:
    ///   - own: whether a unit is the package's.
    /// - Throws: why the message bus cannot start the service.
    init(parsing bytes: [UInt8], at path: String, own: (UnitName) -> Bool) throws(BusPolicy.Refusal) {
        let document = IniDocument(
            parsing: bytes, file: path, limits: IniLimits(entries: bytes.count, problems: PackageLimits.findings))
        func value(_ key: String) -> String? {
            document.sections(named: "D-BUS Service").flatMap(\.entries).last { $0.key == key }?.value
        }
        guard let name = value("Name"), BusName.isValid(name) else {
            throw BusPolicy.Refusal(
                line: 0, text: "Name= is no name of a service, so the message bus cannot start it; correct it")
        }
        guard let text = value("SystemdService"), let unit = UnitName(text), own(unit) else {
            throw BusPolicy.Refusal(
                line: 0,
                text: "the message bus starts '\(name)' only as a unit of the package; name it with SystemdService="
            )
        }
        (self.name, self.unit) = (name, text)
    }
}
