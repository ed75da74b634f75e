import Linux

/// What a unit's sandbox lets its service see of the host's files.
public struct ServiceView: Hashable, Sendable {
    /// The unit, without its suffix: `gatekeeld`.
    public var unit: String
    /// Folders that look empty to the service, and the setting of the unit that makes them so.
    public var hidden: [(folder: String, setting: String)] { Self.settings.filter { hiding.contains($0.setting) } }

    private var hiding: Set<String>
    /// Where `LoadCredential=` and `SetCredential=` of units put their files (`systemd.exec(5)`).
    private let credentials: String

    /// - Parameter hiding: the settings of the unit that hide folders: `ProtectHome=yes`, `PrivateTmp=yes`.
    public init(unit: String, hiding: Set<String>, credentials: String = "/run/credentials") {
        self.unit = unit
        self.hiding = hiding
        self.credentials = credentials
    }

    /// `systemd/gatekeeld.service`; a test holds them equal.
    public static let agent = ServiceView(unit: "gatekeeld", hiding: ["ProtectHome=yes", "PrivateTmp=yes"])

    private static let settings = [
        (folder: "/home", setting: "ProtectHome=yes"), (folder: "/root", setting: "ProtectHome=yes"),
        (folder: "/run/user", setting: "ProtectHome=yes"), (folder: "/tmp", setting: "PrivateTmp=yes"),
        (folder: "/var/tmp", setting: "PrivateTmp=yes"),
    ]

    /// What keeps the service from a file, whatever owners and modes say: by its path, and by where links on the way lead.
    func obstacle(_ path: String) -> String? {
        if let found = obstacle(literally: path) { return found }
        guard let target = try? Files.resolved(path), target != path, let found = obstacle(literally: target) else {
            return nil
        }
        return "it leads to \(target), and \(found)"
    }

    private func obstacle(literally path: String) -> String? {
        if let (folder, setting) = hidden.first(where: { path.hasPrefix("\($0.folder)/") }) {
            return "\(unit) does not see \(folder): its unit has \(setting); put the file into /etc/gatekeel/keys"
        }
        guard path.hasPrefix("\(credentials)/"), !isOwnCredential(path) else { return nil }
        return "these credentials belong to another unit; those of \(unit) are in \(own)"
    }

    /// The folder of the service's credentials, which systemd makes when it starts the service.
    private var own: String { "\(credentials)/\(unit).service" }

    /// Whether systemd makes the file when it starts the service.
    func isOwnCredential(_ path: String) -> Bool { path.hasPrefix("\(own)/") }

    /// Whether systemd has made the service's credentials: it runs, and has some. An error of looking is no absence.
    var hasCredentials: Bool { (try? Files.exists(own)) ?? true }
}
