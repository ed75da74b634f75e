import Bus

/// A package, as `GetPackage` returns it and `PackageChanged` carries it.
public struct PackageInfo: DictionaryValue {
    public enum State: String, Sendable, CaseIterable {
        case installed
        /// Removed, not purged: its configuration files are left.
        case absent
    }

    public var name: String
    /// Empty when absent.
    public var version: String
    /// The version that `Rollback` brings back; empty when there is none.
    public var previous: String
    public var state: State
    /// All units that Activate starts are active, by systemd.
    public var isActive: Bool
    /// Its units start at boot.
    public var isEnabled: Bool
    public var units: [String]
    /// Subject of the certificate that signed it.
    public var signer: String
    public var description: String
    public var architecture: String
    /// Seconds since the epoch.
    public var installedAt: Int64
    /// Why its last deployment ended badly (`token: text`); empty when it did not.
    public var reason: String
    /// The version that `reason` is about, which may not be the installed one; empty without a reason.
    public var reasonVersion: String
    public var warnings: [String]
    /// What of the host does not fit it any more, since Debian packages or files were removed.
    public var problems: [String]
    /// Names that it provides to the relations of other packages, as in its control file.
    public var provides = ""

    public init(
        name: String, version: String = "", previous: String = "", state: State = .installed, isActive: Bool = false,
        isEnabled: Bool = false, units: [String] = [], signer: String = "", description: String = "",
        architecture: String = "", installedAt: Int64 = 0, reason: String = "", reasonVersion: String = "",
        warnings: [String] = [], problems: [String] = []
    ) {
        self.name = name
        self.version = version
        self.previous = previous
        self.state = state
        self.isActive = isActive
        self.isEnabled = isEnabled
        self.units = units
        self.signer = signer
        self.description = description
        self.architecture = architecture
        self.installedAt = installedAt
        self.reason = reason
        self.reasonVersion = reasonVersion
        self.warnings = warnings
        self.problems = problems
    }

    public init?(properties: [String: BusValue]) {
        guard let name = properties["name"]?.text else { return nil }
        self.init(
            name: name, version: properties.text("version"), previous: properties.text("previous"),
            state: State(rawValue: properties.text("state")) ?? .installed, isActive: properties.flag("active"),
            isEnabled: properties.flag("enabled"), units: properties.strings("units"),
            signer: properties.text("signer"), description: properties.text("description"),
            architecture: properties.text("architecture"),
            installedAt: Int64(contract: properties.number("installed-at")), reason: properties.text("reason"),
            reasonVersion: properties.text("reason-version"), warnings: properties.strings("warnings"),
            problems: properties.strings("problems"))
        provides = properties.text("provides")
    }

    public var properties: [String: BusValue] {
        [
            "name": .text(name), "version": .text(version), "previous": .text(previous),
            "state": .string(state.rawValue), "active": .bool(isActive), "enabled": .bool(isEnabled),
            "units": .texts(units), "signer": .text(signer), "description": .text(description),
            "architecture": .text(architecture), "installed-at": installedAt.contract, "reason": .text(reason),
            "reason-version": .text(reasonVersion), "warnings": .texts(warnings), "problems": .texts(problems),
            "provides": .text(provides),
        ]
    }
}
