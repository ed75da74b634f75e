import Glibc

/// The host's time of day; a test's own elsewhere.
public protocol WallClock: Sendable {
    /// Seconds since 1970-01-01T00:00:00Z.
    var now: Int64 { get }

    /// Seconds east of UTC that the local time has at a moment.
    func utcOffset(at seconds: Int64) -> Int
}

/// `time(2)` and `localtime_r(3)`.
public struct SystemWallClock: WallClock {
    public init() {}

    public var now: Int64 { Int64(time(nil)) }

    public func utcOffset(at seconds: Int64) -> Int {
        // localtime_r alone would keep the zone that it read first.
        tzset()
        var moment = time_t(seconds)
        var local = tm()
        guard localtime_r(&moment, &local) != nil else { return 0 }
        return local.tm_gmtoff
    }
}
