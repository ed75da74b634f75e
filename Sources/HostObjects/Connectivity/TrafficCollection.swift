import Netlink
import State

/// A collection of object 7: what went over the server's link from Start to Stop, or to the end of its period. Pure. Times are
/// seconds since 1970, which mean something after a restart.
struct TrafficCollection: Hashable, Sendable {
    /// A link, and what it had counted when it began to count here.
    struct Base: Hashable, Sendable {
        var interface: Int32
        var name: String
        /// The boot in which it was looked at: counters begin at 0 with each.
        var boot: String
        var traffic: IPTraffic
    }

    /// The end of the period.
    struct End: Hashable, Sendable {
        let at: Int64
        /// How long it was to last, s.
        let after: Int64
    }

    /// Collection Period (8), s; 0 for none. It counts for the next Start.
    var period: Int64 = 0
    var isRunning = false
    /// When it ends; nil: with Stop.
    var end: End?
    /// What went over links that are not the server's any more.
    var counted = IPTraffic.none
    /// The server's link; nil while there was none, and when nothing is collected.
    var base: Base?
    /// What a newer release added to the file.
    var others = Record()

    /// The longest period that is accepted: 10 years, beyond which no clock is believed.
    static let longestPeriod: Int64 = 315_360_000

    init() {}

    // MARK: Events

    /// Start (6): all counts from 0.
    mutating func start(_ link: NetworkLink?, boot: String, at now: Int64) {
        counted = .none
        isRunning = true
        end = period > 0 ? End(at: now + period, after: period) : nil
        base = link.map { Base($0, boot) }
    }

    /// Stop (7), or the end of the period: the values stay as they are.
    mutating func stop(_ link: NetworkLink?, boot: String) {
        guard isRunning else { return }
        counted = traffic(link, boot: boot)
        isRunning = false
        end = nil
        base = nil
    }

    /// Takes over what the link counted until now: the counters are about to begin anew.
    mutating func settle(_ link: NetworkLink?, boot: String) {
        guard isRunning, let link, link.name == base?.name else { return }
        counted = traffic(link, boot: boot)
        base = Base(link, boot)
    }

    /// The server may be reached by another link now.
    ///
    /// - Parameters:
    ///   - former: the link of the base's name, as it is; nil when it is gone: what it counted last is lost.
    ///   - current: the server's; nil while it is not known, and then the former one stays.
    /// - Returns: whether something changed.
    mutating func moved(from former: NetworkLink?, to current: NetworkLink?, boot: String) -> Bool {
        guard isRunning, let current, !(base?.isOf(current, boot) ?? false) else { return false }
        counted = traffic(former, boot: boot)
        base = Base(current, boot)
        return true
    }

    /// How long it goes on, in seconds; nil: until Stop. Never longer than it was to last: a clock that was set back does not
    /// make it longer.
    func rest(at now: Int64) -> Int64? {
        guard isRunning, let end else { return nil }
        return max(0, min(end.at - now, end.after))
    }

    // MARK: Values

    /// What was collected.
    ///
    /// - Parameter link: the link of the base's name, as it is; nil when it is gone.
    func traffic(_ link: NetworkLink?, boot: String) -> IPTraffic {
        guard isRunning, let base, let link else { return counted }
        if base.isOf(link, boot) { return counted + IPTraffic(link).since(base.traffic) }
        // After a reboot a link of this name counts from 0; in the same boot it is another link of this name.
        return base.boot == boot ? counted : counted + IPTraffic(link)
    }
}

extension TrafficCollection.Base {
    init(_ link: NetworkLink, _ boot: String) {
        self.init(interface: link.index, name: link.name, boot: boot, traffic: IPTraffic(link))
    }

    /// Whether this is about a link, and its counters have counted on since.
    func isOf(_ link: NetworkLink, _ boot: String) -> Bool {
        interface == link.index && name == link.name && self.boot == boot
    }
}
