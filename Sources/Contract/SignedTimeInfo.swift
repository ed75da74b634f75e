import Bus

/// The newest time in signed data that was accepted: packages are verified at this time or later.
public struct SignedTimeInfo: DictionaryValue {
    /// Seconds since the epoch; 0 when none is known.
    public var time: Int64
    /// The package whose signature contains it.
    public var package: String
    public var version: String
    /// Subject of the certificate that signed it.
    public var signer: String

    public init(time: Int64 = 0, package: String = "", version: String = "", signer: String = "") {
        self.time = time
        self.package = package
        self.version = version
        self.signer = signer
    }

    public init?(properties: [String: BusValue]) {
        guard properties["time"] != nil else { return nil }
        self.init(
            time: Int64(contract: properties.number("time")), package: properties.text("package"),
            version: properties.text("version"),
            signer: properties.text("signer"))
    }

    public var properties: [String: BusValue] {
        [
            "time": time.contract, "package": .text(package), "version": .text(version), "signer": .text(signer),
        ]
    }
}
