/// A package on its way, as an operator sees it.
public struct PackageTransfer: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case push, pull
    }

    public enum Phase: Hashable, Sendable {
        /// Other downloads run first.
        case queued
        /// The last attempt failed; nil: what it waits for cannot be timed.
        case waiting(next: Duration?)
        case transferring
        /// All bytes are here and are checked.
        case verifying
    }

    public let instance: UInt16
    public let kind: Kind
    public var phase: Phase
    /// The host of the Package URI; empty for a push.
    public var host = ""
    /// Bytes that are stored.
    public var received = 0
    /// Bytes of the whole package; 0 when unknown.
    public var total = 0
    /// Why it waits, or that it is slow; empty when it is neither.
    public var reason = ""
    /// When it began (`Scheduler.now`).
    public var since: Duration
}
