import Linux

/// What a unit's sandbox lets its service see of the host's files.
public struct ServiceView: Hashable, Sendable {
    /// The unit, without its suffix: `gatekeeld`.
    public var unit: String
    /// Folders that look empty to the service, and the setting of the unit that makes them so.
    public var hidden: [(folder: String, setting: String)] { Self.settings.filter { hiding.contains($0.setting) } }

    private var hiding: Set<String>

    /// - Parameter hiding: the settings of the unit that hide folders: `ProtectHome=yes`, `PrivateTmp=yes`.
    public init(unit: String, hiding: Set<String>) {
        self.unit = unit
        self.hiding = hiding
    }

    /// `systemd/gatekeeld.service`; a test holds them equal.
    public static let agent = ServiceView(unit: "gatekeeld", hiding: ["ProtectHome=yes", "PrivateTmp=yes"])

    private static let settings = [
        (folder: "/home", setting: "ProtectHome=yes"), (folder: "/root", setting: "ProtectHome=yes"),
        (folder: "/run/user", setting: "ProtectHome=yes"), (folder: "/tmp", setting: "PrivateTmp=yes"),
        (folder: "/var/tmp", setting: "PrivateTmp=yes"),
    ]

    /// Where `LoadCredential=` and `SetCredential=` of units put their files (`systemd.exec(5)`).
    static let credentials = "/run/credentials"

    /// What keeps the service from a path, whatever owners and modes say.
    func obstacle(_ path: String) -> String? {
        if let (folder, setting) = hidden.first(where: { path.hasPrefix("\($0.folder)/") }) {
            return "\(unit) does not see \(folder): its unit has \(setting); put the file into /etc/gatekeel/keys"
        }
        guard path.hasPrefix("\(Self.credentials)/"), !isOwnCredential(path) else { return nil }
        return "these credentials belong to another unit; those of \(unit) are in \(Self.credentials)/\(unit).service"
    }

    /// Whether systemd makes the file when it starts the service.
    func isOwnCredential(_ path: String) -> Bool { path.hasPrefix("\(Self.credentials)/\(unit).service/") }
}
