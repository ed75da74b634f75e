import Linux

/// What a radio may use and what it saw, as it is known without a new scan.
public struct RadioSurvey: Hashable, Sendable {
    /// The country by whose rules it sends: two letters, or `00` for rules that are allowed everywhere; nil when it does not say.
    public var country: String?
    /// The frequencies that it may use, MHz, sorted.
    public var frequencies: [UInt32] = []
    /// The networks that the last scan saw, the strongest first.
    public var networks: [WirelessNetwork] = []

    public init() {}

    /// Asks the kernel; this does not block.
    ///
    /// - Returns: nil when there is no radio.
    public static func current(of interface: WirelessInterface) throws(Errno) -> RadioSurvey? {
        guard var wireless = try Wireless() else { return nil }
        var survey = RadioSurvey()
        survey.country = try? wireless.country()
        survey.frequencies = try wireless.frequencies(of: interface.radio)
        survey.networks = try wireless.networks(of: interface.index).sorted {
            $0.signal ?? .min > $1.signal ?? .min
        }
        return survey
    }
}
