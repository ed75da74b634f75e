/// The events that an operator acts on or looks for: each has a `MESSAGE_ID` and an entry in the journal's catalogue
/// (`journalctl -x`), which `catalogue()` writes from this table.
public enum Event: String, Sendable, CaseIterable {
    case registered = "a7f3f61382c84062b575085009629895"
    case registrationFailed = "6d7a1b262a2242feb03368eec6c838e4"
    case deregistered = "42927383b86d44bb8346aeeb04c14f09"
    case packageInstalled = "38c30296191440159d336ea3f35c73b9"
    case packageRemoved = "c9b6a4b0000049f0aa38a3c8abaff575"
    case packageRefused = "61be9f5b59f948e6b0cb941bc03e198a"
    case downloadWaits = "a6068e45265a4123b22a82d3bb335c63"
    case rolledBack = "7872f24f46814692bd0ef36f6f470c3e"
    case deploymentFailed = "9eeca026cdb344e5a0342ce9131660ba"
    case deploymentRecovered = "d31bca1e714640bcb2495ad01f4e20b1"
    case activationFailed = "172821472bc946a4a6966f855cab72f0"
    case certificateExpires = "c0d24d81a2d345f9b7bf63102052f2b3"
    case hostChanged = "634b1713332b4618806f47a69fa4ec78"
    case configurationRefused = "e9365640907e475e8cf88deb04d3780a"
    case configurationKept = "1ea95c37b68a3a7fe1af92d689695dd1"
    case keyRefused = "ff9fd57ad99240afbd33e2b95375ddeb"
    case storageFull = "8dc1c1a41fff45f3948b58f871cbc6b7"
    case stateRestored = "4bb6a5cd91d04c14ab9d03cb40ee8fcb"
    case stateUnreadable = "7ff69ced3e30485a9c92fe3846f51487"
    case accountReset = "6cb16168d83d4e4b916a142b90d109fe"
    case callerRefused = "36503815922642b4a552b3c56d78a9cd"
    case rebootRequested = "42789fcb145742c9957a0c3eb7d72d91"

    /// The 128-bit `MESSAGE_ID`, 32 hexadecimal digits.
    public var messageID: String { rawValue }

    public var level: Level {
        switch self {
        case .rolledBack, .deploymentFailed, .activationFailed, .configurationRefused, .keyRefused, .storageFull,
            .stateRestored, .stateUnreadable:
            .error
        case .registrationFailed, .packageRefused, .deploymentRecovered, .certificateExpires, .hostChanged,
            .callerRefused,
            .configurationKept:
            .warning
        case .registered, .deregistered, .packageInstalled, .packageRemoved, .downloadWaits, .accountReset,
            .rebootRequested:
            .notice
        }
    }
}
