import Bus

/// A certificate of the keyring.
public struct CertificateInfo: DictionaryValue {
    public var subject: String
    /// Seconds since the epoch.
    public var notAfter: Int64
    /// Fingerprint, 64 hexadecimal digits.
    public var sha256: String
    /// The file that holds it.
    public var file: String

    public init(subject: String, notAfter: Int64, sha256: String, file: String) {
        self.subject = subject
        self.notAfter = notAfter
        self.sha256 = sha256
        self.file = file
    }

    public init?(properties: [String: BusValue]) {
        guard let subject = properties["subject"]?.text else { return nil }
        self.init(
            subject: subject, notAfter: Int64(contract: properties.number("not-after")),
            sha256: properties.text("sha256"), file: properties.text("file"))
    }

    public var properties: [String: BusValue] {
        [
            "subject": .text(subject), "not-after": notAfter.contract, "sha256": .text(sha256),
            "file": .text(file),
        ]
    }
}
