import Glibc

/// The host's time of day; tests have their own.
public protocol WallClock: Sendable {
    /// Seconds since 1970-01-01T00:00:00Z.
    var now: Int64 { get }

    /// How many seconds local time is ahead of UTC at a moment.
    func utcOffset(at seconds: Int64) -> Int
}

/// `time(2)` and `localtime_r(3)`.
public struct SystemWallClock: WallClock {
    public init() {}

    public var now: Int64 { Int64(time(nil)) }

    public func utcOffset(at seconds: Int64) -> Int {
        // localtime_r alone would not notice that the time zone changed.
        tzset()
        var moment = time_t(seconds)
        var local = tm()
        guard localtime_r(&moment, &local) != nil else { return 0 }
        return local.tm_gmtoff
    }
}
