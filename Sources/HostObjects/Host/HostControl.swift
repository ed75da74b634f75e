import EventLoop

/// Changes of the host that need root; `gatekeel-installd` makes them (`org.gatekeel.Host1`).
@LoopActor
public protocol HostControl: AnyObject {
    /// Whether a reboot would be refused now.
    func checkReboot() async throws(HostControlError)

    /// Asks for an orderly reboot, when all answers have left.
    func reboot() async throws(HostControlError)

    /// Sets the clock.
    /// - Parameter seconds: since 1970-01-01T00:00:00Z.
    func setTime(_ seconds: Int64) async throws(HostControlError)

    /// Sets the time zone: a name in the host's time zone database.
    func setTimezone(_ name: String) async throws(HostControlError)
}

/// Why the host did not do what was asked. The texts are for people and go to the server.
public enum HostControlError: Error, Hashable, Sendable {
    /// It is not allowed: a time service keeps the clock.
    case refused(String)
    /// Asked for more often than a server does in its normal work; the text says how long to wait.
    case tooOften(String)
    /// The service that does it does not run or failed.
    case failed(String)
}
