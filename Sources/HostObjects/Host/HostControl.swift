import EventLoop

/// What needs root on the host; `gatekeel-installd` does it (`org.gatekeel.Host1`).
@LoopActor
public protocol HostControl: AnyObject {
    /// Asks for an orderly reboot. The caller has seen to it that all answers left.
    func reboot() async throws(HostControlError)

    /// Sets the clock.
    /// - Parameter seconds: since 1970-01-01T00:00:00Z.
    func setTime(_ seconds: Int64) async throws(HostControlError)

    /// Sets the time zone: a name of the time zone database that is there.
    func setTimezone(_ name: String) async throws(HostControlError)
}

/// Why the host did not do what was asked; the texts are for people and go to the server.
public enum HostControlError: Error, Hashable, Sendable {
    /// It is not allowed now: a time service keeps the clock, too many reboots.
    case refused(String)
    /// The service that does it is not there or failed.
    case failed(String)
}
