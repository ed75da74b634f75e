import Linux

/// The newest time in signed data that was accepted: a time that has passed, whatever the clock says.
public struct SignedTime: Hashable, Sendable {
    /// Seconds since the epoch.
    public var seconds: Int64
    /// The package whose signature contains the time.
    public var package: String
    public var version: String
    /// The subject of the certificate that signed it.
    public var signer: String

    public init(seconds: Int64, package: String, version: String, signer: String) {
        self.seconds = seconds
        self.package = package
        self.version = version
        self.signer = signer
    }
}

/// The time at which certificates are checked: the later of the clock and the newest signed time. An expired certificate
/// does not become valid again when the clock is set back.
///
/// Only signed data raises it. A clock that was wrong for a while, or whoever may set the clock, leaves nothing behind.
public struct VerificationTime: Hashable, Sendable {
    /// Seconds since the epoch, as the clock says.
    public var clock: Int64
    /// nil when none is known.
    public var signed: SignedTime?

    public init(clock: Int64, signed: SignedTime? = nil) {
        self.clock = clock
        self.signed = signed
    }

    /// Seconds since the epoch.
    public var seconds: Int64 { max(clock, signed?.seconds ?? 0) }

    /// For the refusal of an expired certificate: where the time comes from, and what to do if it is wrong.
    public var explanation: String {
        let now = "this gateway's clock says \(Self.text(clock))"
        guard let signed, signed.seconds > clock else { return "\(now); if that is wrong, set the clock and try again" }
        return """
            \(now), but '\(signed.package)' \(signed.version) was signed on \(Self.text(signed.seconds)), and the later time \
            counts; if that one is wrong, 'gatekeel time reset' as root forgets it
            """
    }

    private static func text(_ seconds: Int64) -> String { timeText(seconds, "%Y-%m-%d %H:%M:%S UTC") }
}
