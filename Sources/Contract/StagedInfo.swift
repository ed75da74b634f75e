import Bus

/// A package that waits to be installed: verified and checked.
public struct StagedInfo: DictionaryValue {
    public var token: String
    public var name: String
    public var version: String
    public var architecture: String
    public var description: String
    /// Subject of the certificate that signed it; empty when unsigned and policy allows that.
    public var signer: String
    /// Bytes of the package file.
    public var size: UInt64
    /// Bytes that it takes unpacked.
    public var installedSize: UInt64
    /// Seconds since the epoch.
    public var stagedAt: Int64
    public var units: [String]
    /// Warnings: they do not prevent the installation.
    public var warnings: [String]

    public init(
        token: String, name: String, version: String, architecture: String = "", description: String = "",
        signer: String = "", size: UInt64 = 0, installedSize: UInt64 = 0, stagedAt: Int64 = 0, units: [String] = [],
        warnings: [String] = []
    ) {
        self.token = token
        self.name = name
        self.version = version
        self.architecture = architecture
        self.description = description
        self.signer = signer
        self.size = size
        self.installedSize = installedSize
        self.stagedAt = stagedAt
        self.units = units
        self.warnings = warnings
    }

    public init?(properties: [String: BusValue]) {
        guard let token = properties["token"]?.text, let name = properties["name"]?.text else { return nil }
        self.init(
            token: token, name: name, version: properties.text("version"),
            architecture: properties.text("architecture"), description: properties.text("description"),
            signer: properties.text("signer"), size: properties.number("size"),
            installedSize: properties.number("installed-size"),
            stagedAt: Int64(contract: properties.number("staged-at")), units: properties.strings("units"),
            warnings: properties.strings("warnings"))
    }

    public var properties: [String: BusValue] {
        [
            "token": .text(token), "name": .text(name), "version": .text(version),
            "architecture": .text(architecture), "description": .text(description), "signer": .text(signer),
            "size": .uint64(size), "installed-size": .uint64(installedSize), "staged-at": stagedAt.contract,
            "units": .texts(units), "warnings": .texts(warnings),
        ]
    }
}
