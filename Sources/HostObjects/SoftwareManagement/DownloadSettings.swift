/// The limits of downloads. New ones take effect with the next attempt of each download.
public struct DownloadSettings: Hashable, Sendable {
    /// The most downloads at once; further ones are queued.
    public var concurrent: Int
    /// How long a download may go without a byte.
    public var patience: Duration
    /// Bytes a second that have to arrive over ten minutes, also of a push; 0 for no minimum.
    public var minimumRate: Int
    /// How long a download may take, with all that was resumed.
    public var timeout: Duration
    /// Whether loopback and link-local addresses may be downloaded from.
    public var allowsLocal: Bool

    public init(
        concurrent: Int = 2, patience: Duration = .seconds(600), minimumRate: Int = 1024,
        timeout: Duration = .seconds(86400), allowsLocal: Bool = false
    ) {
        self.concurrent = concurrent
        self.patience = patience
        self.minimumRate = minimumRate
        self.timeout = timeout
        self.allowsLocal = allowsLocal
    }
}
