import EventLoop

/// The message bus of the host.
@LoopActor
public protocol MessageBus: AnyObject {
    /// Has it read its policies, and the services that it may start, anew (`org.freedesktop.DBus.ReloadConfig`).
    func reloadConfiguration() async throws
}
